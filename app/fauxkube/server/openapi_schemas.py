"""Upstream's JSON schemas as OpenAPI has them: the definitions that some kinds need, references rewritten.

The definitions allow `null` and pin `kind` and `apiVersion`, for validating files; OpenAPI documents do neither.
References to structs are wrapped in `allOf` beside their description and an empty default, as upstream's are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from fauxkube.machinery.objects import Object

Definitions: TypeAlias = Mapping[str, Object]

_SOURCE = "#/$defs/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."

#: What every group version's operations use, beside the kinds themselves.
SHARED = (f"{_META}DeleteOptions", f"{_META}Patch", f"{_META}Status", f"{_META}WatchEvent", f"{_META}APIResourceList")

#: Types that are more than one JSON type, by their form in OpenAPI v3; v2 calls them strings.
_MIXED: dict[str, Object] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
}
_MIXED_V2: dict[str, Object] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string"},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": "string", "format": "int-or-string"},
}

_V3_PREFIX = "#/components/schemas/"
_V2_PREFIX = "#/definitions/"


class Names:
    """The definitions' names by the kind that they describe."""

    def __init__(self, definitions: Definitions) -> None:
        self._names = {
            (kind["group"], kind["version"], kind["kind"]): name
            for name, definition in definitions.items()
            for kind in definition.get("x-kubernetes-group-version-kind", ())
            if not name.startswith(_META)
        }

    def of(self, group: str, version: str, kind: str) -> str | None:
        """The name of a kind's definition; None when upstream does not describe it."""
        return self._names.get((group, version, kind))


def components(definitions: Definitions, roots: Iterable[str], *, v2: bool = False) -> dict[str, Object]:
    """The definitions named and all that they refer to, in the form of OpenAPI v3 (or v2)."""
    converted: dict[str, Object] = {}
    pending = list(roots)
    form = _Form(_V2_PREFIX, _MIXED_V2) if v2 else _Form(_V3_PREFIX, _MIXED)
    while pending:
        name = pending.pop()
        if name not in converted and name in definitions:
            converted[name] = form.definition(name, definitions[name])
            pending += form.referred
            form.referred.clear()
    return dict(sorted(converted.items()))


class _Form:
    """One version's way of writing schemas; gathers what they refer to."""

    def __init__(self, prefix: str, mixed: Mapping[str, Object]) -> None:
        self._prefix = prefix
        self._mixed = mixed
        self.referred: list[str] = []

    def definition(self, name: str, source: Object) -> Object:
        """A named definition."""
        schema = self._schema(source)
        if name in self._mixed:
            schema.pop("oneOf", None)
            return schema | self._mixed[name]
        if "x-kubernetes-group-version-kind" in schema:
            for field in ("apiVersion", "kind"):
                schema.get("properties", {}).get(field, {}).pop("enum", None)
        return schema

    def _schema(self, source: Object) -> Object:
        if "$ref" in source:
            return self._reference(source)
        schema: Object = {}
        for key, value in source.items():
            schema[key] = self._value(key, value)
        return schema

    def _value(self, key: str, value: Any) -> Any:
        match key:
            case "type" if isinstance(value, list):
                return next(each for each in value if each != "null")
            case "properties":
                return {name: self._schema(each) for name, each in value.items()}
            case "items" | "additionalProperties" if isinstance(value, dict):
                return self._schema(value)
            case "oneOf":
                return [self._schema(each) for each in value]
            case "enum":
                return [each for each in value if each is not None]
        return value

    def _reference(self, source: Object) -> Object:
        name = source["$ref"].removeprefix(_SOURCE)
        self.referred.append(name)
        reference = {"$ref": self._prefix + name}
        beside = {key: value for key, value in source.items() if key != "$ref"}
        if self._prefix == _V2_PREFIX:
            return reference | beside
        return {"allOf": [reference], **beside}

"""Custom resources: what a definition makes of each of its versions, as a `Resource` like any other.

Objects are stored in the definition's storage version; other versions show the same objects under their own
`apiVersion` (conversion strategy `None`). Writes are judged by the schema of the version that they come in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson

from fauxkube.kinds.apiextensions import custom_scale
from fauxkube.kinds.apiextensions.definition_validation import schema_of
from fauxkube.kinds.apiextensions.versions import priority, stability
from fauxkube.kinds.resource import NAME_COLUMN, STANDARD_VERBS, Column, Conversion, Form, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.json_schema import MISSING, fill_in, list_type_errors, prune, schema_errors
from fauxkube.machinery.jsonpath import JSONPath, shown
from fauxkube.machinery.metadata import STANDARD_FINALIZERS
from fauxkube.machinery.objects import Object, copy_of, is_terminating
from fauxkube.machinery.table import since

_STATUS_VERBS = ("get", "patch", "update")
_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
_ROOT = Path("")
_UNQUALIFIED = (
    "prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer "
    "writers"
)


class CustomStrategy(Strategy):
    """The rules of a custom resource's writes: those of its schema, and no others."""

    #: Every change but to metadata counts, and to a status that has a subresource.
    generation_of = ("spec",)
    allow_unconditional_update = False

    def __init__(self, schema: Object, *, has_status: bool, scale: Object | None) -> None:
        self._schema = schema
        self._has_status = has_status
        self._scale = scale

    def prepare_for_create(self, obj: Object) -> None:
        if self._has_status:
            obj.pop("status", None)

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        if self._has_status:
            super().prepare_for_update(obj, old)

    def prepare_for_status_update(self, obj: Object, old: Object) -> None:
        super().prepare_for_status_update(obj, old)
        obj["metadata"] = copy_of(old["metadata"])

    def raises_generation(self, obj: Object, old: Object) -> bool:
        return any(obj.get(name) != old.get(name) for name in {*obj, *old} if name != "metadata")

    def validate_create(self, obj: Object) -> list[FieldError]:
        return self._errors(obj, MISSING) + list_type_errors(obj, self._schema, _ROOT)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return self._errors(obj, old) + self._double_errors(obj, old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        schema = (self._schema.get("properties") or {}).get("status")
        if not isinstance(schema, dict) or "status" not in obj:
            return self._double_errors(obj, old)
        errors = schema_errors(obj["status"], schema, path="status", old=old.get("status", MISSING))
        return errors + self._double_errors(obj, old)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        before = (old or {"metadata": {}})["metadata"].get("finalizers") or ()
        return [
            f'metadata.finalizers: "{each}": {_UNQUALIFIED}'
            for each in obj["metadata"].get("finalizers") or ()
            if each not in before and "/" not in each and each not in STANDARD_FINALIZERS
        ]

    def _errors(self, obj: Object, old: Any) -> list[FieldError]:
        errors = schema_errors(obj, self._schema, old=old)
        return errors + custom_scale.replica_errors(obj, self._scale) if self._scale else errors

    def _double_errors(self, obj: Object, old: Object) -> list[FieldError]:
        """What is in a set or map twice, unless something was before."""
        if list_type_errors(old, self._schema, _ROOT):
            return []
        return list_type_errors(obj, self._schema, _ROOT)


class SchemaForm(Form):
    """The form of custom resources: pruned and filled in by a structural schema."""

    def __init__(self, schema: Object) -> None:
        self.definition = schema
        self.digest = hashlib.sha256(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def read(self, body: Object) -> list[str]:
        dropped = prune(body, self.definition)
        fill_in(body, self.definition)
        return [f'unknown field "{path}"' for path in dropped]


def resources_of(definition: Object, *, unserved: bool = False) -> list[Resource]:
    """A resource for each version that is served (or each that there is), the preferred one first."""
    versions = sorted(definition["spec"]["versions"], key=lambda each: priority(each["name"]))
    return [_resource(definition, version, versions) for version in versions if unserved or version["served"]]


def _resource(definition: Object, version: Object, versions: Sequence[Object]) -> Resource:
    spec, names = definition["spec"], definition["status"]["acceptedNames"]
    schema, subresources = schema_of(version) or {}, version.get("subresources") or {}
    scale, has_status = subresources.get("scale"), subresources.get("status") is not None
    served = (["scale"] if scale is not None else []) + (["status"] if has_status else [])
    columns = version.get("additionalPrinterColumns") or [_AGE]
    selectable = [each["jsonPath"] for each in version.get("selectableFields") or ()]
    return Resource(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        list_kind=names.get("listKind") or "",
        plural=names["plural"],
        singular=names.get("singular") or "",
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        verbs=tuple(verb for verb in STANDARD_VERBS if verb != "create" or not is_terminating(definition)),
        subresources=dict.fromkeys(served, _STATUS_VERBS),
        strategy=CustomStrategy(schema, has_status=has_status, scale=scale),
        projections={} if scale is None else {"scale": custom_scale.projection(scale)},
        columns=(NAME_COLUMN, *map(_column, columns)),
        row=_row_of(columns),
        fields=_fields_of(selectable) if selectable else None,
        field_names=tuple(path.removeprefix(".") for path in selectable),
        conversion=_conversion(definition, version, schema),
        deprecation=_deprecation(definition, version, versions),
        form=SchemaForm(schema),
    )


def _conversion(definition: Object, version: Object, schema: Object) -> Conversion | None:
    """None where all that is stored is of this version, and was read by this very schema."""
    group = definition["spec"]["group"]
    storage = next(each["name"] for each in definition["spec"]["versions"] if each["storage"])
    only = version["name"] == storage and definition["status"].get("storedVersions") == [storage]
    if only and definition["metadata"].get("generation", 1) == 1:
        return None
    stored, own = f"{group}/{storage}", f"{group}/{version['name']}"

    def shown_as(obj: Object) -> Object:
        seen = {**copy_of(obj), "apiVersion": own}
        prune(seen, schema)
        fill_in(seen, schema)
        return seen

    return Conversion(stored, lambda obj: {**obj, "apiVersion": stored}, shown_as)


def _deprecation(definition: Object, version: Object, versions: Sequence[Object]) -> str:
    if not version.get("deprecated"):
        return ""
    if version.get("deprecationWarning") is not None:
        return str(version["deprecationWarning"])
    group, kind = definition["spec"]["group"], definition["spec"]["names"]["kind"]
    told = f"{group}/{version['name']} {kind} is deprecated"
    least = stability(version["name"])
    better = next((each["name"] for each in versions if _replaces(each, least)), "")
    return f"{told}; use {group}/{better} {kind}" if better else told


def _replaces(version: Object, least: int) -> bool:
    return bool(version["served"] and not version.get("deprecated") and stability(version["name"]) >= least)


def _column(column: Object) -> Column:
    told = f"Custom resource definition column (in JSONPath format): {column['jsonPath']}"
    return Column(
        column["name"],
        column.get("description") or told,
        column["type"],
        column.get("format") or "",
        column.get("priority") or 0,
    )


def _row_of(columns: Sequence[Object]) -> Callable[[Object, datetime], list[Any]]:
    readers = [(JSONPath(column["jsonPath"]), column["type"]) for column in columns]

    def row(obj: Object, now: datetime) -> list[Any]:
        cells = [_cell(path.find(obj), kind, now) for path, kind in readers]
        return [obj["metadata"]["name"], *cells]

    return row


def _cell(found: Sequence[Any], kind: str, now: datetime) -> Any:
    """The first value that a path leads to, if it is of the column's type."""
    value = found[0] if found else None
    match kind, value:
        case _, None:
            return None
        case "string", _:
            return shown(value)
        case "boolean", bool():
            return value
        case "integer", int() | float() if not isinstance(value, bool):
            return int(value)
        case "number", int() | float() if not isinstance(value, bool):
            return float(value)
        case "date", str():
            return _age(value, now)
    return None


def _age(value: str, now: datetime) -> str:
    try:
        return since(value, now)
    except ValueError:
        return "<invalid>"


def _fields_of(paths: Sequence[str]) -> Callable[[Object], dict[str, str]]:
    def fields(obj: Object) -> dict[str, str]:
        values = {path.removeprefix("."): custom_scale.value_at(obj, path) for path in paths}
        return {name: "" if value is None else shown(value) for name, value in values.items()}

    return fields

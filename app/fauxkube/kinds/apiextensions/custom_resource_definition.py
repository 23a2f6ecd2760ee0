"""CustomResourceDefinitions: kinds that users make, as upstream's `pkg/registry/customresourcedefinition` has them.

A definition that is asked to go stays until its instances have gone; `controllers.customresourcedefinition` sees to
that, and to the names and conditions. The expressions of `x-kubernetes-validations` are kept and not evaluated, which a
warning says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fauxkube.kinds.apiextensions.definition_validation import approval_errors, definition_errors, schema_of
from fauxkube.kinds.apiextensions.naming import APPROVAL, FINALIZER, is_established
from fauxkube.kinds.resource import NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.metadata import validate_immutable
from fauxkube.machinery.objects import Object, is_terminating, name_of

_SPEC = Path("spec")
_EXPRESSIONS = "x-kubernetes-validations"
_MUST_STAY = (
    "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a "
    "storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
)


class CustomResourceDefinitionStrategy(Strategy):
    """The rules of a definition's writes."""

    generation_of = ("spec",)
    allow_unconditional_update = False

    def default(self, obj: Object) -> None:
        spec = obj.setdefault("spec", {})
        names = spec.setdefault("names", {})
        if names.get("kind"):
            names["singular"] = names.get("singular") or names["kind"].lower()
            names["listKind"] = names.get("listKind") or f"{names['kind']}List"
        conversion = spec.setdefault("conversion", {})
        conversion["strategy"] = conversion.get("strategy") or "None"
        for version in spec.get("versions") or ():
            for field in ("served", "storage"):
                version.setdefault(field, False)

    def prepare_for_create(self, obj: Object) -> None:
        obj["status"] = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": None}
        _note_stored(obj)

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        super().prepare_for_update(obj, old)
        _note_stored(obj)

    def validate(self, obj: Object) -> list[FieldError]:
        spec, name = obj["spec"], name_of(obj)
        errors = definition_errors(obj)
        wanted = f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}"
        if name != wanted:
            path = Path("metadata").child("name")
            errors.insert(0, path.invalid(name, 'must be spec.names.plural+"."+spec.group'))
        return errors

    def validate_create(self, obj: Object) -> list[FieldError]:
        return approval_errors(obj)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        spec, before = obj["spec"], old["spec"]
        errors: list[FieldError] = []
        if is_established(old):
            errors += validate_immutable(spec.get("scope"), before["scope"], _SPEC.child("scope"))
            kinds = spec["names"].get("kind"), before["names"]["kind"]
            errors += validate_immutable(*kinds, _SPEC.child("names").child("kind"))
        errors += validate_immutable(spec.get("group"), before["group"], _SPEC.child("group"))
        plurals = spec["names"].get("plural"), before["names"]["plural"]
        errors += validate_immutable(*plurals, _SPEC.child("names").child("plural"))
        errors += _stored_errors(obj)
        return errors if _approval(obj) == _approval(old) else errors + approval_errors(obj)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return _stored_errors(obj)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        if old is not None and obj["spec"] == old["spec"]:
            return []
        return [
            f"spec.versions[{index}].schema.openAPIV3Schema{place}: fauxkube does not evaluate {_EXPRESSIONS}"
            for index, version in enumerate(obj["spec"]["versions"])
            for place in _expressions(schema_of(version) or {}, "")
        ]

    def begin_deletion(self, obj: Object) -> None:
        metadata = obj["metadata"]
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), FINALIZER]

    def holds_deletion(self, obj: Object) -> bool:
        return not is_terminating(obj) or FINALIZER in (obj["metadata"].get("finalizers") or ())


def _approval(definition: Object) -> str:
    return (definition["metadata"].get("annotations") or {}).get(APPROVAL) or ""


def _note_stored(definition: Object) -> None:
    """Remember the version that objects are stored in from now on."""
    status = definition["status"]
    stored = list(status.get("storedVersions") or ())
    for version in definition["spec"].get("versions") or ():
        if version.get("storage") and version.get("name") not in stored:
            stored.append(version.get("name"))
    status["storedVersions"] = stored


def _stored_errors(definition: Object) -> list[FieldError]:
    """A version in which objects may still be stored must not go."""
    known = {version.get("name") for version in definition["spec"].get("versions") or ()}
    path = Path("status").child("storedVersions")
    return [
        path.index(index).invalid(name, _MUST_STAY.format(name=name))
        for index, name in enumerate(definition["status"].get("storedVersions") or ())
        if name not in known
    ]


def _expressions(schema: Object, place: str) -> Iterator[str]:
    """Where a schema has rules that are not evaluated."""
    if schema.get(_EXPRESSIONS):
        yield place
    for field in ("items", "additionalProperties"):
        if isinstance(schema.get(field), dict):
            yield from _expressions(schema[field], f"{place}.{field}")
    for name, known in (schema.get("properties") or {}).items():
        yield from _expressions(known, f"{place}.properties[{name}]")


def _row(definition: Object, _now: datetime) -> list[Any]:
    return [name_of(definition), definition["metadata"]["creationTimestamp"]]


RESOURCE = Resource(
    group="apiextensions.k8s.io",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    singular="customresourcedefinition",
    namespaced=False,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    subresources={"status": ("get", "patch", "update")},
    strategy=CustomResourceDefinitionStrategy(),
    columns=(NAME_COLUMN, Column("Created At", "When the definition was created.", type="date")),
    row=_row,
)

"""The rules on custom resource definitions, as upstream's `pkg/apis/apiextensions/validation` has them, in its words.

Conversion by webhooks is refused, as nothing would call them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fauxkube.kinds.apiextensions.naming import APPROVAL, is_protected
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_SPEC = Path("spec")
_VERSIONS, _NAMES = _SPEC.child("versions"), _SPEC.child("names")
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_SELECTABLE_TYPES = ("boolean", "integer", "string")
_SELECTABLE_MOST = 8
_PROPOSAL = "see https://github.com/kubernetes/enhancements/pull/1111"
_MIXED_CASE = "may have mixed case, but should otherwise match: "


def definition_errors(definition: Object) -> list[FieldError]:
    """What is wrong with a definition by itself."""
    return [*_spec_errors(definition["spec"]), *_version_errors(definition["spec"])]


def _spec_errors(spec: Object) -> Iterator[FieldError]:
    group, scope = spec.get("group") or "", spec.get("scope") or ""
    if not group:
        yield _SPEC.child("group").required()
    elif problems := names.dns_subdomain_problems(group):
        yield _SPEC.child("group").invalid(group, ",".join(problems))
    elif "." not in group:
        yield _SPEC.child("group").invalid(group, "should be a domain with at least one dot")
    if not scope:
        yield _SPEC.child("scope").required()
    elif scope not in ("Cluster", "Namespaced"):
        yield _SPEC.child("scope").not_supported(scope, ("Cluster", "Namespaced"))
    if spec.get("preserveUnknownFields"):
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        yield _SPEC.child("preserveUnknownFields").invalid(True, detail)
    yield from _name_errors(spec.get("names") or {})
    strategy = (spec.get("conversion") or {}).get("strategy")
    if strategy != "None":
        yield _SPEC.child("conversion").child("strategy").not_supported(strategy, ("None",))


def _name_errors(wanted: Object) -> Iterator[FieldError]:
    for field in ("plural", "singular", "kind", "listKind"):
        if not wanted.get(field):
            yield _NAMES.child(field).required()
    for field in ("plural", "singular"):
        yield from _label_errors(wanted.get(field), _NAMES.child(field))
    for field in ("kind", "listKind"):
        yield from _label_errors(wanted.get(field), _NAMES.child(field), read=str.lower, before=_MIXED_CASE)
    for field in ("shortNames", "categories"):
        for index, each in enumerate(wanted.get(field) or ()):
            yield from _label_errors(each, _NAMES.child(field).index(index))
    if wanted.get("kind") and wanted["kind"] == wanted.get("listKind"):
        yield _NAMES.child("listKind").invalid(wanted["listKind"], "kind and listKind may not be the same")


def _label_errors(
    value: str | None, path: Path, *, read: Callable[[str], str] = str, before: str = ""
) -> Iterator[FieldError]:
    if value and (problems := names.dns_1035_label_problems(read(value))):
        yield path.invalid(value, before + ",".join(problems))


def _version_errors(spec: Object) -> Iterator[FieldError]:
    versions: Sequence[Object] = spec.get("versions") or ()
    named = [version.get("name") or "" for version in versions]
    for index, name in enumerate(named):
        yield from _label_errors(name or " ", _VERSIONS.index(index).child("name"), read=lambda text: text.strip())
    if len(set(named)) != len(named):
        yield _VERSIONS.invalid(named, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        yield _VERSIONS.invalid(named, "must have exactly one version marked as storage version")
    for index, version in enumerate(versions):
        yield from _one_version_errors(version, _VERSIONS.index(index))


def _one_version_errors(version: Object, path: Path) -> Iterator[FieldError]:
    at, schema = path.child("schema").child("openAPIV3Schema"), schema_of(version)
    if schema is None:
        yield at.required("schemas are required")
    else:
        from fauxkube.kinds.apiextensions.structural import structural_errors

        yield from structural_errors(schema, at)
    if version.get("deprecationWarning") is not None and not version.get("deprecated"):
        detail = "can only be set for deprecated versions"
        yield path.child("deprecationWarning").invalid(version["deprecationWarning"], detail)
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        yield from _column_errors(column, path.child("additionalPrinterColumns").index(index))
    scale = (version.get("subresources") or {}).get("scale")
    if scale is not None:
        yield from _scale_errors(scale, path.child("subresources").child("scale"))
    yield from _selectable_errors(version.get("selectableFields") or (), schema or {}, path.child("selectableFields"))


def schema_of(version: Object) -> Object | None:
    """The schema of one of a definition's versions."""
    found: Any = (version.get("schema") or {}).get("openAPIV3Schema")
    return found if isinstance(found, dict) else None


def _column_errors(column: Object, path: Path) -> Iterator[FieldError]:
    if not column.get("name"):
        yield path.child("name").required()
    kind = column.get("type") or ""
    if not kind:
        yield path.child("type").required(f"must be one of {','.join(_COLUMN_TYPES)}")
    elif kind not in _COLUMN_TYPES:
        yield path.child("type").invalid(kind, f"must be one of {','.join(_COLUMN_TYPES)}")
    expression = column.get("jsonPath") or ""
    if not expression:
        yield path.child("jsonPath").required()
    else:
        yield from _json_path_errors(expression, path.child("jsonPath"))


def _json_path_errors(expression: str, path: Path) -> Iterator[FieldError]:
    if not expression.startswith("."):
        yield path.invalid(expression, "must be a simple json path starting with .")
        return
    from fauxkube.machinery.jsonpath import JSONPath, JSONPathError

    try:
        JSONPath(expression)
    except JSONPathError as error:
        yield path.invalid(expression, f"is an invalid path: {error}")


def _scale_errors(scale: Object, path: Path) -> Iterator[FieldError]:
    for field, roots in (
        ("specReplicasPath", (".spec.",)),
        ("statusReplicasPath", (".status.",)),
        ("labelSelectorPath", (".status.", ".spec.")),
    ):
        at, expression = path.child(field), scale.get(field) or ""
        if not expression:
            yield from () if field == "labelSelectorPath" else (at.required(),)
        elif not expression.startswith("."):
            yield at.invalid(expression, "must be a simple json path starting with .")
        elif not expression.startswith(roots):
            where = " or ".join(root.rstrip(".") for root in sorted(roots, reverse=True))
            yield at.invalid(expression, f"should be a json path under {'either ' if len(roots) > 1 else ''}{where}")


def _selectable_errors(selectable: Sequence[Object], schema: Object, path: Path) -> Iterator[FieldError]:
    if len(selectable) > _SELECTABLE_MOST:
        yield path.too_many(len(selectable), _SELECTABLE_MOST)
    seen: set[str] = set()
    for index, each in enumerate(selectable):
        at, expression = path.index(index).child("jsonPath"), each.get("jsonPath") or ""
        if not expression:
            yield at.required()
        elif expression in seen:
            yield at.duplicate(expression)
        elif expression.startswith(".metadata."):
            yield at.invalid(expression, "must not point to fields in metadata")
        elif _type_at(schema, expression) not in _SELECTABLE_TYPES:
            yield at.invalid(expression, "must point to a field of type string, boolean or integer")
        seen.add(expression)


def _type_at(schema: Object, expression: str) -> str:
    """The type of the field that a simple path leads to; empty where it leads to none."""
    for name in expression.removeprefix(".").split("."):
        schema = (schema.get("properties") or {}).get(name) or {}
    return str(schema.get("type") or "")


def approval_errors(definition: Object) -> list[FieldError]:
    """A group of the community's needs its approval, or says that it has none."""
    if not is_protected(definition["spec"].get("group") or ""):
        return []
    value = (definition["metadata"].get("annotations") or {}).get(APPROVAL) or ""
    at, rule = (
        Path("metadata.annotations").key(APPROVAL),
        f'protected groups must have approval annotation "{APPROVAL}"',
    )
    if not value:
        return [at.required(f"{rule}, {_PROPOSAL}")]
    if value.startswith(("https://", "http://", "unapproved")):
        return []
    return [at.invalid(value, f'{rule} with either a URL or a reason starting with "unapproved", {_PROPOSAL}')]

"""The rules on `metadata`, as apimachinery's `api/validation` has them, in its words and order.

`validate_metadata` judges an object by itself (its name must have been generated already), `validate_metadata_update`
judges a change. Whether a resource version must be given is the pipeline's business, not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

#: What upstream says of a field that may not change.
IMMUTABLE = "field is immutable"
#: Keys and values of all annotations together may have this many bytes.
ANNOTATIONS_SIZE = 256 * 1024
_MANAGER_LENGTH = 128
_SUBRESOURCE_LENGTH = 256
_ORPHAN, _FOREGROUND = "orphan", "foregroundDeletion"
#: The finalizers without a domain that Kubernetes itself has.
STANDARD_FINALIZERS = frozenset({"kubernetes", _ORPHAN, _FOREGROUND})
_IMMUTABLE_FIELDS = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")

NameProblems = Callable[[str], Sequence[str]]


def validate_labels(labels: Mapping[str, str] | None, path: Path) -> list[FieldError]:
    """Every key a qualified name, every value a label value."""
    errors: list[FieldError] = []
    for key, value in (labels or {}).items():
        errors += [path.invalid(key, problem) for problem in names.qualified_name_problems(key)]
        errors += [path.invalid(value, problem) for problem in names.label_value_problems(value)]
    return errors


def validate_annotations(annotations: Mapping[str, str] | None, path: Path) -> list[FieldError]:
    """Every key a qualified name in any case; all together at most 256 KiB."""
    errors: list[FieldError] = []
    size = 0
    for key, value in (annotations or {}).items():
        errors += [path.invalid(key, problem) for problem in names.qualified_name_problems(key.lower())]
        size += _size(key) + _size(value)
    if size > ANNOTATIONS_SIZE:
        errors.append(path.too_long(ANNOTATIONS_SIZE))
    return errors


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _validate_owner(owner: Object, path: Path) -> list[FieldError]:
    group, _, version = owner.get("apiVersion", "").rpartition("/")
    errors: list[FieldError] = []
    if not version:
        errors.append(path.child("apiVersion").invalid(owner.get("apiVersion", ""), "version must not be empty"))
    missing = [name for name in ("kind", "name", "uid") if not owner.get(name)]
    errors += [path.child(name).invalid("", "must not be empty") for name in missing]
    if (group, version, owner.get("kind")) == ("", "v1", "Event"):
        errors.append(path.invalid(owner, "/v1, Kind=Event is disallowed from being an owner"))
    return errors


def validate_owner_references(owners: Sequence[Object] | None, path: Path) -> list[FieldError]:
    """Each reference complete, and only one of them the controller."""
    errors: list[FieldError] = []
    controller = ""
    for owner in owners or ():
        errors += _validate_owner(owner, path)
        if not owner.get("controller"):
            continue
        named = f"{owner.get('kind', '')}/{owner.get('name', '')}"
        if controller:
            detail = (
                "Only one reference can have Controller set to true. "
                f'Found "true" in references for {controller} and {named}'
            )
            errors.append(path.invalid(owners, detail))
        controller = controller or named
    return errors


def validate_finalizers(finalizers: Sequence[str] | None, path: Path, *, lenient: bool = False) -> list[FieldError]:
    """Each a qualified name, with a domain unless it is Kubernetes' own; not both ways to delete dependents.

    Of custom resources, which are judged in a `lenient` way, any qualified name is taken.
    """
    listed = finalizers or ()
    errors = [path.invalid(each, problem) for each in listed for problem in names.qualified_name_problems(each)]
    if _ORPHAN in listed and _FOREGROUND in listed:
        errors.append(path.invalid(listed, f"finalizer {_ORPHAN} and {_FOREGROUND} cannot be both set"))
    for index, each in enumerate(() if lenient else listed):
        if "/" not in each and each not in STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            errors.append(path.index(index).invalid(each, detail))
    return errors


def _validate_managed_fields(entries: Sequence[Object] | None, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, entry in enumerate(entries or ()):
        at = path.index(index)
        if entry.get("operation") not in {"Apply", "Update"}:
            errors.append(at.child("operation").invalid(entry.get("operation", ""), "must be `Apply` or `Update`"))
        if entry.get("fieldsType", "FieldsV1") not in {"", "FieldsV1"}:
            errors.append(at.child("fieldsType").invalid(entry["fieldsType"], "must be `FieldsV1`"))
        errors += validate_field_manager(entry.get("manager", ""), at.child("manager"))
        if _size(entry.get("subresource", "")) > _SUBRESOURCE_LENGTH:
            errors.append(at.child("subresource").too_long(_SUBRESOURCE_LENGTH))
    return errors


def validate_field_manager(manager: str, path: Path) -> list[FieldError]:
    """A field manager's name: up to 128 bytes, all printable."""
    errors = [path.too_long(_MANAGER_LENGTH)] if _size(manager) > _MANAGER_LENGTH else []
    for position, char in enumerate(manager):
        if not char.isprintable():
            errors.append(path.invalid(manager, f"invalid character U+{ord(char):04X} (at position {position})"))
    return errors


def _validate_name(metadata: Object, path: Path, name_problems: NameProblems) -> list[FieldError]:
    errors: list[FieldError] = []
    if prefix := metadata.get("generateName"):
        problems = names.for_generated(name_problems, prefix)
        errors += [path.child("generateName").invalid(prefix, problem) for problem in problems]
    if not (name := metadata.get("name")):
        errors.append(path.child("name").required("name or generateName is required"))
    else:
        errors += [path.child("name").invalid(name, problem) for problem in name_problems(name)]
    return errors


def _validate_namespace(metadata: Object, path: Path, *, namespaced: bool) -> list[FieldError]:
    namespace = metadata.get("namespace")
    at = path.child("namespace")
    if not namespaced:
        return [at.forbidden("not allowed on this type")] if namespace else []
    if not namespace:
        return [at.required()]
    return [at.invalid(namespace, problem) for problem in names.dns_label_problems(namespace)]


def validate_metadata(
    metadata: Object, path: Path, *, namespaced: bool, name_problems: NameProblems, lenient: bool = False
) -> list[FieldError]:
    """Everything that an object's metadata must fulfil by itself; `name_problems` is its kind's rule for names.

    A custom resource's finalizers are judged in a `lenient` way.
    """
    errors = _validate_name(metadata, path, name_problems)
    errors += _validate_namespace(metadata, path, namespaced=namespaced)
    if (generation := metadata.get("generation", 0)) < 0:
        errors.append(path.child("generation").invalid(generation, "must be greater than or equal to 0"))
    if labels := metadata.get("labels"):
        errors += validate_labels(labels, path.child("labels"))
    if annotations := metadata.get("annotations"):
        errors += validate_annotations(annotations, path.child("annotations"))
    if owners := metadata.get("ownerReferences"):
        errors += validate_owner_references(owners, path.child("ownerReferences"))
    if finalizers := metadata.get("finalizers"):
        errors += validate_finalizers(finalizers, path.child("finalizers"), lenient=lenient)
    if entries := metadata.get("managedFields"):
        errors += _validate_managed_fields(entries, path.child("managedFields"))
    return errors


def _validate_no_new_finalizers(new: Iterable[str], old: Iterable[str], path: Path) -> list[FieldError]:
    added = sorted(set(new) - set(old))
    if not added:
        return []
    listed = ", ".join(orjson.dumps(each).decode() for each in added)
    detail = f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{listed}}}"
    return [path.forbidden(detail)]


def validate_immutable(new: Any, old: Any, path: Path) -> list[FieldError]:
    """A field that may not change; absent and null are one."""
    return [] if new == old else [path.invalid(new, IMMUTABLE)]


def validate_metadata_update(new: Object, old: Object, path: Path) -> list[FieldError]:
    """What may not change in metadata, and what may not be added while the object is on its way out."""
    errors: list[FieldError] = []
    if old.get("deletionTimestamp"):
        finalizers = new.get("finalizers") or (), old.get("finalizers") or ()
        errors += _validate_no_new_finalizers(*finalizers, path.child("finalizers"))
    if new.get("generation", 0) < old.get("generation", 0):
        errors.append(path.child("generation").invalid(new.get("generation", 0), "must not be decremented"))
    for name in _IMMUTABLE_FIELDS:
        errors += validate_immutable(new.get(name), old.get(name), path.child(name))
    errors += validate_labels(new.get("labels"), path.child("labels"))
    errors += validate_annotations(new.get("annotations"), path.child("annotations"))
    errors += validate_owner_references(new.get("ownerReferences"), path.child("ownerReferences"))
    return errors + _validate_managed_fields(new.get("managedFields"), path.child("managedFields"))

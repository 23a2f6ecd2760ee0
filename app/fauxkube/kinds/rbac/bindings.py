"""What RoleBindings and ClusterRoleBindings have in common: a role, which is fixed, and those who have it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fauxkube.kinds.core.field_checks import name_errors, required_name_errors
from fauxkube.kinds.rbac.rules import GROUP
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Strategy
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import age

_ROLE, _SUBJECTS = Path("roleRef"), Path("subjects")
_SERVICE_ACCOUNT, _USER, _GROUP = _SUBJECT_KINDS = ("ServiceAccount", "User", "Group")


class BindingStrategy(Strategy):
    """The rules of a binding's writes."""

    allow_create_on_update = True

    #: The kinds of roles that may be bound.
    role_kinds: tuple[str, ...]
    #: Whether a service account may leave its namespace out.
    in_namespace: bool

    def validate_name(self, name: str) -> Sequence[str]:
        return names.path_segment_problems(name)

    def default(self, obj: Object) -> None:
        role = obj.setdefault("roleRef", {})
        if not role.get("apiGroup"):
            role["apiGroup"] = GROUP
        for subject in obj.get("subjects") or ():
            if not subject.get("apiGroup") and subject.get("kind") in (_USER, _GROUP):
                subject["apiGroup"] = GROUP

    def validate(self, obj: Object) -> list[FieldError]:
        errors = self._role_errors(obj["roleRef"])
        for index, subject in enumerate(obj.get("subjects") or ()):
            errors += _subject_errors(subject, _SUBJECTS.index(index), in_namespace=self.in_namespace)
        return errors

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return [] if obj["roleRef"] == old["roleRef"] else [_ROLE.invalid(obj["roleRef"], "cannot change roleRef")]

    def _role_errors(self, role: Object) -> list[FieldError]:
        kind, errors = role.get("kind") or "", []
        if role["apiGroup"] != GROUP:
            errors.append(_ROLE.child("apiGroup").not_supported(role["apiGroup"], (GROUP,)))
        if kind not in self.role_kinds:
            errors.append(_ROLE.child("kind").not_supported(kind, self.role_kinds))
        return errors + required_name_errors(role.get("name"), names.path_segment_problems, _ROLE.child("name"))


def _subject_errors(subject: Object, path: Path, *, in_namespace: bool) -> list[FieldError]:
    name, kind, group = (subject.get(field) or "" for field in ("name", "kind", "apiGroup"))
    errors = [] if name else [path.child("name").required()]
    match kind:
        case "ServiceAccount":
            errors += name_errors(name, names.dns_subdomain_problems, path.child("name")) if name else []
            if group:
                errors.append(path.child("apiGroup").not_supported(group, ("",)))
            if not in_namespace and not subject.get("namespace"):
                errors.append(path.child("namespace").required())
        case "User" | "Group":
            if not name:
                errors.append(path.child("name").invalid(name, f"{kind.lower()} name cannot be empty"))
            if group != GROUP:
                errors.append(path.child("apiGroup").not_supported(group, (GROUP,)))
        case _:
            errors.append(path.child("kind").not_supported(kind, _SUBJECT_KINDS))
    return errors


COLUMNS = (
    NAME_COLUMN,
    Column("Role", "The role that is bound."),
    AGE_COLUMN,
    Column("Users", "Users in the roleBinding", priority=1),
    Column("Groups", "Groups in the roleBinding", priority=1),
    Column("ServiceAccounts", "ServiceAccounts in the roleBinding", priority=1),
)


def row(binding: Object, now: datetime) -> list[Any]:
    """The cells of a binding."""
    role = binding["roleRef"]
    subjects = binding.get("subjects") or ()
    by_kind = [_names(subjects, kind) for kind in (_USER, _GROUP, _SERVICE_ACCOUNT)]
    return [binding["metadata"]["name"], f"{role['kind']}/{role['name']}", age(binding, now), *by_kind]


def _names(subjects: Sequence[Object], kind: str) -> str:
    """The subjects of one kind; service accounts with their namespaces."""
    return ", ".join(
        f"{each['namespace']}/{each['name']}" if kind == _SERVICE_ACCOUNT and each.get("namespace") else each["name"]
        for each in subjects
        if each["kind"] == kind
    )

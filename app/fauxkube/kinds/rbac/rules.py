"""The rules that roles consist of, as upstream's `pkg/apis/rbac/validation` judges them.

Nothing is granted or denied by them here: there is no authorization.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fauxkube.kinds.resource import NAME_COLUMN, Column, Strategy
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

GROUP = "rbac.authorization.k8s.io"

#: The columns of both kinds of roles.
COLUMNS = (NAME_COLUMN, Column("Created At", "When the role was created.", type="date"))

_RULES = Path("rules")


class RulesStrategy(Strategy):
    """What Roles and ClusterRoles have in common."""

    allow_create_on_update = True

    #: Whether the rules are about one namespace.
    in_namespace: bool

    def validate_name(self, name: str) -> list[str]:
        return names.path_segment_problems(name)

    def default(self, obj: Object) -> None:
        """Go writes the rules even when there are none."""
        obj.setdefault("rules", None)

    def validate(self, obj: Object) -> list[FieldError]:
        return [
            error
            for index, rule in enumerate(obj.get("rules") or ())
            for error in rule_errors(rule, _RULES.index(index), in_namespace=self.in_namespace)
        ]


def rule_errors(rule: Object, path: Path, *, in_namespace: bool) -> list[FieldError]:
    """A rule says what may be done, and to what: resources, or URLs that are none."""
    errors = [] if rule.get("verbs") else [path.child("verbs").required("verbs must contain at least one value")]
    urls = rule.get("nonResourceURLs")
    return errors + (_url_errors(rule, path, in_namespace=in_namespace) if urls else _resource_errors(rule, path))


def _url_errors(rule: Object, path: Path, *, in_namespace: bool) -> list[FieldError]:
    urls, at = rule["nonResourceURLs"], path.child("nonResourceURLs")
    errors = [at.invalid(urls, "namespaced rules cannot apply to non-resource URLs")] if in_namespace else []
    if any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames")):
        errors.append(at.invalid(urls, "rules cannot apply to both regular resources and non-resource URLs"))
    return errors


def _resource_errors(rule: Object, path: Path) -> list[FieldError]:
    resources = rule.get("resources") or ()
    errors: list[FieldError] = []
    if not rule.get("apiGroups"):
        errors.append(path.child("apiGroups").required("resource rules must supply at least one api group"))
    if not resources:
        errors.append(path.child("resources").required("resource rules must supply at least one resource"))
    if rule.get("resourceNames") and len(resources) > 1:
        errors.append(path.child("resourceNames").required("resource names cannot apply to multiple resources"))
    return errors


def row(role: Object, _now: datetime) -> list[Any]:
    """The cells of a role."""
    return [role["metadata"]["name"], role["metadata"]["creationTimestamp"]]

"""RoleBindings: who has a role, or a cluster role, in one namespace."""

from __future__ import annotations

from fauxkube.kinds.rbac.bindings import COLUMNS, BindingStrategy, row
from fauxkube.kinds.rbac.rules import GROUP
from fauxkube.kinds.resource import Resource


class RoleBindingStrategy(BindingStrategy):
    """The rules of a role binding's writes."""

    role_kinds = ("Role", "ClusterRole")
    in_namespace = True


RESOURCE = Resource(
    group=GROUP,
    kind="RoleBinding",
    plural="rolebindings",
    singular="rolebinding",
    strategy=RoleBindingStrategy(),
    columns=COLUMNS,
    row=row,
)

"""ClusterRoleBindings: who has a cluster role everywhere."""

from __future__ import annotations

from fauxkube.kinds.rbac.bindings import COLUMNS, BindingStrategy, row
from fauxkube.kinds.rbac.rules import GROUP
from fauxkube.kinds.resource import Resource


class ClusterRoleBindingStrategy(BindingStrategy):
    """The rules of a cluster role binding's writes."""

    role_kinds = ("ClusterRole",)
    in_namespace = False


RESOURCE = Resource(
    group=GROUP,
    kind="ClusterRoleBinding",
    plural="clusterrolebindings",
    singular="clusterrolebinding",
    namespaced=False,
    strategy=ClusterRoleBindingStrategy(),
    columns=COLUMNS,
    row=row,
)

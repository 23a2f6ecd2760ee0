"""ClusterRoles: what may be done in the whole cluster, or in whichever namespace they are bound.

One with an `aggregationRule` is filled by a controller with the rules of those that its selectors match.
"""

from __future__ import annotations

from fauxkube.kinds.rbac.rules import COLUMNS, GROUP, RulesStrategy, row
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.selectors import validate_label_selector

_SELECTORS = Path("aggregationRule").child("clusterRoleSelectors")


class ClusterRoleStrategy(RulesStrategy):
    """The rules of a cluster role's writes."""

    in_namespace = False

    def validate(self, obj: Object) -> list[FieldError]:
        return super().validate(obj) + _aggregation_errors(obj.get("aggregationRule"))


def _aggregation_errors(rule: Object | None) -> list[FieldError]:
    if rule is None:
        return []
    selectors = rule.get("clusterRoleSelectors")
    if not selectors:
        return [_SELECTORS.required("at least one clusterRoleSelector required if aggregationRule is non-nil")]
    return [
        error
        for index, selector in enumerate(selectors)
        for error in validate_label_selector(selector, _SELECTORS.index(index))
    ]


RESOURCE = Resource(
    group=GROUP,
    kind="ClusterRole",
    plural="clusterroles",
    singular="clusterrole",
    namespaced=False,
    strategy=ClusterRoleStrategy(),
    columns=COLUMNS,
    row=row,
)

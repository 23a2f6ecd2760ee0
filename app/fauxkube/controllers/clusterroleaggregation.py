"""The ClusterRole aggregation controller: cluster roles that gather the rules of others.

Mirrors upstream's `pkg/controller/clusterroleaggregation`: the rules of all cluster roles that the selectors match, in
order of the roles' names, each rule once; never the role's own.
"""

from __future__ import annotations

from collections.abc import Iterable

from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.gvrs import CLUSTER_ROLES
from fauxkube.machinery.objects import Object, labels_of, name_of
from fauxkube.machinery.selectors import label_selector_from


def gathered_rules(role: Object, others: Iterable[Object]) -> list[Object]:
    """The rules that an aggregated role is to have."""
    there = sorted((each for each in others if name_of(each) != name_of(role)), key=name_of)
    rules: list[Object] = []
    for selector in map(label_selector_from, role["aggregationRule"].get("clusterRoleSelectors") or ()):
        for other in there:
            if selector.matches(labels_of(other)):
                rules += [rule for rule in other.get("rules") or () if rule not in rules]
    return rules


class ClusterRoleAggregationController(Controller):
    """Keys are the names of cluster roles with an aggregation rule."""

    name = "clusterrole-aggregation-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._roles = context.informers.of(CLUSTER_ROLES)
        self._aggregated: set[str] = set()
        self._roles.on_change(self._role_changed)

    def _role_changed(self, old: Object | None, new: Object | None) -> None:
        role = new or old or {}
        if new is not None and new.get("aggregationRule") is not None:
            self._aggregated.add(name_of(role))
        else:
            self._aggregated.discard(name_of(role))
        for name in sorted(self._aggregated):
            self.queue.add(name)

    async def reconcile(self, key: str) -> None:
        role = self._roles.get(key)
        if role is None or role.get("aggregationRule") is None:
            return
        rules = gathered_rules(role, self._roles.items())
        if rules != (role.get("rules") or []):
            await self.client.update(CLUSTER_ROLES, {**role, "rules": rules or None})

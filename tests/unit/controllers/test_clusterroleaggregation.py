"""Cluster roles that gather the rules of others."""

from __future__ import annotations

import asyncio
from typing import Any

from fauxkube.controllers.clusterroleaggregation import ClusterRoleAggregationController, gathered_rules
from fauxkube.kinds.gvrs import CLUSTER_ROLES
from fauxkube.machinery.objects import Object
from support.control_loops import ControlLoops

AGGREGATION = {"clusterRoleSelectors": [{"matchLabels": {"to": "view"}}]}


def rule(resource: str) -> Object:
    return {"verbs": ["get"], "apiGroups": [""], "resources": [resource]}


def role(name: str, *resources: str, labels: dict[str, str] | None = None, **fields: Any) -> Object:
    rules = [rule(each) for each in resources] or None
    return {"metadata": {"name": name, "labels": labels or {}}, "rules": rules, **fields}


TO = {"to": "view"}


def test_rules_are_gathered_in_order_of_names_each_once_and_never_ones_own() -> None:
    view = role("view", "old", labels=TO, aggregationRule=AGGREGATION)
    others = [role("b", "pods", "nodes", labels=TO), role("a", "services", "pods", labels=TO), role("c", "secrets")]
    assert gathered_rules(view, [view, *others]) == [rule("services"), rule("pods"), rule("nodes")]


def test_an_aggregated_role_follows_those_it_selects() -> None:
    async def main() -> None:
        async with ControlLoops(ClusterRoleAggregationController) as loops:
            loops.api.seed(CLUSTER_ROLES, role("view", aggregationRule=AGGREGATION))
            loops.api.seed(CLUSTER_ROLES, role("a", "pods", labels=TO))
            await loops.settle()
            assert rules_of(loops) == [rule("pods")]
            loops.api.change(CLUSTER_ROLES, "a", {"rules": [rule("nodes")]})
            await loops.settle()
            assert rules_of(loops) == [rule("nodes")]
            loops.api.remove(CLUSTER_ROLES, "a")
            await loops.settle()
            assert rules_of(loops) is None
            writes = len(loops.api.calls)
            loops.api.seed(CLUSTER_ROLES, role("other", "secrets"))
            await loops.settle()
            assert len(loops.api.calls) == writes

    asyncio.run(main())


def rules_of(loops: ControlLoops) -> Any:
    view = loops.api.find(CLUSTER_ROLES, "view")
    assert view is not None
    return view["rules"]

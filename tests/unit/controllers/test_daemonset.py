"""The DaemonSet controller over a fake API server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fauxkube.controllers.daemonset import DaemonSetController
from fauxkube.controllers.daemonset_nodes import Verdict, pinned, target_node, verdict_on
from fauxkube.kinds.core.pod_status import condition
from fauxkube.kinds.gvrs import CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS
from fauxkube.machinery.objects import Object, key_of
from support.control_loops import ControlLoops

KEY = "default/agent"


def daemon_set(image: str = "agent:1", *, pod: Object | None = None, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": template(image, **(pod or {})),
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
            "revisionHistoryLimit": 10,
            **spec,
        },
    }


def template(image: str, **spec: Any) -> Object:
    return {
        "metadata": {"labels": {"app": "agent"}},
        "spec": {"containers": [{"name": "c", "image": image}], **spec},
    }


def node(name: str, *taints: Object, **labels: str) -> Object:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": list(taints)}}


def taint(key: str, effect: str) -> Object:
    return {"key": key, "effect": effect}


def required(*terms: Object) -> Object:
    selector = {"nodeSelectorTerms": list(terms)}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": selector}}}


def expression(key: str, operator: str, *values: str) -> Object:
    return {"key": key, "operator": operator, "values": list(values)}


RUN, STAY, NEVER = Verdict(True, True), Verdict(False, True), Verdict(False, False)


@pytest.mark.parametrize(
    ("pod", "on", "verdict"),
    [
        ({}, node("a"), RUN),
        ({"nodeName": "a"}, node("a"), RUN),
        ({"nodeName": "b"}, node("a"), NEVER),
        ({"nodeSelector": {"disk": "ssd"}}, node("a", disk="ssd"), RUN),
        ({"nodeSelector": {"disk": "ssd"}}, node("a"), NEVER),
        (required({"matchExpressions": [expression("disk", "In", "ssd")]}), node("a", disk="ssd"), RUN),
        (required({"matchExpressions": [expression("disk", "NotIn", "ssd")]}), node("a", disk="ssd"), NEVER),
        (required({"matchExpressions": [expression("cores", "Gt", "4")]}), node("a", cores="8"), RUN),
        (required({"matchFields": [expression("metadata.name", "In", "b")]}), node("a"), NEVER),
        (required({}), node("a"), NEVER),
        (required({}, {"matchExpressions": [expression("disk", "DoesNotExist")]}), node("a"), RUN),
        ({}, node("a", taint("dedicated", "NoSchedule")), STAY),
        ({}, node("a", taint("dedicated", "NoExecute")), NEVER),
        ({}, node("a", taint("dedicated", "PreferNoSchedule")), RUN),
        (
            {"tolerations": [{"key": "dedicated", "operator": "Exists"}]},
            node("a", taint("dedicated", "NoSchedule")),
            RUN,
        ),
        ({}, node("a", taint("node.kubernetes.io/not-ready", "NoExecute")), RUN),
        ({}, node("a", taint("node.kubernetes.io/unschedulable", "NoSchedule")), RUN),
        ({}, node("a", taint("node.kubernetes.io/not-ready", "NoSchedule")), STAY),
        ({}, node("a", taint("node.kubernetes.io/network-unavailable", "NoSchedule")), STAY),
        ({"hostNetwork": True}, node("a", taint("node.kubernetes.io/network-unavailable", "NoSchedule")), RUN),
    ],
)
def test_a_node_gets_a_pod_when_the_template_allows_it(pod: Object, on: Object, verdict: Verdict) -> None:
    assert verdict_on(daemon_set(pod=pod), on) == verdict


def test_a_pinned_pod_keeps_its_preferences_and_requires_its_node() -> None:
    preferred = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}
    made = pinned(template("x", affinity={"nodeAffinity": preferred, "podAffinity": {}}), "node-1")
    affinity = made["spec"]["affinity"]
    assert affinity["podAffinity"] == {}
    assert affinity["nodeAffinity"].keys() == {*preferred, "requiredDuringSchedulingIgnoredDuringExecution"}
    assert target_node(made) == "node-1"


def daemon_sets(*names: str) -> ControlLoops:
    loops = ControlLoops(DaemonSetController)
    for name in names:
        loops.api.seed(NODES, node(name))
    return loops


def bind(loops: ControlLoops) -> None:
    """Let every pod run on the node that it was made for."""
    for pod in loops.pods():
        if condition(pod, "Ready") is None:
            loops.api.change(PODS, key_of(pod), {"spec": {"nodeName": target_node(pod)}})
            loops.make_ready(loops.api.find(PODS, key_of(pod)) or {})


def targets(loops: ControlLoops) -> list[str]:
    return sorted(target_node(pod) for pod in loops.pods())


def images(loops: ControlLoops) -> list[str]:
    return sorted(pod["spec"]["containers"][0]["image"] for pod in loops.pods())


def test_every_node_gets_one_pod_and_the_status_counts_them() -> None:
    async def main() -> None:
        async with daemon_sets("a", "b") as loops:
            loops.api.seed(DAEMON_SETS, daemon_set())
            await loops.settle()
            assert targets(loops) == ["a", "b"]
            bind(loops)
            await loops.settle()
            assert loops.status(DAEMON_SETS, KEY) == {
                "currentNumberScheduled": 2,
                "numberMisscheduled": 0,
                "desiredNumberScheduled": 2,
                "numberReady": 2,
                "observedGeneration": 1,
                "updatedNumberScheduled": 2,
                "numberAvailable": 2,
            }
            (revision,) = loops.api.all(CONTROLLER_REVISIONS)
            hashed = revision["metadata"]["labels"]["controller-revision-hash"]
            assert revision["metadata"]["name"] == f"agent-{hashed}"
            assert {pod["metadata"]["labels"]["controller-revision-hash"] for pod in loops.pods()} == {hashed}

    asyncio.run(main())


def test_pods_follow_nodes_that_come_and_change() -> None:
    async def main() -> None:
        async with daemon_sets("a") as loops:
            loops.api.seed(DAEMON_SETS, daemon_set(pod={"nodeSelector": {"role": "edge"}}))
            await loops.settle()
            assert targets(loops) == []
            loops.api.seed(NODES, node("b", role="edge"))
            await loops.settle()
            assert targets(loops) == ["b"]
            loops.api.change(NODES, "a", {"metadata": {"labels": {"role": "edge"}}})
            loops.api.change(NODES, "b", {"metadata": {"labels": {"role": None}}})
            await loops.settle()
            assert targets(loops) == ["a"]

    asyncio.run(main())


async def _roll(loops: ControlLoops) -> set[int]:
    """Change the image and follow the rollout; how many pods were ready at its steps."""
    loops.api.change(DAEMON_SETS, KEY, {"spec": {"template": template("agent:2")}})
    await loops.settle()
    ready = set()
    for _ in range(20):
        ready.add(len([pod for pod in loops.pods() if condition(pod, "Ready")]))
        loops.reap()
        await loops.settle()
        bind(loops)
        await loops.settle()
    return ready


def test_a_rolling_update_takes_one_node_after_the_other() -> None:
    async def main() -> None:
        async with daemon_sets("a", "b", "c") as loops:
            loops.api.seed(DAEMON_SETS, daemon_set())
            await loops.settle()
            bind(loops)
            await loops.settle()
            assert await _roll(loops) == {2, 3}
            assert images(loops) == ["agent:2"] * 3
            assert [each["revision"] for each in loops.api.all(CONTROLLER_REVISIONS)] == [1, 2]

    asyncio.run(main())


def test_a_surging_update_never_leaves_a_node_without_a_ready_pod() -> None:
    async def main() -> None:
        async with daemon_sets("a", "b") as loops:
            rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
            loops.api.seed(DAEMON_SETS, daemon_set(updateStrategy=rolling))
            await loops.settle()
            bind(loops)
            await loops.settle()
            assert min(await _roll(loops)) == 2
            assert images(loops) == ["agent:2"] * 2

    asyncio.run(main())


def test_on_delete_replaces_only_what_someone_deletes() -> None:
    async def main() -> None:
        async with daemon_sets("a", "b") as loops:
            loops.api.seed(DAEMON_SETS, daemon_set(updateStrategy={"type": "OnDelete"}))
            await loops.settle()
            bind(loops)
            await loops.settle()
            await _roll(loops)
            assert images(loops) == ["agent:1"] * 2
            loops.api.remove(PODS, key_of(loops.pods()[0]))
            await loops.settle()
            assert images(loops) == ["agent:1", "agent:2"]

    asyncio.run(main())


def test_a_failed_pod_is_replaced_ever_more_slowly() -> None:
    async def main() -> None:
        async with daemon_sets("a") as loops:
            loops.api.seed(DAEMON_SETS, daemon_set())
            await loops.settle()
            for wait in (0, 1, 2):
                (pod,) = loops.pods()
                loops.api.change(PODS, key_of(pod), {"status": {"phase": "Failed"}})
                await loops.settle()
                if wait:
                    assert [each["metadata"]["uid"] for each in loops.pods()] == [pod["metadata"]["uid"]]
                    await loops.advance(wait)
                assert [each["metadata"]["uid"] for each in loops.pods()] != [pod["metadata"]["uid"]]
            reasons = [reason for reason, _ in loops.told()]
            assert "FailedDaemonPod" in reasons

    asyncio.run(main())


def test_old_revisions_beyond_the_limit_are_forgotten() -> None:
    async def main() -> None:
        async with daemon_sets() as loops:
            loops.api.seed(DAEMON_SETS, daemon_set(revisionHistoryLimit=1))
            await loops.settle()
            for image in ("agent:2", "agent:3"):
                loops.api.change(DAEMON_SETS, KEY, {"spec": {"template": template(image)}})
                await loops.settle()
            assert [each["revision"] for each in loops.api.all(CONTROLLER_REVISIONS)] == [2, 3]
            loops.api.change(DAEMON_SETS, KEY, {"spec": {"template": template("agent:2")}})
            await loops.settle()
            assert sorted(each["revision"] for each in loops.api.all(CONTROLLER_REVISIONS)) == [3, 4]

    asyncio.run(main())

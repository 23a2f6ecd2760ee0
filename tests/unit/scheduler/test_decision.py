"""Filters, scores and the words for pods that fit nowhere, on whole decisions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.kit.chance import Chance
from fauxkube.machinery.objects import Object
from fauxkube.scheduler.cache import Cache
from fauxkube.scheduler.decision import FitError, choose_node
from fauxkube.scheduler.node_info import NodeInfo
from fauxkube.scheduler.pod_info import PodInfo, pod_info

NO_HELP = (
    "no new claims to deallocate, preemption: 0/{0} nodes are available: {0} Preemption is not helpful for scheduling."
)
NO_VICTIMS = (
    "no new claims to deallocate, preemption: 0/{0} nodes are available: "
    "{0} No preemption victims found for incoming pod."
)


def node(name: str = "node-1", *, labels: dict[str, str] | None = None, taints: Any = (), **spec: Any) -> Object:
    size = {"cpu": "2", "memory": "4Gi", "pods": "10", "ephemeral-storage": "10Gi"} | spec.pop("allocatable", {})
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name} | (labels or {})},
        "spec": {"taints": list(taints)} | spec,
        "status": {"allocatable": size},
    }


def pod(name: str = "web", *, metadata: Object | None = None, requests: Object | None = None, **spec: Any) -> PodInfo:
    container = {"name": "c", "image": "nginx"} | ({"resources": {"requests": requests}} if requests else {})
    return pod_info(
        {
            "metadata": {"name": name, "namespace": "default", "uid": name} | (metadata or {}),
            "spec": {"containers": [container]} | spec,
        }
    )


def cache_of(*nodes: Object) -> Cache:
    cache = Cache()
    for each in nodes:
        cache.set_node(each)
    return cache


def refusal(given: PodInfo, cache: Cache) -> str:
    with pytest.raises(FitError) as caught:
        choose_node(given, cache.nodes, Chance(1))
    return str(caught.value)


NO_SCHEDULE = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
NO_EXECUTE = {"key": "broken", "effect": "NoExecute"}
IN_ZONE_B = {"key": "zone", "operator": "In", "values": ["b"]}
ZONE_B = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [IN_ZONE_B]}]}
    }
}
HOST_PORT = [{"name": "c", "image": "nginx", "ports": [{"containerPort": 80, "hostPort": 80}]}]


def test_without_nodes_the_message_says_so() -> None:
    assert refusal(pod(), Cache()) == "no nodes available to schedule pods"


@pytest.mark.parametrize(
    ("nodes", "given", "reasons", "preemption"),
    [
        ([node(unschedulable=True)], pod(), "1 node(s) were unschedulable", NO_HELP),
        ([node(taints=[NO_SCHEDULE])], pod(), "1 node(s) had untolerated taint(s)", NO_HELP),
        ([node(taints=[NO_EXECUTE])], pod(), "1 node(s) had untolerated taint(s)", NO_HELP),
        ([node()], pod(nodeSelector={"disk": "ssd"}), "1 node(s) didn't match Pod's node affinity/selector", NO_HELP),
        ([node()], pod(affinity=ZONE_B), "1 node(s) didn't match Pod's node affinity/selector", NO_HELP),
        ([node()], pod(requests={"cpu": "3"}), "1 Insufficient cpu", NO_HELP),
        ([node()], pod(requests={"memory": "5Gi", "cpu": "3"}), "1 Insufficient cpu, 1 Insufficient memory", NO_HELP),
        ([node()], pod(requests={"ephemeral-storage": "1Ti"}), "1 Insufficient ephemeral-storage", NO_HELP),
        ([node()], pod(requests={"nvidia.com/gpu": "1"}), "1 Insufficient nvidia.com/gpu", NO_HELP),
        ([node(allocatable={"pods": "0"})], pod(), "1 Too many pods", NO_VICTIMS),
        (
            [node("a", taints=[NO_SCHEDULE]), node("b"), node("c")],
            pod(requests={"cpu": "3"}),
            "1 node(s) had untolerated taint(s), 2 Insufficient cpu",
            NO_HELP,
        ),
    ],
)
def test_each_node_counts_with_the_first_filter_that_objects(
    nodes: list[Object], given: PodInfo, reasons: str, preemption: str
) -> None:
    count = len(nodes)
    expected = f"0/{count} nodes are available: {reasons}. {preemption.format(count)}"
    assert refusal(given, cache_of(*nodes)) == expected


def test_a_full_node_could_be_helped_by_preemption_if_there_were_victims() -> None:
    cache = cache_of(node())
    cache.place(pod("first", requests={"cpu": "1500m"}), "node-1")
    message = f"0/1 nodes are available: 1 Insufficient cpu. {NO_VICTIMS.format(1)}"
    assert refusal(pod(requests={"cpu": "1"}), cache) == message


def test_a_pod_that_may_not_preempt_says_so() -> None:
    message = refusal(pod(requests={"cpu": "3"}, preemptionPolicy="Never"), cache_of(node()))
    assert message.endswith("no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.")


def test_nodes_that_the_affinity_does_not_name_are_counted_as_such() -> None:
    named = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [named]}}}
    cache = cache_of(node("a"), node("b"), node("c"))
    given = pod(affinity=affinity, requests={"cpu": "3"})
    assert refusal(given, cache).startswith(
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."
    )
    assert choose_node(pod(affinity=affinity), cache.nodes, Chance(1)) == "a"


def test_a_toleration_lets_a_pod_onto_a_tainted_or_cordoned_node() -> None:
    tolerations = [{"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoSchedule"}]
    assert choose_node(pod(tolerations=tolerations), cache_of(node(taints=[NO_SCHEDULE])).nodes, Chance(1)) == "node-1"
    cordoned = cache_of(node(unschedulable=True))
    tolerations = [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"}]
    assert choose_node(pod(tolerations=tolerations), cordoned.nodes, Chance(1)) == "node-1"


@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [
        ({"hostPort": 80}, {"hostPort": 80}, False),
        ({"hostPort": 80}, {"hostPort": 81}, True),
        ({"hostPort": 80}, {"hostPort": 80, "protocol": "UDP"}, True),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80, "hostIP": "10.0.0.2"}, True),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80}, False),
        ({"hostPort": 80}, {"hostPort": 80, "hostIP": "10.0.0.1"}, False),
    ],
)
def test_a_host_port_is_given_once_for_each_address_and_protocol(first: Object, second: Object, fits: bool) -> None:
    cache = cache_of(node())

    def with_port(name: str, port: Object) -> PodInfo:
        return pod(name, containers=[{"name": "c", "image": "i", "ports": [{"containerPort": 80} | port]}])

    cache.place(with_port("first", first), "node-1")
    if fits:
        assert choose_node(with_port("second", second), cache.nodes, Chance(1)) == "node-1"
    else:
        assert "1 node(s) didn't have free ports for the requested pod ports" in refusal(
            with_port("second", second), cache
        )


def test_a_host_port_is_free_again_when_its_pod_goes() -> None:
    cache = cache_of(node())
    cache.place(pod("first", containers=HOST_PORT), "node-1")
    cache.take("default/first")
    assert choose_node(pod("second", containers=HOST_PORT), cache.nodes, Chance(1)) == "node-1"


def test_pods_go_where_most_is_left() -> None:
    cache = cache_of(node("a"), node("b"))
    cache.place(pod("big", requests={"cpu": "1", "memory": "2Gi"}), "a")
    assert choose_node(pod(requests={"cpu": "100m"}), cache.nodes, Chance(1)) == "b"


@pytest.mark.parametrize(
    "metadata",
    [
        {"labels": {"app": "web"}},
        {"ownerReferences": [{"kind": "ReplicaSet", "name": "web", "uid": "1", "controller": True}]},
    ],
)
def test_pods_of_one_kind_are_spread_over_the_nodes(metadata: Object) -> None:
    cache = cache_of(node("a"), node("b"), node("c"))
    for number in range(9):
        given = pod(f"web-{number}", metadata=metadata)
        cache.place(given, choose_node(given, cache.nodes, Chance(number)))
    assert {name: sum(info.groups.values()) for name, info in cache.nodes.items()} == {"a": 3, "b": 3, "c": 3}


def test_a_preferred_term_and_a_soft_taint_move_a_pod_but_do_not_bind_it() -> None:
    cache = cache_of(node("a", labels={"zone": "b"}), node("b"))
    preference = {"weight": 1, "preference": {"matchExpressions": [IN_ZONE_B]}}
    wishes = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preference]}}
    assert choose_node(pod(affinity=wishes), cache.nodes, Chance(1)) == "a"
    soft = cache_of(node("a", taints=[{"key": "k", "effect": "PreferNoSchedule"}]), node("b"))
    assert choose_node(pod(), soft.nodes, Chance(1)) == "b"
    assert choose_node(pod(affinity=wishes), cache_of(node("b")).nodes, Chance(1)) == "b"


def test_equal_nodes_are_chosen_from_by_chance_and_the_seed_decides() -> None:
    cache = cache_of(node("a"), node("b"), node("c"))
    first = [choose_node(pod(), cache.nodes, Chance(seed)) for seed in range(20)]
    assert set(first) == {"a", "b", "c"}
    assert first == [choose_node(pod(), cache.nodes, Chance(seed)) for seed in range(20)]


def test_pods_are_remembered_while_their_node_is_not_there() -> None:
    cache = Cache()
    cache.place(pod("early", requests={"cpu": "1500m"}), "node-1")
    assert cache.nodes == {}
    cache.set_node(node())
    assert "Insufficient cpu" in refusal(pod(requests={"cpu": "1"}), cache)
    cache.remove_node("node-1")
    cache.set_node(node())
    assert "Insufficient cpu" in refusal(pod(requests={"cpu": "1"}), cache)


PODS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["a", "b"]), st.integers(0, 3000), st.integers(0, 2), st.booleans())
)


@given(PODS)
def test_what_is_left_of_a_node_is_what_its_pods_leave(steps: list[tuple[int, str, int, int, bool]]) -> None:
    cache = cache_of(node("a"), node("b"))
    there: dict[str, tuple[PodInfo, str]] = {}
    for number, target, cpu, port, goes in steps:
        name = f"pod-{number}"
        if goes:
            cache.take(f"default/{name}")
            there.pop(name, None)
            continue
        ports = [{"containerPort": 80, "hostPort": port}] if port else []
        container = {"name": "c", "image": "i", "ports": ports, "resources": {"requests": {"cpu": f"{cpu}m"}}}
        info = pod(name, containers=[container], metadata={"labels": {"n": str(cpu % 2)}})
        cache.place(info, target)
        there[name] = (info, target)
    for name in ("a", "b"):
        fresh = NodeInfo(name)
        fresh.set_node(node(name))
        for info, target in there.values():
            if target == name:
                fresh.add(info)
        kept = cache.nodes[name]
        assert {key: value for key, value in kept.free.items() if value} == {
            key: value for key, value in fresh.free.items() if value
        }
        assert (kept.groups, kept.scored_cpu) == (fresh.groups, fresh.scored_cpu)
        assert [kept.port_is_taken(port) for info, _ in there.values() for port in info.ports] == [
            fresh.port_is_taken(port) for info, _ in there.values() for port in info.ports
        ]

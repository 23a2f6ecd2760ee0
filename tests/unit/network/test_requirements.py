"""The requirements of a network, proved and refuted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxkube.network.check import Check, check
from fauxkube.network.choice import Every
from fauxkube.network.text import render_check
from fauxkube.network.topology import Ranges
from fauxkube.network.trace import trace
from support.networks import network, node, pod, service

PODS_TO_PODS, NODES_AND_PODS, ADDRESSES, RANGES, NETWORKS = range(5)


def checked(**parts: Any) -> Check:
    found = check(network(**parts))
    assert render_check(asdict(found))
    return found


def test_a_sound_network_fulfils_every_requirement() -> None:
    found = checked(
        nodes=[node(1), node(2)],
        pods=[pod("a", "10.244.1.2"), pod("b", "10.244.2.2", node=2), pod("agent", "172.18.0.11", hostNetwork=True)],
        services=[service("shop", "10.96.0.9"), service("headless")],
    )
    assert found.holds
    assert [each.checked for each in found.requirements] == [2, 8, 5, 5, 2]


@pytest.mark.parametrize(
    ("parts", "requirement", "pair", "reason"),
    [
        pytest.param(
            {"nodes": [node(1), node(2)], "pods": [pod("a", "10.244.1.2"), pod("b", node=2)]},
            PODS_TO_PODS,
            ("pod/default/a", "pod/default/b"),
            "pod default/b has no address",
            id="no address",
        ),
        pytest.param(
            {"nodes": [node(1), node(2)], "pods": [pod("a", "10.244.1.2"), pod("b", "10.244.1.3", node=2)]},
            PODS_TO_PODS,
            ("pod/default/a", "pod/default/b"),
            "routes lead 10.244.1.3 to node-1, but pod default/b is on node-2",
            id="another node's block",
        ),
        pytest.param(
            {"nodes": [node(1), node(2)], "pods": [pod("a", "172.17.0.2"), pod("b", "10.244.2.2", node=2)]},
            PODS_TO_PODS,
            ("pod/default/b", "pod/default/a"),
            "no node's block holds 172.17.0.2, so that no route leads to it",
            id="no block",
        ),
        pytest.param(
            {"nodes": [node(1), node(2, ready="Unknown")], "pods": [pod("a", "10.244.1.2")]},
            NODES_AND_PODS,
            ("pod/default/a", "node/node-2"),
            "node node-2 is down: the kubelet says Unknown",
            id="node down",
        ),
        pytest.param(
            {"nodes": [node(1)], "pods": [pod("a", "10.244.1.2"), pod("b", "10.244.1.2")]},
            ADDRESSES,
            ("pod/default/a", "pod/default/b"),
            "both have 10.244.1.2",
            id="an address twice",
        ),
        pytest.param(
            {"ranges": Ranges(("10.96.0.0/12", "fd00:1::/56"), ("10.96.0.0/16", "fd00:2::/112"))},
            RANGES,
            ("pods", "services"),
            "10.96.0.0/12 and 10.96.0.0/16 overlap",
            id="ranges",
        ),
        pytest.param(
            {"ranges": Ranges(("10.244.0.0/16", "fd00:1::/56"), ("10.96.0.0/16", "fd00:1::/112"))},
            RANGES,
            ("pods", "services"),
            "fd00:1::/56 and fd00:1::/112 overlap",
            id="ranges of the second family",
        ),
        pytest.param(
            {"nodes": [node(1), node(2, cidr="10.244.1.128/25")]},
            RANGES,
            ("node/node-1", "node/node-2"),
            "10.244.1.0/24 and 10.244.1.128/25 overlap",
            id="blocks",
        ),
        pytest.param(
            {"nodes": [node(1, cidr="10.9.0.0/24")]},
            RANGES,
            ("node/node-1", "pods"),
            "10.9.0.0/24 lies outside 10.244.0.0/16",
            id="a block outside the range",
        ),
    ],
)
def test_a_requirement_fails_with_the_pair_and_the_reason(
    parts: dict[str, Any], requirement: int, pair: tuple[str, str], reason: str
) -> None:
    found = checked(**parts)
    failure = found.requirements[requirement].failures[0]
    assert not found.holds
    assert ((failure.source, failure.target), failure.reason) == (pair, reason)


def test_a_node_without_a_block_is_named() -> None:
    found = checked(nodes=[node(1, cidr="")], pods=[pod("a"), pod("b")])
    assert (
        found.requirements[PODS_TO_PODS]
        .failures[0]
        .reason.endswith("node node-1 has neither a network add-on nor a block of addresses")
    )


def test_many_failures_are_counted() -> None:
    found = checked(nodes=[node(1)], pods=[pod(f"p{number}") for number in range(10)])
    requirement = found.requirements[PODS_TO_PODS]
    assert (requirement.checked, len(requirement.failures), requirement.more) == (90, 20, 70)


PLACED = st.lists(
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(2, 4), st.booleans()), min_size=2, max_size=6
)


@given(PLACED, st.sampled_from(["True", "False", "Unknown"]))
@settings(max_examples=150, deadline=None)
def test_the_check_finds_just_the_pairs_that_a_trace_loses(
    placed: list[tuple[int, int, int, bool]], ready: str
) -> None:
    """Whatever blocks the addresses are out of: who is said to be reached is where a packet arrives."""
    pods = [
        pod(f"p{number}", f"10.244.{block}.{last}" if given else "", node=on)
        for number, (on, block, last, given) in enumerate(placed)
    ]
    topology = network(nodes=[node(1), node(2), node(3, ready=ready)], pods=pods)
    requirement = check(topology).requirements[PODS_TO_PODS]
    failing = {(each.source, each.target) for each in requirement.failures}
    for source in topology.pods:
        for target in topology.pods:
            if source is target or not source.addresses or (ready == "Unknown" and source.node == "node-3"):
                continue
            way = trace(topology, source.place, target.place, choice=Every()).ways[0]
            reached = way.reached and way.hops[-1].where == target.place
            assert requirement.more or reached is ((source.place, target.place) not in failing)

"""Pod addresses: reserved, kept for the next try, given back; and the line of those that wait."""

from __future__ import annotations

import pytest

from fauxkube.ipam.allocator import Allocator
from fauxkube.ipam.ranges import AddressRange
from fauxkube.machinery.objects import Object
from fauxkube.nodes.cni import Cni, PoolExhaustedError, sandbox_failure

CIDR = "10.244.1.0/29"


def node(*cidrs: str) -> Object:
    return {"metadata": {"name": "node-1"}, "spec": {"podCIDR": cidrs[0], "podCIDRs": list(cidrs)}}


def pod(name: str, uid: str = "") -> Object:
    return {"metadata": {"name": name, "namespace": "default", "uid": uid or name}}


class Pools:
    """A pool for each CIDR."""

    def __init__(self) -> None:
        self.made: dict[str, Allocator] = {}

    def __call__(self, node: str, cidr: str) -> Allocator:
        return self.made.setdefault(cidr, Allocator(AddressRange(cidr, head=2)))


def test_each_pod_gets_an_address_and_the_same_one_on_every_try() -> None:
    cni = Cni(Pools())
    assert cni.addresses(pod("a"), node(CIDR)) == ["10.244.1.2"]
    assert cni.addresses(pod("b"), node(CIDR)) == ["10.244.1.3"]
    assert cni.addresses(pod("a"), node(CIDR)) == ["10.244.1.2"]


def test_a_pod_gets_an_address_out_of_each_block() -> None:
    assert Cni(Pools()).addresses(pod("a"), node(CIDR, "fd00::/120")) == ["10.244.1.2", "fd00::2"]


def test_an_empty_pool_is_reported_in_the_plugins_words_and_keeps_nothing() -> None:
    pools = Pools()
    cni = Cni(pools)
    for number in range(5):
        cni.addresses(pod(f"pod-{number}"), node(CIDR))
    with pytest.raises(PoolExhaustedError) as caught:
        cni.addresses(pod("late"), node("fd00::/120", CIDR))
    assert (
        str(caught.value)
        == "failed to allocate for range 0: no IP addresses available in range set: 10.244.1.1-10.244.1.6"
    )
    assert pools.made["fd00::/120"].used == 0


def test_an_address_that_no_pod_came_to_hold_is_free_again() -> None:
    pools = Pools()
    cni = Cni(pools)
    cni.addresses(pod("a"), node(CIDR))
    cni.give_up("default/a")
    cni.give_up("default/a")
    assert pools.made[CIDR].used == 0


def test_an_address_that_a_pod_holds_is_not_given_back() -> None:
    pools = Pools()
    cni = Cni(pools)
    cni.addresses(pod("a"), node(CIDR))
    cni.settle("default/a")
    cni.give_up("default/a")
    assert pools.made[CIDR].used == 1


def test_another_pod_of_the_same_name_gets_an_address_of_its_own_try() -> None:
    pools = Pools()
    cni = Cni(pools)
    cni.addresses(pod("a", "one"), node(CIDR))
    cni.addresses(pod("a", "two"), node(CIDR))
    assert pools.made[CIDR].used == 1


def test_pods_wait_in_line_by_node() -> None:
    cni = Cni(Pools())
    for key, name in (("a", "node-1"), ("b", "node-1"), ("c", "node-2"), ("a", "node-1")):
        cni.wait(key, name)
    cni.leave("b", "node-1")
    cni.leave("b", "node-3")
    assert [cni.next_waiting("node-1"), cni.next_waiting("node-1"), cni.next_waiting("node-2")] == ["a", None, "c"]


def test_the_kubelet_wraps_the_plugins_words() -> None:
    problem = "failed to allocate for range 0: no IP addresses available in range set: 10.244.1.1-10.244.1.254"
    message = sandbox_failure(pod("a"), problem)
    assert message.startswith(
        "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
    )
    assert message.endswith(
        '": plugin type="bridge" failed (add): failed to allocate for range 0: '
        "no IP addresses available in range set: 10.244.1.1-10.244.1.254"
    )

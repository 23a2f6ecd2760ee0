"""Whatever blocks nodes give addresses out of, in any order of changes: nothing twice on a node, nothing leaked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, invariant, multiple, rule

from fauxkube.kinds.core.node_network import BRIDGE, NodeNetwork, network_of, own_blocks
from fauxkube.kinds.gvrs import NODES, PODS
from fauxkube.machinery.objects import Object
from fauxkube.nodes.add_on_plan import grown
from fauxkube.registry.pools import ADD_ON_BLOCKS, Pools, Ranges
from support.rig_machine import RigMachine

#: The nodes' own blocks overlap with those that an add-on takes out of the same range.
TINY = Ranges(cluster_cidr="10.244.0.0/27", node_prefix=29)
ADD_ON = NodeNetwork("own", "05-own.conflist", "own", range="10.244.0.0/27", run="one/0", own=True)


class Blocks(RigMachine):
    """On lone bridges: nodes take blocks of an add-on's own and give them up, pods come and go, processes restart."""

    nodes = Bundle("nodes")
    pods = Bundle("pods")

    ranges = TINY

    def all(self, gvr: Any) -> list[Object]:
        names = self.run(self.rig.names(gvr)) or []
        return [found for name in names if (found := self.run(self.rig.get(name, gvr)))]

    @rule(target=nodes)
    def create_node(self) -> Any:
        self.made += 1
        name = f"n{self.made}"
        return name if self.run(self.rig.create({"metadata": {"name": name}}, NODES)) else multiple()

    @rule(name=consumes(nodes))
    def delete_node(self, name: str) -> None:
        self.run(self.rig.delete(name, NODES))

    @rule(name=nodes, looks=st.booleans())
    def take_a_block(self, name: str, looks: bool) -> None:
        """As an add-on does, also one that knows nothing of what others have: the store refuses what they hold."""
        node = self.run(self.rig.get(name, NODES))
        if node is None:
            return
        taken = {block for each in self.all(NODES) for block in own_blocks(each)} if looks else set(own_blocks(node))
        network = grown(replace(ADD_ON, blocks=tuple(own_blocks(node))), 30, taken)
        key, value = network.annotation
        self.run(self.rig.patch(name, {"metadata": {"annotations": {key: value}}}, NODES))

    @rule(name=nodes)
    def go_back_to_the_bridge(self, name: str) -> None:
        self.run(self.rig.patch(name, {"metadata": {"annotations": {ADD_ON.annotation[0]: None}}}, NODES))

    @rule(target=pods, node=nodes)
    def run_pod(self, node: str) -> Any:
        found = self.run(self.rig.get(node, NODES))
        network = network_of(found, BRIDGE) if found else None
        if network is None:
            return multiple()
        pools = (self.rig.pools.of_pods(node, block) for block in network.blocks)
        address = next((address for pool in pools if (address := pool.reserve())), None)
        if address is None:
            return multiple()
        self.made += 1
        name = f"p{self.made}"
        pod = {"metadata": {"name": name}, "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}]}}
        self.run(self.rig.create(pod, PODS))
        status = {"podIPs": [{"ip": address}], "podIP": address}
        assert self.run(self.rig.patch(name, {"status": status}, PODS, subresource="status"))
        return name

    @rule(name=consumes(pods))
    def delete_pod(self, name: str) -> None:
        self.run(self.rig.delete(name, PODS, grace_period_seconds=0))

    @rule()
    def restart(self) -> None:
        """What a new process makes of the store says the same."""
        before, after = self.rig.pools, Pools(TINY, self.rig.store)
        after.load()
        for name in before.names():
            fresh = after.find(name)
            assert (fresh.used if fresh is not None else 0) == before[name].used, name

    @invariant()
    def what_is_claimed_is_what_pods_have_and_once_on_each_node(self) -> None:
        if not hasattr(self, "rig"):
            return
        pods = self.all(PODS)
        had = [(pod["spec"]["nodeName"], pod["status"]["podIPs"][0]["ip"]) for pod in pods]
        assert len(had) == len(set(had))
        pools = [name for name in self.rig.pools.names() if name.startswith("pods/")]
        assert sorted((name.split("/")[1], value) for name in pools for value in self.rig.held(name)) == sorted(had)

    @invariant()
    def no_two_nodes_have_a_block_of_the_add_ons(self) -> None:
        if not hasattr(self, "rig"):
            return
        taken = {block: node["metadata"]["name"] for node in self.all(NODES) for block in own_blocks(node)}
        assert sum(len(own_blocks(node)) for node in self.all(NODES)) == len(taken)
        assert {block: owner.removeprefix("nodes/") for block, owner in self.rig.held(ADD_ON_BLOCKS).items()} == taken


Blocks.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
test_blocks = Blocks.TestCase

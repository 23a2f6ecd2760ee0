"""What network add-ons' pods do to their nodes: they put files there, find their blocks, and keep routes.

What an add-on has done stays on its node (as an annotation, see `kinds.core.node_network`) when it is deleted, as its
files do. In a cluster whose network is routed from the start none of it counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fauxkube.client.indexes import index_by_node, on_node
from fauxkube.client.loop import Loop
from fauxkube.kinds.core.node_network import ROUTED, NodeNetwork, installed, network_of, own_blocks
from fauxkube.kinds.core.pod_status import is_terminal
from fauxkube.kinds.gvrs import NODES, PODS
from fauxkube.machinery.objects import Object, is_terminating, key_of, name_of
from fauxkube.nodes.add_on_facts import facts_of
from fauxkube.nodes.add_on_plan import failure, grown, length_of, started, told, uses_own_blocks
from fauxkube.nodes.add_ons import AddOn, add_on_named, add_on_of, has_put_its_file, run_of_agent
from fauxkube.nodes.context import Context

_WORKERS = 4


class AddOnSync:
    """Follows the add-ons' pods, node by node. `network` is the kind that the cluster began with."""

    def __init__(self, context: Context, network: str) -> None:
        self._client = context.client
        self._pods = context.informers.of(PODS)
        self._nodes = context.informers.of(NODES)
        self._network = network
        #: The UIDs of pods that have put their file on their node; they do so once.
        self._done: set[str] = set()
        #: The nodes whose blocks are full.
        self._full: set[str] = set()
        self.loop = Loop("network-add-ons", context.clock, self.sync, workers=_WORKERS)
        if network != ROUTED:
            index_by_node(self._pods)
            self._pods.on_change(self._pod_changed)
            self._nodes.on_change(self._node_changed)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        pod = new or old or {}
        if new is None:
            self._done.discard(pod["metadata"]["uid"])
        node = pod["spec"].get("nodeName")
        if node and pod["spec"].get("volumes") and add_on_of(pod) is not None:
            self.loop.queue.add(node)

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            self._full.discard(name_of(old or {}))
            self._done.difference_update(pod["metadata"]["uid"] for pod in on_node(self._pods, name_of(old or {})))
            if own_blocks(old or {}):
                self._look_at_unlucky()
        elif old is None or old["spec"].get("podCIDRs") != new["spec"].get("podCIDRs"):
            self.loop.queue.add(name_of(new))

    def _look_at_unlucky(self) -> None:
        """Blocks are free again, of which some node got none."""
        for node in self._nodes.items():
            if any(each.error for each in installed(node)):
                self.loop.queue.add(name_of(node))

    def grow(self, node: Object) -> bool:
        """The node's blocks are full: whether its add-on takes a further one."""
        network = network_of(node, self._network)
        if network is None or not own_blocks(node):
            return False
        if len(network.blocks) >= add_on_named(network.name).most_blocks or network.error:
            return False
        self._full.add(name_of(node))
        self.loop.queue.add(name_of(node))
        return True

    async def sync(self, name: str) -> None:
        """Bring what is kept of a node's add-ons up to date."""
        node = self._nodes.get(name)
        if node is None:
            return
        known = {each.name: each for each in installed(node)}
        pods = _by_add_on(on_node(self._pods, name))
        gone = [replace(each, running=False, error="") for each in known.values() if each.name not in pods]
        there = [await self._seen(node, add_on, pod, known.get(add_on.name)) for add_on, pod in pods.values()]
        after = dict(each.annotation for each in (*gone, *there) if each is not None)
        before = node["metadata"].get("annotations") or {}
        changed = {key: value for key, value in after.items() if before.get(key) != value}
        self._full.discard(name)
        if changed:
            await self._client.update(NODES, node | {"metadata": node["metadata"] | {"annotations": before | changed}})
        on_it = {each.name for each in there if each is not None}
        self._done.update(pod["metadata"]["uid"] for name, (_, pod) in pods.items() if name in on_it)

    async def _seen(self, node: Object, add_on: AddOn, pod: Object, known: NodeNetwork | None) -> NodeNetwork | None:
        """An add-on by its pod."""
        uid = pod["metadata"]["uid"]
        if known is None and (uid in self._done or not has_put_its_file(pod)):
            return None
        before = known or NodeNetwork(add_on.name, add_on.conf, add_on.plugin, running=False)
        before = replace(before, agent=key_of(pod))
        run, is_full = run_of_agent(pod), name_of(node) in self._full
        if run and run == before.run and before.running and not (is_full or before.error):
            return before
        facts = await facts_of(self._client, pod, add_on)
        if why := failure(add_on, node, facts):
            said = told(add_on, facts)
            return replace(before, range=said.value, source=said.source, running=False, error=why)
        if not run:
            return replace(before, running=False, error="")
        taken = {block for each in self._nodes.items() for block in own_blocks(each)}
        after = started(add_on, node, facts, before, run=run, taken=taken)
        if is_full and uses_own_blocks(add_on, facts):
            after = grown(after, length_of(add_on, facts), taken)
        return after


def _by_add_on(pods: Iterable[Object]) -> dict[str, tuple[AddOn, Object]]:
    """The pod of each add-on; one that is told to stop only if there is no other."""
    found: dict[str, tuple[AddOn, Object]] = {}
    for pod in sorted(pods, key=is_terminating, reverse=True):
        if not is_terminal(pod) and pod["spec"].get("volumes") and (add_on := add_on_of(pod)) is not None:
            found[add_on.name] = add_on, pod
    return found

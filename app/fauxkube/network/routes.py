"""How a packet gets from a node to an address: over the node's bridge, to another node, or out.

Nodes in one network have routes to each other's blocks of pod addresses, and nothing is translated on the way. A node
with a lone bridge knows its own block only, which it takes for the whole network, and a node without any network knows
none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fauxkube.ipam.families import lies_in
from fauxkube.network.hosts import Node, Pod
from fauxkube.network.topology import Topology

#: Why the source of what a pod sends is translated as it leaves a node with a lone bridge.
BEHIND_A_BRIDGE = "no route leads back to a pod behind a lone bridge"

BRIDGE, ROUTE, OUT, LOOPBACK = "bridge", "route", "outside", "loopback"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a packet ends up: at a pod or node, with neither outside. `problem` tells why it does not."""

    via: str
    pod: Pod | None = None
    node: Node | None = None
    problem: str = ""


def route(topology: Topology, start: Node, address: str) -> Route:
    """The way from a node to an address."""
    if (owner := topology.nodes.by_address.get(address)) is not None:
        return _to_node(start, owner)
    pods = topology.pods.at(address)
    if start.is_alone and start.holds(address):
        return _on_own_bridge(start, pods, address)
    holder = topology.nodes.holding(address)
    if holder is not None and (problem := no_way_to(start, holder)):
        return Route(ROUTE, next(iter(pods), None), holder, problem)
    if pods:
        return _to_pod(topology, start, holder, pods, address)
    if holder is not None:
        return Route(ROUTE, node=holder, problem=f"no pod has {address}, which is out of the block of {holder.name}")
    if range_of := _own_range(topology, address):
        return Route(OUT, problem=f"nothing has {address}, which is out of the {range_of}")
    return Route(OUT)


def _to_node(start: Node, owner: Node) -> Route:
    if owner.name == start.name:
        return Route(LOOPBACK, node=owner)
    return Route(ROUTE, node=owner, problem=node_problem(owner))


def _on_own_bridge(start: Node, pods: Collection[Pod], address: str) -> Route:
    """Whoever has the address on this node; that somebody has it on another is of no use."""
    pod = next((each for each in pods if each.node == start.name), None)
    if pod is not None:
        return Route(BRIDGE, pod, start)
    other = next(iter(pods), None)
    problem = f"{address} is out of the range of {start.name}'s own bridge, and nobody has it there"
    if other is not None:
        problem += f": pod {other.key} has it on {other.node}"
    return Route(BRIDGE, other, start, problem)


def no_way_to(start: Node, holder: Node) -> str:
    """Why a node has no route to the blocks of another; empty when it has."""
    if start.joins(holder):
        return ""
    blocks = ", ".join(holder.pod_cidrs)
    why = "it has no network add-on"
    if start.network is not None:
        why = f"its own network is {start.network.name}"
        if holder.network is not None and holder.network.name == start.network.name:
            why = f"the agent of {start.network.name} has not run on it"
    return f"{start.name} has no route to {blocks} of {holder.name}: {why}"


def _to_pod(topology: Topology, start: Node, holder: Node | None, pods: Collection[Pod], address: str) -> Route:
    """The routes lead to the node whose block the address is out of; only there a pod can be found under it."""
    if holder is None:
        first = next(iter(pods))
        problem = f"no node's block holds {address}, so that no route leads to it"
        if (home := topology.nodes.by_name.get(first.node)) is not None and home.is_alone:
            problem = f"pod {first.key} has {address} behind the bridge of {home.name}, and no route leads there"
        return Route(OUT, first, problem=problem)
    pod = next((each for each in pods if each.node == holder.name), None)
    if pod is None:
        other = next(iter(pods))
        problem = f"routes lead {address} to {holder.name}, but pod {other.key} is on {other.node or 'no node'}"
        return Route(ROUTE, other, holder, problem)
    if holder.name == start.name:
        return Route(BRIDGE, pod, holder)
    return Route(ROUTE, pod, holder, node_problem(holder))


def node_problem(node: Node) -> str:
    """Why a node forwards nothing; empty when it does."""
    if node.is_up:
        return ""
    return f"node {node.name} is down: {node.message if node.ready == 'Unknown' else 'the machine is off'}"


def is_near_nodes(topology: Topology, address: str) -> bool:
    """Whether the address lies in the network of the nodes, which knows the routes to pods."""
    return bool(_holding(topology.ranges.nodes, address))


def _own_range(topology: Topology, address: str) -> str:
    named = {"services' range": topology.ranges.services, "pods' range": topology.ranges.pods}
    for name, cidrs in named.items():
        if cidr := _holding(cidrs, address):
            return f"{name} {cidr}"
    return ""


def _holding(cidrs: Sequence[str], address: str) -> str:
    """The CIDR that the address lies in; empty when it lies in none."""
    return next((cidr for cidr in cidrs if lies_in(address, cidr)), "")

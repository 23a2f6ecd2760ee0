"""Nodes that are down, not ready, or without what their pods need."""

from __future__ import annotations

from collections.abc import Iterator

from fauxkube.network import mistakes
from fauxkube.network.doctor.finding import SHOWN, Finding
from fauxkube.network.hosts import Node
from fauxkube.network.routes import node_problem
from fauxkube.network.topology import Topology


def examine(topology: Topology) -> Iterator[Finding]:
    """What is wrong with the nodes."""
    for node in topology.nodes:
        yield from _of(topology, node)


def _of(topology: Topology, node: Node) -> Iterator[Finding]:
    if problem := node_problem(node):
        pods = [pod.key for pod in topology.pods.on(node.name) if not pod.host_network]
        likely = (f"its pods answer nobody: {', '.join(pods[:SHOWN])}",) if pods else ()
        yield Finding("NodeDown", node.place, problem, likely)
    elif node.ready != "True":
        yield Finding("NodeNotReady", node.place, f"the node is not ready: {node.message}", _remedies(node))
    elif lacking := mistakes.of_node(node):
        yield Finding("NodeHasNoNetwork", node.place, "pods get no address on the node", lacking)
    if not node.addresses:
        yield Finding("NodeHasNoAddress", node.place, "the node reports no address that anybody could send to")


def _remedies(node: Node) -> tuple[str, ...]:
    """What its network lacks, unless the kubelet has said so itself."""
    if node.network is None:
        return ("no network add-on is installed: `fauxkube network install`, or apply one's own manifest",)
    return mistakes.of_node(node)

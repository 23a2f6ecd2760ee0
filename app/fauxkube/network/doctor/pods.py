"""Pods that are not scheduled, get no address, or do not run as they should."""

from __future__ import annotations

from collections.abc import Iterator

from fauxkube.kinds.core.pod_status import condition
from fauxkube.machinery.objects import is_terminating
from fauxkube.network import mistakes
from fauxkube.network.doctor.finding import Finding
from fauxkube.network.doctor.surroundings import Surroundings
from fauxkube.network.hosts import Pod
from fauxkube.network.topology import Topology


def examine(topology: Topology, around: Surroundings) -> Iterator[Finding]:
    """What is wrong with the pods; each has one finding, the first thing that keeps it from being ready."""
    for pod in topology.pods:
        if not pod.is_over and not is_terminating(pod.object):
            yield from _of(topology, pod, around)


def _of(topology: Topology, pod: Pod, around: Surroundings) -> Iterator[Finding]:
    if not pod.node:
        yield _unscheduled(pod)
    elif pod.node not in topology.nodes.by_name:
        yield Finding("PodsNodeGone", pod.place, f"there is no node {pod.node}, where the pod is to run")
    elif not pod.addresses:
        yield Finding("PodHasNoAddress", pod.place, "the pod has no address", _why_no_address(topology, pod, around))
    elif not pod.is_ready and topology.nodes.by_name[pod.node].is_up:
        yield Finding("PodNotReady", pod.place, "the pod is not ready: services send it nothing", mistakes.of_pod(pod))


def _unscheduled(pod: Pod) -> Finding:
    found = condition(pod.object, "PodScheduled") or {}
    because = found.get("message") or "no scheduler has looked at it yet"
    return Finding("PodUnschedulable", pod.place, f"the pod has no node: {because}", _gates(pod))


def _gates(pod: Pod) -> tuple[str, ...]:
    gates = [each.get("name", "") for each in pod.object["spec"].get("schedulingGates") or ()]
    return (f"its scheduling gates have to be removed first: {', '.join(gates)}",) if gates else ()


def _why_no_address(topology: Topology, pod: Pod, around: Surroundings) -> tuple[str, ...]:
    node = topology.nodes.by_name[pod.node]
    if not node.is_up:
        return (f"node {node.name} is down",)
    if node.network is None:
        return (f"node {node.name} has no network add-on",)
    full = [each for each in around.pools if each.name.partition("/ipv6")[0] == f"pods/{node.name}"]
    hints = [f"all addresses of {each.range} on node {node.name} are taken" for each in full if each.used >= each.size]
    return (*mistakes.of_node(node), *hints, *mistakes.of_pod(pod))

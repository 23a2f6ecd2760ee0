"""Network policies that select nobody, or cut pods off from the cluster's names."""

from __future__ import annotations

from collections.abc import Iterator

from fauxkube.machinery.objects import Object, namespace_of
from fauxkube.machinery.selectors import label_selector_from
from fauxkube.network.dns_access import REMEDY, denied_by
from fauxkube.network.doctor.finding import WARNING, Finding, listed, place
from fauxkube.network.resolv_conf import config_of
from fauxkube.network.topology import Topology


def examine(topology: Topology) -> Iterator[Finding]:
    """What is wrong with the policies."""
    for policy in topology.policies:
        yield from _of_selector(topology, policy)
    yield from _of_names(topology)


def _of_selector(topology: Topology, policy: Object) -> Iterator[Finding]:
    """An empty selector means whoever comes, and may mean nobody for now."""
    selector = policy["spec"].get("podSelector") or {}
    if not (selector.get("matchLabels") or selector.get("matchExpressions")):
        return
    pods = topology.pods.within(namespace_of(policy))
    if not any(label_selector_from(selector).matches(pod.labels) for pod in pods):
        wanted = ", ".join(f"{name}={value}" for name, value in (selector.get("matchLabels") or {}).items())
        labels = sorted({f"{name}={value}" for pod in pods for name, value in pod.labels.items()})
        likely = (f"labels of pods there are {listed(labels)}",) if labels else ("there are no pods with labels there",)
        message = f"it selects no pod of namespace {namespace_of(policy)} ({wanted or 'by expressions'})"
        yield Finding("PolicySelectsNothing", place("networkpolicy", policy), message, likely, WARNING)


def _of_names(topology: Topology) -> Iterator[Finding]:
    """Pods that would ask the cluster's DNS and may not, by the policies that are to blame."""
    cut_off: dict[tuple[str, ...], list[str]] = {}
    for pod in topology.pods:
        if not pod.is_over and (policies := denied_by(topology, pod)) and config_of(topology, pod).in_cluster:
            cut_off.setdefault(policies, []).append(pod.name)
    for policies, pods in cut_off.items():
        others = f" (with {', '.join(policies[1:])})" if len(policies) > 1 else ""
        message = f"the pods that it selects{others} cannot look up names: {listed(pods)}"
        yield Finding("NamesDenied", f"networkpolicy/{policies[0]}", message, (REMEDY,))

"""On which nodes a daemon set's pods belong, and what its pod for a node looks like.

Mirrors `NodeShouldRunDaemonPod` and upstream's `daemon/util`: daemon pods tolerate what nodes go through, and are bound
to their node by the default scheduler, led there by a required node affinity on the node's name.
"""

from __future__ import annotations

from typing import NamedTuple

from fauxkube.kinds.core.node_affinity import node_selector
from fauxkube.kinds.core.pod_status import tolerates
from fauxkube.machinery.objects import Object, labels_of, name_of

HASH_LABEL = "controller-revision-hash"
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_GENERATION_LABEL = "pod-template-generation"
_NODE_NAME = "metadata.name"


def _tolerated(condition: str, effect: str) -> Object:
    return {"key": f"node.kubernetes.io/{condition}", "operator": "Exists", "effect": effect}


_TOLERATIONS = (
    _tolerated("not-ready", "NoExecute"),
    _tolerated("unreachable", "NoExecute"),
    _tolerated("disk-pressure", "NoSchedule"),
    _tolerated("memory-pressure", "NoSchedule"),
    _tolerated("pid-pressure", "NoSchedule"),
    _tolerated("unschedulable", "NoSchedule"),
)
_HOST_NETWORK_TOLERATION = _tolerated("network-unavailable", "NoSchedule")


class Verdict(NamedTuple):
    """Whether a pod should be made on a node, and whether one that is there may stay."""

    run: bool
    stay: bool


def verdict_on(daemon_set: Object, node: Object) -> Verdict:
    """What the daemon set's template says of the node."""
    spec = daemon_set["spec"]["template"]["spec"]
    if spec.get("nodeName") not in (None, "", name_of(node)) or not _selects(spec, node):
        return Verdict(False, False)
    tolerations = daemon_tolerations(spec)
    repelling = {
        taint["effect"] for taint in node.get("spec", {}).get("taints") or () if not tolerates(tolerations, taint)
    }
    if repelling & {"NoSchedule", "NoExecute"}:
        return Verdict(False, "NoExecute" not in repelling)
    return Verdict(True, True)


def daemon_tolerations(spec: Object) -> list[Object]:
    """The template's tolerations and those that every daemon pod has."""
    present = list(spec.get("tolerations") or ())
    standard = [*_TOLERATIONS, _HOST_NETWORK_TOLERATION] if spec.get("hostNetwork") else _TOLERATIONS
    return present + [each for each in standard if each not in present]


def _selects(spec: Object, node: Object) -> bool:
    labels = labels_of(node)
    if any(labels.get(name) != value for name, value in (spec.get("nodeSelector") or {}).items()):
        return False
    selector = node_selector(_required_affinity(spec))
    return selector is None or selector.matches(name_of(node), labels)


def _required_affinity(spec: Object) -> Object | None:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    return affinity.get("requiredDuringSchedulingIgnoredDuringExecution")


def daemon_template(daemon_set: Object, revision_hash: str) -> Object:
    """The pod template with what all the daemon set's pods of this revision share."""
    template = daemon_set["spec"]["template"]
    metadata = template.get("metadata", {})
    labels = {**(metadata.get("labels") or {}), HASH_LABEL: revision_hash}
    generation = (daemon_set["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION)
    if generation:
        labels[_GENERATION_LABEL] = generation
    spec = template["spec"] | {"tolerations": daemon_tolerations(template["spec"])}
    return {"metadata": {**metadata, "labels": labels}, "spec": spec}


def pinned(template: Object, node: str) -> Object:
    """The template for one node: only that one is required, for the others were ruled out already."""
    spec = template["spec"]
    affinity = spec.get("affinity") or {}
    terms = [{"matchFields": [{"key": _NODE_NAME, "operator": "In", "values": [node]}]}]
    node_affinity = {
        **(affinity.get("nodeAffinity") or {}),
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms},
    }
    return {**template, "spec": {**spec, "affinity": {**affinity, "nodeAffinity": node_affinity}}}


def target_node(pod: Object) -> str:
    """The node that a daemon pod is on or was made for; empty when it does not say."""
    if bound := pod["spec"].get("nodeName"):
        return str(bound)
    required = _required_affinity(pod["spec"]) or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == _NODE_NAME and field["operator"] == "In" and len(field["values"]) == 1:
                return str(field["values"][0])
    return ""

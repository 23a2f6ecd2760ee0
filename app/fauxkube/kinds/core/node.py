"""Nodes: the resource and the rules of its writes, as upstream's `pkg/registry/core/node` has them.

A node may be created with its status. Its pod CIDRs and its provider's ID are set once and stay.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fauxkube.kinds.core import node_validation
from fauxkube.kinds.core.pod_defaults import canonical_amount
from fauxkube.kinds.core.pod_status import condition
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError
from fauxkube.machinery.objects import Object, labels_of
from fauxkube.machinery.table import age

ROLE_LABEL = "node-role.kubernetes.io/"
OLD_ROLE_LABEL = "kubernetes.io/role"


class NodeStrategy(Strategy):
    """The rules of a node's writes."""

    def default(self, obj: Object) -> None:
        obj.setdefault("spec", {})
        _mirror_pod_cidr(obj["spec"])
        status = obj.setdefault("status", {})
        for name in ("capacity", "allocatable"):
            if status.get(name):
                status[name] = {key: canonical_amount(amount) for key, amount in status[name].items()}
        if status.get("allocatable") is None and status.get("capacity"):
            status["allocatable"] = dict(status["capacity"])

    def prepare_for_create(self, obj: Object) -> None:
        """A node keeps the status that it is created with."""
        status = obj.setdefault("status", {})
        status.setdefault("daemonEndpoints", {"kubeletEndpoint": {"Port": 0}})
        status.setdefault("nodeInfo", dict.fromkeys(NODE_INFO, ""))

    def validate(self, obj: Object) -> list[FieldError]:
        return node_validation.validate_node(obj)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return node_validation.validate_node_update(obj, old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return node_validation.validate_node_update(obj, old) + node_validation.validate_resources(obj)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return node_validation.node_warnings(obj)


#: The fields of `status.nodeInfo` that are there even when nothing is known.
NODE_INFO = (
    "machineID",
    "systemUUID",
    "bootID",
    "kernelVersion",
    "osImage",
    "containerRuntimeVersion",
    "kubeletVersion",
    "kubeProxyVersion",
    "operatingSystem",
    "architecture",
)


def _mirror_pod_cidr(spec: Object) -> None:
    """Keep `podCIDR` and the first of `podCIDRs` equal; where both are given and differ, the former wins."""
    cidr, cidrs = spec.get("podCIDR"), spec.get("podCIDRs")
    if cidr and (not cidrs or cidrs[0] != cidr):
        spec["podCIDRs"] = [cidr]
    elif cidrs:
        spec["podCIDR"] = cidrs[0]


COLUMNS = (
    NAME_COLUMN,
    Column("Status", "The status of the node."),
    Column("Roles", "The roles of the node."),
    AGE_COLUMN,
    Column("Version", "The version of the node's kubelet."),
    Column("Internal-IP", "The node's address inside the cluster.", priority=1),
    Column("External-IP", "The node's address from outside the cluster.", priority=1),
    Column("OS-Image", "The operating system that the node reports.", priority=1),
    Column("Kernel-Version", "The kernel that the node reports.", priority=1),
    Column("Container-Runtime", "The container runtime and its version.", priority=1),
)


def _row(node: Object, now: datetime) -> list[Any]:
    status = node.get("status", {})
    info = status.get("nodeInfo") or {}
    return [
        node["metadata"]["name"],
        _status(node),
        ",".join(_roles(node)) or "<none>",
        age(node, now),
        info.get("kubeletVersion") or "",
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _status(node: Object) -> str:
    ready = condition(node, "Ready")
    words = ["Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"]
    if node["spec"].get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(node: Object) -> list[str]:
    labels = labels_of(node)
    roles = {key.removeprefix(ROLE_LABEL) for key in labels if key.startswith(ROLE_LABEL)}
    roles.add(labels.get(OLD_ROLE_LABEL, ""))
    return sorted(roles - {""})


def _address(status: Object, type: str) -> str:
    for each in status.get("addresses") or ():
        if each.get("type") == type:
            return each.get("address") or "<none>"
    return "<none>"


def _fields(node: Object) -> dict[str, str]:
    return {"spec.unschedulable": "true" if node["spec"].get("unschedulable") else "false"}


RESOURCE = Resource(
    kind="Node",
    plural="nodes",
    singular="node",
    namespaced=False,
    short_names=("no",),
    subresources={"status": ("get", "patch", "update")},
    strategy=NodeStrategy(),
    columns=COLUMNS,
    row=_row,
    fields=_fields,
    field_names=("spec.unschedulable",),
)

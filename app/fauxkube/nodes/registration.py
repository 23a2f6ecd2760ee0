"""The Node object as a kubelet registers it, and the status that it reports afterwards.

Mirrors the kubelet's `initialNode` and the setters of `pkg/kubelet/nodestatus`, in 1.36. What a node that someone else
created says of its own size, addresses and system is kept; everything missing is filled in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from fauxkube.machinery import quantity
from fauxkube.machinery.objects import Labels, Object, labels_of, name_of
from fauxkube.nodes.node_conditions import node_conditions
from fauxkube.nodes.node_faults import NO_TROUBLE, Trouble
from fauxkube.nodes.settings import NodeSettings

#: What the kubelet keeps free before it evicts pods, out of `capacity` (`--eviction-hard`).
_MEMORY_KEPT_FREE = "100Mi"
_STORAGE_KEPT_FREE_TENTHS = 1
ZONE_LABEL, REGION_LABEL = "topology.kubernetes.io/zone", "topology.kubernetes.io/region"
#: The region that all zones are in.
REGION = "region-1"
CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"


def new_node(name: str, addresses: Sequence[str], settings: NodeSettings, now: datetime) -> Object:
    """The node to create, not ready yet."""
    is_control_plane = settings.control_plane and name == settings.names[0]
    roles = {CONTROL_PLANE_LABEL: ""} if is_control_plane else {}
    annotations = {"volumes.kubernetes.io/controller-managed-attach-detach": "true"}
    node: Object = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": default_labels(name, settings) | roles, "annotations": annotations},
        "spec": {"taints": [{"key": CONTROL_PLANE_LABEL, "effect": "NoSchedule"}]} if is_control_plane else {},
    }
    node["status"] = node_status(node, addresses, settings, now=now)
    return node


def default_labels(name: str, settings: NodeSettings) -> Labels:
    """The labels that every kubelet puts on its node; a cloud's tells where the node is."""
    labels = {
        "beta.kubernetes.io/arch": settings.architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": settings.architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }
    if settings.zones and name in settings.names:
        zone = settings.zones[settings.names.index(name) % len(settings.zones)]
        labels |= {REGION_LABEL: REGION, ZONE_LABEL: zone}
    return labels


def node_status(
    node: Object, own: Sequence[str], settings: NodeSettings, *, now: datetime, trouble: Trouble = NO_TROUBLE
) -> Object:
    """The status to report of the node as it is, with its `own` addresses; heartbeats move to `now`."""
    name, status = name_of(node), node.get("status") or {}
    capacity = _capacity(settings) | (status.get("capacity") or {})
    hostname = labels_of(node).get("kubernetes.io/hostname") or name
    addresses = [{"type": "InternalIP", "address": address} for address in own]
    addresses.append({"type": "Hostname", "address": hostname})
    return status | {
        "capacity": capacity,
        "allocatable": _allocatable(capacity) | (status.get("allocatable") or {}),
        "conditions": node_conditions(node, now, trouble, settings.pod_network),
        "addresses": status.get("addresses") or addresses,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": _node_info(name, status.get("nodeInfo") or {}, settings),
        "runtimeHandlers": [_runtime_handler(""), _runtime_handler("runc")],
        "features": {"supplementalGroupsPolicy": True},
    }


def internal_addresses(node: Object) -> list[str]:
    """The node's own addresses, as it reports them, the one of its main IP family first."""
    listed = node.get("status", {}).get("addresses") or ()
    return [str(each["address"]) for each in listed if each.get("type") == "InternalIP"]


def internal_address(node: Object) -> str:
    """The first of them; empty while it has none."""
    return next(iter(internal_addresses(node)), "")


def _capacity(settings: NodeSettings) -> dict[str, str]:
    return {
        "cpu": settings.cpu,
        "ephemeral-storage": settings.ephemeral_storage,
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": settings.memory,
        "pods": str(settings.pods),
    }


def _allocatable(capacity: dict[str, str]) -> dict[str, str]:
    storage = quantity.value(capacity["ephemeral-storage"])
    return capacity | {
        "memory": quantity.subtract(capacity["memory"], _MEMORY_KEPT_FREE),
        "ephemeral-storage": str(storage - storage * _STORAGE_KEPT_FREE_TENTHS // 10),
    }


def _node_info(name: str, known: dict[str, str], settings: NodeSettings) -> dict[str, str]:
    """The system's names: those of our own nodes follow the settings, others keep what they say."""
    machine = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    info = {
        "architecture": settings.architecture,
        "bootID": _uuid_of(f"boot/{name}"),
        "containerRuntimeVersion": settings.container_runtime,
        "kernelVersion": settings.kernel_version,
        "kubeProxyVersion": "",
        "kubeletVersion": settings.kubelet_version,
        "machineID": machine,
        "operatingSystem": "linux",
        "osImage": settings.os_image,
        "systemUUID": _uuid_of(f"system/{name}"),
    }
    return info if name in settings.names else info | {key: value for key, value in known.items() if value}


def _uuid_of(text: str) -> str:
    digits = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _runtime_handler(name: str) -> Object:
    return {"name": name, "features": {"recursiveReadOnlyMounts": True, "userNamespaces": True}}

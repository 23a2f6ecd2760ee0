"""Small clusters' networks out of plain objects, with the addresses that a real one would have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fauxkube.kinds.core.node_network import ROUTED, NodeNetwork
from fauxkube.machinery.objects import Object
from fauxkube.network.topology import Namespaces, Nodes, Pods, Policies, Ranges, Services, Slices, Topology

RANGES = Ranges(("10.244.0.0/16",), ("10.96.0.0/16",), ("172.18.0.0/16",))


def node(
    number: int, *, ready: str = "True", zone: str = "", cidr: str | None = None, add_on: NodeNetwork | None = None
) -> Object:
    """node-1 has 172.18.0.11 and the block 10.244.1.0/24, and so on; `add_on` is what has put a file on it."""
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    return {
        "metadata": {
            "name": f"node-{number}",
            "labels": labels,
            "annotations": dict([add_on.annotation]) if add_on is not None else {},
        },
        "spec": {"podCIDR": f"10.244.{number}.0/24" if cidr is None else cidr},
        "status": {
            "addresses": [{"type": "InternalIP", "address": f"172.18.0.{10 + number}"}],
            "conditions": [{"type": "Ready", "status": ready, "message": f"the kubelet says {ready}"}],
        },
    }


def pod(
    name: str,
    address: str = "",
    *,
    node: int = 1,
    namespace: str = "default",
    labels: dict[str, str] | None = None,
    ports: Sequence[Object] = (),
    ready: bool = True,
    **spec: Any,
) -> Object:
    """A pod that runs, if it has an address."""
    container: Object = {"name": "main", "image": "nginx"}
    if ports:
        container["ports"] = list(ports)
    state = {"running": {}} if address else {"waiting": {"reason": "ContainerCreating"}}
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": name, "labels": labels or {}},
        "spec": {"nodeName": f"node-{node}", "containers": [container], **spec},
        "status": {
            "phase": "Running" if address else "Pending",
            "podIPs": [{"ip": address}] if address else [],
            "conditions": [{"type": "Ready", "status": "True" if ready and address else "False"}],
            "containerStatuses": [{"name": "main", "ready": ready, "state": state}],
        },
    }


def service(
    name: str, address: str = "None", *, namespace: str = "default", ports: Sequence[Object] = (), **spec: Any
) -> Object:
    """A service; without an address it is headless."""
    status = spec.pop("status", {})
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": {}},
        "spec": {
            "clusterIP": address,
            "type": "ClusterIP",
            "ports": list(ports) or [{"port": 80, "targetPort": 80, "protocol": "TCP"}],
            **spec,
        },
        "status": status,
    }


def endpoint(address: str, *, node: int = 1, pod: str = "", namespace: str = "default", **more: Any) -> Object:
    """A ready endpoint, unless its `conditions` say otherwise."""
    found: Object = {"addresses": [address], "nodeName": f"node-{node}", "conditions": {"ready": True}, **more}
    if pod:
        found["targetRef"] = {"kind": "Pod", "namespace": namespace, "name": pod}
    return found


def slice_of(service: str, *endpoints: Object, namespace: str = "default", ports: Sequence[Object] = ()) -> Object:
    """The slice of a service's endpoints."""
    return {
        "metadata": {
            "name": f"{service}-1",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": "IPv4",
        "endpoints": list(endpoints),
        "ports": list(ports) or [{"name": "", "port": 80, "protocol": "TCP"}],
    }


def network(
    *,
    nodes: Iterable[Object] = (),
    pods: Iterable[Object] = (),
    services: Iterable[Object] = (),
    slices: Iterable[Object] = (),
    policies: Iterable[Object] = (),
    namespaces: Iterable[str | Object] = ("default", "kube-system"),
    ranges: Ranges = RANGES,
    kind: str = ROUTED,
) -> Topology:
    """The topology of these objects, whose network began as that kind; namespaces may be given by their names."""
    spaces = [each if isinstance(each, dict) else {"metadata": {"name": each, "labels": {}}} for each in namespaces]
    return Topology(
        Nodes(nodes, network=kind),
        Pods(pods),
        Services(services),
        Slices(slices),
        Policies(policies),
        Namespaces(spaces),
        ranges,
    )

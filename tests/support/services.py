"""Services, their pods and the pods' nodes, as small as tests of endpoints need them."""

from __future__ import annotations

from typing import Any

from fauxkube.machinery.objects import Object


def service(name: str = "web", *, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    """A service on port 80 that selects `app=web`; `spec` replaces fields, None removes them."""
    whole = {
        "type": "ClusterIP",
        "clusterIP": "10.96.0.10",
        "ipFamilies": ["IPv4"],
        "selector": {"app": "web"},
        "ports": [{"port": 80, "targetPort": 80, "protocol": "TCP"}],
        **spec,
    }
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-of-{name}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            **({"labels": labels} if labels else {}),
        },
        "spec": {key: value for key, value in whole.items() if value is not None},
    }


def backend_pod(
    name: str, ip: str = "", *, ready: bool = True, labels: dict[str, str] | None = None, **spec: Any
) -> Object:
    """A pod on node-1; without `ip` it has no address yet."""
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-01-01T00:00:05Z"}
    status: Object = {"phase": "Running" if ip else "Pending", "conditions": [condition]}
    if ip:
        status |= {"podIP": ip, "podIPs": [{"ip": ip}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-of-{name}",
            "labels": {"app": "web"} if labels is None else labels,
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "c", "image": "nginx"}], **spec},
        "status": status,
    }


def terminating(pod: Object) -> Object:
    """The pod after it was asked to go."""
    return pod | {"metadata": {**pod["metadata"], "deletionTimestamp": "2026-01-01T00:00:30Z"}}


def in_phase(pod: Object, phase: str) -> Object:
    """The pod in another phase."""
    return pod | {"status": {**pod["status"], "phase": phase}}


def zoned_node(name: str = "node-1", zone: str = "") -> Object:
    """A node, in a zone or in none."""
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}}


def container_port(name: str, number: int, protocol: str = "TCP") -> list[Object]:
    """`spec.containers` of a pod that names one port."""
    port = {"name": name, "containerPort": number, "protocol": protocol}
    return [{"name": "c", "image": "nginx", "ports": [port]}]

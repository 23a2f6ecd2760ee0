"""What is there from the start: the system namespaces, and the API server's own service with its endpoints.

The API server itself makes these upstream (`controlplane/controller`); they are put back at every start.
"""

from __future__ import annotations

import ipaddress

from fauxkube.client.protocol import Client
from fauxkube.kinds.gvrs import ENDPOINT_SLICES, ENDPOINTS, NAMESPACES, SERVICES
from fauxkube.machinery.objects import GVR, Object
from fauxkube.machinery.status import StatusError

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")

#: Where the API server says it can be reached from inside the cluster (nodes follow in the same network).
ADVERTISED_ADDRESS = "172.18.0.2"
ADVERTISED_PORT = 6443


async def bootstrap(client: Client, service_cidr: str) -> None:
    """Make what is missing of it."""
    for name in SYSTEM_NAMESPACES:
        await _ensure(client, NAMESPACES, {"metadata": {"name": name}})
    await _ensure(client, SERVICES, kubernetes_service(service_cidr))
    await _ensure(client, ENDPOINTS, _kubernetes_endpoints())
    await _ensure(client, ENDPOINT_SLICES, _kubernetes_slice())


async def _ensure(client: Client, gvr: GVR, obj: Object) -> None:
    try:
        await client.create(gvr, obj)
    except StatusError as error:
        if error.reason != "AlreadyExists":
            raise


def kubernetes_service(service_cidr: str) -> Object:
    """`default/kubernetes`, at the service range's first address."""
    first = ipaddress.ip_network(service_cidr)[1]
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "type": "ClusterIP",
            "clusterIP": str(first),
            "sessionAffinity": "None",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": ADVERTISED_PORT}],
        },
    }


def _kubernetes_endpoints() -> Object:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
        },
        "subsets": [
            {
                "addresses": [{"ip": ADVERTISED_ADDRESS}],
                "ports": [{"name": "https", "port": ADVERTISED_PORT, "protocol": "TCP"}],
            }
        ],
    }


def _kubernetes_slice() -> Object:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [ADVERTISED_ADDRESS], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": ADVERTISED_PORT, "protocol": "TCP"}],
    }

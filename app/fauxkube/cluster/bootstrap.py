"""What is there from the start: system namespaces and priority classes, `cluster-admin`, the API server's own service.

The API server itself makes these upstream (`controlplane/controller`), and puts them back when they are deleted.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import cache

from fauxkube.client.informer import Handler
from fauxkube.client.protocol import Client
from fauxkube.controllers import Context, Controller
from fauxkube.ipam.families import family_of
from fauxkube.kinds.gvrs import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    ENDPOINT_SLICES,
    ENDPOINTS,
    INGRESS_CLASSES,
    NAMESPACES,
    PRIORITY_CLASSES,
    SERVICES,
)
from fauxkube.kinds.networking.ingress_class import DEFAULT_CLASS, OWN_CONTROLLER
from fauxkube.kinds.scheduling.priority_class import system_classes
from fauxkube.machinery.objects import GVR, Object, key_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError
from fauxkube.nodes.addresses import advertised_address

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")

#: The port at which the API server says it can be reached from inside the cluster, in the nodes' network.
ADVERTISED_PORT = 6443


async def install_ingress_class(client: Client) -> None:
    """Make our own ingress controller's class, the default one, if it is missing."""
    metadata = {"name": "fauxkube", "annotations": {DEFAULT_CLASS: "true"}}
    await _ensure(client, INGRESS_CLASSES, {"metadata": metadata, "spec": {"controller": OWN_CONTROLLER}})


async def bootstrap(client: Client, service_cidr: str) -> None:
    """Make what is missing of it."""
    for name in SYSTEM_NAMESPACES:
        await _ensure(client, NAMESPACES, {"metadata": {"name": name}})
    for priority_class in system_classes():
        await _ensure(client, PRIORITY_CLASSES, priority_class)
    for gvr, obj in _cluster_admin():
        await _ensure(client, gvr, obj)
    for gvr, obj in _kubernetes(service_cidr).items():
        await _ensure(client, gvr, obj)


class KubernetesServiceKeeper(Controller):
    """Puts the API server's own service and its endpoints back whenever one of them is deleted."""

    name = "kubernetes-service-controller"
    workers = 1

    def __init__(self, context: Context, service_cidr: str) -> None:
        super().__init__(context)
        self._kept = _kubernetes(service_cidr)
        for gvr, obj in self._kept.items():
            context.informers.of(gvr).on_change(self._handler_of(gvr, key_of(obj)))

    def _handler_of(self, gvr: GVR, key: str) -> Handler:
        def deleted(old: Object | None, new: Object | None) -> None:
            if new is None and old is not None and key_of(old) == key:
                self.queue.add(gvr.resource)

        return deleted

    async def reconcile(self, key: str) -> None:
        for gvr, obj in self._kept.items():
            if gvr.resource == key:
                await _ensure(self.client, gvr, obj)


def _cluster_admin() -> list[tuple[GVR, Object]]:
    """The role that may do everything, and the group that has it."""
    group = "rbac.authorization.k8s.io"
    metadata = {
        "name": "cluster-admin",
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }
    anything = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, {"verbs": ["*"], "nonResourceURLs": ["*"]}]
    binding = {
        "metadata": metadata,
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "Group", "apiGroup": group, "name": "system:masters"}],
    }
    return [(CLUSTER_ROLES, {"metadata": metadata, "rules": anything}), (CLUSTER_ROLE_BINDINGS, binding)]


@cache
def _kubernetes(service_cidr: str) -> Mapping[GVR, Object]:
    """What all clusters with that range begin with; it is never changed."""
    return {
        SERVICES: kubernetes_service(service_cidr),
        ENDPOINTS: _kubernetes_endpoints(family_of(service_cidr)),
        ENDPOINT_SLICES: _kubernetes_slice(family_of(service_cidr)),
    }


async def _ensure(client: Client, gvr: GVR, obj: Object) -> None:
    try:
        await client.get(gvr, name_of(obj), namespace_of(obj))
    except StatusError as error:
        if error.code != 404:
            raise
        await client.create(gvr, obj)


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
            "ipFamilyPolicy": "SingleStack",
            "sessionAffinity": "None",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": ADVERTISED_PORT}],
        },
    }


def _kubernetes_endpoints(family: str) -> Object:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
        },
        "subsets": [
            {
                "addresses": [{"ip": advertised_address(family)}],
                "ports": [{"name": "https", "port": ADVERTISED_PORT, "protocol": "TCP"}],
            }
        ],
    }


def _kubernetes_slice(family: str) -> Object:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": family,
        "endpoints": [{"addresses": [advertised_address(family)], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": ADVERTISED_PORT, "protocol": "TCP"}],
    }

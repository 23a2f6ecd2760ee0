"""What a service gets when it is left out, as upstream's `SetDefaults_Service` fills it in.

Families, cluster IPs and node ports are not defaults: they come with the allocation (`service_allocation`).
"""

from __future__ import annotations

from fauxkube.kinds.core.service_allocation import is_externally_accessible
from fauxkube.machinery.objects import Object

#: How long a client stays with its backend under `sessionAffinity: ClientIP`, in seconds.
AFFINITY_TIMEOUT = 10800


def default_service(service: Object) -> None:
    """Fill in a service in place."""
    spec = service.setdefault("spec", {})
    spec["sessionAffinity"] = spec.get("sessionAffinity") or "None"
    _default_affinity(spec)
    spec["type"] = spec.get("type") or "ClusterIP"
    for port in spec.get("ports") or ():
        port["protocol"] = port.get("protocol") or "TCP"
        port["targetPort"] = port.get("targetPort") or port.get("port")
    if is_externally_accessible(service) and not spec.get("externalTrafficPolicy"):
        spec["externalTrafficPolicy"] = "Cluster"
    if spec["type"] in {"ClusterIP", "NodePort", "LoadBalancer"} and spec.get("internalTrafficPolicy") is None:
        spec["internalTrafficPolicy"] = "Cluster"
    if spec["type"] == "LoadBalancer":
        _default_load_balancer(service)


def _default_affinity(spec: Object) -> None:
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        client_ip = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        if client_ip.get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": AFFINITY_TIMEOUT}}


def _default_load_balancer(service: Object) -> None:
    if service["spec"].get("allocateLoadBalancerNodePorts") is None:
        service["spec"]["allocateLoadBalancerNodePorts"] = True
    for ingress in (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or ():
        if ingress.get("ip") and ingress.get("ipMode") is None:
            ingress["ipMode"] = "VIP"

"""What Endpoints and EndpointSlices both tell of a service's pods: who is one, at which address, ports and name.

Pure functions that mirror `endpointslice/util` (`ShouldPodBeInEndpoints`, `ShouldSetHostname`).
"""

from __future__ import annotations

from fauxkube.kinds.core.pod_status import find_port, is_terminal, pod_ips_of
from fauxkube.machinery.objects import Labels, Object, is_terminating, name_of

HEADLESS_LABEL = "service.kubernetes.io/headless"
TRIGGER_TIME_ANNOTATION = "endpoints.kubernetes.io/last-change-trigger-time"


def takes_backends(service: Object) -> bool:
    """Whether controllers fill in the service's backends; those of a service without a selector are its user's."""
    spec = service["spec"]
    return spec.get("type") != "ExternalName" and bool(spec.get("selector"))


def may_be_backend(pod: Object, *, include_terminating: bool) -> bool:
    """Whether the pod has an address and has not run to its end."""
    if is_terminal(pod) or (is_terminating(pod) and not include_terminating):
        return False
    status = pod.get("status") or {}
    return bool(status.get("podIP") or status.get("podIPs"))


def is_headless(service: Object) -> bool:
    """Whether the service has no cluster IP of its own."""
    return service["spec"].get("clusterIP") in {None, "", "None"}


def backend_labels(service: Object, reserved: Labels) -> Labels:
    """The labels of what holds the service's backends: the service's own, then those that say what it is."""
    labels = {name: text for name, text in _labels(service).items() if name != HEADLESS_LABEL}
    if is_headless(service):
        labels[HEADLESS_LABEL] = ""
    return labels | reserved


def families_of(service: Object) -> list[str]:
    """The IP families of the service's backends, the first first."""
    spec = service["spec"]
    if spec.get("ipFamilies"):
        return list(spec["ipFamilies"])
    if is_headless(service):
        return ["IPv4", "IPv6"]
    return ["IPv6" if ":" in spec["clusterIP"] else "IPv4"]


def addresses_of(pod: Object, family: str) -> list[str]:
    """The pod's addresses of one family."""
    return [address for address in pod_ips_of(pod) if (":" in address) == (family == "IPv6")]


def ports_of(service: Object, pod: Object) -> list[Object]:
    """The service's ports as this pod serves them; those whose named target port the pod lacks are left out."""
    ports = []
    for port in service["spec"].get("ports") or ():
        number = find_port(pod, port)
        if number is None:
            continue
        found = {"name": port.get("name") or "", "port": number, "protocol": port.get("protocol") or "TCP"}
        if port.get("appProtocol"):
            found["appProtocol"] = port["appProtocol"]
        ports.append(found)
    return ports


def hostname_of(pod: Object, service: Object) -> str:
    """The name under which the service's DNS knows the pod; empty unless the pod names the service its subdomain."""
    spec = pod["spec"]
    if spec.get("hostname") and spec.get("subdomain") == name_of(service):
        return str(spec["hostname"])
    return ""


def target_of(pod: Object) -> Object:
    """The reference from a backend to its pod."""
    metadata = pod["metadata"]
    return {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}


def annotated(metadata: Object, changes: dict[str, str]) -> dict[str, str]:
    """The annotations of `metadata` after `changes`, of which those to nothing remove."""
    annotations = (metadata.get("annotations") or {}) | changes
    return {name: text for name, text in annotations.items() if text or name not in changes}


def _labels(service: Object) -> Labels:
    return service["metadata"].get("labels") or {}

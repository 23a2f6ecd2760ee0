"""What a pod's spec gets when it is left out, as upstream 1.36 fills it in (`pkg/apis/core/v1/defaults.go`).

`default_pod_spec` holds for every pod spec, also inside a template; `default_pod` adds what only a pod gets.
Resource quantities are brought into their canonical form, as decoding does upstream.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import ceil
from typing import Any

from fauxkube.kinds.core.pod_status import pod_requests
from fauxkube.machinery import quantity
from fauxkube.machinery.objects import Object

#: The readable-by-all file mode (0644) of volumes made out of objects.
FILE_MODE = 420
#: Volume sources that take `defaultMode`.
_SOURCES_WITH_MODE = ("secret", "configMap", "downwardAPI", "projected")
#: Fields that are left out when they are false, zero or an empty map; others mean something then.
_LEFT_OUT = frozenset({"hostNetwork", "hostPID", "hostIPC", "stdin", "stdinOnce", "tty", "readOnly", "hostPort"}) | {
    "nodeSelector",
    "overhead",
}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE_DEFAULTS = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
#: Defaults of volume sources that have plain ones.
_SOURCE_DEFAULTS: dict[str, Object] = {
    "azureDisk": {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"},
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def default_pod(pod: Object) -> None:
    """Fill in a pod in place."""
    spec = pod.setdefault("spec", {})
    default_pod_spec(spec)
    for container in _long_and_init_containers(spec):
        _default_requests(container["resources"])
    if spec.get("resources"):
        _default_pod_level_requests(pod)
    _default(spec, "enableServiceLinks", True)
    if spec.get("hostNetwork"):
        _default_host_ports(spec)


def default_pod_spec(spec: Object) -> None:
    """Fill in a pod's or a template's spec in place."""
    _drop_empty(spec)
    _default(spec, "dnsPolicy", "ClusterFirst")
    _default(spec, "restartPolicy", "Always")
    _default(spec, "securityContext", {})
    _default(spec, "terminationGracePeriodSeconds", 30)
    _default(spec, "schedulerName", "default-scheduler")
    _mirror_service_account(spec)
    for container in spec.get("containers") or ():
        _default_container(container)
    for kind in ("initContainers", "ephemeralContainers"):
        for container in spec.get(kind) or ():
            _default_container(container)
    for volume in spec.get("volumes") or ():
        _default_volume(volume)
    for toleration in spec.get("tolerations") or ():
        _drop_empty(toleration)
    _canonicalise(spec.get("overhead"))
    _canonicalise_resources(spec.get("resources"))


def _drop_empty(holder: Object) -> None:
    """Drop what Go clients leave out of their JSON, so that an object that went through one is still the same."""
    empty = [name for name, value in holder.items() if not value and (value in ("", []) or name in _LEFT_OUT)]
    for name in empty:
        del holder[name]


def _default(holder: Object, name: str, value: Any, *, empty: Any = None) -> None:
    """Set a field that is absent, or that holds what Go's zero value for it is."""
    current = holder.get(name)
    if current is None or current == empty:
        holder[name] = value


def _mirror_service_account(spec: Object) -> None:
    """Keep the deprecated `serviceAccount` equal to `serviceAccountName`, which wins."""
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account


def _long_and_init_containers(spec: Object) -> Iterable[Object]:
    yield from spec.get("containers") or ()
    yield from spec.get("initContainers") or ()


def _default_container(container: Object) -> None:
    _drop_empty(container)
    _default(container, "imagePullPolicy", pull_policy(container.get("image") or ""))
    _default(container, "terminationMessagePath", "/dev/termination-log")
    _default(container, "terminationMessagePolicy", "File")
    _canonicalise_resources(container.setdefault("resources", {}))
    for port in container.get("ports") or ():
        _drop_empty(port)
        _default(port, "protocol", "TCP")
    for variable in container.get("env") or ():
        _drop_empty(variable)
        _default_field_ref(variable.get("valueFrom"))
    for mount in container.get("volumeMounts") or ():
        _drop_empty(mount)
    for name in _PROBES:
        if container.get(name) is not None:
            _default_probe(container[name])
    for handler in (container.get("lifecycle") or {}).values():
        _default_http_get(handler)
    security = container.get("securityContext")
    if security and security.get("procMount") == "":
        del security["procMount"]


def pull_policy(image: str) -> str:
    """`Always` for an image whose tag is `latest`, or that names neither tag nor digest; else `IfNotPresent`."""
    if "@" in image:
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in {"", "latest"} else "IfNotPresent"


def _default_field_ref(source: Object | None) -> None:
    if source and source.get("fieldRef") is not None:
        _default(source["fieldRef"], "apiVersion", "v1", empty="")
    if source and source.get("resourceFieldRef") is not None:
        _default(source["resourceFieldRef"], "divisor", "0")


def _default_probe(probe: Object) -> None:
    for name, value in _PROBE_DEFAULTS.items():
        _default(probe, name, value, empty=0)
    _default_http_get(probe)
    if probe.get("grpc") is not None:
        _default(probe["grpc"], "service", "")


def _default_http_get(handler: Any) -> None:
    http = handler.get("httpGet") if isinstance(handler, dict) else None
    if http is not None:
        _default(http, "path", "/", empty="")
        _default(http, "scheme", "HTTP", empty="")


def _default_volume(volume: Object) -> None:
    sources = [name for name, source in volume.items() if name != "name" and source is not None]
    if not sources:
        volume["emptyDir"] = {}
    for name in sources:
        source = volume[name]
        if name in _SOURCES_WITH_MODE:
            _default(source, "defaultMode", FILE_MODE)
        for field, value in _SOURCE_DEFAULTS.get(name, {}).items():
            _default(source, field, value)
    if volume.get("projected"):
        for projection in volume["projected"].get("sources") or ():
            _default_projection(projection)
    for item in (volume.get("downwardAPI") or {}).get("items") or ():
        _default_field_ref(item)
    if volume.get("image"):
        _default(volume["image"], "pullPolicy", pull_policy(volume["image"].get("reference") or ""), empty="")
    if volume.get("ephemeral"):
        _default_claim(volume["ephemeral"].get("volumeClaimTemplate") or {})


def _default_projection(projection: Object) -> None:
    if projection.get("serviceAccountToken") is not None:
        _default(projection["serviceAccountToken"], "expirationSeconds", 3600)
    for item in (projection.get("downwardAPI") or {}).get("items") or ():
        _default_field_ref(item)


def _default_claim(template: Object) -> None:
    if template.get("spec") is not None:
        _default(template["spec"], "volumeMode", "Filesystem")


def _default_requests(resources: Object) -> None:
    """A limit without a request is the request too."""
    limits = resources.get("limits")
    if limits:
        resources["requests"] = limits | (resources.get("requests") or {})


def _default_pod_level_requests(pod: Object) -> None:
    """Pod-level limits make pod-level requests: what the containers ask for together, else the limits (KEP-2837)."""
    resources = pod["spec"]["resources"]
    limits = resources.get("limits")
    if not limits:
        return
    asked = pod_requests({"spec": {**pod["spec"], "resources": None, "overhead": None}})
    requests = dict(resources.get("requests") or {})
    for name, limit in limits.items():
        requests.setdefault(name, limit)
    for name in ("cpu", "memory"):
        if name in asked and name not in (resources.get("requests") or {}):
            requests[name] = quantity.canonical(f"{asked[name]}m" if name == "cpu" else str(asked[name]))
    resources["requests"] = requests


def _default_host_ports(spec: Object) -> None:
    """With the host's network, a container's port is the host's."""
    for container in _long_and_init_containers(spec):
        for port in container.get("ports") or ():
            _default(port, "hostPort", port.get("containerPort"))


def _canonicalise_resources(resources: Object | None) -> None:
    if resources:
        _canonicalise(resources.get("limits"))
        _canonicalise(resources.get("requests"))


def _canonicalise(amounts: dict[str, Any] | None) -> None:
    """Bring quantities into their canonical form, rounded up to thousandths."""
    for name, given in (amounts or {}).items():
        assert amounts is not None
        amounts[name] = canonical_amount(given)


def canonical_amount(given: str | float) -> str:
    """One resource quantity as it is stored: `0.5` is `500m`, `1024Mi` is `1Gi`, `0.1m` is rounded up to `1m`."""
    number: Fraction = quantity.parse(given)
    thousandths = number * 1000
    if thousandths.denominator != 1:
        return quantity.canonical(f"{ceil(thousandths)}m")
    return quantity.canonical(str(given))

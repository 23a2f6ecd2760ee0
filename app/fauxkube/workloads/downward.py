"""The downward API: what of a pod and its resources its containers can be told (`fieldRef`, `resourceFieldRef`).

As upstream's `pkg/fieldpath` and `pkg/api/v1/resource` make the texts of them.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil
from typing import Any

from fauxkube.kinds.core.pod_status import pod_ip_of
from fauxkube.machinery import quantity
from fauxkube.machinery.objects import Object, labels_of, name_of, namespace_of

_subscripted = re.compile(r"(.*)\['(.*)'\]").fullmatch
#: What Go's `%q` writes with a backslash; other characters stay as they are.
_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def field_value(pod: Object, path: str) -> str:
    """What a `fieldPath` stands for; empty for what the pod does not have."""
    if (found := _subscripted(path)) is not None:
        return str(_map_of(pod, found[1]).get(found[2], ""))
    if path in {"metadata.labels", "metadata.annotations"}:
        return _map_text(_map_of(pod, path))
    spec, status = pod["spec"], pod.get("status") or {}
    values: dict[str, Any] = {
        "metadata.name": name_of(pod),
        "metadata.namespace": namespace_of(pod),
        "metadata.uid": pod["metadata"].get("uid"),
        "spec.nodeName": spec.get("nodeName"),
        "spec.serviceAccountName": spec.get("serviceAccountName"),
        "status.hostIP": status.get("hostIP"),
        "status.hostIPs": _joined(status.get("hostIPs")) or status.get("hostIP"),
        "status.podIP": pod_ip_of(pod),
        "status.podIPs": _joined(status.get("podIPs")) or pod_ip_of(pod),
    }
    return str(values.get(path) or "")


def resource_value(spec: Object, container: str, reference: Object, allocatable: Object) -> str:
    """What a `resourceFieldRef` stands for: a whole number of divisors, rounded up.

    Limits that are not set are the node's allocatable amounts; `container` is meant unless the reference names one.
    """
    name = reference.get("containerName") or container
    every = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    owner: Object = next((each for each in every if each["name"] == name), {})
    kind, _, resource = str(reference.get("resource") or "").partition(".")
    amounts = (owner.get("resources") or {}).get(kind) or {}
    amount = amounts.get(resource)
    if amount is None and kind == "limits":
        amount = allocatable.get(resource)
    divisor = quantity.parse(reference.get("divisor") or "0") or Fraction(1)
    return str(ceil(quantity.parse(amount or "0") / divisor))


def _map_of(pod: Object, path: str) -> dict[str, str]:
    return labels_of(pod) if path == "metadata.labels" else pod["metadata"].get("annotations") or {}


def _map_text(values: dict[str, str]) -> str:
    """A line `key="value"` for each, in order of the keys."""
    return "\n".join(f'{key}="{str(value).translate(_ESCAPES)}"' for key, value in sorted(values.items()))


def _joined(addresses: list[Object] | None) -> str:
    return ",".join(each["ip"] for each in addresses or () if each.get("ip"))

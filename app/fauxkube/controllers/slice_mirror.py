"""EndpointSlices that mirror an Endpoints object which somebody keeps by hand, for a service without a selector.

As upstream's `endpointslicemirroring` reconciler: one slice for each IP family and set of ports, with the labels and
annotations of the Endpoints object, and at most a thousand addresses of each of its subsets.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from fauxkube.controllers.slice_endpoints import EndpointKey, PortsKey, endpoint_key, ports_key
from fauxkube.controllers.slice_plan import MANAGED_BY_LABEL, SERVICE_NAME_LABEL, Plan
from fauxkube.ipam.families import family_of
from fauxkube.machinery.objects import Labels, Object, is_terminating, labels_of, name_of, namespace_of

CONTROLLER_NAME = "endpointslicemirroring-controller.k8s.io"
SKIP_LABEL = "endpointslice.kubernetes.io/skip-mirror"
LEADER_ANNOTATION = "control-plane.alpha.kubernetes.io/leader"
#: The most addresses of a subset that are mirrored (`--mirroring-max-endpoints-per-subset`).
CAPACITY = 1000

_OWN_LABELS = (MANAGED_BY_LABEL, SERVICE_NAME_LABEL)
_NOT_COPIED = (
    "endpoints.kubernetes.io/last-change-trigger-time",
    "kubectl.kubernetes.io/last-applied-configuration",
)
_COMPARED = ("nodeName", "conditions", "targetRef")
#: An IP family, and the ports.
_Key: TypeAlias = tuple[str, PortsKey]


@dataclass(slots=True)
class _Group:
    """What one slice is to hold."""

    ports: list[Object]
    endpoints: dict[EndpointKey, Object] = field(default_factory=dict)


@dataclass(slots=True)
class Mirror:
    """What to write, how many addresses are none, and how many are left out, those included."""

    plan: Plan
    invalid: int = 0
    skipped: int = 0


def should_mirror(endpoints: Object) -> bool:
    """Whether the object may be mirrored, if its service has no selector."""
    annotations = endpoints["metadata"].get("annotations") or {}
    return labels_of(endpoints).get(SKIP_LABEL) != "true" and LEADER_ANNOTATION not in annotations


def plan_mirror(endpoints: Object, existing: Iterable[Object]) -> Mirror:
    """What to write so that the slices tell what the Endpoints object tells."""
    mirror = Mirror(Plan())
    groups: dict[_Key, _Group] = {}
    for subset in endpoints.get("subsets") or ():
        _add_subset(subset, groups, mirror)
    present: dict[_Key, list[Object]] = {}
    for each in existing:
        present.setdefault((each["addressType"], ports_key(each.get("ports") or ())), []).append(each)
    for key, group in groups.items():
        _place(endpoints, key[0], group, present.pop(key, []), mirror.plan)
    for slices in present.values():
        mirror.plan.delete += slices
    _recycle(mirror.plan)
    if is_terminating(endpoints):
        mirror.plan.create.clear()
    return mirror


def _add_subset(subset: Object, groups: dict[_Key, _Group], mirror: Mirror) -> None:
    ports = [_port(each) for each in subset.get("ports") or ()]
    key, added, total = ports_key(ports), 0, 0
    for address, ready in _addresses(subset):
        total += 1
        endpoint = _endpoint(address, ready=ready) if added < CAPACITY else None
        if endpoint is not None:
            added += 1
            family = family_of(endpoint["addresses"][0])
            group = groups.setdefault((family, key), _Group(ports))
            group.endpoints[endpoint_key(endpoint)] = endpoint
        elif added < CAPACITY:
            mirror.invalid += 1
    mirror.skipped += total - added


def _addresses(subset: Object) -> Iterator[tuple[Object, bool]]:
    yield from ((each, True) for each in subset.get("addresses") or ())
    yield from ((each, False) for each in subset.get("notReadyAddresses") or ())


def _endpoint(address: Object, *, ready: bool) -> Object | None:
    """The endpoint of an address; None for one that is no IP."""
    try:
        text = str(ipaddress.ip_address(address.get("ip") or ""))
    except ValueError:
        return None
    endpoint: Object = {"addresses": [text], "conditions": {"ready": ready}}
    return endpoint | {name: address[name] for name in ("hostname", "nodeName", "targetRef") if address.get(name)}


def _port(port: Object) -> Object:
    found: Object = {"name": port.get("name") or "", "port": port["port"], "protocol": port.get("protocol") or "TCP"}
    return found | {"appProtocol": port["appProtocol"]} if port.get("appProtocol") else found


def _place(endpoints: Object, family: str, group: _Group, present: list[Object], plan: Plan) -> None:
    """All of the group in its one slice, which is left alone if it says so already; others of these ports go."""
    plan.delete += present[1:]
    wanted = list(group.endpoints.values())[:CAPACITY]
    made = _new_slice(endpoints, family, group.ports, wanted)
    if not present:
        plan.create.append(made)
    elif not _same(present[0], made):
        plan.update.append(_in_place_of(present[0], made))


def _same(present: Object, made: Object) -> bool:
    return (
        labels_of(present) == labels_of(made)
        and (present["metadata"].get("annotations") or {}) == made["metadata"]["annotations"]
        and _by_key(present) == _by_key(made)
    )


def _by_key(slice_: Object) -> dict[EndpointKey, tuple[object, ...]]:
    return {endpoint_key(each): tuple(each.get(name) for name in _COMPARED) for each in slice_.get("endpoints") or ()}


def _in_place_of(present: Object, made: Object) -> Object:
    """The new slice under the name of one that is there."""
    fields = {name: value for name, value in made["metadata"].items() if name != "generateName"}
    return {**made, "metadata": {**present["metadata"], **fields}}


def _recycle(plan: Plan) -> None:
    """Turn creates into updates of slices of the same family that would otherwise be deleted."""
    for made in list(plan.create):
        gone = next((each for each in plan.delete if each["addressType"] == made["addressType"]), None)
        if gone is not None:
            plan.create.remove(made)
            plan.delete.remove(gone)
            plan.update.append(_in_place_of(gone, made))


def _new_slice(endpoints: Object, family: str, ports: list[Object], wanted: list[Object]) -> Object:
    owner = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "name": name_of(endpoints),
        "uid": endpoints["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{name_of(endpoints)}-",
            "namespace": namespace_of(endpoints),
            "labels": _labels(endpoints),
            "annotations": _annotations(endpoints),
            "ownerReferences": [owner],
        },
        "addressType": family,
        "endpoints": wanted,
        "ports": ports,
    }


def _labels(endpoints: Object) -> Labels:
    return labels_of(endpoints) | dict(zip(_OWN_LABELS, (CONTROLLER_NAME, name_of(endpoints)), strict=True))


def _annotations(endpoints: Object) -> dict[str, str]:
    annotations = endpoints["metadata"].get("annotations") or {}
    return {name: text for name, text in annotations.items() if name not in _NOT_COPIED}

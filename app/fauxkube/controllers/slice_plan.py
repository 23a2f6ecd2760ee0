"""Which EndpointSlices a service needs, and the fewest changes that lead there from those it has.

Mirrors upstream's `endpointslice` reconciler. Slices are kept apart by address family and by set of ports. Endpoints
stay in the slice they are in; new ones first fill the slices that change anyway, then the unchanged slice that they
fill best, then new slices. A service with no endpoints keeps one empty slice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from fauxkube.controllers.service_backends import backend_labels, families_of
from fauxkube.controllers.slice_endpoints import EndpointKey, PortsKey, SliceBackend, endpoint_key, ports_key
from fauxkube.controllers.slice_hints import FamilySlices, by_distribution
from fauxkube.machinery.objects import Labels, Object, is_terminating, labels_of, name_of

CONTROLLER_NAME = "endpointslice-controller.k8s.io"
MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by"
SERVICE_NAME_LABEL = "kubernetes.io/service-name"
#: The most endpoints in one slice (kube-controller-manager's `--max-endpoints-per-slice`).
SLICE_CAPACITY = 100

_COMPARED = ("nodeName", "zone", "conditions")
_COMPARED_OF_TARGET = ("kind", "namespace", "name", "uid")


@dataclass(slots=True)
class Plan:
    """Slices to create, to update and to delete."""

    create: list[Object] = field(default_factory=list)
    update: list[Object] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """The endpoints of one set of ports that are still to be placed."""

    ports: list[Object]
    endpoints: dict[EndpointKey, Object] = field(default_factory=dict)


def _hint_by_distribution(service: Object, _: str, slices: FamilySlices) -> None:
    slices.hint(by_distribution(service))


#: Gives the endpoints of a service's slices, of one family, their hints.
Hint: TypeAlias = Callable[[Object, str, FamilySlices], None]


def plan_slices(
    service: Object,
    backends: Iterable[SliceBackend | None],
    existing: Iterable[Object],
    hint: Hint = _hint_by_distribution,
) -> Plan:
    """What to write so that the service's slices tell of its backends."""
    total = Plan()
    present = [each for each in backends if each is not None]
    by_family: dict[str, list[Object]] = {}
    for each in existing:
        by_family.setdefault(each["addressType"], []).append(each)
    for family in families_of(service):
        slices = by_family.pop(family, [])
        plan = _plan_family(service, present, slices, family)
        written = {name_of(each) for each in (*plan.update, *plan.delete)}
        hinted = FamilySlices(plan.create, plan.update, [each for each in slices if name_of(each) not in written])
        hint(service, family, hinted)
        plan.create, plan.update = hinted.create, hinted.update
        _reuse(service, plan)
        total.create += plan.create
        total.update += plan.update
        total.delete += plan.delete
    for unsupported in by_family.values():
        total.delete += unsupported
    if is_terminating(service):
        total.create.clear()
    return total


def _plan_family(service: Object, backends: list[SliceBackend], existing: list[Object], family: str) -> Plan:
    plan = Plan()
    by_ports: dict[PortsKey, list[Object]] = {}
    for each in existing:
        if _owned_by(each, service):
            by_ports.setdefault(ports_key(each.get("ports") or ()), []).append(each)
        else:
            plan.delete.append(each)
    for key, group in _groups(backends, family).items():
        _place(service, group, by_ports.pop(key, []), family, plan)
    for slices in by_ports.values():
        plan.delete += slices
    if len(plan.delete) == len(existing) and not plan.create:
        _keep_placeholder(service, family, plan)
    return plan


def _groups(backends: list[SliceBackend], family: str) -> dict[PortsKey, _Group]:
    groups: dict[PortsKey, _Group] = {}
    for ports, key, endpoints in backends:
        group = groups.get(key) or groups.setdefault(key, _Group(ports))
        if family in endpoints:
            name, endpoint = endpoints[family]
            group.endpoints[name] = endpoint
    return groups


def _keep_placeholder(service: Object, family: str, plan: Plan) -> None:
    placeholder = _new_slice(service, family, [])
    if len(plan.delete) == 1 and _is_placeholder(plan.delete[0], placeholder):
        plan.delete.clear()
    else:
        plan.create.append(placeholder)


def _is_placeholder(each: Object, placeholder: Object) -> bool:
    return (
        not each.get("endpoints")
        and not each.get("ports")
        and labels_of(each) == labels_of(placeholder)
        and each["metadata"].get("ownerReferences") == placeholder["metadata"]["ownerReferences"]
    )


def _place(service: Object, group: _Group, existing: list[Object], family: str, plan: Plan) -> None:
    """Find every endpoint of the group its slice: where it is, where there is room, or a new one."""
    changed: list[Object] = []
    unchanged: list[Object] = []
    for each in existing:
        kept = _keep(service, each, group.endpoints)
        if kept is each:
            unchanged.append(each)
        elif kept is None:
            plan.delete.append(each)
        else:
            changed.append(kept)
    for each in sorted(changed, key=_size, reverse=True):
        _fill(each, group.endpoints)
    while group.endpoints:
        slice_ = _take_best(unchanged, len(group.endpoints))
        if slice_ is None:
            slice_ = _new_slice(service, family, group.ports)
            plan.create.append(slice_)
        else:
            slice_ = {**slice_, "endpoints": list(slice_.get("endpoints") or ())}
            changed.append(slice_)
        _fill(slice_, group.endpoints)
    plan.update += changed


def _keep(service: Object, existing: Object, desired: dict[EndpointKey, Object]) -> Object | None:
    """The slice without what is no longer desired: itself if nothing changes, None if nothing stays.

    What it keeps is taken out of `desired`.
    """
    endpoints: list[Object] = existing.get("endpoints") or []
    kept = []
    differs = False
    for endpoint in endpoints:
        wanted = desired.pop(endpoint_key(endpoint), None)
        if wanted is None:
            differs = True
            continue
        kept.append(wanted)
        differs = differs or not _equal(wanted, endpoint)
    if differs and not kept:
        return None
    labels = _labels(service)
    if not differs and labels_of(existing) == labels:
        return existing
    return {**existing, "metadata": {**existing["metadata"], "labels": labels}, "endpoints": kept}


def _take_best(slices: list[Object], count: int) -> Object | None:
    """Remove and return the slice that `count` more endpoints fill best, if any has room for all of them."""
    room = {index: SLICE_CAPACITY - count - _size(each) for index, each in enumerate(slices)}
    fitting = [index for index, left in room.items() if 0 <= left < SLICE_CAPACITY]
    return slices.pop(min(fitting, key=room.__getitem__)) if fitting else None


def _fill(slice_: Object, endpoints: dict[EndpointKey, Object]) -> None:
    """Move endpoints into a slice, which is the caller's own, in their order, until it is full."""
    room = SLICE_CAPACITY - _size(slice_)
    for key in list(endpoints)[: max(0, room)]:
        slice_["endpoints"].append(endpoints.pop(key))


def _reuse(service: Object, plan: Plan) -> None:
    """Turn creates into updates of slices that would otherwise be deleted."""
    for gone in [each for each in plan.delete if _owned_by(each, service)]:
        if not plan.create:
            return
        created = plan.create.pop()
        metadata = {**gone["metadata"], "labels": created["metadata"]["labels"]}
        plan.update.append({**created, "metadata": metadata})
        plan.delete.remove(gone)


def _new_slice(service: Object, family: str, ports: list[Object]) -> Object:
    metadata = service["metadata"]
    owner = {
        "apiVersion": "v1",
        "kind": "Service",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": _labels(service),
            "ownerReferences": [owner],
        },
        "addressType": family,
        "endpoints": [],
        "ports": ports,
    }


def _labels(service: Object) -> Labels:
    return backend_labels(service, {SERVICE_NAME_LABEL: name_of(service), MANAGED_BY_LABEL: CONTROLLER_NAME})


def _owned_by(slice_: Object, service: Object) -> bool:
    uid = service["metadata"]["uid"]
    references = slice_["metadata"].get("ownerReferences") or ()
    return any(each["uid"] == uid and each["kind"] == "Service" for each in references)


def _size(slice_: Object) -> int:
    return len(slice_.get("endpoints") or ())


def _equal(wanted: Object, present: Object) -> bool:
    """Whether two endpoints of one key say the same. Hints come later; they and the pod's version are not compared."""
    if wanted == present:
        return True
    target, other = wanted["targetRef"], present.get("targetRef") or {}
    return all(wanted.get(name) == present.get(name) for name in _COMPARED) and all(
        target.get(name) == other.get(name) for name in _COMPARED_OF_TARGET
    )

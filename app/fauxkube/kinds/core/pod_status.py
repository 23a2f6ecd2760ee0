"""Reading a pod: is it ready, is it over, what does it ask for, which port is meant.

Pure functions that controllers, the scheduler and the simulated kubelets share. They mirror `k8s.io/component-helpers`
(requests, as in `resource.PodRequests`; QoS classes), `pkg/api/v1/pod` (ports, phases) and the conditions of the API
conventions. `condition` and `set_condition` work on any object with `status.conditions`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from fauxkube.kit.chance import NAME_ALPHABET
from fauxkube.machinery import quantity
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import to_time

#: The phases that a pod does not leave.
TERMINAL_PHASES = frozenset({"Succeeded", "Failed"})


def condition(obj: Object, type: str) -> Object | None:
    """The object's status condition of that type."""
    for each in obj.get("status", {}).get("conditions") or ():
        if each.get("type") == type:
            return each  # type: ignore[no-any-return]
    return None


def condition_is_true(obj: Object, type: str) -> bool:
    """Whether the object has the condition and it holds."""
    found = condition(obj, type)
    return found is not None and found.get("status") == "True"


def set_condition(obj: Object, type: str, status: str, *, now: datetime, **more: Any) -> bool:
    """Set a condition in place and tell whether anything changed.

    `more` gives the other fields (`reason`, `message`, `observedGeneration`); empty ones are left out.
    `lastTransitionTime` moves to `now` only when the condition is new or its `status` differs.
    """
    conditions: list[Object] = obj.setdefault("status", {}).setdefault("conditions", [])
    old = condition(obj, type)
    moved = old is None or old.get("status") != status
    fresh = {"type": type, "status": status, **{name: value for name, value in more.items() if value}}
    fresh["lastTransitionTime"] = to_time(now) if moved or old is None else old.get("lastTransitionTime", to_time(now))
    if old is None:
        conditions.append(fresh)
        return True
    if "lastProbeTime" in old:
        fresh["lastProbeTime"] = old["lastProbeTime"]
    if fresh == old:
        return False
    old.clear()
    old.update(fresh)
    return True


def set_condition_times(status: Object) -> None:
    """Give the conditions in a pod's status the times that Go writes even when there are none."""
    for each in status.get("conditions") or ():
        each.setdefault("lastProbeTime", None)
        each.setdefault("lastTransitionTime", None)


def phase_of(pod: Object) -> str:
    """The pod's phase; `Pending` until it has one."""
    return pod.get("status", {}).get("phase") or "Pending"


def is_ready(pod: Object) -> bool:
    """Whether the pod's `Ready` condition holds."""
    return condition_is_true(pod, "Ready")


def is_terminal(pod: Object) -> bool:
    """Whether the pod has run to its end, well or badly."""
    return phase_of(pod) in TERMINAL_PHASES


def is_active(pod: Object) -> bool:
    """Whether a controller counts the pod: neither at its end nor asked to go."""
    return not is_terminal(pod) and not pod["metadata"].get("deletionTimestamp")


def pod_ips_of(pod: Object) -> list[str]:
    """The pod's addresses, the one of its main IP family first; none while it has none."""
    status = pod.get("status") or {}
    addresses = [each["ip"] for each in status.get("podIPs") or () if each.get("ip")]
    return addresses or ([status["podIP"]] if status.get("podIP") else [])


def pod_ip_of(pod: Object) -> str:
    """The pod's first address; empty while it has none."""
    return next(iter(pod_ips_of(pod)), "")


def is_sidecar(container: Object) -> bool:
    """Whether an init container keeps running beside the others (`restartPolicy: Always`, KEP-753)."""
    return container.get("restartPolicy") == "Always"


def controller_of(obj: Object) -> Object | None:
    """The owner reference of the object's managing controller."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return reference  # type: ignore[no-any-return]
    return None


def find_port(pod: Object, service_port: Object) -> int | None:
    """The pod's port that a service port means: its number, or the container port of that name and protocol.

    None when no container has such a port. A `targetPort` left out means the service port's own number.
    """
    target = service_port.get("targetPort") or service_port["port"]
    if isinstance(target, int):
        return target
    protocol = service_port.get("protocol") or "TCP"
    for container in serving_containers(pod["spec"]):
        for port in container.get("ports") or ():
            if port.get("name") == target and (port.get("protocol") or "TCP") == protocol:
                return port.get("containerPort")  # type: ignore[no-any-return]
    return None


def serving_containers(spec: Object) -> Iterable[Object]:
    """The containers that run for the pod's whole life, the sidecars last."""
    yield from spec.get("containers") or ()
    yield from (each for each in spec.get("initContainers") or () if is_sidecar(each))


def tolerates(tolerations: Iterable[Object], taint: Object) -> bool:
    """Whether one of the tolerations matches the taint (`v1.Toleration.ToleratesTaint`)."""
    return any(_matches(toleration, taint) for toleration in tolerations)


def _matches(toleration: Object, taint: Object) -> bool:
    effect, key = toleration.get("effect"), toleration.get("key")
    if effect and effect != taint.get("effect"):
        return False
    if key and key != taint.get("key"):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return (toleration.get("value") or "") == (taint.get("value") or "")


def amount(name: str, text: str) -> int:
    """A resource's quantity as a whole number: thousandths for `cpu`, units for everything else, rounded up."""
    return quantity.milli(text) if name == "cpu" else quantity.value(text)


def _requests(holder: Object) -> dict[str, int]:
    asked = (holder.get("resources") or {}).get("requests") or {}
    return {name: amount(name, text) for name, text in asked.items()}


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for name, number in more.items():
        total[name] = total.get(name, 0) + number


def _raise_to(total: dict[str, int], least: Mapping[str, int]) -> None:
    for name, number in least.items():
        if number > total.get(name, 0):
            total[name] = number


def pod_requests(pod: Object) -> dict[str, int]:
    """What the pod asks of a node: `{"cpu": thousandths, "memory": bytes, "pods": 1, ...}`.

    Containers run together, so theirs add up; init containers run one after the other, each beside the sidecars
    started before it, so the largest counts; pod-level requests stand in for both; the overhead comes on top.
    """
    spec = pod["spec"]
    total: dict[str, int] = {}
    for container in spec.get("containers") or ():
        _add(total, _requests(container))
    if spec.get("initContainers"):
        _count_init_containers(spec["initContainers"], total)
    total |= _requests(spec)
    for name, text in (spec.get("overhead") or {}).items():
        total[name] = total.get(name, 0) + amount(name, text)
    total["pods"] = 1
    return total


def _count_init_containers(containers: list[Object], total: dict[str, int]) -> None:
    sidecars: dict[str, int] = {}
    peak: dict[str, int] = {}
    for container in containers:
        asked = _requests(container)
        if is_sidecar(container):
            _add(total, asked)
            _add(sidecars, asked)
            _raise_to(peak, sidecars)
        else:
            _add(asked, sidecars)
            _raise_to(peak, asked)
    _raise_to(total, peak)


def qos_class(pod: Object) -> str:
    """`Guaranteed`, `Burstable` or `BestEffort`, by the requests and limits of `cpu` and `memory`."""
    spec = pod["spec"]
    holders = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    if spec.get("resources"):
        holders = [spec]
    requests: dict[str, int] = {}
    limits: dict[str, int] = {}
    guaranteed = True
    for holder in holders:
        resources = holder.get("resources") or {}
        _add(requests, _compute_resources(resources.get("requests")))
        limited = _compute_resources(resources.get("limits"))
        guaranteed = guaranteed and len(limited) == 2
        _add(limits, limited)
    if not requests and not limits:
        return "BestEffort"
    return "Guaranteed" if guaranteed and requests == limits else "Burstable"


def _compute_resources(listed: Object | None) -> dict[str, int]:
    if not listed:
        return {}
    amounts = {name: amount(name, listed[name]) for name in ("cpu", "memory") if name in listed}
    return {name: number for name, number in amounts.items() if number > 0}


def hash_name(template: Object, collision_count: int = 0) -> str:
    """A pod template's short, stable digest, as in the label `pod-template-hash`.

    Equal templates give equal names, whatever the order of their fields. The digits are spelled in the alphabet of
    generated names, as upstream does; the digest itself is our own, so a name differs from a real cluster's.
    """
    encoded = orjson.dumps(template, option=orjson.OPT_SORT_KEYS)
    if collision_count:
        encoded += str(collision_count).encode()
    digits = str(zlib.crc32(encoded))
    return "".join(NAME_ALPHABET[ord(digit) % len(NAME_ALPHABET)] for digit in digits)

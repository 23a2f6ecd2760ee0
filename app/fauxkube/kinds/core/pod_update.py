"""The rules on a change of a pod, and of its status, as upstream's `ValidatePodUpdate` and `ValidatePodStatusUpdate`.

Of the spec only images, the deadline (down), tolerations (more), scheduling gates (fewer) and, while gates hold the
pod, its node selector and node affinity (narrower) may change. Resources change through `pods/resize` alone.
"""

from __future__ import annotations

from typing import Any

from fauxkube.kinds.core.field_checks import (
    IMMUTABLE,
    MAX_INT32,
    family_list_errors,
    ip_errors,
    name_errors,
    range_errors,
)
from fauxkube.kinds.core.pod_status import is_sidecar
from fauxkube.kinds.core.spec_diff import spec_diff
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_SPEC, _STATUS = Path("spec"), Path("status")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_MAY_CHANGE = ",".join(
    (
        "`spec.containers[*].image`",
        "`spec.initContainers[*].image`",
        "`spec.activeDeadlineSeconds`",
        "`spec.tolerations` (only additions to existing tolerations)",
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    )
)
_SYSTEM_CONDITIONS = frozenset({"PodScheduled", "Ready", "Initialized"})


def validate_pod_update(new: Object, old: Object) -> list[FieldError]:
    """What a change of a pod may not do."""
    spec, old_spec = new["spec"], old["spec"]
    if spec == old_spec:
        return []
    for kind in ("containers", "initContainers"):
        if len(spec.get(kind) or ()) != len(old_spec.get(kind) or ()):
            return [_SPEC.child(kind).forbidden("pod updates may not add or remove containers")]
    errors = _deadline_errors(spec, old_spec)
    errors += _toleration_errors(spec.get("tolerations") or [], old_spec.get("tolerations") or [])
    errors += _gate_errors(spec.get("schedulingGates") or [], old_spec.get("schedulingGates") or [])
    masked = _mask(spec, old_spec)
    if old_spec.get("schedulingGates"):
        errors += _gated_errors(masked, old_spec)
    if masked != old_spec:
        difference = spec_diff(old_spec, masked, type="core.PodSpec")
        errors.append(_SPEC.forbidden(f"pod updates may not change fields other than {_MAY_CHANGE}\n{difference}"))
    return errors


def _deadline_errors(spec: Object, old_spec: Object) -> list[FieldError]:
    deadline, old_deadline = spec.get("activeDeadlineSeconds"), old_spec.get("activeDeadlineSeconds")
    path = _SPEC.child("activeDeadlineSeconds")
    if deadline is None:
        if old_deadline is None:
            return []
        return [path.invalid(None, "must not update from a positive integer to nil value")]
    if old_deadline is not None and deadline > old_deadline:
        return [path.invalid(deadline, "must be less than or equal to previous value")]
    return range_errors(deadline, 0, MAX_INT32, path)


def _toleration_errors(new: list[Object], old: list[Object]) -> list[FieldError]:
    kept = [_without(toleration, "tolerationSeconds") for toleration in new]
    if all(_without(toleration, "tolerationSeconds") in kept for toleration in old):
        return []
    detail = "existing toleration can not be modified except its tolerationSeconds"
    return [_SPEC.child("tolerations").forbidden(detail)]


def _without(obj: Object, name: str) -> Object:
    return {key: value for key, value in obj.items() if key != name}


def _gate_errors(new: list[Object], old: list[Object]) -> list[FieldError]:
    known = {gate.get("name") for gate in old}
    path = _SPEC.child("schedulingGates")
    return [
        path.index(index)
        .child("name")
        .forbidden(f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'")
        for index, gate in enumerate(new)
        if gate.get("name") not in known
    ]


def _mask(spec: Object, old_spec: Object) -> Object:
    """The new spec with everything that may change as it was."""
    masked = dict(spec)
    for name in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        _put_back(masked, old_spec, name)
    for kind in ("containers", "initContainers"):
        if spec.get(kind):
            pairs = zip(spec[kind], old_spec[kind], strict=True)
            masked[kind] = [{**new, "image": old.get("image")} for new, old in pairs]
    old_grace = old_spec.get("terminationGracePeriodSeconds")
    if old_grace is not None and old_grace < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        masked["terminationGracePeriodSeconds"] = old_grace
    return masked


def _put_back(masked: Object, old: Object, name: str) -> None:
    if name in old:
        masked[name] = old[name]
    else:
        masked.pop(name, None)


def _gated_errors(masked: Object, old_spec: Object) -> list[FieldError]:
    """The rules on narrowing a gated pod's nodes; what is judged here is put back in `masked`."""
    errors: list[FieldError] = []
    selector, old_selector = masked.get("nodeSelector") or {}, old_spec.get("nodeSelector") or {}
    if not old_selector.items() <= selector.items():
        detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        errors.append(_SPEC.child("nodeSelector").invalid(selector, detail))
    _put_back(masked, old_spec, "nodeSelector")
    affinity = (masked.get("affinity") or {}).get("nodeAffinity")
    old_affinity = (old_spec.get("affinity") or {}).get("nodeAffinity")
    if affinity != old_affinity:
        errors += _affinity_errors(affinity or {}, old_affinity or {})
        others = _without(masked.get("affinity") or {}, "nodeAffinity")
        if others == _without(old_spec.get("affinity") or {}, "nodeAffinity"):
            _put_back(masked, old_spec, "affinity")
    return errors


def _affinity_errors(new: Object, old: Object) -> list[FieldError]:
    path = _SPEC.child("affinity", "nodeAffinity", _REQUIRED, "nodeSelectorTerms")
    old_terms = (old.get(_REQUIRED) or {}).get("nodeSelectorTerms") or []
    new_terms = (new.get(_REQUIRED) or {}).get("nodeSelectorTerms") or []
    if not old_terms:
        return []
    if len(old_terms) != len(new_terms):
        detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        return [path.invalid(new_terms, detail)]
    return [
        path.index(index).invalid(new_term, "only additions are allowed (no mutations or deletions)")
        for index, (new_term, old_term) in enumerate(zip(new_terms, old_terms, strict=True))
        if not _only_adds(new_term, old_term)
    ]


def _only_adds(new: Object, old: Object) -> bool:
    if not any(old.values()):
        return not any(new.values())
    for name in ("matchExpressions", "matchFields"):
        before = old.get(name) or []
        if (new.get(name) or [])[: len(before)] != before:
            return False
    return True


def validate_pod_status_update(new: Object, old: Object) -> list[FieldError]:
    """What a write to a pod's `/status` may not do."""
    status, old_status = new.get("status") or {}, old.get("status") or {}
    errors: list[FieldError] = []
    for index, condition in enumerate(status.get("conditions") or ()):
        if condition.get("type") not in _SYSTEM_CONDITIONS:
            at = Path("metadata").child("conditions").index(index).child("Type")
            errors += name_errors(condition.get("type") or "", names.qualified_name_problems, at)
    nominated = status.get("nominatedNodeName")
    if nominated and nominated != old_status.get("nominatedNodeName"):
        errors += name_errors(nominated, names.dns_subdomain_problems, _STATUS.child("nominatedNodeName"))
    if (status.get("qosClass") or "") != (old_status.get("qosClass") or ""):
        errors.append(_STATUS.child("qosClass").invalid(status.get("qosClass") or "", IMMUTABLE))
    return errors + _restart_errors(status, old_status, old["spec"]) + _address_errors(status)


def _restart_errors(status: Object, old_status: Object, spec: Object) -> list[FieldError]:
    """A container that has ended for good does not run again."""
    sidecars = {each.get("name") for each in spec.get("initContainers") or () if is_sidecar(each)}
    policies = {"containerStatuses": spec.get("restartPolicy"), "initContainerStatuses": spec.get("restartPolicy")}
    own = {each.get("name"): each["restartPolicy"] for each in _containers(spec) if each.get("restartPolicy")}
    errors = []
    for kind, policy in (*policies.items(), ("ephemeralContainerStatuses", "Never")):
        states = {each.get("name"): each.get("state") or {} for each in status.get(kind) or ()}
        for index, container in enumerate(old_status.get(kind) or ()):
            name, ended = container.get("name"), (container.get("state") or {}).get("terminated")
            if ended is None or name in sidecars or _may_restart(own.get(name, policy), ended):
                continue
            if name in states and states[name].get("terminated") is None:
                at = _STATUS.child(kind).index(index).child("state")
                errors.append(at.forbidden("may not be transitioned to non-terminated state"))
    return errors


def _containers(spec: Object) -> list[Any]:
    return [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]


def _may_restart(policy: str | None, ended: Object) -> bool:
    return policy == "Always" or (policy == "OnFailure" and bool(ended.get("exitCode")))


def _address_errors(status: Object) -> list[FieldError]:
    errors: list[FieldError] = []
    for name in ("podIPs", "hostIPs"):
        addresses, path = [each.get("ip") or "" for each in status.get(name) or ()], _STATUS.child(name)
        for index, address in enumerate(addresses):
            errors += ip_errors(address, path.index(index))
        errors += family_list_errors(addresses, path)
    hosts = status.get("hostIPs")
    if hosts and hosts[0].get("ip") != status.get("hostIP"):
        at = _STATUS.child("hostIPs").index(0).child("ip")
        errors.append(at.invalid(hosts[0].get("ip"), "must be equal to `hostIP`"))
    return errors

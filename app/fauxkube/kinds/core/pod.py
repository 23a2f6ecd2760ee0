"""Pods: the resource and the rules of its writes, as upstream's `pkg/registry/core/pod` has them.

A new pod is Pending and has its QoS class; its status is the kubelet's to change, through `/status`. Of its spec, an
update may change almost nothing. Deleting a pod that runs on a node takes its grace period; the kubelet ends it.
"""

from __future__ import annotations

from collections.abc import Iterable

from fauxkube.kinds.core import pod_table, pod_update, pod_validation, pod_warnings
from fauxkube.kinds.core.pod_defaults import default_pod
from fauxkube.kinds.core.pod_status import condition, is_terminal, pod_ip_of, qos_class, set_condition_times
from fauxkube.kinds.resource import Resource, Strategy
from fauxkube.machinery.fields import FieldError
from fauxkube.machinery.objects import Labels, Object, labels_of

GATED_MESSAGE = "Scheduling is blocked due to non-empty scheduling gates"


class PodStrategy(Strategy):
    """The rules of a pod's writes."""

    generation_of = ("spec",)

    def default(self, obj: Object) -> None:
        default_pod(obj)

    def prepare_for_create(self, obj: Object) -> None:
        spec = obj["spec"]
        status: Object = {"phase": "Pending", "qosClass": qos_class(obj)}
        if spec.get("schedulingGates"):
            gated = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": GATED_MESSAGE}
            status["conditions"] = [gated]
            set_condition_times(status)
        obj["status"] = status
        if spec.get("affinity") or spec.get("topologySpreadConstraints"):
            _merge_label_keys(spec, labels_of(obj))

    def prepare_for_status_update(self, obj: Object, old: Object) -> None:
        super().prepare_for_status_update(obj, old)
        status, old_status = obj.setdefault("status", {}), old.get("status", {})
        _mirror_pod_ip(status)
        for name in ("qosClass", "observedGeneration"):
            _keep(status, old_status, name)
        for each in status.get("conditions") or ():
            _keep(each, condition(old, each.get("type") or "") or {}, "observedGeneration")
        set_condition_times(status)

    def validate(self, obj: Object) -> list[FieldError]:
        return pod_validation.validate_pod(obj)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return pod_update.validate_pod_update(obj, old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return pod_update.validate_pod_status_update(obj, old)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return pod_warnings.pod_warnings(obj) if old is None else []

    def grace_period(self, obj: Object, asked: int | None) -> int:
        """What was asked for, else the spec's; none for a pod that no kubelet runs; negative counts as 1."""
        spec = obj["spec"]
        if not spec.get("nodeName") or is_terminal(obj):
            return 0
        seconds = asked if asked is not None else spec.get("terminationGracePeriodSeconds") or 0
        return 1 if seconds < 0 else seconds


def _mirror_pod_ip(status: Object) -> None:
    """Keep `podIP` and the first of `podIPs` equal; where both are given and differ, the former wins."""
    address, addresses = status.get("podIP"), status.get("podIPs")
    if address and (not addresses or addresses[0].get("ip") != address):
        status["podIPs"] = [{"ip": address}]
    elif addresses:
        status["podIP"] = addresses[0].get("ip")


def _keep(new: Object, old: Object, name: str) -> None:
    """Put back a value that was left out, as older kubelets do."""
    if old.get(name) and not new.get(name):
        new[name] = old[name]


def _merge_label_keys(spec: Object, labels: Labels) -> None:
    """Turn `matchLabelKeys` and `mismatchLabelKeys` into selector expressions on the pod's own labels (KEP-3633)."""
    for term in (*_pod_affinity_terms(spec.get("affinity") or {}), *(spec.get("topologySpreadConstraints") or ())):
        selector = term.get("labelSelector")
        if selector is None:
            continue
        for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
            for key in term.get(field) or ():
                if key in labels:
                    _add_expression(selector, {"key": key, "operator": operator, "values": [labels[key]]})


def _add_expression(selector: Object, expression: Object) -> None:
    expressions = selector.setdefault("matchExpressions", [])
    if expression not in expressions:
        expressions.append(expression)


def _pod_affinity_terms(affinity: Object) -> Iterable[Object]:
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        for weighted in terms.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield weighted.get("podAffinityTerm") or {}
        yield from terms.get("requiredDuringSchedulingIgnoredDuringExecution") or ()


FIELD_NAMES = (
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
)


def _fields(pod: Object) -> dict[str, str]:
    spec, status = pod["spec"], pod.get("status", {})
    return {
        "spec.nodeName": spec.get("nodeName") or "",
        "spec.restartPolicy": spec.get("restartPolicy") or "",
        "spec.schedulerName": spec.get("schedulerName") or "",
        "spec.serviceAccountName": spec.get("serviceAccountName") or "",
        "spec.hostNetwork": "true" if spec.get("hostNetwork") else "false",
        "status.phase": status.get("phase") or "",
        "status.podIP": pod_ip_of(pod),
        "status.nominatedNodeName": status.get("nominatedNodeName") or "",
    }


RESOURCE = Resource(
    kind="Pod",
    plural="pods",
    singular="pod",
    short_names=("po",),
    categories=("all",),
    subresources={
        "attach": ("create", "get"),
        "binding": ("create",),
        "eviction": ("create",),
        "exec": ("create", "get"),
        "log": ("get",),
        "portforward": ("create", "get"),
        "proxy": ("create", "delete", "get", "patch", "update"),
        "status": ("get", "patch", "update"),
    },
    strategy=PodStrategy(),
    columns=pod_table.COLUMNS,
    row=pod_table.row,
    fields=_fields,
    field_names=FIELD_NAMES,
    returns_deleted=True,
)

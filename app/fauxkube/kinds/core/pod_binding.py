"""Binding a pod to a node: what a POST to `pods/binding` does to the pod, as upstream's `BindingREST` does it.

A Binding may also be posted by itself (`LegacyBindingREST`); nothing is ever stored of it.
"""

from __future__ import annotations

from datetime import datetime

from fauxkube.kinds.core.pod_status import set_condition, set_condition_times
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object, is_terminating, name_of
from fauxkube.machinery.status import bad_request, conflict, invalid


def validate_binding(binding: Object) -> list[FieldError]:
    """A binding's target is a node, and named."""
    target, path = binding.get("target") or {}, Path("target")
    errors = []
    if target.get("kind") not in {None, "", "Node"}:
        errors.append(path.child("kind").not_supported(target["kind"], ("Node", "<empty>")))
    if not target.get("name"):
        errors.append(path.child("name").required())
    return errors


def apply_binding(pod: Object, binding: Object, *, now: datetime) -> None:
    """Bind the pod, in place: the node's name, the condition `PodScheduled`, the binding's annotations and labels.

    Annotations overwrite the pod's, labels do not. Binding leaves `metadata.generation` as it is. Raises 400 when the
    binding names another pod, 422 when it is not valid, and 409 when the pod is bound, gated, terminating, or not the
    one whose `uid` or `resourceVersion` the binding gives.
    """
    name, metadata = name_of(pod), binding.get("metadata") or {}
    if metadata.get("name") and metadata["name"] != name:
        raise bad_request("name in URL does not match name in Binding object")
    if errors := validate_binding(binding):
        raise invalid("", "Binding", name, [error.to_cause() for error in errors])
    _check_preconditions(pod, metadata)
    if problem := _obstacle(pod):
        raise conflict("pods/binding", name, problem)
    pod["spec"]["nodeName"] = binding["target"]["name"]
    if metadata.get("annotations"):
        pod["metadata"]["annotations"] = (pod["metadata"].get("annotations") or {}) | metadata["annotations"]
    if metadata.get("labels"):
        pod["metadata"]["labels"] = metadata["labels"] | (pod["metadata"].get("labels") or {})
    generation = pod["metadata"].get("generation")
    set_condition(pod, "PodScheduled", "True", now=now, observedGeneration=generation)
    set_condition_times(pod["status"])


def _check_preconditions(pod: Object, metadata: Object) -> None:
    for field, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        wanted, found = metadata.get(field), pod["metadata"].get(field)
        if wanted and wanted != found:
            problem = f"Precondition failed: {word} in precondition: {wanted}, {word} in object meta: {found}"
            raise conflict("pods", name_of(pod), problem)


def _obstacle(pod: Object) -> str:
    name, spec = name_of(pod), pod["spec"]
    if is_terminating(pod):
        return f"pod {name} is being deleted, cannot be assigned to a host"
    if spec.get("nodeName"):
        return f'pod {name} is already assigned to node "{spec["nodeName"]}"'
    if spec.get("schedulingGates"):
        return f"pod {name} has non-empty .spec.schedulingGates"
    return ""


RESOURCE = Resource(kind="Binding", plural="bindings", singular="binding", verbs=("create",))

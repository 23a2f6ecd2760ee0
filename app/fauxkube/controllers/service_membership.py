"""Which pods a service selects and which services select a pod, by index, as `endpointslice/util` decides.

A change of a pod touches exactly the services whose selector matches its labels before or after, and only if it can
matter to their backends. Nothing here ever looks at all pods or at all services.
"""

from __future__ import annotations

from collections.abc import Iterable

from fauxkube.client.informer import Informer
from fauxkube.kinds.core.pod_status import is_ready, is_terminal
from fauxkube.machinery.objects import Labels, Object, key_of, labels_of, namespace_of

#: The index of pods by each of their labels.
_BY_LABEL = "namespace-and-label"
#: The index of services by one of the labels they select.
_BY_SELECTED_LABEL = "namespace-and-selected-label"


class ServiceMembership:
    """The two ways between pods and services, over their informers."""

    def __init__(self, services: Informer, pods: Informer) -> None:
        self._services = services
        self._pods = pods
        services.add_index(_BY_SELECTED_LABEL, _selected_label)
        pods.add_index(_BY_LABEL, _label_values)

    def pods_of(self, service: Object) -> list[Object]:
        """The pods that the service selects."""
        selector: Labels = service["spec"]["selector"]
        namespace = namespace_of(service)
        rarest = min(
            (_value(namespace, name, text) for name, text in selector.items()),
            key=lambda value: self._pods.count_index(_BY_LABEL, value),
        )
        candidates = self._pods.by_index(_BY_LABEL, rarest)
        if len(selector) == 1:
            return candidates
        return [pod for pod in candidates if _selects(selector, labels_of(pod))]

    def touched_by(self, old: Object | None, new: Object | None) -> list[str]:
        """The keys of the services whose backends may differ after a change of a pod, in order."""
        return sorted(self._touched_by(old, new))

    def _touched_by(self, old: Object | None, new: Object | None) -> set[str]:
        if old is None or new is None:
            pod = new or old
            return self._services_of(pod) if pod is not None else set()
        matter = _matters(old, new)
        if not _names_changed(old, new):
            return self._services_of(new) if matter else set()
        before, after = self._services_of(old), self._services_of(new)
        return before | after if matter else before ^ after

    def _services_of(self, pod: Object) -> set[str]:
        labels = labels_of(pod)
        return {
            key_of(service)
            for value in _label_values(pod)
            for service in self._services.by_index(_BY_SELECTED_LABEL, value)
            if _selects(service["spec"]["selector"], labels)
        }


def _value(namespace: str, name: str, text: str) -> str:
    return f"{namespace}/{name}={text}"


def _label_values(pod: Object) -> Iterable[str]:
    namespace = namespace_of(pod)
    return [_value(namespace, name, text) for name, text in labels_of(pod).items()]


def _selected_label(service: Object) -> Iterable[str]:
    selector = service["spec"].get("selector")
    if not selector:
        return ()
    name = min(selector)
    return (_value(namespace_of(service), name, selector[name]),)


def _selects(selector: Labels, labels: Labels) -> bool:
    return all(labels.get(name) == text for name, text in selector.items())


def _names_changed(old: Object, new: Object) -> bool:
    return labels_of(old) != labels_of(new) or any(
        old["spec"].get(name) != new["spec"].get(name) for name in ("hostname", "subdomain")
    )


def _matters(old: Object, new: Object) -> bool:
    """Whether a pod's change can matter to the services that it stays with."""
    if old["metadata"].get("deletionTimestamp") != new["metadata"].get("deletionTimestamp"):
        return True
    before, after = old.get("status") or {}, new.get("status") or {}
    if before == after:
        return False
    return (
        is_ready(old) != is_ready(new)
        or is_terminal(old) != is_terminal(new)
        or before.get("podIP") != after.get("podIP")
        or before.get("podIPs") != after.get("podIPs")
    )

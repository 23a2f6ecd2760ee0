"""Which pods services select, found for many services at the cost of looking at each pod once."""

from __future__ import annotations

from collections.abc import Sequence

from fauxkube.machinery.objects import Labels, Object, namespace_of
from fauxkube.network.hosts import Pod
from fauxkube.network.topology import Topology


class Selection:
    """Pods that have not ended by their namespace and each of their labels, as they are now."""

    def __init__(self, topology: Topology) -> None:
        self._by_label: dict[tuple[str, str, str], list[Pod]] = {}
        for pod in topology.pods:
            if not pod.is_over:
                for name, value in pod.labels.items():
                    self._by_label.setdefault((pod.namespace, name, value), []).append(pod)

    def behind(self, service: Object) -> Sequence[Pod]:
        """The pods that a service selects: of those with the rarest of its labels the ones with all."""
        selector: Labels = service["spec"].get("selector") or {}
        namespace = namespace_of(service)
        groups = [self._by_label.get((namespace, name, value), []) for name, value in selector.items()]
        rarest = min(groups, key=len, default=[])
        return [pod for pod in rarest if selector.items() <= pod.labels.items()]

"""What the pods of a cluster serve, and who else than a client of the API reaches them.

The room `workloads` and the model of the network are imported once somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from fauxkube.kinds.gvrs import PODS, SERVICES
from fauxkube.machinery.objects import Object, labels_of, name_of, namespace_of
from fauxkube.machinery.selectors import parse_label_selector, selector_from_set
from fauxkube.registry.lookup import StoreLookup

if TYPE_CHECKING:
    from collections.abc import Callable

    from fauxkube.cluster.cluster import Cluster
    from fauxkube.kit.exchange import Handler, HttpRequest, HttpResponse
    from fauxkube.kit.streams import Duplex
    from fauxkube.network.dial import Dialled
    from fauxkube.network.local_ports import LocalPort
    from fauxkube.workloads.containers import SimulatedContainers
    from fauxkube.workloads.execution import Programs
    from fauxkube.workloads.runs import Runs
    from fauxkube.workloads.serving import Serving
    from fauxkube.workloads.surroundings import Surroundings


class ClusterWorkloads:
    """The workloads of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @cached_property
    def serving(self) -> Serving:
        """What answers at the pods' ports."""
        from fauxkube.workloads.serving import Serving

        return Serving(note=self.runs.answered)

    @cached_property
    def _surroundings(self) -> Surroundings:
        """What containers see of the cluster."""
        from fauxkube.cluster.surroundings import PodsNetwork
        from fauxkube.workloads.surroundings import Surroundings

        cluster = self._cluster
        lookup = StoreLookup(cluster.store, cluster.registry.catalogue)
        return Surroundings(PodsNetwork(cluster), lookup, cluster.clock, cluster.chance.of("containers"))

    @cached_property
    def runs(self) -> Runs:
        """The containers that somebody has looked into."""
        from fauxkube.workloads.runs import Runs

        runs = Runs(self._surroundings)
        self._cluster.informers.of(PODS).on_change(runs.see)
        return runs

    @cached_property
    def _programs(self) -> Programs:
        from fauxkube.workloads.execution import Programs

        return Programs(self._surroundings, self.runs, self._end)

    async def _end(self, pod: Object, container: str, exit_code: int) -> None:
        """Have a container end, in the way that users have it end."""
        patch = {"metadata": {"annotations": {f"fauxkube.io/exit-code.{container}": str(exit_code)}}}
        await self._cluster.client.patch(PODS, name_of(pod), patch, namespace=namespace_of(pod))

    @cached_property
    def containers(self) -> SimulatedContainers:
        """The programs in the pods' containers, and what they serve."""
        from fauxkube.workloads.containers import SimulatedContainers

        return SimulatedContainers(self.serving, self._programs)

    def serve(
        self, who: str | Mapping[str, str], answer: Handler | LocalPort, *, namespace: str = "default", port: int = 0
    ) -> Callable[[], None]:
        """Have `answer` answer for pods; what is returned ends that.

        `who` is a pod's name, a service's, whose pods are meant, both written alone or as `pod/web` and `service/web`,
        or the pods' labels: a mapping, or a selector as kubectl takes it (`app=web`).
        """
        matches = _matching_labels(who, namespace) if _is_selector(who) else self._named(str(who), namespace)
        return self.serving.add(matches, answer, port=port)

    async def reach(self, address: str, port: int, request: HttpRequest, *, scheme: str) -> HttpResponse:
        """What is answered to the control plane's request; OSError when nothing is, as Go's `net/http` words it."""
        pod, dialled = await self._dialled(address, port)
        seen = replace(request, client=dialled.source)
        try:
            return await self.serving.request(pod, dialled.port, seen, scheme=scheme)
        except ConnectionRefusedError:
            raise _refused(address, port) from None

    async def reach_out(self, address: str, port: int) -> Duplex:
        """A connection of the control plane's; OSError when there is none, in the same words."""
        pod, dialled = await self._dialled(address, port)
        try:
            return await self.serving.connect(pod, dialled.port, client=dialled.source)
        except ConnectionRefusedError:
            raise _refused(address, port) from None

    async def _dialled(self, address: str, port: int) -> tuple[Object, Dialled]:
        """The pod that the control plane gets to."""
        from fauxkube.network.endpoints import socket_address

        dialled = await self._cluster.network.dial(address, port)
        if dialled.end is not None and not dialled.refused:
            raise TimeoutError(f"dial tcp {socket_address(address, port)}: i/o timeout")
        pod = self._cluster.informers.of(PODS).get(dialled.pod)
        if dialled.end is not None or pod is None:
            raise _refused(address, port)
        return pod, dialled

    async def close(self) -> None:
        """End what is served; harmless when called again."""
        if "_programs" in self.__dict__:
            await self._programs.close()
        if "serving" in self.__dict__:
            await self.serving.close()

    def _named(self, who: str, namespace: str) -> Callable[[Object], bool]:
        kind, _, name = who.rpartition("/")
        services = self._cluster.informers.of(SERVICES)

        def matches(pod: Object) -> bool:
            if namespace_of(pod) != namespace:
                return False
            if kind in _PODS and name_of(pod) == name:
                return True
            service = services.get(f"{namespace}/{name}") if kind in _SERVICES else None
            selector = (service or {}).get("spec", {}).get("selector")
            return bool(selector) and selector.items() <= labels_of(pod).items()

        return matches


def _refused(address: str, port: int) -> ConnectionRefusedError:
    from fauxkube.network.endpoints import socket_address

    return ConnectionRefusedError(f"dial tcp {socket_address(address, port)}: connect: connection refused")


_PODS = frozenset({"", "pod", "pods", "po"})
_SERVICES = frozenset({"", "service", "services", "svc"})


def _is_selector(who: str | Mapping[str, str]) -> bool:
    return not isinstance(who, str) or "=" in who


def _matching_labels(who: str | Mapping[str, str], namespace: str) -> Callable[[Object], bool]:
    selector = parse_label_selector(who) if isinstance(who, str) else selector_from_set(who)
    return lambda pod: namespace_of(pod) == namespace and selector.matches(labels_of(pod))

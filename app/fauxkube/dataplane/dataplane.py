"""`Dataplane`: one cluster's network on loopback, kept as its services, endpoints, nodes and pods are.

Informers tell what changed; what that owner wants is reckoned anew and the listeners made so, a moment later. What
sends is told whom it gets to by `Backends`, which asks the network's model.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from ssl import SSLContext
from typing import Protocol

from fauxkube.dataplane.addresses import Loopbacks
from fauxkube.dataplane.bindings import CONTROLLER, Binding, of_ingresses, of_pod, of_service
from fauxkube.dataplane.listeners import Listeners, Listening
from fauxkube.dataplane.reached import Reached
from fauxkube.dataplane.sockets import raise_limit
from fauxkube.kit.tasks import Tasks
from fauxkube.machinery.objects import Object, key_of, labels_of, name_of, namespace_of
from fauxkube.network.endpoints import SERVICE_NAME_LABEL
from fauxkube.network.topology import Topology

_log = logging.getLogger("fauxkube.dataplane")


class Backends(Protocol):
    """What a data plane asks of its cluster."""

    def topology(self) -> Topology:
        """The network at this moment, to be read before control is given up again."""

    def dial(self, binding: Binding, client: str) -> Reached:
        """Whom a client gets to by a binding."""

    def context(self, binding: Binding) -> SSLContext | None:
        """What TLS is spoken with there; None for none."""

    def tell(self, binding: Binding, problem: str) -> None:
        """A binding is not served where it should be."""


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """A node, its address in the cluster, and the loopback address that stands for it."""

    name: str
    address: str
    loopback: str


class Dataplane:
    """Serves the cluster of that number from `start` to `close`; `changed` is told what of it has changed."""

    def __init__(self, number: int, backends: Backends) -> None:
        self._backends = backends
        self._loopbacks = Loopbacks(number)
        self._listeners = Listeners(self._loopbacks, backends.dial, backends.tell, backends.context)
        #: Owners whose bindings are to be reckoned anew, in order.
        self._dirty: dict[str, None] = {}
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._closed = False
        self._tasks = Tasks("dataplane")

    def start(self) -> None:
        """Begin to listen."""
        raise_limit()
        self._tasks.spawn(self._run(), name="listeners")

    async def close(self) -> None:
        """Close every socket; harmless when called again."""
        await self._tasks.close()
        await self._listeners.close()
        self._closed = True
        self._idle.set()

    async def settled(self) -> None:
        """Return once what has been told of is listened for, or nothing will be any more."""
        await self._idle.wait()

    # What has changed

    def service_changed(self, old: Object | None, new: Object | None) -> None:
        """A service has."""
        self._mark(f"service/{key_of(new or old or {})}")

    def slice_changed(self, old: Object | None, new: Object | None) -> None:
        """An endpoint slice has: its service's ports may have got their first backend, or lost their last."""
        for each in (old, new):
            if each is not None and (service := labels_of(each).get(SERVICE_NAME_LABEL)):
                self._mark(f"service/{namespace_of(each)}/{service}")

    def pod_changed(self, old: Object | None, new: Object | None) -> None:
        """A pod has; when it has ended, its connections break."""
        pod = new or old or {}
        if new is None or _has_ended(new) or (old is not None and old["metadata"]["uid"] != new["metadata"]["uid"]):
            self._listeners.reset(key_of(pod))
        if _has_host_ports(pod):
            self._mark(f"pod/{key_of(pod)}")

    def node_changed(self, old: Object | None, new: Object | None) -> None:
        """A node has come, gone, or has other addresses."""
        if _addresses(old) == _addresses(new):
            return
        if new is not None:
            self._loopbacks.of_node(name_of(new))
        self._mark(CONTROLLER)
        for service in self._backends.topology().services:
            self._mark(f"service/{key_of(service)}")
        for pod in self._backends.topology().pods:
            if _has_host_ports(pod.object):
                self._mark(f"pod/{pod.key}")

    def ingresses_changed(self, old: Object | None, new: Object | None) -> None:
        """An ingress or a class has: there may be something to serve by now, or nothing any more."""
        self._mark(CONTROLLER)

    # What there is

    def nodes(self) -> list[NodeAddress]:
        """The nodes' addresses."""
        return [
            NodeAddress(node.name, address, self._loopbacks.of_node(node.name))
            for node in self._backends.topology().nodes
            for address in node.addresses[:1]
        ]

    def listed(self) -> list[Listening]:
        """What is listened for, in order."""
        return sorted(self._listeners.listed(), key=_order)

    def _mark(self, owner: str) -> None:
        if self._closed:
            return
        self._dirty[owner] = None
        self._idle.clear()
        self._woken.set()

    async def _run(self) -> None:
        while True:
            while self._dirty:
                owner = next(iter(self._dirty))
                del self._dirty[owner]
                try:
                    await self._listeners.put(owner, self._wanted(owner))
                except Exception:
                    # One owner's failure must not keep the others from being served.
                    _log.exception("what %s asks for could not be listened for", owner)
            self._idle.set()
            self._woken.clear()
            await self._woken.wait()

    def _wanted(self, owner: str) -> Iterable[Binding]:
        topology = self._backends.topology()
        kind, _, key = owner.partition("/")
        if owner == CONTROLLER:
            return list(of_ingresses(topology))
        if kind == "pod":
            pod = topology.pods.by_key.get(key)
            return () if pod is None else list(of_pod(topology, pod))
        service = topology.services.by_key.get(key)
        if service is None or key == "default/kubernetes":
            return ()
        return list(of_service(topology, service))


def _order(each: Listening) -> tuple[str, str, int, str, str]:
    binding = each.binding
    return (binding.owner, binding.entry, binding.port, binding.protocol, each.at)


def _has_ended(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}


def _has_host_ports(pod: Object) -> bool:
    spec = pod.get("spec") or {}
    if spec.get("hostNetwork"):
        return True
    containers = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    return any(port.get("hostPort") for each in containers for port in each.get("ports") or ())


def _addresses(node: Object | None) -> list[str]:
    listed = ((node or {}).get("status") or {}).get("addresses") or []
    return [each["address"] for each in listed if each.get("type") == "InternalIP"]

"""Our ingress controller: for ingresses of the classes with the controller `fauxkube.io/ingress`.

It runs on the network of every node, so that an ingress's addresses are those of the nodes that are ready. What it
cannot serve of an ingress is told by `Warning` events: backends that are no services, services and secrets that are not
there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

from fauxkube.client.loop import Requeue, is_namespace_terminating
from fauxkube.client.own_writes import OwnWrites
from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.core.pod_status import condition
from fauxkube.kinds.gvrs import INGRESS_CLASSES, INGRESSES, NODES, SECRETS, SERVICES
from fauxkube.kinds.networking.ingress import annotated_class
from fauxkube.kinds.networking.ingress_class import OWN_CONTROLLER
from fauxkube.machinery.objects import GVR, Object, key_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError

#: How long (seconds) to wait at most for the informer to show the last write.
_LAG_SECONDS = 1.0


class IngressController(Controller):
    """Keys are ingresses."""

    name = "fauxkube-ingress"
    workers = 1

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._ingresses = context.informers.of(INGRESSES)
        self._classes = context.informers.of(INGRESS_CLASSES)
        self._nodes = context.informers.of(NODES)
        self._own_writes = OwnWrites(self._ingresses)
        #: What each ingress was told last, so that it is told once.
        self._told: dict[str, tuple[str, ...]] = {}
        self._ingresses.on_change(self.enqueue)
        self._classes.on_change(self._all)
        self._nodes.on_change(self._node_changed)

    async def reconcile(self, key: str) -> None:
        ingress = self._ingresses.get(key)
        if ingress is None:
            self._own_writes.forget(key)
            self._told.pop(key, None)
            return
        if self._own_writes.must_wait(key):
            raise Requeue(_LAG_SECONDS)
        if not self._is_ours(ingress):
            return
        wanted = addresses(self._nodes.items())
        if _points(ingress) != wanted:
            await self._publish(ingress, wanted)
        await self._tell(ingress)

    def _is_ours(self, ingress: Object) -> bool:
        found = self._classes.get(ingress["spec"].get("ingressClassName") or annotated_class(ingress) or "")
        return found is not None and found["spec"].get("controller") == OWN_CONTROLLER

    def _all(self, old: Object | None, new: Object | None) -> None:
        for ingress in self._ingresses.items():
            self.queue.add(key_of(ingress))

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        if addresses([old] if old else ()) != addresses([new] if new else ()):
            self._all(old, new)

    async def _publish(self, ingress: Object, wanted: list[str]) -> None:
        points = [{"ip": each} for each in wanted]
        patch = {"status": {"loadBalancer": {"ingress": points or None}}}
        name, namespace = name_of(ingress), namespace_of(ingress)
        try:
            written = await self.client.patch(INGRESSES, name, patch, namespace=namespace, subresource="status")
        except StatusError as error:
            if error.code == 404 or is_namespace_terminating(error):
                return
            raise
        self._own_writes.note(key_of(ingress), written)

    async def _tell(self, ingress: Object) -> None:
        problems = [each async for each in self._problems(ingress)]
        told = tuple(message for _, message in problems)
        if self._told.get(key_of(ingress)) == told:
            return
        self._told[key_of(ingress)] = told
        for reason, message in problems:
            self.recorder.event(ingress, "Warning", reason, message)
        if not problems:
            self.recorder.event(ingress, "Normal", "Sync", "Scheduled for sync")

    async def _problems(self, ingress: Object) -> AsyncIterator[tuple[str, str]]:
        for kind, name in sorted(set(_references(ingress))):
            if kind == "resource":
                yield "ResourceBackend", f"backend {name} is no service: resource backends are not served"
            elif not await self._is_there(SERVICES if kind == "service" else SECRETS, name, namespace_of(ingress)):
                reason = "ServiceNotFound" if kind == "service" else "SecretNotFound"
                yield reason, f"{kind} {name} is not in namespace {namespace_of(ingress)}"

    async def _is_there(self, gvr: GVR, name: str, namespace: str) -> bool:
        try:
            await self.client.get(gvr, name, namespace)
        except StatusError as error:
            if error.code != 404:
                raise
            return False
        return True


def addresses(nodes: Iterable[Object]) -> list[str]:
    """The addresses of the nodes that are ready, in order."""
    ready = [node for node in nodes if (condition(node, "Ready") or {}).get("status") == "True"]
    listed = [each for node in ready for each in (node.get("status") or {}).get("addresses") or ()]
    return sorted(each["address"] for each in listed if each.get("type") == "InternalIP")


def _points(ingress: Object) -> list[str]:
    points = ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [each.get("ip", "") for each in points]


def _references(ingress: Object) -> Iterator[tuple[str, str]]:
    """What the ingress refers to: kinds and names."""
    spec = ingress["spec"]
    paths = [path for rule in spec.get("rules") or () for path in (rule.get("http") or {}).get("paths") or ()]
    for backend in filter(None, [spec.get("defaultBackend"), *(path["backend"] for path in paths)]):
        if resource := backend.get("resource"):
            yield "resource", f"{resource.get('kind')} {resource.get('name')}"
        else:
            yield "service", backend["service"]["name"]
    yield from (("secret", each["secretName"]) for each in spec.get("tls") or () if each.get("secretName"))

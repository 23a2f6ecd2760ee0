"""The Namespace controller: empties a namespace that was asked to go, then lets it (upstream's `namespace/deletion`).

Pods go first, everything else once they are gone (KEP-5080). Whatever takes its time (pods with a grace period,
finalizers) is waited for by watching: the namespace is looked at again when the last object of a resource has gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from fauxkube.client.indexes import in_namespace, index_by_namespace
from fauxkube.client.informer import Informer
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.namespace_content import Content, with_conditions
from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.gvrs import NAMESPACES, PODS
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import GVR, Object, is_terminating, namespace_of, with_field
from fauxkube.machinery.status import StatusError

FINALIZER = "kubernetes"
_NEEDED_VERBS = {"deletecollection", "list", "watch"}


class NamespaceController(Controller):
    """Keys are namespaces' names."""

    name = "namespace-controller"
    workers = 10

    def __init__(self, context: Context, resources: Iterable[Resource] | None = None) -> None:
        super().__init__(context)
        self._catalogue = context.catalogue if resources is None else Catalogue(resources)
        self._namespaces = context.informers.of(NAMESPACES)
        self._namespaces.on_change(self.enqueue)
        self._content: list[GVR] = []
        self._follow()
        self._catalogue.on_change(self._follow)

    def _follow(self) -> None:
        """Watch whatever lies in namespaces, as it is served."""
        content = [each.gvr for each in self._catalogue.collections() if _is_content(each)]
        for gvr in content:
            if gvr not in self._content:
                informer = self.informers.of(gvr)
                index_by_namespace(informer)
                informer.on_change(partial(self._content_changed, informer))
        self._content = content

    def _content_changed(self, informer: Informer, old: Object | None, new: Object | None) -> None:
        if new is not None or old is None:
            return
        namespace = self._namespaces.get(namespace_of(old))
        if namespace and is_terminating(namespace) and not in_namespace(informer, namespace_of(old)):
            self.queue.add(namespace_of(old))

    async def reconcile(self, key: str) -> None:
        namespace = self._namespaces.get(key)
        if namespace is None or not is_terminating(namespace) or FINALIZER not in _finalizers_of(namespace):
            return
        content = await self._empty(key)
        told = with_conditions(namespace, content, self.clock.now())
        if told["status"] != namespace.get("status"):
            told = await self.client.update(NAMESPACES, told, subresource="status")
        if content.failures:
            raise content.failures[0]
        if content.empty:
            kept = [each for each in _finalizers_of(told) if each != FINALIZER]
            finalized = {**told, "spec": with_field(told.get("spec", {}), "finalizers", kept)}
            await self.client.update(NAMESPACES, finalized, subresource="finalize")

    async def _empty(self, namespace: str) -> Content:
        """Delete everything in the namespace; what is still there after that."""
        content = Content()
        if PODS in self._content:
            await self._delete(PODS, namespace, content)
        if content.empty:
            for gvr in self._content:
                if gvr != PODS:
                    await self._delete(gvr, namespace, content)
        return content

    async def _delete(self, gvr: GVR, namespace: str, content: Content) -> None:
        try:
            await self.client.delete_collection(gvr, namespace)
            content.count(gvr, (await self.client.list(gvr, namespace)).items)
        except StatusError as error:
            content.failures.append(error)


def _is_content(resource: Resource) -> bool:
    """Whether a namespace must be emptied of it."""
    return resource.namespaced and _NEEDED_VERBS.issubset(resource.verbs)


def _finalizers_of(namespace: Object) -> list[str]:
    return list(namespace.get("spec", {}).get("finalizers") or ())

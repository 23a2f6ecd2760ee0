"""The controller of custom resource definitions: their names, their resources, their end.

Mirrors upstream's naming, establishing, approval and finalizing controllers (`apiextensions-apiserver/pkg/controller`).
What a definition makes is served before its condition `Established` is written, so that whoever has waited for it finds
everything there. One that is asked to go takes its instances with it first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.apiextensions.naming import (
    FINALIZER,
    NAMES_ACCEPTED,
    TERMINATING,
    accept_names,
    is_established,
    set_condition,
    tell_approval,
)
from fauxkube.kinds.core.pod_status import condition_is_true
from fauxkube.kinds.gvrs import CUSTOM_RESOURCE_DEFINITIONS
from fauxkube.machinery.objects import GVR, Object, copy_of, is_terminating, name_of, with_field


class CustomResourceDefinitionController(Controller):
    """Keys are the names of definitions; one worker, for names are given to one after the other."""

    name = "customresourcedefinition-controller"
    workers = 1

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._catalogue = context.catalogue
        self._definitions = context.informers.of(CUSTOM_RESOURCE_DEFINITIONS)
        #: The newest that is known of each definition: what was written may not have been heard of yet.
        self._latest: dict[str, Object] = {}
        #: What the resources of each definition were made from.
        self._shapes: dict[str, Any] = {}
        self._followed: dict[str, GVR] = {}
        self._definitions.on_change(self._definition_changed)

    def _definition_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None:
            self._latest[name_of(new)] = new
            if is_established(new):
                self._serve(new)
        elif old is not None:
            self._latest.pop(name_of(old), None)
            self._withdraw(name_of(old))
        self.enqueue(old, new)

    async def reconcile(self, key: str) -> None:
        definition = self._latest.get(key)
        if definition is None:
            self._reconsider(key.partition(".")[2])
        elif is_terminating(definition):
            await self._finish(definition)
        else:
            await self._settle(definition)

    def _reconsider(self, group: str) -> None:
        """Names have become free: have the group's other definitions looked at that lack some."""
        for name, each in self._latest.items():
            if each["spec"]["group"] == group and not condition_is_true(each, NAMES_ACCEPTED):
                self.queue.add(name)

    async def _settle(self, definition: Object) -> None:
        """Give the definition its names, serve it, and say so."""
        now, told = self.clock.now(), copy_of(definition)
        accept_names(told, self._others(definition), now=now)
        tell_approval(told, now=now)
        if is_established(told):
            self._serve(told)
            await self.informers.start()
        if told["status"] != definition["status"]:
            await self._write(told)

    def _others(self, definition: Object) -> Iterable[Object]:
        """The other definitions of the same group."""
        group, name = definition["spec"]["group"], name_of(definition)
        return [each for each in self._latest.values() if each["spec"]["group"] == group and name_of(each) != name]

    async def _write(self, told: Object) -> Object:
        written = await self.client.update(CUSTOM_RESOURCE_DEFINITIONS, told, subresource="status")
        self._latest[name_of(told)] = written
        return written

    def _serve(self, definition: Object) -> None:
        """Serve what the definition says now, unless that is served already."""
        from fauxkube.kinds.apiextensions.custom_resource import resources_of

        name, status = name_of(definition), definition["status"]
        shape = (
            definition["metadata"]["uid"],
            definition["spec"],
            status.get("acceptedNames"),
            status.get("storedVersions"),
            is_terminating(definition),
        )
        if self._shapes.get(name) == shape:
            return
        self._shapes[name] = shape
        before = set(self._catalogue.owned_by(name))
        self._catalogue.replace(name, resources_of(definition))
        for gvr in before - set(self._catalogue.owned_by(name)):
            self.informers.drop(gvr)
        self._follow(name)

    def _follow(self, name: str) -> None:
        """Watch the instances, to know when the last of them has gone."""
        served = self._catalogue.owned_by(name)
        if not served or self._followed.get(name) in served:
            return
        self._followed[name] = served[0]

        def gone(old: Object | None, new: Object | None) -> None:
            definition = self._latest.get(name)
            if new is None and old is not None and definition is not None and is_terminating(definition):
                self.queue.add(name)

        self.informers.of(served[0]).on_change(gone)

    def _withdraw(self, name: str) -> None:
        """Serve nothing of the definition any more."""
        self._shapes.pop(name, None)
        self._followed.pop(name, None)
        served = self._catalogue.owned_by(name)
        self._catalogue.replace(name, ())
        for gvr in served:
            self.informers.drop(gvr)

    async def _finish(self, definition: Object) -> None:
        """Delete the instances; once there are none, let the definition go."""
        if FINALIZER not in (definition["metadata"].get("finalizers") or ()):
            return
        told = "CustomResource deletion is in progress"
        definition = await self._tell(definition, "True", "InstanceDeletionInProgress", told)
        if await self._instances(name_of(definition)):
            return
        definition = await self._tell(definition, "False", "InstanceDeletionCompleted", "removed all instances")
        kept = [each for each in definition["metadata"]["finalizers"] if each != FINALIZER]
        metadata = with_field(definition["metadata"], "finalizers", kept)
        await self.client.update(CUSTOM_RESOURCE_DEFINITIONS, {**definition, "metadata": metadata})

    async def _tell(self, definition: Object, status: str, reason: str, message: str) -> Object:
        told = copy_of(definition)
        set_condition(told, TERMINATING, status, reason, message, now=self.clock.now())
        return definition if told["status"] == definition["status"] else await self._write(told)

    async def _instances(self, name: str) -> list[Object]:
        """What is left of the instances once all have been asked to go."""
        served = self._catalogue.owned_by(name)
        if not served:
            return []
        await self.client.delete_collection(served[0])
        return (await self.client.list(served[0])).items

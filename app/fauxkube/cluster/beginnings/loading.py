"""Beginning with what others have written: manifests, what `helm template` prints, the dump of a real cluster.

    beginning = await begin(manifests, settings)         # LoadError names everything that is wrong
    cluster = Cluster(beginning.settings, state=beginning.state)
    await cluster.start()
    loaded = await make(cluster, beginning.manifests)    # what is to be made, in Helm's order
    loaded = beginning.loaded + loaded

Objects of a dump (they have a UID) are where the cluster begins: with their names, UIDs, addresses and statuses, on
their own nodes, which fauxkube's kubelets run from then on. Everything else is made as `kubectl apply` would make it.
Nothing is written before all of it has been tried: on a state of its own, or on a fork.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from fauxkube.cluster.beginnings.adoption import namespace_of_name, prepared, stand_in_node
from fauxkube.cluster.beginnings.loaded import Loaded
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.custom_kinds import catalogue_with, serve_wanted
from fauxkube.cluster.settings import Settings, SettingsError
from fauxkube.cluster.shared import schemas_of
from fauxkube.cluster.state import State, collections_of, new_state
from fauxkube.kinds.apiextensions.naming import is_established
from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.gvrs import CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, PODS, SERVICE_ACCOUNTS
from fauxkube.kinds.resource import Resource
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.machinery.objects import GVR, Object, copy_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError, timed_out
from fauxkube.registry.allocation import Allocations
from fauxkube.registry.codec import decode
from fauxkube.registry.decoding import Decoder
from fauxkube.registry.metadata import adopt_namespace
from fauxkube.registry.options import Patch, WatchQuery, WriteOptions
from fauxkube.registry.pools import pod_pool_name
from fauxkube.registry.registry import Registry
from fauxkube.registry.restoring import Restorer
from fauxkube.simulation import dumps
from fauxkube.simulation.manifests import Manifest, in_order
from fauxkube.store.log import NullLog

_MANAGER = "fauxkube-load"
#: A mistake in a manifest is one; a field of a dump that this version does not know is dropped.
_STRICTLY = WriteOptions(field_manager=_MANAGER, author=_MANAGER, field_validation="Strict")
_LENIENTLY = WriteOptions(field_validation="Ignore")
#: How long controllers may take to make what the next manifests build on, in seconds of real time.
_PATIENCE = 10


class LoadError(ValueError):
    """What was to be loaded cannot be; `problems` says what is wrong and where, and nothing was written."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Where a cluster begins: its settings, its state if that comes from a dump, and what is to be made then."""

    settings: Settings
    state: State | None
    manifests: list[Manifest]
    loaded: Loaded


async def begin(manifests: Iterable[Manifest], settings: Settings, *, defined: Iterable[Object] = ()) -> Beginning:
    """Sort out what there is to load into a cluster with these settings, which has the definitions `defined`.

    The ranges of a dump's cluster are adopted where the settings' do not hold its addresses. Raises LoadError.
    """
    manifests = list(manifests)
    catalogue = catalogue_with([*defined, *(each.object for each in manifests if each.is_installed)])
    served, skipped = _sorted_out(manifests, catalogue)
    live = _each_once(each for each, _ in served if each.is_live)
    others = in_order(each for each, _ in served if not each.is_live)
    if not live:
        return Beginning(settings=settings, state=None, manifests=others, loaded=Loaded(skipped=skipped))
    if settings.data is not None:
        raise LoadError([f"{live[0].place}: a dump is loaded into memory, and cannot be together with a data file"])
    dump = _Dump(settings.kubernetes_version, catalogue)
    objects = dump.decoded(live)
    try:
        settings = replace(settings, ranges=dumps.ranges_of(objects, settings.ranges))
    except (SettingsError, ValueError) as error:
        raise LoadError([f"the dump's address ranges cannot be served: {error}"]) from None
    state, notes = await dump.restored(objects, settings)
    if problems := await _rehearsed(Cluster(settings, state=state.fork()), others):
        raise LoadError(problems)
    loaded = Loaded(created=[each.title for each in live], skipped=skipped, notes=notes)
    return Beginning(settings=settings, state=state, manifests=others, loaded=loaded)


def _each_once(manifests: Iterable[Manifest]) -> list[Manifest]:
    """The first of what a dump holds twice, such as an event, which two API groups show."""
    found: dict[str, Manifest] = {}
    for each in manifests:
        found.setdefault(each.object["metadata"]["uid"], each)
    return [*found.values()]


def _sorted_out(
    manifests: Iterable[Manifest], catalogue: Catalogue
) -> tuple[list[tuple[Manifest, Resource]], list[str]]:
    """What can be loaded, and what is skipped and why."""
    served, skipped = [], []
    for manifest in manifests:
        resource = _resource_of(manifest.object, catalogue)
        if resource is None:
            skipped.append(f"{manifest.title} ({manifest.object['apiVersion']} is not served with that kind)")
        elif not manifest.is_installed:
            skipped.append(f"{manifest.title} (a Helm hook: {manifest.hook})")
        else:
            served.append((manifest, resource))
    return served, skipped


def _resource_of(obj: Object, catalogue: Catalogue) -> Resource | None:
    resource = catalogue.of_object(obj)
    return resource if resource is not None and "list" in resource.verbs else None


class _Dump:
    """Turns a dump's objects into a state, all or nothing."""

    def __init__(self, kubernetes_version: str, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._decoder = Decoder(schemas_of(kubernetes_version))

    def decoded(self, manifests: Iterable[Manifest]) -> list[Object]:
        """The objects as they are stored."""
        objects, problems = [], []
        for manifest in manifests:
            resource = cast("Resource", _resource_of(manifest.object, self._catalogue))
            try:
                obj, _ = self._decoder.decode(resource, copy_of(manifest.object), _LENIENTLY)
                adopt_namespace(resource, obj, namespace_of(obj) or "default")
            except StatusError as error:
                problems.append(f"{manifest.place}: {manifest.title}: {error.message}")
            else:
                objects.append(obj)
        if problems:
            raise LoadError(problems)
        return objects

    async def restored(self, objects: list[Object], settings: Settings) -> tuple[State, list[str]]:
        """A state that holds them, and what had to be filled in."""
        state = new_state(settings, NullLog(), clock=None, chance=None)
        await state.store.open()
        filled, notes = self._filled(objects, settings, clock=state.clock, chance=state.chance)
        restorer = Restorer(state.store, Allocations(state.pools, state.store))
        stored, problems = [], []
        for obj in filled:
            try:
                stored.append(await restorer.restore(cast("Resource", _resource_of(obj, self._catalogue)), obj))
            except StatusError as error:
                problems.append(f"the dump cannot be taken over: {error.message}")
            else:
                _open_pod_pool(state, obj)
        if problems:
            raise LoadError(problems)
        nodes = any(each["kind"] == "Node" for each in stored)
        collections = collections_of(stored, state.store.revision)
        return replace(state, collections=collections, registers=() if nodes else None), notes

    def _filled(
        self, objects: list[Object], settings: Settings, *, clock: Clock, chance: Chance
    ) -> tuple[list[Object], list[str]]:
        """The objects with what the dump lacks, in the order in which they need each other."""
        served = {(each.api_version, each.kind) for each in self._catalogue.resources}
        notes = [f"left out: {each}" for each in dumps.drop_lost_owners(objects, served)]
        nodes = [stand_in_node(each, settings, clock, chance) for each in dumps.stand_ins(objects, settings.ranges)]
        namespaces = [namespace_of_name(each, clock, chance) for each in dumps.missing_namespaces(objects)]
        notes += [f"filled in: {each['kind']} {name_of(each)}" for each in (*namespaces, *nodes)]
        everything = prepared([*namespaces, *nodes, *objects], clock, chance)
        return [each.object for each in in_order(Manifest(each, "") for each in everything)], notes


def _open_pod_pool(state: State, obj: Object) -> None:
    """Pods hold addresses out of the pools of their nodes, which come before them."""
    if obj["kind"] != "Node":
        return
    spec, name = obj["spec"], name_of(obj)
    for cidr in spec.get("podCIDRs") or [spec["podCIDR"]] if spec.get("podCIDR") else ():
        if state.pools.find(pod_pool_name(name, cidr)) is None:
            state.pools.of_pods(name, cidr)


async def make(cluster: Cluster, manifests: Sequence[Manifest]) -> Loaded:
    """Make what the manifests describe, or change what is there, once all of it has been tried on a fork.

    Namespaces that they name and that are not there are made. Raises LoadError.
    """
    if not manifests:
        return Loaded()
    if live := [each for each in manifests if each.is_live]:
        problem = "is of another cluster: a dump is where a cluster begins"
        raise LoadError([f"{each.place}: {each.title} {problem}" for each in live])
    if problems := await _rehearsed(cluster.fork(), manifests):
        raise LoadError(problems)
    making = _Making(cluster.registry)
    if problems := await making.problems(manifests):
        raise LoadError(problems)
    return making.loaded


async def _rehearsed(cluster: Cluster, manifests: Sequence[Manifest]) -> list[str]:
    """What goes wrong when they are written to a cluster that nobody uses."""
    return await _Making(cluster.registry, rehearses=True).problems(manifests)


class _Making:
    """Writes manifests through one registry. A rehearsal's has no control loops behind it."""

    def __init__(self, registry: Registry, *, rehearses: bool = False) -> None:
        self._registry = registry
        self._rehearses = rehearses
        self.loaded = Loaded()

    async def problems(self, manifests: Sequence[Manifest]) -> list[str]:
        """Write them all; what could not be written, and why."""
        found: list[str] = []
        await self._make_namespaces([each.object for each in manifests])
        for manifest in manifests:
            try:
                await self._put(manifest)
            except StatusError as error:
                found.append(f"{manifest.place}: {manifest.title}: {error.message}")
            await asyncio.sleep(0)
        return found

    async def _make_namespaces(self, objects: Sequence[Object]) -> None:
        described = {name_of(each) for each in objects if each["kind"] == "Namespace"}
        for name in sorted({namespace_of(each) or "default" for each in objects}):
            if name not in described and await self._ensure(NAMESPACES, "", name):
                self.loaded.created.append(f"Namespace {name}")
            if self._rehearses and name in described:
                await self._ensure(NAMESPACES, "", name)
            if self._rehearses:
                await self._ensure(SERVICE_ACCOUNTS, name, "default")

    async def _ensure(self, gvr: GVR, namespace: str, name: str) -> bool:
        """Make the object unless it is there; whether it was made."""
        resource = cast("Resource", self._registry.catalogue.find(*gvr))
        try:
            await self._registry.create(resource, namespace, {"metadata": {"name": name}}, _STRICTLY)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            return False
        return True

    async def _put(self, manifest: Manifest) -> None:
        resource = cast("Resource", _resource_of(manifest.object, self._registry.catalogue))
        namespace = (namespace_of(manifest.object) or "default") if resource.namespaced else ""
        if resource.gvr == PODS and not self._rehearses:
            await self._await(SERVICE_ACCOUNTS, namespace, "default")
        try:
            await self._registry.create(resource, namespace, copy_of(manifest.object), _STRICTLY)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            await self._change(resource, namespace, manifest.object)
            self.loaded.changed.append(manifest.title)
        else:
            self.loaded.created.append(manifest.title)
        if resource.gvr == CUSTOM_RESOURCE_DEFINITIONS:
            if self._rehearses:
                serve_wanted(self._registry.catalogue, manifest.object)
            else:
                await self._await(resource.gvr, "", name_of(manifest.object), is_established)

    async def _await(
        self, gvr: GVR, namespace: str, name: str, is_done: Callable[[Object], bool] = lambda _: True
    ) -> None:
        """Return once controllers have made the object, and have done with it what is asked for."""
        resource = cast("Resource", self._registry.catalogue.find(*gvr))
        query = WatchQuery(field_selector=f"metadata.name={name}", resource_version="0")
        watch = await self._registry.watch(resource, namespace, query)
        try:
            async with asyncio.timeout(_PATIENCE):
                async for items in watch:
                    if any(is_done(decode(item.value)) for item in items):
                        return
        except TimeoutError:
            raise timed_out(f"waited in vain for {resource.kind} {name}", ()) from None
        finally:
            watch.close()

    async def _change(self, resource: Resource, namespace: str, obj: Object) -> None:
        """What is there takes over what the manifest says, as at a first `kubectl apply`."""
        patch = Patch("merge", copy_of(obj))
        await self._registry.patch(resource, namespace, name_of(obj), patch, _STRICTLY)

"""Subresources that are more than a view of the status: projections (`scale`), `finalize`, `binding` and `eviction`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeAlias

from fauxkube.kinds.core.pod_binding import apply_binding
from fauxkube.kinds.gvrs import PODS
from fauxkube.kinds.resource import Projection, Resource
from fauxkube.kit.clock import Clock
from fauxkube.machinery import status
from fauxkube.machinery.objects import GVR, Object
from fauxkube.registry import metadata as meta
from fauxkube.registry.codec import decode, encode
from fauxkube.registry.decoding import Decoder
from fauxkube.registry.evicting import Evictor
from fauxkube.registry.options import DeleteOptions, Patch, WriteOptions, Written
from fauxkube.registry.patching import Patcher
from fauxkube.registry.writing import Target, Writer
from fauxkube.store.model import Entry

_Action: TypeAlias = Callable[[Target, Object, WriteOptions], Awaitable[Written]]
#: Gives what a projection shows after a write, out of what it shows before.
_Change: TypeAlias = Callable[[Object], Object]


class _Kind(NamedTuple):
    """The kind of what a subresource is posted."""

    group: str
    version: str
    kind: str


_BINDING = _Kind("", "v1", "Binding")
_EVICTION = _Kind("policy", "v1", "Eviction")


class Subresources:
    """Reads and writes through subresources."""

    def __init__(self, writer: Writer, evictor: Evictor, *, patcher: Patcher, decoder: Decoder, clock: Clock) -> None:
        self._writer = writer
        self._evictor = evictor
        self._patcher = patcher
        self._decoder = decoder
        self._clock = clock
        self._actions: dict[tuple[GVR, str], _Action] = {
            (PODS, "binding"): self._bind,
            (PODS, "eviction"): self._evict,
        }

    def view(self, resource: Resource, subresource: str, entry: Entry) -> bytes:
        """An object as the subresource shows it."""
        return encode(_projection(resource, subresource).read(decode(entry.value)))

    async def create(self, target: Target, body: Object, options: WriteOptions) -> Written:
        """Act on the object that the subresource belongs to."""
        action = self._actions.get((target.resource.gvr, target.subresource))
        if action is None:
            raise status.method_not_allowed()
        return await action(target, body, options)

    async def update(self, target: Target, body: Object, options: WriteOptions) -> Written:
        """Replace what the subresource shows."""
        if target.subresource in target.resource.subresource_strategies:
            return await self._writer.update(target, body, options)
        projection = _projection(target.resource, target.subresource)
        warnings = self._decoder.read(projection, body, options)
        meta.adopt_namespace(target.resource, body, target.namespace)
        meta.check_name(body, target.name)
        return await self._project(target, lambda _: body, options, warnings)

    async def patch(self, target: Target, patch: Patch, options: WriteOptions) -> Written:
        """Patch what the subresource shows."""
        if target.subresource in target.resource.subresource_strategies:
            return await self._patcher.patch(target, patch, options)
        projection = _projection(target.resource, target.subresource)
        warnings: list[str] = []

        def change(shown: Object) -> Object:
            patched, warnings[:] = self._patcher.apply(patch, shown, projection, options)
            meta.check_name(patched, target.name)
            return patched

        return await self._project(target, change, options, warnings)

    async def _project(self, target: Target, change: _Change, options: WriteOptions, warnings: list[str]) -> Written:
        projection = _projection(target.resource, target.subresource)

        def transform(current: Object) -> Object:
            changed = change(projection.read(current))
            if errors := projection.validate(changed):
                causes = [error.to_cause() for error in errors]
                raise status.invalid(projection.group, projection.kind, target.name, causes)
            _adopt_preconditions(current, changed)
            projection.write(current, changed)
            return current

        written = await self._writer.guaranteed_update(target, transform, options, warnings=warnings)
        projected = projection.read(written.object)
        return written._replace(object=projected, value=encode(projected), created=False)

    async def _bind(self, target: Target, body: Object, options: WriteOptions) -> Written:
        """`pods/binding`: the scheduler's answer; it goes around the rules that fix a pod's spec."""
        warnings = self._decoder.read(_BINDING, body, options)

        def transform(pod: Object) -> Object:
            apply_binding(pod, body, now=self._clock.now())
            return pod

        await self._writer.guaranteed_update(target, transform, options, checked=True)
        return _success(warnings)

    async def _evict(self, target: Target, body: Object, options: WriteOptions) -> Written:
        """`pods/eviction`: a deletion that disruption budgets may put off."""
        warnings = self._decoder.read(_EVICTION, body, options)
        meta.check_name(body, target.name)
        wanted = body.get("deleteOptions") or {}
        preconditions = wanted.get("preconditions") or {}
        await self._evictor.evict(
            target,
            DeleteOptions(
                grace_period_seconds=wanted.get("gracePeriodSeconds"),
                uid=preconditions.get("uid") or "",
                resource_version=preconditions.get("resourceVersion") or "",
                propagation_policy=wanted.get("propagationPolicy") or "",
                dry_run=options.dry_run or bool(wanted.get("dryRun")),
                author=options.author,
            ),
        )
        return _success(warnings)


def _projection(resource: Resource, subresource: str) -> Projection:
    projection = resource.projections.get(subresource)
    if projection is None:
        raise status.method_not_allowed()
    return projection


def _adopt_preconditions(obj: Object, shown: Object) -> None:
    """What the client says the object is counts for the object itself."""
    metadata = shown.get("metadata") or {}
    for name in ("uid", "resourceVersion"):
        if metadata.get(name):
            obj["metadata"][name] = metadata[name]


def _success(warnings: list[str]) -> Written:
    answer: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    return Written(encode(answer), answer, warnings, created=True)

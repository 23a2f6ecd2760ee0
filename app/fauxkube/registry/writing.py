"""Create, update and patch: one pipeline for every kind.

Create: decode, default, admit, prepare, validate, allocate, write. Update and patch: the same on top of what is
stored, repeated from there when another writer was faster and the client did not insist on a version
(`GuaranteedUpdate`). The checks on what is stored and the write itself happen without a pause in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from fauxkube.admission.chain import Chain, Operation, Review
from fauxkube.kinds.resource import Resource, Strategy
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object, copy_of
from fauxkube.registry import metadata as meta
from fauxkube.registry.allocation import Allocations
from fauxkube.registry.codec import attributes_of, decode, draft_of, encode, in_order
from fauxkube.registry.decoding import Decoder
from fauxkube.registry.options import WriteOptions, Written
from fauxkube.store.model import ChangeType, Entry, Lost, Taken, Write
from fauxkube.store.store import Store

#: How often a generated name is drawn anew when it is taken (`maxNameGenerationCreateAttempts`).
_NAME_ATTEMPTS = 8

#: Makes the new object out of the stored one, which it may change unless it gives a complete one of its own.
Transform: TypeAlias = Callable[[Object], Object]


@dataclass(frozen=True, slots=True)
class Target:
    """The object that an update is about."""

    resource: Resource
    namespace: str
    name: str
    subresource: str = ""

    @property
    def key(self) -> str:
        return self.resource.key(self.namespace, self.name)

    @property
    def strategy(self) -> Strategy:
        """The rules of this update."""
        return self.resource.subresource_strategies.get(self.subresource, self.resource.strategy)


class Writer:
    """Creates and updates objects in one store."""

    def __init__(
        self,
        store: Store,
        *,
        decoder: Decoder,
        admission: Chain,
        allocations: Allocations,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._store = store
        self._decoder = decoder
        self._admission = admission
        self._allocations = allocations
        self._clock = clock
        self._chance = chance

    async def create(self, resource: Resource, namespace: str, body: Object, options: WriteOptions) -> Written:
        """Create `body` in `namespace`; 409 `AlreadyExists` when its name is taken."""
        body, warnings = self._decoder.decode(resource, body, options)
        meta.adopt_namespace(resource, body, namespace)
        resource.strategy.default(body)
        review = Review(
            Operation.CREATE, resource, namespace, body["metadata"].get("name") or "", "", body, None, options.dry_run
        )
        await self._admission.admit(review)
        for _ in range(_NAME_ATTEMPTS):
            generated = meta.begin(resource, body, clock=self._clock, chance=self._chance)
            resource.strategy.prepare_for_create(body)
            resource.strategy.mark(body, None, user=options.user, now=self._clock.now())
            self._validate_create(resource, body)
            written = await self._insert(resource, namespace, body, options)
            if written is not None:
                return written._replace(warnings=warnings + resource.strategy.warnings(body, None))
            if not generated:
                raise status.already_exists(resource.group_resource, body["metadata"]["name"])
            taken = body["metadata"].pop("name")
        raise status.generate_name_conflict(resource.group_resource, taken)

    def _validate_create(self, resource: Resource, body: Object) -> None:
        errors = meta.validate(resource, body)
        errors += [*resource.strategy.validate(body), *resource.strategy.validate_create(body)]
        if errors:
            raise status.invalid(
                resource.group, resource.kind, meta.shown_name(body), [error.to_cause() for error in errors]
            )

    async def _insert(self, resource: Resource, namespace: str, body: Object, options: WriteOptions) -> Written | None:
        """Write a new object; None when its name is taken."""
        key = resource.key(namespace, body["metadata"]["name"])
        if self._store.latest(key) is not None:
            return None
        return await self._commit(resource, key, body, old=None, entry=None, options=options)

    async def update(self, target: Target, body: Object, options: WriteOptions) -> Written:
        """Replace the object by `body`; 409 `Conflict` when it names a version that is not the newest."""
        resource = target.resource
        body, warnings = self._decoder.decode(resource, body, options)
        meta.adopt_namespace(resource, body, target.namespace)
        meta.check_name(body, target.name)
        if not (options.typed and target.subresource == "status"):
            target.strategy.default(body)
        if (
            self._store.latest(target.key) is None
            and resource.strategy.allow_create_on_update
            and not target.subresource
        ):
            return await self.create(resource, target.namespace, body, options)
        once = bool(body["metadata"].get("resourceVersion"))
        return await self.guaranteed_update(
            target, lambda _: body if once else copy_of(body), options, warnings=warnings, complete=True
        )

    async def guaranteed_update(
        self,
        target: Target,
        transform: Transform,
        options: WriteOptions,
        *,
        warnings: list[str] | None = None,
        complete: bool = False,
        checked: bool = False,
    ) -> Written:
        """Write what `transform` makes of the stored object; again from the start when another writer was faster.

        With `complete` the transform gives a whole object, whose `resourceVersion`, if it has one, must be the newest;
        other transforms (patches) start from the stored object, and the version counts only if they set it. One that
        has `checked` its own change goes around the kind's rules for updates.
        """
        warnings = [] if warnings is None else warnings
        while True:
            entry = self._store.latest(target.key)
            if entry is None:
                raise status.not_found(target.resource.group_resource, target.name)
            old = decode(entry.value)
            new = transform(old if complete else decode(entry.value))
            insists = self._check_version(target, new, entry, complete=complete)
            written = await self._replace(target, new, old, entry, options, checked=checked)
            if written is not None:
                return written._replace(warnings=warnings + target.strategy.warnings(new, old))
            if insists:
                raise status.conflict(target.resource.group_resource, target.name, status.OBJECT_MODIFIED)

    def _check_version(self, target: Target, new: Object, entry: Entry, *, complete: bool) -> bool:
        """Refuse a stale version; answers whether the client insists on the one that it named."""
        version = new["metadata"].get("resourceVersion") or ""
        if not version or version == "0":
            if complete and not target.strategy.allow_unconditional_update:
                raise status.invalid(
                    target.resource.group, target.resource.kind, target.name, [meta.MUST_NAME_VERSION.to_cause()]
                )
            return False
        if version != str(entry.revision):
            raise status.conflict(target.resource.group_resource, target.name, status.OBJECT_MODIFIED)
        return complete

    async def _replace(
        self, target: Target, new: Object, old: Object, entry: Entry, options: WriteOptions, *, checked: bool
    ) -> Written | None:
        """Run the update pipeline and write; None when the write lost to another."""
        resource, strategy = target.resource, target.strategy
        meta.carry_over(target.resource, new, old)
        await self._admission.admit(
            Review(
                Operation.UPDATE,
                resource,
                target.namespace,
                target.name,
                target.subresource,
                new,
                old,
                options.dry_run,
            )
        )
        if not checked:
            self._prepare_update(target, new, old)
            strategy.mark(new, old, user=options.user, now=self._clock.now())
            self._validate_update(target, new, old)
        gone = meta.is_released(new) and not strategy.holds_deletion(new)
        return await self._commit(resource, target.key, new, old=old, entry=entry, options=options, gone=gone)

    def _prepare_update(self, target: Target, new: Object, old: Object) -> None:
        strategy = target.strategy
        if target.subresource == "status":
            strategy.prepare_for_status_update(new, old)
            meta.keep_for_status(new, old)
            return
        strategy.prepare_for_update(new, old)
        meta.count_generation(strategy, new, old)

    def _validate_update(self, target: Target, new: Object, old: Object) -> None:
        resource, strategy = target.resource, target.strategy
        errors = meta.validate_update(resource, new, old)
        if target.subresource == "status":
            errors += strategy.validate_status_update(new, old)
        else:
            errors += [*strategy.validate(new), *strategy.validate_update(new, old)]
        if errors:
            raise status.invalid(resource.group, resource.kind, target.name, [error.to_cause() for error in errors])

    async def _commit(
        self,
        resource: Resource,
        key: str,
        obj: Object,
        *,
        old: Object | None,
        entry: Entry | None,
        options: WriteOptions,
        gone: bool = False,
    ) -> Written | None:
        """Allocate and write in one go; None when the key is no longer at `entry`."""
        with self._allocations.assign(resource, obj, old) as reservation:
            ordered = in_order(resource, obj)
            if entry is not None and ordered == old and not gone:
                return Written(entry.value, ordered, [], created=False)
            if options.dry_run:
                return _dry(ordered, entry)
            claims, releases = self._allocations.changes(resource, key, None if gone else ordered, old)
            write = Write(
                key,
                ChangeType.DELETED if gone else ChangeType.ADDED if entry is None else ChangeType.MODIFIED,
                draft_of(ordered),
                expected=0 if entry is None else entry.revision,
                author=options.author,
                at=self._clock.now(),
                attributes=attributes_of(resource, ordered),
                attachment=ordered,
                claims=claims,
                releases=releases,
            )
            result = await self._store.write(write)
            if isinstance(result, Lost):
                return None
            if isinstance(result, Taken):
                raise self._allocations.refusal(resource, ordered, result)
            reservation.settle(key, claims, releases)
            return Written(result.entry.value, ordered, [], created=entry is None)


def _dry(obj: Object, entry: Entry | None) -> Written:
    """What a write would have answered: at the version that it would have replaced, or at none."""
    if entry is None:
        del obj["metadata"]["resourceVersion"]
    else:
        obj["metadata"]["resourceVersion"] = str(entry.revision)
    return Written(encode(obj), obj, [], created=entry is None)

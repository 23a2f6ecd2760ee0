"""Delete: gracefully where the kind knows grace, held up by finalizers, at once otherwise.

As apiserver's `registry/rest.BeforeDelete` and the generic store's `Delete`: a grace period may only be shortened,
finalizers always win, and preconditions are checked on what is stored.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum, auto

from fauxkube.admission.chain import Chain, Operation, Review
from fauxkube.kinds.resource import Resource
from fauxkube.kit.clock import Clock
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object, is_terminating
from fauxkube.machinery.times import from_time, to_time
from fauxkube.registry.allocation import Allocations
from fauxkube.registry.codec import attributes_of, decode, draft_of, in_order
from fauxkube.registry.options import Deleted, DeleteOptions
from fauxkube.store.model import Change, ChangeType, Entry, Write
from fauxkube.store.store import Store

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


class _Step(Enum):
    """What one request to delete comes to."""

    LEAVE = auto()
    MARK = auto()
    REMOVE = auto()


class Deleter:
    """Deletes objects from one store."""

    def __init__(self, store: Store, *, admission: Chain, allocations: Allocations, clock: Clock) -> None:
        self._store = store
        self._admission = admission
        self._allocations = allocations
        self._clock = clock

    async def delete(self, resource: Resource, namespace: str, name: str, options: DeleteOptions) -> Deleted:
        """Delete the object, or have it begin to terminate; 404 when it is not there."""
        key = resource.key(namespace, name)
        admitted = False
        while True:
            entry = self._store.latest(key)
            if entry is None:
                raise status.not_found(resource.group_resource, name)
            obj = decode(entry.value)
            _check_preconditions(resource, obj, options)
            if not admitted:
                await self._admission.admit(
                    Review(Operation.DELETE, resource, namespace, name, "", None, obj, options.dry_run)
                )
                admitted = True
                continue
            step = self._step(resource, obj, options)
            if step is _Step.LEAVE or options.dry_run:
                return Deleted(entry.value, obj, gone=step is _Step.REMOVE)
            deleted = await self._apply(resource, entry, obj, step, author=options.author)
            if deleted is not None:
                return deleted

    def _step(self, resource: Resource, obj: Object, options: DeleteOptions) -> _Step:
        """Decide, and change `obj` accordingly."""
        metadata = obj["metadata"]
        marked, left = is_terminating(obj), metadata.get("deletionGracePeriodSeconds")
        asked = options.grace_period_seconds
        if asked is not None and asked < 0:
            asked = 1
        if marked and left and (asked is None or asked >= left):
            return _Step.LEAVE
        grace = asked if marked and left else None if marked else resource.strategy.grace_period(obj, asked)
        finalizers = metadata.get("finalizers") or []
        kept = _finalizers(finalizers, options)
        _set_or_drop(metadata, "finalizers", kept)
        if grace is not None:
            self._mark(resource, obj, grace)
            return _Step.REMOVE if grace == 0 and not kept else _Step.MARK
        if not kept and not resource.strategy.holds_deletion(obj):
            return _Step.REMOVE
        if marked:
            return _Step.MARK if kept != finalizers else _Step.LEAVE
        self._mark(resource, obj, 0 if kept else None)
        return _Step.MARK

    def _mark(self, resource: Resource, obj: Object, grace: int | None) -> None:
        """Set the deletion's time and grace; the first time, this is a change that raises the generation."""
        metadata = obj["metadata"]
        if is_terminating(obj):
            given = metadata.get("deletionGracePeriodSeconds") or 0
            moment = from_time(metadata["deletionTimestamp"]) - timedelta(seconds=given - (grace or 0))
        else:
            moment = self._clock.now() + timedelta(seconds=grace or 0)
            if metadata.get("generation"):
                metadata["generation"] += 1
            resource.strategy.begin_deletion(obj)
        metadata["deletionTimestamp"] = to_time(moment)
        if grace is not None:
            metadata["deletionGracePeriodSeconds"] = grace

    async def _apply(
        self, resource: Resource, entry: Entry, obj: Object, step: _Step, *, author: str
    ) -> Deleted | None:
        """Write the outcome; None when another writer was faster."""
        key, gone = entry.key, step is _Step.REMOVE
        ordered = in_order(resource, obj)
        claims, releases = self._allocations.changes(resource, key, None if gone else ordered, obj)
        attributes = entry.attributes if gone else attributes_of(resource, ordered)
        write = Write(
            key,
            ChangeType.DELETED if gone else ChangeType.MODIFIED,
            draft_of(ordered),
            expected=entry.revision,
            author=author,
            at=self._clock.now(),
            attributes=attributes,
            attachment=ordered,
            claims=claims,
            releases=releases,
        )
        result = await self._store.write(write)
        if not isinstance(result, Change):
            return None
        self._allocations.settle(key, claims, releases)
        return Deleted(result.entry.value, ordered, gone)


def _set_or_drop(metadata: Object, name: str, value: list[str]) -> None:
    if value:
        metadata[name] = value
    else:
        metadata.pop(name, None)


def _finalizers(before: list[str], options: DeleteOptions) -> list[str]:
    """The finalizers with those of the garbage collector added or taken out as the policy says."""
    policy = options.propagation_policy
    if options.orphan_dependents is not None:
        policy = "Orphan" if options.orphan_dependents else "Background"
    if not policy:
        return before
    kept = [finalizer for finalizer in before if finalizer not in (ORPHAN, FOREGROUND)]
    wanted = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(policy, [])
    return kept + wanted


def _check_preconditions(resource: Resource, obj: Object, options: DeleteOptions) -> None:
    """Upstream names the kind, not the resource, where a precondition fails."""
    metadata = obj["metadata"]
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    if options.uid and options.uid != metadata["uid"]:
        problem = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']}). "
            "The object might have been deleted and then recreated"
        )
        raise status.conflict(kind, metadata["name"], problem)
    version = options.resource_version
    if version and version != metadata["resourceVersion"]:
        problem = (
            f"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record "
            f"({metadata['resourceVersion']}). The object might have been modified"
        )
        raise status.conflict(kind, metadata["name"], problem)

"""What every write does to `metadata`: what the server fills in, keeps, counts and checks.

As apiserver's `registry/rest` (`BeforeCreate`, `BeforeUpdate`).
"""

from __future__ import annotations

from fauxkube.kinds.resource import Resource, Strategy
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.machinery import status
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.metadata import validate_metadata, validate_metadata_update
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import to_time

#: The longest base of a generated name (`maxGeneratedNameLength`).
_GENERATED_BASE = 58

_SERVER_SET = ("selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields")

#: What an update may not change, and need not repeat.
_KEPT = (
    "generateName",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
)

_METADATA = Path("metadata")

MUST_NAME_VERSION = FieldError(
    "FieldValueInvalid", "Invalid value: 0x0: must be specified for an update", "metadata.resourceVersion"
)


def adopt_namespace(resource: Resource, body: Object, namespace: str) -> None:
    """Put the request's namespace into the object; 400 when the object names another."""
    metadata = body["metadata"]
    if not resource.namespaced:
        metadata.pop("namespace", None)
        return
    if metadata.get("namespace") not in (None, "", namespace):
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    metadata["namespace"] = namespace


def check_name(body: Object, name: str) -> None:
    """Refuse (400) an object that does not have the request's name."""
    given = body["metadata"].get("name")
    if not given:
        problem = f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        raise status.bad_request(problem)
    if given != name:
        raise status.bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")


def begin(resource: Resource, body: Object, *, clock: Clock, chance: Chance) -> bool:
    """Give a new object its identity; answers whether its name was generated."""
    metadata = body["metadata"]
    if metadata.get("resourceVersion"):
        raise status.StatusError(500, "", "resourceVersion should not be set on objects to be created")
    for name in _SERVER_SET:
        metadata.pop(name, None)
    metadata["creationTimestamp"] = to_time(clock.now())
    if resource.strategy.generation_of:
        metadata["generation"] = 1
    else:
        metadata.pop("generation", None)
    return _identify(resource, metadata, chance)


def _identify(resource: Resource, metadata: Object, chance: Chance) -> bool:
    """Set the UID, and the name where only its base is given: whether that was so."""
    place = resource.group_resource, metadata.get("namespace", "")
    base: str = metadata.get("generateName") or ""
    generated = bool(base and not metadata.get("name"))
    if generated:
        metadata["name"] = base[:_GENERATED_BASE] + chance.of("name", *place, base).suffix()
    metadata["uid"] = chance.of("uid", *place, metadata.get("name") or "").uuid()
    return generated


def shown_name(body: Object) -> str:
    """The name by which a refusal speaks of a new object."""
    metadata = body["metadata"]
    return metadata.get("name") or metadata.get("generateName") or ""


def validate(resource: Resource, body: Object) -> list[FieldError]:
    """The rules on a new object's metadata."""
    return validate_metadata(
        body["metadata"],
        _METADATA,
        namespaced=resource.namespaced,
        name_problems=resource.strategy.validate_name,
        lenient=resource.form is not None,
    )


def validate_update(resource: Resource, new: Object, old: Object) -> list[FieldError]:
    """The rules on an updated object's metadata."""
    if new["metadata"] == old["metadata"]:
        return []
    return validate(resource, new) + validate_metadata_update(new["metadata"], old["metadata"], _METADATA)


def carry_over(resource: Resource, new: Object, old: Object) -> None:
    """Keep what an update may not change; 409 when it is about an object with another UID."""
    metadata, before = new["metadata"], old["metadata"]
    uid = metadata.get("uid")
    if uid and uid != before["uid"]:
        key = resource.key(before.get("namespace", ""), before["name"])
        problem = (
            f"StorageError: invalid object, Code: 4, Key: /registry/{key}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: UID in precondition: {uid}, UID in object meta: {before['uid']}"
        )
        raise status.conflict(resource.group_resource, before["name"], problem)
    for name in _KEPT:
        if name in before:
            metadata[name] = before[name]
        else:
            metadata.pop(name, None)
    metadata.pop("managedFields", None)
    metadata["resourceVersion"] = before["resourceVersion"]


def keep_for_status(new: Object, old: Object) -> None:
    """A write to `/status` leaves the metadata as it was, but for what controllers keep there beside the status."""
    before = old["metadata"]
    for name in ("ownerReferences",):
        if name in before:
            new["metadata"][name] = before[name]
        else:
            new["metadata"].pop(name, None)


def count_generation(strategy: Strategy, new: Object, old: Object) -> None:
    """Raise `generation` when what it counts has changed."""
    if strategy.generation_of and strategy.raises_generation(new, old):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def is_released(obj: Object) -> bool:
    """Whether a terminating object has nothing left that keeps it: no grace period and no finalizers."""
    metadata = obj["metadata"]
    return bool(
        metadata.get("deletionTimestamp")
        and not metadata.get("finalizers")
        and not metadata.get("deletionGracePeriodSeconds")
    )

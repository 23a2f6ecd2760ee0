"""What the generic request pipeline must know of a resource, and the strategy that a kind's module gives it.

`Resource` names the resource and everything a reader needs (columns, selectable fields); `Strategy` holds the rules
of its writes, as apiserver's `rest.RESTCreateStrategy` and friends do. A kind that has no rules of its own needs no
strategy class. All functions here are pure; they may change the object they are handed, which is the caller's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError
from fauxkube.machinery.objects import GVR, Labels, Object
from fauxkube.machinery.users import UserInfo

STANDARD_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class Strategy:
    """The rules of a resource's writes; each method may be replaced.

    The pipeline of a create: `default`, `prepare_for_create`, `mark`, admission, `validate` +
    `validate_create`. Of an update: `default`, `prepare_for_update`, `mark`, admission, `validate` + `validate_update`.
    A write to `/status` calls `prepare_for_status_update` and `validate_status_update` instead.
    """

    #: Field paths' top-level names whose change raises `metadata.generation`; empty: the kind has no generation.
    generation_of: tuple[str, ...] = ()
    #: Whether a PUT to a name that does not exist creates it.
    allow_create_on_update = False
    #: Whether an update may leave `resourceVersion` out.
    allow_unconditional_update = True

    def validate_name(self, name: str) -> Sequence[str]:
        """What is wrong with a name, in upstream's words; nothing when it is right."""
        return names.dns_subdomain_problems(name)

    def default(self, obj: Object) -> None:
        """Fill in the fields that were left out, as `SetDefaults_*` does."""

    def prepare_for_create(self, obj: Object) -> None:
        """Drop or set what a client may not choose on create. The default drops `status`."""
        obj.pop("status", None)

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        """Put back what an update may not change. The default puts back `status`."""
        _take(obj, old, "status")

    def prepare_for_status_update(self, obj: Object, old: Object) -> None:
        """Put back everything but `status` and the metadata (of which the pipeline keeps what may not change)."""
        for name in dict.fromkeys((*obj, *old)):
            if name not in ("status", "metadata", "apiVersion", "kind"):
                _take(obj, old, name)

    def validate(self, obj: Object) -> list[FieldError]:
        """The rules on an object by itself; called for creates and updates."""
        return []

    def validate_create(self, obj: Object) -> list[FieldError]:
        """The rules on a new object, beside those of `validate`."""
        return []

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        """The rules on a change, beside those of `validate`."""
        return []

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        """The rules on a write to `/status`."""
        return []

    def mark(self, obj: Object, old: Object | None, *, user: UserInfo, now: datetime) -> None:
        """Note who writes and when, where the kind tells that; after the object was prepared for the write."""

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        """What to warn the client of, as a `Warning` header."""
        return []

    def raises_generation(self, obj: Object, old: Object) -> bool:
        """Whether a change raises `metadata.generation`; asked only of kinds that have one."""
        return any(obj.get(name) != old.get(name) for name in self.generation_of)

    def begin_deletion(self, obj: Object) -> None:
        """Change the object as it starts to terminate (a namespace's phase turns `Terminating`)."""

    def holds_deletion(self, obj: Object) -> bool:
        """Whether something other than `metadata.finalizers` still keeps a terminating object (a namespace's own)."""
        return False

    def grace_period(self, obj: Object, asked: int | None) -> int | None:
        """Seconds between the request to delete and the end, as the client `asked` or by default.

        None for kinds that know no grace: they are gone at once unless finalizers keep them.
        """
        return None


def _take(obj: Object, old: Object, name: str) -> None:
    if name in old:
        obj[name] = old[name]
    else:
        obj.pop(name, None)


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a resource is read and written whose objects are stored in another version's form.

    Both functions give a new object, which may share parts with the one they are handed. Everything else of the
    resource (its strategy, columns, row and fields) is about the stored form.
    """

    #: The `apiVersion` of the stored form.
    stored_as: str
    to_stored: Callable[[Object], Object]
    from_stored: Callable[[Object], Object]


class Form(Protocol):
    """How bodies of a kind are read that Kubernetes' own schemas do not describe.

    `definition` is its JSON schema, as OpenAPI is to show it, and `digest` tells it from others.
    """

    definition: Object
    digest: str

    def read(self, body: Object) -> list[str]:
        """Prune a body and fill in its defaults, in place; what is to be said of unknown fields."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the printed table; one of `priority` above 0 shows with `-o wide` only."""

    name: str
    description: str = ""
    type: str = "string"
    format: str = ""
    priority: int = 0


#: The first column of every table.
NAME_COLUMN = Column("Name", "Name must be unique within a namespace.", format="name")
#: Time since creation, which most tables have.
AGE_COLUMN = Column("Age", "CreationTimestamp is the server's time when this object was created.")


@dataclass(frozen=True, slots=True)
class Projection:
    """A subresource that shows part of an object as an object of another kind, such as `scale`.

    A read answers `read(object)`. A write changes what `read` gave, and must pass `validate`; `write(object, changed)`
    then carries the change over into the object, in place, which goes the way of every update from there. It prints as
    a table of its own.
    """

    group: str
    version: str
    kind: str
    read: Callable[[Object], Object]
    write: Callable[[Object, Object], None]
    validate: Callable[[Object], list[FieldError]]
    columns: Sequence[Column]
    row: Callable[[Object, datetime], list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource as discovery names it, with its strategy and its way of being read."""

    group: str = ""
    version: str = "v1"
    kind: str
    plural: str
    singular: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = STANDARD_VERBS
    #: Subresources by name: `status`, `scale`, `binding`, ... each with the verbs it serves.
    subresources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    strategy: Strategy = field(default_factory=Strategy)
    #: The rules of updates through a subresource of the object's own kind that has other ones (`finalize`).
    subresource_strategies: Mapping[str, Strategy] = field(default_factory=dict)
    #: The subresources that are shown as objects of another kind.
    projections: Mapping[str, Projection] = field(default_factory=dict)
    columns: tuple[Column, ...] = (NAME_COLUMN, Column("Created At"))
    #: The table's cells for an object, in the order of `columns`.
    row: Callable[[Object, datetime], list[Any]] | None = None
    #: The fields that a field selector may name, beside the metadata's name and namespace, with an object's values.
    fields: Callable[[Object], dict[str, str]] | None = None
    #: The names `fields` may return (an unknown name in a selector is refused).
    field_names: tuple[str, ...] = ()
    #: Whether a DELETE answers the object that is gone rather than a `Status`.
    returns_deleted: bool = False
    #: The prefix of the resource's keys in the store, where two versions or groups share it (events); else derived.
    storage: str = ""
    #: Given where the stored form is another version's.
    conversion: Conversion | None = None
    #: Given where Kubernetes' own schemas do not describe the kind: that of a custom resource.
    form: Form | None = None
    #: The kind of lists; `<kind>List` unless it is given.
    list_kind: str = ""
    #: What every request to the resource is warned of, for one that is on its way out.
    deprecation: str = ""

    gvr: GVR = field(init=False)
    api_version: str = field(init=False)
    #: As in the `apiVersion` of what is stored.
    stored_api_version: str = field(init=False)
    #: As messages name it: `pods`, `deployments.apps`.
    group_resource: str = field(init=False)
    #: What the store's keys of this resource start with: `pods/`, `apps/deployments/`.
    prefix: str = field(init=False)

    def __post_init__(self) -> None:
        """Work out the names that every request asks for."""
        gvr = GVR(self.group, self.version, self.plural)
        stored_as = self.conversion.stored_as if self.conversion else gvr.api_version
        storage = self.storage or (f"{self.group}/{self.plural}" if self.group else self.plural)
        for name, value in (
            ("gvr", gvr),
            ("list_kind", self.list_kind or f"{self.kind}List"),
            ("api_version", gvr.api_version),
            ("stored_api_version", stored_as),
            ("group_resource", gvr.group_resource),
            ("prefix", storage + "/"),
        ):
            object.__setattr__(self, name, value)

    def key(self, namespace: str, name: str) -> str:
        """The store's key of one object."""
        return f"{self.prefix}{namespace}/{name}" if self.namespaced else f"{self.prefix}{name}"

    def labels(self, obj: Object) -> Labels:
        return obj["metadata"].get("labels") or {}

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        """Every field that a field selector may name, with this object's values."""
        metadata = obj["metadata"]
        values = {"metadata.name": metadata["name"]}
        if self.namespaced:
            values["metadata.namespace"] = metadata["namespace"]
        return values | self.fields(obj) if self.fields else values

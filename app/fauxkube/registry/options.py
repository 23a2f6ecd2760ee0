"""What requests carry beside an object, and what they are answered with.

They mirror `metav1.ListOptions`, `CreateOptions`, `UpdateOptions`, `PatchOptions` and `DeleteOptions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from fauxkube.machinery.objects import Object
from fauxkube.machinery.users import API_SERVER, UserInfo

FieldValidation = Literal["Strict", "Warn", "Ignore"]
PatchKind = Literal["json", "merge", "strategic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How a create, update or patch is to be done.

    `problems` are the strict decoding problems that reading the body has already brought up (duplicate fields).
    `typed` says that the body was made by a component that knows its kind's fields, as a Go client's would be: it is
    not walked along the schema again. `author` says who writes, for the history, and `user` on whose behalf.
    """

    dry_run: bool = False
    field_validation: FieldValidation = "Warn"
    field_manager: str = ""
    problems: tuple[str, ...] = ()
    typed: bool = False
    author: str = ""
    user: UserInfo = API_SERVER


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """How a deletion is to be done; `uid` and `resource_version` are preconditions when given.

    `author` says who deletes, for the history.
    """

    grace_period_seconds: int | None = None
    uid: str = ""
    resource_version: str = ""
    propagation_policy: str = ""
    orphan_dependents: bool | None = None
    dry_run: bool = False
    author: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What a list or a collection's deletion selects, and as of when; texts are as the client sent them."""

    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_: str = ""
    resource_version: str = ""
    resource_version_match: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchQuery:
    """What a watch selects and where it starts."""

    label_selector: str = ""
    field_selector: str = ""
    resource_version: str = ""
    resource_version_match: str = ""
    send_initial_events: bool | None = None
    allow_bookmarks: bool = False


class Patch(NamedTuple):
    """A change to an object: decoded JSON, and what it means."""

    kind: PatchKind
    content: Any


class ListResult(NamedTuple):
    """Encoded objects in key order, the revision they are as of, and how to go on when there are more."""

    values: list[bytes]
    revision: int
    continue_: str
    remaining: int | None


class Written(NamedTuple):
    """An object as it now is, encoded and decoded, with what to warn the client of."""

    value: bytes
    object: Object
    warnings: list[str]
    created: bool


class Deleted(NamedTuple):
    """A deletion's outcome: the object as it was last, and whether it is gone or only terminating."""

    value: bytes
    object: Object
    gone: bool

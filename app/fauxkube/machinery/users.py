"""Who sends a request, as authentication tells it (`authentication/v1` `UserInfo`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: The groups of everybody whose name is known, and of everybody whose is not.
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
#: The group that may do everything.
MASTERS = "system:masters"


@dataclass(frozen=True, slots=True)
class UserInfo:
    """A user's name, UID, groups, and whatever else whoever vouches for them has to say, by key."""

    name: str
    uid: str = ""
    groups: Sequence[str] = ()
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)


#: Whoever does not say who they are.
ANONYMOUS = UserInfo("system:anonymous", groups=(UNAUTHENTICATED,))
#: The API server itself, and what runs in its process.
API_SERVER = UserInfo("system:apiserver", groups=(MASTERS,))

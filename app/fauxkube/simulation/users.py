"""Users that a cluster can tell apart: each has a bearer token, and what comes with it is theirs.

How a request's sender is found by them is `access.authentication`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fauxkube.kit.chance import Chance
from fauxkube.machinery.users import UserInfo


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A user's name, bearer token and groups."""

    name: str
    token: str
    groups: tuple[str, ...] = ()


class Users:
    """The users of one cluster, in the order in which they were added."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._users: dict[str, KnownUser] = {}
        self._names: dict[str, str] = {}

    def __iter__(self) -> Iterator[KnownUser]:
        return iter(self._users.values())

    def add(self, name: str, groups: Sequence[str] = ()) -> KnownUser:
        """A new user, or one that there is with other groups; a user's token stays."""
        known = self._users.get(name)
        token = self._chance.uuid() if known is None else known.token
        self._names[token] = name
        user = self._users[name] = KnownUser(name, token, tuple(groups))
        return user

    def find(self, name: str) -> KnownUser | None:
        """The user of that name."""
        return self._users.get(name)

    def of_token(self, token: str) -> UserInfo | None:
        """Whose token it is."""
        return self.of_name(self._names.get(token, ""))

    def of_name(self, name: str) -> UserInfo | None:
        """The user of that name, as requests are told of."""
        known = self._users.get(name)
        return UserInfo(known.name, groups=known.groups) if known else None

    def fork(self) -> Users:
        """The same users with the same tokens, for another cluster."""
        other = Users(self._chance.fork())
        other._users = self._users.copy()
        other._names = self._names.copy()
        return other

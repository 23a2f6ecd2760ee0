"""Whose request it is: as whom the client acts, else whose bearer token it has, else nobody's.

Nobody is refused anything: a token that is not known is nobody's, and anybody acts as whom they say. Otherwise as
upstream's `authentication/request` and its `endpoints/filters/impersonation.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol
from urllib.parse import unquote

from fauxkube.access import bootstrap_tokens
from fauxkube.kinds.gvrs import SECRETS
from fauxkube.kit.clock import Clock
from fauxkube.machinery.objects import GVR, Object
from fauxkube.machinery.users import ANONYMOUS, AUTHENTICATED, UserInfo

_SCHEME = b"bearer "
_ACCOUNT_PREFIX = "system:serviceaccount:"
_EXTRA = b"impersonate-extra-"


class KnownUsers(Protocol):
    """Users that have a token, by name."""

    def of_token(self, token: str) -> UserInfo | None:
        """Whose token it is."""

    def of_name(self, name: str) -> UserInfo | None:
        """The user of that name."""


class Authenticator:
    """Tells who sends a request; `find` gives an object as it is now."""

    def __init__(self, users: KnownUsers, find: Callable[[GVR, str, str], Object | None], clock: Clock) -> None:
        self._users = users
        self._find = find
        self._clock = clock

    def by_token(self, authorization: bytes) -> UserInfo:
        """Whose request has that `Authorization` header."""
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            return ANONYMOUS
        token = authorization[len(_SCHEME) :].strip().decode("latin-1")
        user = self._users.of_token(token) or self._bootstrapper(token)
        return _authenticated(user) if user else ANONYMOUS

    def _bootstrapper(self, text: str) -> UserInfo | None:
        token = bootstrap_tokens.parse(text)
        if token is None:
            return None
        name = bootstrap_tokens.NAME_PREFIX + token.id
        secret = self._find(SECRETS, bootstrap_tokens.NAMESPACE, name)
        return bootstrap_tokens.user_of(secret, token, self._clock.now()) if secret else None

    def acting(self, name: str, headers: Iterable[tuple[bytes, bytes]]) -> UserInfo:
        """As whom a client acts that says so by `Impersonate-User`; `headers` are all that it sent."""
        uid, groups, extra = _impersonation(headers)
        known = None if groups else self._users.of_name(name)
        user = UserInfo(name, uid, groups or (known.groups if known else _groups_of_account(name)), extra)
        return user if name == ANONYMOUS.name else _authenticated(user)


def _impersonation(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, list[str], Mapping[str, Sequence[str]]]:
    """The UID, the groups and whatever else the headers claim."""
    uid, groups = "", []
    extra: dict[str, list[str]] = {}
    for name, value in headers:
        text = value.decode("latin-1")
        if name == b"impersonate-uid":
            uid = text
        elif name == b"impersonate-group":
            groups.append(text)
        elif name.startswith(_EXTRA):
            extra.setdefault(unquote(name[len(_EXTRA) :].decode("latin-1")), []).append(text)
    return uid, groups, extra


def _groups_of_account(name: str) -> Sequence[str]:
    """The groups of a service account; none of any other user."""
    namespace, _, account = name.removeprefix(_ACCOUNT_PREFIX).partition(":")
    if not name.startswith(_ACCOUNT_PREFIX) or not account:
        return ()
    return "system:serviceaccounts", f"system:serviceaccounts:{namespace}"


def _authenticated(user: UserInfo) -> UserInfo:
    """The user in the group of all who are known."""
    if AUTHENTICATED in user.groups:
        return user
    return replace(user, groups=(*user.groups, AUTHENTICATED))

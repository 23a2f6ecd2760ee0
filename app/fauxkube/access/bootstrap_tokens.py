"""Bootstrap tokens: `abcdef.0123456789abcdef`, kept as secrets `kube-system/bootstrap-token-abcdef`.

Whoever has one is the user `system:bootstrap:abcdef` in the group `system:bootstrappers` and those that the secret
adds, until it expires. Mirrors `plugin/pkg/auth/authenticator/token/bootstrap` and `k8s.io/cluster-bootstrap`.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from fauxkube.kit.chance import Chance
from fauxkube.machinery.objects import Object, is_terminating
from fauxkube.machinery.times import from_time, to_time
from fauxkube.machinery.users import UserInfo

TYPE = "bootstrap.kubernetes.io/token"
NAME_PREFIX = "bootstrap-token-"
NAMESPACE = "kube-system"
USER_PREFIX = "system:bootstrap:"
GROUP = "system:bootstrappers"
#: The group that kubeadm puts its nodes' tokens in.
NODE_GROUP = "system:bootstrappers:kubeadm:default-node-token"
USAGES = ("signing", "authentication")
AUTHENTICATION, SIGNING = "usage-bootstrap-authentication", "usage-bootstrap-signing"

_TOKEN = re.compile(r"\A([a-z0-9]{6})\.([a-z0-9]{16})\Z")
_EXTRA_GROUP = re.compile(r"\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\Z")
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class Token(NamedTuple):
    """A token's two parts: the one by which it is known, and the one that is secret."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"{self.id}.{self.secret}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a token is for, and until when (None: for ever)."""

    expires: datetime | None = None
    usages: Sequence[str] = USAGES
    groups: Sequence[str] = (NODE_GROUP,)
    description: str = ""


def parse(text: str) -> Token | None:
    """The token; None when the text is of another form."""
    found = _TOKEN.match(text)
    return Token(found[1], found[2]) if found else None


def draw(chance: Chance) -> Token:
    """A new one."""
    characters = "".join(chance.choice(_ALPHABET) for _ in range(22))
    return Token(characters[:6], characters[6:])


def is_extra_group(name: str) -> bool:
    """Whether a token may put its users into that group."""
    return _EXTRA_GROUP.match(name) is not None


def secret_of(token: Token, terms: Terms) -> Object:
    """The secret that makes the token known."""
    data = {"token-id": token.id, "token-secret": token.secret}
    if terms.description:
        data["description"] = terms.description
    if terms.expires is not None:
        data["expiration"] = to_time(terms.expires)
    data |= {f"usage-bootstrap-{usage}": "true" for usage in terms.usages}
    if terms.groups:
        data["auth-extra-groups"] = ",".join(terms.groups)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": NAME_PREFIX + token.id, "namespace": NAMESPACE},
        "type": TYPE,
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in sorted(data.items())},
    }


def value_of(secret: Object, key: str) -> str:
    """A value of the secret's data as text; empty when it is not there."""
    return base64.b64decode((secret.get("data") or {}).get(key) or "").decode("utf-8", "replace")


def is_token_secret(secret: Object) -> bool:
    """Whether the secret is one that stands for a token."""
    return secret.get("type") == TYPE and secret["metadata"].get("namespace") == NAMESPACE


def expiry_of(secret: Object) -> datetime | None:
    """When the token ends; None for never. One whose end cannot be read has ended."""
    text = value_of(secret, "expiration")
    try:
        return from_time(text) if text else None
    except ValueError:
        return datetime.min.replace(tzinfo=from_time("1970-01-01T00:00:00Z").tzinfo)


def has_expired(secret: Object, now: datetime) -> bool:
    """Whether the token has ended."""
    expiry = expiry_of(secret)
    return expiry is not None and expiry <= now


def user_of(secret: Object, token: Token, now: datetime) -> UserInfo | None:
    """Who has the token by its secret; None when that does not let anybody in by it, or no more."""
    known = (
        not is_terminating(secret)
        and secret.get("type") == TYPE
        and hmac.compare_digest(value_of(secret, "token-secret").encode(), token.secret.encode())
        and value_of(secret, "token-id") == token.id
        and not has_expired(secret, now)
        and value_of(secret, AUTHENTICATION) == "true"
    )
    groups = [each for each in value_of(secret, "auth-extra-groups").split(",") if each]
    if not known or not all(map(is_extra_group, groups)):
        return None
    return UserInfo(USER_PREFIX + token.id, groups=sorted({GROUP, *groups}))


def signing_token(secret: Object, now: datetime) -> Token | None:
    """The token that `cluster-info` is signed with for its holders; None where it is not for that, or no more."""
    token = parse(f"{value_of(secret, 'token-id')}.{value_of(secret, 'token-secret')}")
    named = token is not None and secret["metadata"]["name"] == NAME_PREFIX + token.id
    usable = is_token_secret(secret) and not has_expired(secret, now) and value_of(secret, SIGNING) == "true"
    return token if named and usable else None

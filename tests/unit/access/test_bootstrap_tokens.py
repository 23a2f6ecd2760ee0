"""Bootstrap tokens: which texts are some, and whom a secret lets in."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from fauxkube.access import bootstrap_tokens as tokens
from fauxkube.access.bootstrap_tokens import Terms, Token
from fauxkube.kit.chance import Chance
from fauxkube.machinery.objects import Object

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = Token("abcdef", "0123456789abcdef")


def secret(**data: str | None) -> Object:
    """A secret that lets the token's holders in, but for what `data` says otherwise."""
    made = tokens.secret_of(TOKEN, Terms(expires=NOW + timedelta(hours=24)))
    encoded = {
        key.replace("_", "-"): value and base64.b64encode(value.encode()).decode() for key, value in data.items()
    }
    made["data"] = {key: value for key, value in (made["data"] | encoded).items() if value is not None}
    return made


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("abcdef.0123456789abcdef", TOKEN),
        ("abcde.0123456789abcdef", None),
        ("abcdef.0123456789abcde", None),
        ("ABCDEF.0123456789abcdef", None),
        ("abcdef.0123456789abcdef\n", None),
        ("abcdef0123456789abcdef", None),
        ("", None),
    ],
)
def test_a_token_is_of_one_form(text: str, parsed: Token | None) -> None:
    assert tokens.parse(text) == parsed


def test_tokens_that_are_drawn_are_of_that_form_and_differ() -> None:
    chance = Chance(1)
    drawn = {str(tokens.draw(chance)) for _ in range(100)}
    assert len(drawn) == 100
    assert all(map(tokens.parse, drawn))


def test_whoever_has_the_token_is_a_bootstrapper_by_its_id() -> None:
    user = tokens.user_of(secret(), TOKEN, NOW)
    assert user is not None
    assert user.name == "system:bootstrap:abcdef"
    assert list(user.groups) == ["system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token"]


@pytest.mark.parametrize(
    "refused",
    [
        secret(token_secret="fedcba9876543210"),
        secret(token_secret=None),
        secret(token_id="fedcba"),
        secret(expiration="2026-01-01T00:00:00Z"),
        secret(expiration="tomorrow"),
        secret(usage_bootstrap_authentication="false"),
        secret(usage_bootstrap_authentication=None),
        secret(auth_extra_groups="system:masters"),
        secret() | {"type": "Opaque"},
        secret() | {"metadata": {"name": "bootstrap-token-abcdef", "deletionTimestamp": "2026-01-01T00:00:00Z"}},
    ],
)
def test_a_secret_that_is_wrong_anywhere_lets_nobody_in(refused: Object) -> None:
    assert tokens.user_of(refused, TOKEN, NOW) is None


@pytest.mark.parametrize(
    ("given", "signs"),
    [
        (secret(), True),
        (secret(usage_bootstrap_authentication=None), True),
        (secret(usage_bootstrap_signing="false"), False),
        (secret(expiration="2025-12-31T23:59:59Z"), False),
        (secret(expiration=None), True),
        (secret(token_id="fedcba"), False),
        (secret() | {"type": "Opaque"}, False),
        (secret() | {"metadata": {"name": "bootstrap-token-abcdef", "namespace": "default"}}, False),
    ],
)
def test_only_tokens_for_signing_sign(given: Object, signs: bool) -> None:
    assert (tokens.signing_token(given, NOW) == TOKEN) is signs


@pytest.mark.parametrize(
    ("group", "allowed"),
    [
        ("system:bootstrappers:workers", True),
        ("system:bootstrappers:kubeadm:default-node-token", True),
        ("system:bootstrappers:", False),
        ("system:bootstrappers:Workers", False),
        ("system:bootstrappers:workers-", False),
        ("system:bootstrappers", False),
        ("workers", False),
    ],
)
def test_tokens_add_groups_of_bootstrappers_only(group: str, allowed: bool) -> None:
    assert tokens.is_extra_group(group) is allowed

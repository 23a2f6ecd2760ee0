"""Service accounts: what is kept of the secrets they refer to, and the one warning."""

from __future__ import annotations

import pytest

from fauxkube.kinds.core.service_account import ENFORCE_MOUNTABLE_SECRETS, RESOURCE
from fauxkube.machinery.objects import Object

STRATEGY = RESOURCE.strategy


def service_account(**annotations: str) -> Object:
    return {"metadata": {"name": "robot", "namespace": "default", "annotations": annotations}}


def test_of_its_secrets_only_the_names_are_kept() -> None:
    obj = service_account() | {"secrets": [{"name": "token", "namespace": "other", "kind": "Secret"}, {"uid": "x"}]}

    STRATEGY.prepare_for_create(obj)

    assert obj["secrets"] == [{"name": "token"}, {}]


@pytest.mark.parametrize(("old_has_it", "warned"), [(None, True), (False, True), (True, False)])
def test_enforced_mountable_secrets_are_warned_of_once(old_has_it: bool | None, warned: bool) -> None:
    enforcing = service_account(**{ENFORCE_MOUNTABLE_SECRETS: "true"})
    old = None if old_has_it is None else enforcing if old_has_it else service_account()

    assert bool(STRATEGY.warnings(enforcing, old)) is warned


def test_nothing_is_warned_of_otherwise() -> None:
    assert STRATEGY.warnings(service_account(), None) == []


def test_a_deletion_answers_the_service_account() -> None:
    assert RESOURCE.returns_deleted

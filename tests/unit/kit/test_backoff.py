"""Back-off per key."""

from __future__ import annotations

from fauxkube.kit.backoff import Backoff


def test_waits_double_up_to_the_cap() -> None:
    backoff = Backoff(base=1, cap=5, factor=2)
    assert [backoff.next("a") for _ in range(5)] == [1, 2, 4, 5, 5]


def test_keys_do_not_affect_one_another() -> None:
    backoff = Backoff(base=1)
    backoff.next("a")
    assert backoff.next("b") == 1


def test_forget_starts_a_key_afresh() -> None:
    backoff = Backoff(base=1)
    backoff.next("a")
    backoff.forget("a")
    assert backoff.next("a") == 1


def test_a_key_that_fails_for_ever_stays_at_the_cap() -> None:
    backoff = Backoff()
    assert [backoff.next("a") for _ in range(5_000)][-1] == 1000

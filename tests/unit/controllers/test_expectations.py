"""Expectations, and creates that start slowly."""

from __future__ import annotations

import asyncio

import pytest

from fauxkube.controllers.expectations import Expectations
from fauxkube.controllers.slow_start import slow_start
from fauxkube.kit.clock import ManualClock
from fauxkube.machinery.status import StatusError, forbidden


def test_nothing_is_expected_of_an_unknown_key() -> None:
    assert Expectations(ManualClock()).satisfied("a")


def test_creations_and_deletions_must_all_be_seen() -> None:
    expectations = Expectations(ManualClock())
    expectations.expect("a", creations=2, deletions=["x"])
    expectations.creation_observed("a")
    assert not expectations.satisfied("a")
    expectations.deletion_observed("a", "x")
    assert not expectations.satisfied("a")
    expectations.creation_observed("a")
    assert expectations.satisfied("a")


def test_an_expectation_is_given_up_after_five_minutes() -> None:
    clock = ManualClock()
    expectations = Expectations(clock)
    expectations.expect("a", creations=1)
    clock.advance(300)
    assert not expectations.satisfied("a")
    clock.advance(1)
    assert expectations.satisfied("a")


def test_an_owner_that_is_forgotten_leaves_no_expectation() -> None:
    expectations = Expectations(ManualClock())
    expectations.expect("a", creations=1)
    expectations.forget("a")
    assert expectations.satisfied("a")


@pytest.mark.parametrize(
    ("items", "failing", "batches", "done"),
    [
        (0, None, [], 0),
        (1, None, [1], 1),
        (10, None, [1, 2, 4, 3], 10),
        (10, 0, [1], 0),
        (10, 2, [1, 2], 2),
        (7, 5, [1, 2, 4], 6),
    ],
)
def test_batches_double_until_one_fails(items: int, failing: int | None, batches: list[int], done: int) -> None:
    refusal = forbidden("pods", "", "no")
    under_way = 0
    seen: list[int] = []

    async def call(item: int) -> None:
        nonlocal under_way
        under_way += 1
        await asyncio.sleep(0)
        if under_way:
            seen.append(under_way)
            under_way = 0
        if item == failing:
            raise refusal

    result: tuple[int, StatusError | None] = asyncio.run(slow_start(range(items), call))
    assert result == (done, None if failing is None else refusal)
    assert seen == batches

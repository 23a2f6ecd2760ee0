"""Numbers or percentages."""

from __future__ import annotations

import pytest

from fauxkube.machinery import intstr
from fauxkube.machinery.fields import Path

AT = Path("spec").child("maxSurge")


@pytest.mark.parametrize(
    ("value", "total", "up", "down"),
    [("25%", 10, 3, 2), ("25%", 4, 1, 1), ("0%", 7, 0, 0), ("100%", 7, 7, 7), (3, 10, 3, 3), ("25%", 0, 0, 0)],
)
def test_a_share_is_rounded_as_asked(value: int | str, total: int, up: int, down: int) -> None:
    assert intstr.scaled(value, total, round_up=True) == up
    assert intstr.scaled(value, total, round_up=False) == down


@pytest.mark.parametrize("value", ["25", "a%", "%", ""])
def test_other_text_is_no_percentage(value: str) -> None:
    with pytest.raises(intstr.PercentageError):
        intstr.scaled(value, 10, round_up=True)


def test_negative_numbers_and_bad_percentages_are_invalid() -> None:
    assert intstr.validate_non_negative_or_percent("25%", AT) == []
    assert intstr.validate_non_negative_or_percent(0, AT) == []
    assert [error.message for error in intstr.validate_non_negative_or_percent(-1, AT)] == [
        "Invalid value: -1: must be greater than or equal to 0"
    ]
    assert len(intstr.validate_non_negative_or_percent("25", AT)) == 1


def test_a_percentage_ends_at_100() -> None:
    assert intstr.validate_at_most_all("100%", AT) == []
    assert intstr.validate_at_most_all(200, AT) == []
    assert [error.field for error in intstr.validate_at_most_all("101%", AT)] == ["spec.maxSurge"]

"""Priority classes: what is filled in, what is refused, what is fixed, and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.scheduling.priority_class import RESOURCE, system_classes
from fauxkube.machinery.objects import Object

STRATEGY = RESOURCE.strategy
RESERVED = "Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "


def priority_class(name: str = "high", **fields: Any) -> Object:
    obj: Object = {"metadata": {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z"}, **fields}
    STRATEGY.default(obj)
    return obj


def test_a_class_has_a_value_and_preempts_unless_it_says_otherwise() -> None:
    obj = priority_class(globalDefault=False)
    assert (obj["value"], obj["preemptionPolicy"], "globalDefault" in obj) == (0, "PreemptLowerPriority", False)


@pytest.mark.parametrize(
    "given",
    [*system_classes(), priority_class(value=1_000_000_000), priority_class(value=-5, preemptionPolicy="Never")],
)
def test_right_classes_are_taken(given: Object) -> None:
    assert STRATEGY.validate(given) == []


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        (
            priority_class(value=1_000_000_001),
            "value",
            "Forbidden: maximum allowed value of a user defined priority is 1000000000",
        ),
        (
            priority_class("system-mine"),
            "metadata.name",
            RESERVED + "system-mine is not a known system priority class",
        ),
        (
            priority_class("system-node-critical", value=3),
            "metadata.name",
            RESERVED + "value of system-node-critical PriorityClass must be 2000001000",
        ),
        (
            priority_class("system-node-critical", value=2_000_001_000, globalDefault=True),
            "metadata.name",
            RESERVED + "globalDefault of system-node-critical PriorityClass must be false",
        ),
        (
            priority_class(preemptionPolicy="Maybe"),
            "preemptionPolicy",
            'Unsupported value: "Maybe": supported values: "PreemptLowerPriority", "Never"',
        ),
    ],
)
def test_wrong_classes_are_refused_in_upstreams_words(given: Object, field: str, message: str) -> None:
    (error,) = STRATEGY.validate(given)
    assert (error.field, error.message) == (field, message)


def test_value_and_policy_are_fixed() -> None:
    new, old = priority_class(value=2, preemptionPolicy="Never"), priority_class(value=1)
    assert [(error.field, error.message) for error in STRATEGY.validate_update(new, old)] == [
        ("value", "Forbidden: may not be changed in an update."),
        ("preemptionPolicy", 'Invalid value: "Never": field is immutable'),
    ]
    assert STRATEGY.validate_update(priority_class(value=1, description="x"), old) == []


def test_the_table_shows_the_default() -> None:
    assert RESOURCE.row is not None
    now = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    assert RESOURCE.row(priority_class(value=5), now) == ["high", 5, False, "60s", "PreemptLowerPriority"]

"""Leases: their numbers, what they cannot do without, and the holder's column."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.coordination.lease import RESOURCE
from fauxkube.machinery.objects import Object

STRATEGY = RESOURCE.strategy


def lease(**spec: Any) -> Object:
    metadata = {"name": "node-1", "namespace": "kube-node-lease", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        ({"leaseDurationSeconds": 40, "leaseTransitions": 0}, []),
        ({"leaseDurationSeconds": 0}, [("spec.leaseDurationSeconds", "Invalid value: 0: must be greater than 0")]),
        (
            {"leaseTransitions": -1},
            [("spec.leaseTransitions", "Invalid value: -1: must be greater than or equal to 0")],
        ),
    ],
)
def test_durations_are_positive(spec: Object, expected: list[tuple[str, str]]) -> None:
    assert [(error.field, error.message) for error in STRATEGY.validate(lease(**spec))] == expected


def test_fields_behind_a_gate_are_dropped() -> None:
    obj = lease(holderIdentity="a", strategy="OldestEmulationVersion", preferredHolder="b")

    STRATEGY.prepare_for_create(obj)

    assert obj["spec"] == {"holderIdentity": "a"}


def test_a_lease_is_put_in_place_but_never_blindly_replaced() -> None:
    assert STRATEGY.allow_create_on_update
    assert not STRATEGY.allow_unconditional_update


def test_the_row_names_the_holder() -> None:
    assert RESOURCE.row is not None

    cells = RESOURCE.row(lease(holderIdentity="node-1"), datetime(2026, 1, 1, 2, tzinfo=UTC))

    assert cells == ["node-1", "node-1", "120m"]

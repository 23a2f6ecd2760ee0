"""ControllerRevisions: data that are there and never change, and the owner's column."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.apps.controller_revision import RESOURCE
from fauxkube.machinery.objects import Object

STRATEGY = RESOURCE.strategy


def revision(*, owner: Object | None = None, **fields: Any) -> Object:
    metadata: Object = {"name": "agent-1", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"}
    if owner:
        metadata["ownerReferences"] = [owner]
    obj = {"metadata": metadata, "data": {"spec": {}}} | fields
    STRATEGY.default(obj)
    return obj


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (revision(), []),
        (revision(data=None), [("data", "Required value: data is mandatory")]),
        (revision(revision=-1), [("revision", "Invalid value: -1: must be greater than or equal to 0")]),
    ],
)
def test_data_are_mandatory(given: Object, expected: list[tuple[str, str]]) -> None:
    assert [(error.field, error.message) for error in STRATEGY.validate(given)] == expected


def test_the_revision_may_change_but_the_data_may_not() -> None:
    assert STRATEGY.validate_update(revision(revision=2), revision(revision=1)) == []
    assert [error.field for error in STRATEGY.validate_update(revision(data={}), revision())] == ["data"]


@pytest.mark.parametrize(
    ("owner", "cell"),
    [
        (None, "<none>"),
        ({"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "controller": True}, "daemonset.apps/agent"),
        ({"apiVersion": "v1", "kind": "Pod", "name": "web", "controller": True}, "pod/web"),
    ],
)
def test_the_row_names_the_controller(owner: Object | None, cell: str) -> None:
    assert RESOURCE.row is not None

    cells = RESOURCE.row(revision(owner=owner, revision=3), datetime(2026, 1, 1, 0, 1, tzinfo=UTC))

    assert cells == ["agent-1", cell, 3, "60s"]

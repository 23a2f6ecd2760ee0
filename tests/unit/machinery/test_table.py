"""Tables and the durations in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from fauxkube.machinery import table

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Column:
    name: str
    description: str = "words"
    type: str = "string"
    format: str = ""
    priority: int = 0


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-2, "<invalid>"),
        (-1.9, "0s"),
        (0, "0s"),
        (119.9, "119s"),
        (120, "2m"),
        (123, "2m3s"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 240, "3h4m"),
        (8 * 3600, "8h"),
        (48 * 3600 - 1, "47h"),
        (48 * 3600, "2d"),
        (53 * 3600, "2d5h"),
        (8 * 86400, "8d"),
        (2 * 365 * 86400 - 1, "729d"),
        (2 * 365 * 86400, "2y"),
        ((2 * 365 + 30) * 86400, "2y30d"),
        (8 * 365 * 86400, "8y"),
    ],
)
def test_durations_are_coarser_the_longer_they_are(seconds: float, shown: str) -> None:
    assert table.human_duration(timedelta(seconds=seconds)) == shown


def test_an_objects_age_is_counted_from_its_creation() -> None:
    assert table.age({"metadata": {"creationTimestamp": "2026-01-01T23:59:55Z"}}, NOW) == "5s"
    assert table.age({"metadata": {}}, NOW) == "<unknown>"


def test_labels_are_joined_in_order_of_their_keys() -> None:
    assert table.joined_labels({"b": "2", "a": "1"}) == "a=1,b=2"
    assert table.joined_labels({}) == "<none>"


def test_a_table_has_definitions_cells_and_the_objects_metadata() -> None:
    pod = {"kind": "Pod", "metadata": {"name": "web"}, "spec": {}}
    rendered = table.render([Column("Name", format="name")], [(["web"], pod)], list_metadata={"resourceVersion": "7"})
    assert rendered == {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "7"},
        "columnDefinitions": [
            {"name": "Name", "type": "string", "format": "name", "description": "words", "priority": 0}
        ],
        "rows": [
            {
                "cells": ["web"],
                "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": {"name": "web"},
                },
            }
        ],
    }


def test_rows_carry_as_much_of_the_object_as_asked() -> None:
    pod = {"kind": "Pod", "metadata": {"name": "web"}}
    whole = table.render([], [([], pod)], include="Object")
    bare = table.render([], [([], pod)], include="None", definitions=False)
    assert whole["rows"] == [{"cells": [], "object": pod}]
    assert bare["rows"] == [{"cells": []}]
    assert bare["columnDefinitions"] is None

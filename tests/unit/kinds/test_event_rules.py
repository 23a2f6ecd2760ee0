"""Events in both versions: conversion, rules, fields and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.core import event
from fauxkube.kinds.events import event as event_v1
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object

CORE, NEWER = event.RESOURCE.strategy, event_v1.RESOURCE.strategy
NOW = datetime(2026, 1, 1, 1, 0, tzinfo=UTC)


def core_event(**changes: Any) -> Object:
    obj: Object = {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": "web.1", "namespace": "shop"},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web", "fieldPath": "spec.containers{web}"},
        "reason": "Started",
        "message": " Started container web\n",
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": "2026-01-01T00:50:00Z",
        "lastTimestamp": "2026-01-01T00:59:30Z",
        "count": 3,
        "type": "Normal",
    }
    return obj | changes


def newer_event(**changes: Any) -> Object:
    """An event written through the newer API, in its stored form."""
    obj: Object = {
        "metadata": {"name": "web.1", "namespace": "shop"},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web"},
        "reason": "Started",
        "action": "Starting",
        "message": "Started container web",
        "reportingComponent": "example.com/starter",
        "reportingInstance": "starter-1",
        "eventTime": "2026-01-01T00:50:00.000000Z",
        "type": "Normal",
    }
    return obj | changes


def test_the_newer_version_shows_the_same_event_under_newer_names() -> None:
    shown = event_v1.from_stored(core_event(reportingComponent="kubelet", series={"count": 2}))

    assert shown == {
        "kind": "Event",
        "apiVersion": "events.k8s.io/v1",
        "metadata": {"name": "web.1", "namespace": "shop"},
        "regarding": core_event()["involvedObject"],
        "reason": "Started",
        "note": " Started container web\n",
        "deprecatedSource": {"component": "kubelet", "host": "node-1"},
        "deprecatedFirstTimestamp": "2026-01-01T00:50:00Z",
        "deprecatedLastTimestamp": "2026-01-01T00:59:30Z",
        "deprecatedCount": 3,
        "type": "Normal",
        "reportingController": "kubelet",
        "series": {"count": 2},
    }


def test_conversion_there_and_back_changes_nothing() -> None:
    given = core_event(reportingComponent="kubelet")

    assert event_v1.to_stored(event_v1.from_stored(given)) == given


def test_both_versions_share_their_keys_and_their_stored_form() -> None:
    assert event_v1.RESOURCE.key("shop", "web.1") == event.RESOURCE.key("shop", "web.1") == "events/shop/web.1"
    assert event_v1.RESOURCE.stored_api_version == event.RESOURCE.stored_api_version == "v1"


@pytest.mark.parametrize(
    ("namespace", "involved", "refused"),
    [
        ("shop", "shop", False),
        ("default", "", False),
        ("shop", "", True),
        ("default", "shop", True),
    ],
)
def test_an_event_is_in_the_namespace_of_its_object(namespace: str, involved: str, refused: bool) -> None:
    obj = core_event(metadata={"name": "x", "namespace": namespace}, involvedObject={"namespace": involved})

    errors = CORE.validate(obj)

    message = f'Invalid value: "{involved}": does not match event.namespace'
    expected = [("involvedObject.namespace", message)] if refused else []
    assert [(error.field, error.message) for error in errors] == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"involvedObject": {"namespace": "other"}}, []),
        (
            {"involvedObject": {}},
            [("involvedObject.namespace", 'Invalid value: "": does not match event.namespace')],
        ),
        ({"action": ""}, [("action", "Required value")]),
        ({"reason": "x" * 129}, [("reason", 'Invalid value: "": can have at most 128 characters')]),
        ({"message": "x" * 1025}, [("message", 'Invalid value: "": can have at most 1024 characters')]),
        ({"reportingInstance": ""}, [("reportingInstance", "Required value")]),
    ],
)
def test_an_event_with_a_time_of_its_own_is_complete(changes: Object, expected: list[tuple[str, str]]) -> None:
    assert [(error.field, error.message) for error in CORE.validate(newer_event(**changes))] == expected


def test_the_reporting_controller_is_a_qualified_name() -> None:
    errors = CORE.validate(newer_event(reportingComponent="a b"))

    assert [error.field for error in errors] == ["reportingController"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"eventTime": None}, [("eventTime", "Required value")]),
        ({"type": "Odd"}, [("type", 'Invalid value: "": has invalid value: Odd')]),
        ({"count": 1}, [("count", 'Invalid value: "": needs to be unset')]),
        ({"source": {"component": "kubelet"}}, [("source", 'Invalid value: "": needs to be unset')]),
        ({"series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}}, []),
        (
            {"series": {"count": 1}},
            [
                ("series.count", 'Invalid value: "": should be at least 2'),
                ("series.lastObservedTime", "Required value"),
            ],
        ),
    ],
)
def test_the_newer_version_takes_new_events_without_deprecated_fields(
    changes: Object, expected: list[tuple[str, str]]
) -> None:
    assert [(error.field, error.message) for error in NEWER.validate_create(newer_event(**changes))] == expected


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"series": {"count": 3, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}}, []),
        ({"message": "other"}, ["message"]),
        ({"reportingComponent": "other"}, ["reportingController"]),
        ({"series": {"count": 1, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}}, ["series.count"]),
    ],
)
def test_through_the_newer_version_only_the_series_changes(changes: Object, fields: list[str]) -> None:
    errors = NEWER.validate_update(newer_event(**changes), newer_event())

    assert [error.field for error in errors] == fields


def test_through_core_anything_changes() -> None:
    assert CORE.validate_update(core_event(message="other"), core_event()) == []


@pytest.mark.parametrize("resource", [event.RESOURCE, event_v1.RESOURCE], ids=lambda each: each.api_version)
def test_either_version_selects_from_events_written_through_the_other(resource: Resource) -> None:
    fields = resource.selectable_fields(core_event())

    assert fields["involvedObject.name"] == fields["regarding.name"] == "web"
    assert fields["source"] == "kubelet"
    assert fields["reportingComponent"] == fields["reportingController"] == ""
    assert {*event.RESOURCE.field_names, *event_v1.RESOURCE.field_names} <= set(fields)


def test_a_selector_goes_by_the_versions_own_names() -> None:
    assert "involvedObject.name" not in event_v1.RESOURCE.field_names
    assert "regarding.name" not in event.RESOURCE.field_names


@pytest.mark.parametrize(
    ("given", "cells"),
    [
        (
            core_event(),
            [
                "30s",
                "Normal",
                "Started",
                "pod/web",
                "spec.containers{web}",
                "kubelet, node-1",
                "Started container web",
                "10m",
                3,
                "web.1",
            ],
        ),
        (
            newer_event(),
            [
                "10m",
                "Normal",
                "Started",
                "pod/web",
                "",
                "example.com/starter, starter-1",
                "Started container web",
                "10m",
                1,
                "web.1",
            ],
        ),
        (
            newer_event(series={"count": 5, "lastObservedTime": "2026-01-01T00:59:55.000000Z"}, involvedObject={}),
            [
                "5s",
                "Normal",
                "Started",
                "",
                "",
                "example.com/starter, starter-1",
                "Started container web",
                "10m",
                5,
                "web.1",
            ],
        ),
    ],
)
def test_the_row_tells_when_and_how_often(given: Object, cells: list[Any]) -> None:
    assert event.row(given, NOW) == cells

"""What faults of requests match, and how the errors that they make up are worded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.kinds.gvrs import CONFIG_MAPS, DEPLOYMENTS, PODS
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import ManualClock
from fauxkube.machinery.objects import GVR
from fauxkube.machinery.status import OBJECT_MODIFIED
from fauxkube.simulation.calls import Call
from fauxkube.simulation.faults.engine import Faults
from fauxkube.simulation.faults.fields import FaultError
from fauxkube.simulation.faults.refusals import refusal
from fauxkube.simulation.faults.requests import FAMILY, subject_of

MAY_NOT_LIST = 'User "jane" cannot list resource "deployments" in API group "apps"'
EFFECTS = frozenset(FAMILY.effects)


def call(verb: str, gvr: GVR | None = None, **named: str) -> Call:
    made = Call("GET", "/x", "", [], "kubectl/v1.36.0 (linux/amd64)", datetime(2026, 1, 1, tzinfo=UTC), verb=verb)
    made.gvr = gvr
    for name, value in named.items():
        setattr(made, name, value)
    return made


def hits(match: dict[str, Any], made: Call) -> bool:
    faults = Faults(ManualClock(), Chance(1))
    faults.add({"kind": "request", "match": match, "effect": {"type": "error", "code": 500}})
    resource = default_catalogue().find(*made.gvr) if made.gvr else None
    return faults.strike("request", subject_of(made, resource), EFFECTS) is not None


@pytest.mark.parametrize(
    "match",
    [
        {},
        {"verb": "patch"},
        {"verb": ["get", "patch"]},
        {"verb": "*"},
        {"resource": "deployments"},
        {"resource": "deployments.apps"},
        {"resource": "deployments.v1.apps"},
        {"resource": "deployment"},
        {"resource": "deploy"},
        {"resource": "Deployment"},
        {"resource": "*.apps"},
        {"resource": ["pods", "deploy"]},
        {"resource": "*"},
        {"subresource": ""},
        {"namespace": "shop", "name": "web-*"},
        {"userAgent": "kubectl/*"},
        {"user": "jane"},
        {"path": "/x"},
    ],
)
def test_a_request_is_hit_by_what_matches_it(match: dict[str, Any]) -> None:
    assert hits(match, call("patch", DEPLOYMENTS, namespace="shop", name="web-1", user="jane"))


@pytest.mark.parametrize(
    "match",
    [
        {"verb": "get"},
        {"resource": "pods"},
        {"resource": "deployments.extensions"},
        {"subresource": "status"},
        {"namespace": "shop", "name": "db"},
        {"userAgent": "curl*"},
        {"user": "joe"},
        {"path": "/healthz"},
    ],
)
def test_a_request_is_not_hit_by_what_does_not(match: dict[str, Any]) -> None:
    assert not hits(match, call("patch", DEPLOYMENTS, namespace="shop", name="web-1", user="jane"))


def test_a_path_without_a_resource_is_hit_by_its_method_and_path_alone() -> None:
    healthz = call("get", path="/healthz")
    assert hits({"verb": "get", "path": "/health*"}, healthz)
    assert not hits({"resource": "*"}, healthz)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"match": {"verb": "fetch"}, "effect": {"type": "error", "code": 500}}, "match.verb"),
        ({"match": {"colour": "red"}, "effect": {"type": "error", "code": 500}}, "match.colour"),
        ({"effect": "error"}, "effect.code"),
        ({"effect": {"type": "error", "code": 200}}, "effect.code"),
        ({"effect": "explode"}, "effect.type"),
        ({"effect": {"type": "latency", "delay": "soon"}}, "effect.delay"),
        ({"effect": {"type": "reset", "when": "later"}}, "effect.when"),
        ({"effect": {"type": "stale", "changes": 0}}, "effect.changes"),
        ({"effect": {"type": "bookmarks", "every": 0}}, "effect.every"),
        ({"effect": {"type": "watch-drop", "how": "loudly"}}, "effect.how"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_by_the_name_of_its_field(spec: dict[str, Any], field: str) -> None:
    with pytest.raises(FaultError) as refused:
        Faults(ManualClock(), Chance(1)).add({"kind": "request", **spec})
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("made", "code", "reason", "message"),
    [
        (call("get", PODS, name="web"), 404, "NotFound", 'pods "web" not found'),
        (call("list", PODS), 404, "NotFound", "the server could not find the requested resource"),
        (call("create", CONFIG_MAPS), 409, "AlreadyExists", 'configmaps "new" already exists'),
        (call("get", PODS), 401, "Unauthorized", "Unauthorized"),
        (call("patch", PODS, name="web"), 500, "", "etcdserver: request timed out"),
        (
            call("get", PODS),
            504,
            "Timeout",
            "Timeout: request did not complete within requested timeout - context deadline exceeded",
        ),
        (call("watch", PODS), 410, "Expired", "The resourceVersion for the provided watch is too old."),
        (
            call("update", DEPLOYMENTS, name="web"),
            409,
            "Conflict",
            f'Operation cannot be fulfilled on deployments.apps "web": {OBJECT_MODIFIED}',
        ),
        (
            call("list", DEPLOYMENTS, namespace="shop", user="jane"),
            403,
            "Forbidden",
            f'deployments.apps is forbidden: {MAY_NOT_LIST} in the namespace "shop"',
        ),
        (
            call("get", path="/version"),
            403,
            "Forbidden",
            'forbidden: User "system:anonymous" cannot get path "/version"',
        ),
        (
            call("get"),
            507,
            "",
            "the server responded with the status code 507 but did not return more information",
        ),
    ],
)
def test_an_error_is_worded_as_the_api_server_words_it(made: Call, code: int, reason: str, message: str) -> None:
    error = refusal(made, code, name="new" if made.verb == "create" else "")
    assert (error.code, error.reason, error.message) == (code, reason, message)


def test_what_a_fault_says_takes_the_place_of_the_usual_words() -> None:
    error = refusal(call("get", PODS), 503, reason="Busy", message="come back later", retry_after=7)
    assert (error.code, error.reason, error.message) == (503, "Busy", "come back later")
    assert error.details == {"retryAfterSeconds": 7}
    taken = refusal(call("patch", PODS, name="web"), 409, reason="AlreadyExists")
    assert taken.message == 'pods "web" already exists'

"""The record of requests: what it keeps and forgets, what it finds, how its assertions fail."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery.protobuf.envelope import MAGIC
from fauxkube.simulation.requests import CriteriaError, RequestLog
from fauxkube.simulation.requests.log import BODY_LIMIT, CALL_WEIGHT, TOTAL_LIMIT
from support.calls import CATALOGUE, call, recorded

SCALED = {"spec": {"replicas": 3, "paused": False}, "metadata": {"name": "web"}}


def a_day() -> RequestLog:
    """A few calls of several kinds, numbered from 1."""
    return recorded(
        call("list", place="default/"),
        call("create", "deployments", "apps", body=SCALED),
        call("patch", "deployments", "apps", subresource="scale", user="ann"),
        call("get", "pods", place="kube-system/dns", status=404, user_agent="kubectl/v1.36"),
        call("delete", "nodes", place="/node-1", status=409),
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"verb": "create"}, [2]),
        ({"verb": ["create", "delete"]}, [2, 5]),
        ({"verb": "*t*"}, [1, 2, 3, 4, 5]),
        ({"resource": "deployments"}, [2, 3]),
        ({"resource": "Deployment"}, [2, 3]),
        ({"resource": "deploy"}, [2, 3]),
        ({"resource": "deployments.apps"}, [2, 3]),
        ({"resource": "deployments.v1.apps"}, [2, 3]),
        ({"resource": "po"}, [4]),
        ({"resource": "deploy", "subresource": ""}, [2]),
        ({"resource": "deploy", "subresource": "scale"}, [3]),
        ({"namespace": ""}, [5]),
        ({"namespace": "kube-*"}, [4]),
        ({"name": "web"}, [2, 3]),
        ({"name": ""}, [1]),
        ({"user_agent": "kubectl/*"}, [4]),
        ({"user": "ann"}, [3]),
        ({"method": "PATCH"}, [3]),
        ({"path": "/apis/apps/v1/*"}, [2, 3]),
        ({"status": 404}, [4]),
        ({"status": "404"}, [4]),
        ({"status": "4xx"}, [4, 5]),
        ({"since": 3}, [4, 5]),
        ({"since": "3", "verb": "get"}, [4]),
        ({"body": {"spec": {"replicas": 3}}}, [2]),
        ({"body": {"spec": {"replicas": 4}}}, []),
        ({"body": {"spec": {"paused": 0}}}, []),
        ({"verb": None, "status": 409}, [5]),
    ],
)
def test_calls_are_found_by_what_they_are(asked: Any, found: list[int]) -> None:
    log = a_day()
    assert [each.id for each in log.calls(**asked)] == found
    assert log.count(**asked) == len(found)
    assert [each["id"] for each in log.to_json(**asked)] == found


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"resource": "deplyoments"}, "resource: there is no resource 'deplyoments', and no call to one was seen"),
        ({"verbs": "get"}, "there is no criterion 'verbs', but there are verb, resource, "),
        ({"status": "4x"}, "status: '4x' is neither a code such as 404 nor a class such as '4xx'"),
        ({"since": "yesterday"}, "since: 'yesterday' is no marker"),
        ({"name": 3}, "name: must be a text, not 3"),
    ],
)
def test_what_cannot_be_asked_is_refused_rather_than_not_found(asked: Any, problem: str) -> None:
    with pytest.raises(CriteriaError) as refused:
        a_day().assert_not_called(**asked)
    assert str(refused.value).startswith(problem)


def test_a_resource_that_is_served_no_longer_is_found_by_its_plural() -> None:
    log = recorded(call("get", "widgets", "example.com"))
    assert log.count(resource="widgets.example.com") == log.count(resource="widgets") == 1


def test_a_record_that_is_off_keeps_nothing_and_judges_nothing() -> None:
    log = recorded(call("get"), limit=0)
    with pytest.raises(CriteriaError, match=r"no requests are recorded: Settings.requests is 0"):
        log.assert_not_called(verb="get")


# What is kept.


def test_the_oldest_calls_go_when_there_are_too_many() -> None:
    log = recorded(*(call("get") for _ in range(5)), limit=3)
    assert [each.id for each in log.calls()] == [3, 4, 5]


def test_the_oldest_calls_go_when_they_weigh_too_much() -> None:
    answer = b"x" * BODY_LIMIT
    log = recorded(*(call("get", answer=answer) for _ in range(600)))
    kept = log.calls()
    weight = sum(CALL_WEIGHT + len(each.body) + len(each.answer) for each in kept)
    assert TOTAL_LIMIT - BODY_LIMIT - CALL_WEIGHT < weight <= TOTAL_LIMIT
    assert kept[-1].id == 600


def test_of_a_large_body_and_answer_the_sizes_are_kept() -> None:
    large = b"x" * (BODY_LIMIT + 1)
    log = RequestLog(CATALOGUE)
    seen = call("create")
    log.begin(seen)
    log.end(seen, large, large)
    assert (seen.body, seen.answer, seen.body_size, seen.answer_size) == (b"", b"", BODY_LIMIT + 1, BODY_LIMIT + 1)
    assert not log.calls(body={"x": 1})


def test_a_call_that_was_forgotten_before_its_end_weighs_nothing() -> None:
    log = RequestLog(CATALOGUE)
    slow = call("watch", status=0)
    log.begin(slow)
    assert log.calls() == [slow]
    log.clear()
    log.end(slow, b"", b"x" * BODY_LIMIT)
    assert log.calls() == []
    for each in range(TOTAL_LIMIT // (BODY_LIMIT + CALL_WEIGHT)):
        seen = call("get")
        log.begin(seen)
        log.end(seen, b"", b"x" * BODY_LIMIT)
        assert log.count() == each + 1


def test_a_marker_stays_good_when_the_record_is_cleared() -> None:
    log = a_day()
    mark = log.mark()
    log.clear()
    later = call("get")
    log.begin(later)
    assert log.calls(since=mark) == [later]
    assert later.id == 6


# What a call tells.


@pytest.mark.parametrize(
    ("media", "body", "obj"),
    [
        ("application/json", b'{"a":1}', {"a": 1}),
        ("application/merge-patch+json; charset=utf-8", b'{"a":1}', {"a": 1}),
        ("application/yaml", b"a: 1", {"a": 1}),
        ("application/json", b"{", None),
        ("application/json", b"", None),
        ("text/plain", b"a", None),
        ("application/vnd.kubernetes.protobuf", b"nonsense", None),
        (
            "application/vnd.kubernetes.protobuf",
            MAGIC + b"\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x07\x0a\x05\x0a\x03web",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}},
        ),
    ],
)
def test_a_body_is_decoded_by_its_media_type(media: str, body: bytes, obj: Any) -> None:
    assert call("create", body=body, headers={"content-type": media}).body_object == obj


def test_a_generated_name_is_that_of_the_answer() -> None:
    body = {"metadata": {"generateName": "web-"}}
    made = call("create", body=body, answer=b'{"metadata":{"name":"web-x7k2p"}}', content_type="application/json")
    assert made.object_name == "web-x7k2p"


def test_a_call_is_told_as_json() -> None:
    (told,) = recorded(call("create", "deployments", "apps", body=SCALED, answer=b"oops", seconds=0.25)).to_json()
    assert told == {
        "id": 1,
        "started": "2026-01-01T12:00:00.000000Z",
        "seconds": 0.25,
        "verb": "create",
        "group": "apps",
        "version": "v1",
        "resource": "deployments",
        "subresource": "",
        "namespace": "default",
        "name": "web",
        "method": "POST",
        "path": "/apis/apps/v1/namespaces/default/deployments",
        "query": "",
        "userAgent": "shop-operator/1.0",
        "user": "",
        "body": SCALED,
        "bodySize": 64,
        "status": 201,
        "contentType": "",
        "answer": "oops",
        "answerSize": 4,
        "warnings": [],
        "events": 0,
        "open": False,
    }


# Assertions.


@pytest.mark.parametrize("times", [None, 2, "2", ">=2", "> 1", "<=2", "<3", "==2"])
def test_calls_as_often_as_expected_pass_and_are_answered(times: Any) -> None:
    assert [each.id for each in a_day().assert_called(times, resource="deploy")] == [2, 3]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (1, "1 call"),
        (3, "3 calls"),
        (">2", "more than 2 calls"),
        ("<2", "fewer than 2 calls"),
        ("<=1", "at most 1 call"),
    ],
)
def test_calls_more_or_less_often_fail_and_are_shown(times: Any, expected: str) -> None:
    with pytest.raises(AssertionError) as failed:
        a_day().assert_called(times, resource="deploy")
    assert str(failed.value).splitlines() == [
        f"expected {expected} with resource='deploy', but saw 2:",
        "  #  verb    what                                status  user agent",
        "  2  create  deployments.apps default/web        201     shop-operator/1.0",
        "  3  patch   deployments.apps/scale default/web  200     shop-operator/1.0",
    ]


def test_times_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="times: 'often' is neither a number nor of the form '>=2'"):
        a_day().assert_called("often", verb="get")


def test_a_call_that_was_not_seen_fails_with_the_nearest_ones() -> None:
    with pytest.raises(AssertionError) as failed:
        a_day().assert_called(
            verb="create", resource="deploy", namespace="shop", body={"spec": {"replicas": 4}}, since=1
        )
    first, header, nearest, *_ = str(failed.value).splitlines()
    assert first == (
        "expected at least 1 call with verb='create' resource='deploy' namespace='shop' "
        "body={'spec': {'replicas': 4}} since=1, but saw 0. The nearest of 4 calls:"
    )
    assert header.split() == ["#", "verb", "what", "status", "user", "agent", "differs", "in"]
    assert nearest.endswith("namespace is default; body: spec.replicas is 3, not 4")


def test_a_call_that_was_not_seen_among_none_fails_plainly() -> None:
    with pytest.raises(AssertionError) as failed:
        recorded().assert_called()
    assert str(failed.value) == "expected at least 1 call with any call, but saw 0, and no other call either"


def test_one_call_and_no_call_are_asserted_too() -> None:
    log = a_day()
    assert log.assert_called_once(verb="create").id == 2
    log.assert_not_called(verb="create", namespace="kube-system")
    with pytest.raises(AssertionError, match="expected 1 call with resource='deploy', but saw 2"):
        log.assert_called_once(resource="deploy")
    with pytest.raises(AssertionError, match="expected 0 calls with verb='delete', but saw 1"):
        log.assert_not_called(verb="delete")


def test_calls_in_order_pass_whatever_lies_between() -> None:
    steps = a_day().assert_order({"verb": "list"}, {"resource": "deploy"}, {"verb": "delete"})
    assert [each.id for each in steps] == [1, 2, 5]


def test_a_call_that_came_too_early_fails_and_is_shown() -> None:
    with pytest.raises(AssertionError) as failed:
        a_day().assert_order({"resource": "deploy", "verb": "patch"}, {"verb": "list"}, {"verb": "delete"})
    assert str(failed.value).splitlines() == [
        "expected call 2 of 3, with verb='list', after call #3, but did not see it:",
        "  #  verb   what                                status  user agent         as",
        "  1  list   configmaps default/                 200     shop-operator/1.0  2, too early",
        "  3  patch  deployments.apps/scale default/web  200     shop-operator/1.0  1",
    ]


def test_a_first_call_that_never_came_fails() -> None:
    with pytest.raises(AssertionError, match=r"expected call 1 of 1, with verb='watch', but did not see it:"):
        a_day().assert_order({"verb": "watch"})
    with pytest.raises(
        AssertionError, match=r"expected call 1 of 1, with verb='watch', but did not see it or any other"
    ):
        recorded().assert_order({"verb": "watch"})


@pytest.mark.parametrize(
    ("wanted", "body", "difference"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, ""),
        ({"a": [1, 2]}, {"a": [1]}, "body: a is [1], not [1, 2]"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2, "c": 3}]}, "body: a[0].b is 2, not 1"),
        ({"a": {"b": 1}}, {"a": {}}, "body: there is no a.b"),
        ({"a": True}, {"a": 1}, "body: a is 1, not True"),
        ([1], {"a": 1}, "body: it is {'a': 1}, not [1]"),
        ({"a": 1}, None, "no body"),
        ({"a": 1}, b"{", "unreadable body"),
        ({"a": "x" * 99}, {"a": ""}, f"body: a is '', not '{'x' * 56}..."),
    ],
)
def test_a_body_that_differs_tells_where(wanted: Any, body: Any, difference: str) -> None:
    log = recorded(call("update", body=body))
    if not difference:
        log.assert_called_once(body=wanted)
        return
    with pytest.raises(AssertionError) as failed:
        log.assert_called(body=wanted)
    assert str(failed.value).endswith(f"  {difference}")

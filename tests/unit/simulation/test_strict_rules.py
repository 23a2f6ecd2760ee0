"""The strict rules: what each finds and what it lets pass, and how strict a cluster is told to be."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from fauxkube.simulation.calls import Call
from fauxkube.simulation.requests import RequestLog
from fauxkube.simulation.strictness import Finding, StrictnessError, as_text, rules
from fauxkube.simulation.strictness.asked import AskedFor
from fauxkube.simulation.strictness.findings import LIMIT
from fauxkube.simulation.strictness.modes import modes_of
from fauxkube.simulation.strictness.rules import MOST, RULES
from fauxkube.simulation.strictness.strictness import Breach, Strictness
from support.calls import call, recorded, resource

EVERY_RULE = Strictness({rule.name: "fail" for rule in RULES})
JSON_PATCH = {"content-type": "application/json-patch+json"}
MERGE_PATCH = {"content-type": "application/merge-patch+json"}
STORED = {
    "metadata": {"name": "web", "resourceVersion": "7"},
    "status": {"replicas": 2, "conditions": [{"type": "Available", "lastUpdateTime": "2026-01-01T12:00:00Z"}]},
}
CURRENT, OUTDATED = {"resourceVersion": "7"}, {"resourceVersion": "5"}


def broken(seen: Call, *earlier: Call, answer: bytes = b"", stored: Any = STORED, **about: Any) -> list[str]:
    """The names of the rules that a call breaks; `earlier` are those before it, the oldest first."""
    assert seen.gvr is not None
    asked = AskedFor(
        seen, resource(seen.gvr.resource, seen.gvr.group), seen.body, stored, [*reversed(earlier)], answer, **about
    )
    return [breach.rule.name for breach in (*EVERY_RULE.at_start(asked), *EVERY_RULE.at_end(asked))]


def deployment_call(verb: str, body: Any = None, **more: Any) -> Call:
    return call(verb, "deployments", "apps", body=body, **more)


def a_list(count: int) -> bytes:
    return orjson.dumps({"items": [{"metadata": {"name": f"web-{each:05}", "uid": "x" * 36}} for each in range(count)]})


def a_refusal(message: str) -> bytes:
    return orjson.dumps({"kind": "Status", "message": message})


# Writes.


@pytest.mark.parametrize(
    ("status", "warnings", "message", "found"),
    [
        (200, ['unknown field "spec.foo"'], "", ["unknown-field"]),
        (200, ['duplicate field "spec.foo"'], "", ["unknown-field"]),
        (200, ["spec.foo is old"], "", []),
        (400, [], 'cannot be handled: strict decoding error: unknown field "spec.foo"', ["unknown-field"]),
        (400, [], "couldn't get version/kind", []),
        (200, [], "", []),
    ],
)
def test_unknown_and_duplicate_fields(status: int, warnings: list[str], message: str, found: list[str]) -> None:
    seen = call("create", status=status, warnings=warnings, content_type="application/json")
    assert broken(seen, answer=a_refusal(message)) == found


def test_deprecated_apis() -> None:
    assert broken(call("get", "endpoints")) == ["deprecated-api"]
    assert broken(call("get", "services")) == []


@pytest.mark.parametrize(
    ("verb", "body", "stored", "found"),
    [
        ("update", {"metadata": {"name": "web"}}, STORED, ["blind-update"]),
        ("update", {"metadata": {"name": "web", "resourceVersion": ""}}, STORED, ["blind-update"]),
        ("update", {"metadata": CURRENT}, STORED, []),
        ("update", {"metadata": {"name": "web"}}, None, []),
        ("update", b"{", STORED, []),
        ("patch", {"metadata": {"name": "web"}}, STORED, []),
    ],
)
def test_updates_without_a_version(verb: str, body: Any, stored: Any, found: list[str]) -> None:
    assert broken(call(verb, body=body), stored=stored) == found


@pytest.mark.parametrize(
    ("verb", "body", "found"),
    [
        ("create", {"status": {"replicas": 3}}, True),
        ("create", {"status": {"replicas": 0, "conditions": [], "loadBalancer": {}}}, False),
        ("create", {"spec": {}}, False),
        ("update", {"metadata": CURRENT, "status": {"replicas": 3}}, True),
        ("update", {"metadata": CURRENT, "status": STORED["status"]}, False),
        ("update", {"metadata": CURRENT, "status": {**STORED["status"], "observedGeneration": 0}}, False),
        (
            "update",
            {
                "metadata": CURRENT,
                "status": {
                    "replicas": 2,
                    "conditions": [{"type": "Available", "lastUpdateTime": "2026-01-01T12:00:00+00:00"}],
                },
            },
            False,
        ),
        ("update", {"metadata": CURRENT}, False),
        ("update", {"metadata": OUTDATED, "status": {"replicas": 3}}, False),
        ("patch", {"status": {"replicas": 3}}, True),
        ("patch", {"spec": {"replicas": 3}}, False),
        ("patch", [{"op": "replace", "path": "/status/replicas", "value": 3}], True),
        ("patch", [{"op": "replace", "path": "/spec/replicas", "value": 3}], False),
        ("patch", "nonsense", False),
    ],
)
def test_statuses_written_where_they_are_ignored(verb: str, body: Any, *, found: bool) -> None:
    headers = JSON_PATCH if isinstance(body, list) else {}
    assert broken(deployment_call(verb, body, headers=headers)) == (["ignored-status"] if found else [])
    assert broken(deployment_call(verb, body, headers=headers, subresource="status")) == []


def test_nodes_are_born_with_a_status_and_config_maps_have_none() -> None:
    assert broken(call("create", "nodes", place="/node-1", body={"status": {"phase": "x"}})) == []
    assert broken(call("create", body={"status": {"phase": "x"}})) == []


def test_the_same_body_again_after_a_conflict() -> None:
    body = {"metadata": OUTDATED}
    refused = deployment_call("update", body, status=409)
    assert broken(deployment_call("update", body), refused) == ["retried-conflict"]
    assert broken(deployment_call("update", body), refused, deployment_call("get")) == ["retried-conflict"]
    assert broken(deployment_call("update", {"metadata": OUTDATED, "spec": {}}), refused) == []
    assert broken(deployment_call("update", body), deployment_call("update", body)) == []
    assert broken(deployment_call("update", body), deployment_call("update", body, status=409, user_agent="x")) == []


def test_the_same_body_after_a_conflict_that_was_none_is_right() -> None:
    body = {"metadata": CURRENT}
    assert broken(deployment_call("update", body), deployment_call("update", body, status=409)) == []


@pytest.mark.parametrize(
    ("operations", "found"),
    [
        ([("remove", "/metadata/finalizers/0")], True),
        ([("replace", "/spec/containers/0/image")], True),
        ([("test", "/metadata/finalizers/0"), ("remove", "/metadata/finalizers/0")], False),
        ([("add", "/metadata/finalizers/-")], False),
        ([("replace", "/spec/replicas")], False),
    ],
)
def test_json_patches_by_index(operations: list[tuple[str, str]], *, found: bool) -> None:
    body = [{"op": operation, "path": path} for operation, path in operations]
    assert broken(call("patch", body=body, headers=JSON_PATCH)) == (["unguarded-patch"] if found else [])


@pytest.mark.parametrize(
    ("metadata", "headers", "found"),
    [
        ({"finalizers": []}, MERGE_PATCH, True),
        ({"ownerReferences": None}, MERGE_PATCH, True),
        ({"finalizers": [], "resourceVersion": "7"}, MERGE_PATCH, False),
        ({"labels": {}}, MERGE_PATCH, False),
        ({"finalizers": []}, {"content-type": "application/strategic-merge-patch+json"}, False),
    ],
)
def test_merge_patches_of_whole_lists(metadata: Any, headers: dict[str, str], *, found: bool) -> None:
    seen = call("patch", body={"metadata": metadata}, headers=headers)
    assert broken(seen) == (["overwritten-list"] if found else [])


# Reads.


@pytest.mark.parametrize(
    ("count", "query", "found"),
    [
        (501, "", True),
        (501, "limit=0", True),
        (501, "labelSelector=a%3Db", True),
        (500, "", False),
        (501, "limit=1000", False),
        (501, "continue=abc", False),
        (501, "resourceVersion=0", False),
    ],
)
def test_long_lists_without_pages(count: int, query: str, *, found: bool) -> None:
    assert broken(call("list", query=query), answer=a_list(count)) == (["unpaged-list"] if found else [])


def test_a_long_answer_that_is_no_list_is_not_counted() -> None:
    assert broken(call("list"), answer=b"items: []\n" * 9999) == []


WATCH = "allowWatchBookmarks=true&timeoutSeconds=300"


@pytest.mark.parametrize(
    ("listed", "found"),
    [("", True), ("labelSelector=a", True), ("resourceVersion=0", False), ("limit=500", False)],
)
def test_lists_before_a_watch_that_name_no_version(listed: str, *, found: bool) -> None:
    watch = call("watch", place="default/", query=f"{WATCH}&resourceVersion=7")
    before = call("list", place="default/", query=listed)
    assert broken(watch, before) == (["uncached-list"] if found else [])
    assert broken(call("watch", place="default/", query=WATCH), before) == []
    assert broken(watch, call("list", place="shop/", query=listed)) == []


def test_reads_again_and_again() -> None:
    def reads(count: int, every: float, **more: Any) -> list[Call]:
        return [call("get", began=each * every, **more) for each in range(count)]

    assert broken(call("get", began=0.9), *reads(10, 0.05)) == ["hot-loop"]
    assert broken(call("get", began=0.9), *reads(9, 0.05)) == []
    assert broken(call("get", began=4.0), *reads(20, 0.2)) == []
    assert broken(call("get", began=0.9), *reads(10, 0.05, query="x=1")) == []
    assert broken(call("get", began=0.9), *reads(10, 0.05, user_agent="other")) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (WATCH, []),
        ("timeoutSeconds=300", ["no-bookmarks"]),
        ("timeoutSeconds=300&allowWatchBookmarks=false", ["no-bookmarks"]),
        ("allowWatchBookmarks=1", ["endless-watch"]),
        ("", ["no-bookmarks", "endless-watch"]),
    ],
)
def test_watches_without_bookmarks_or_an_end(query: str, found: list[str]) -> None:
    assert broken(call("watch", place="default/", query=query)) == found


@pytest.mark.parametrize(
    ("user_agent", "found"),
    [
        ("", True),
        ("python-requests/2.32", True),
        ("python-httpx/0.28", True),
        ("Python/3.12 aiohttp/3.9", True),
        ("Go-http-client/1.1", True),
        ("Java-http-client/21", True),
        ("node-fetch", True),
        ("node-problem-detector/v0.8", False),
        ("shop-operator/1.0", False),
        ("OpenAPI-Generator/33.1.0/python", False),
        ("curl/8.5.0", False),
    ],
)
def test_clients_without_a_name(user_agent: str, *, found: bool) -> None:
    assert broken(call("get", user_agent=user_agent)) == (["unnamed-client"] if found else [])


@pytest.mark.parametrize(
    "user_agent", ["kubectl/v1.36.3 (linux/amd64)", "kubectl-1.32/v1.32.3", "Helm/4.2.3", "helm/v3"]
)
def test_kubectl_and_helm_are_judged_by_what_their_users_wrote_alone(user_agent: str) -> None:
    assert broken(call("update", body={"metadata": {}}, user_agent=user_agent)) == []
    assert broken(call("watch", user_agent=user_agent)) == []
    assert broken(call("get", "endpoints", user_agent=user_agent)) == ["deprecated-api"]


# How strict.


@pytest.mark.parametrize(
    ("strict", "modes"),
    [
        ("off", {"blind-update": "off", "hot-loop": "off", "endless-watch": "off"}),
        ("warn", {"blind-update": "warn", "hot-loop": "warn", "endless-watch": "off"}),
        ("fail", {"blind-update": "fail", "hot-loop": "warn", "endless-watch": "off"}),
        ("fail,hot-loop=fail", {"blind-update": "fail", "hot-loop": "fail"}),
        ("endless-watch=fail", {"blind-update": "off", "endless-watch": "fail"}),
        ("*=warn, blind-update=off", {"blind-update": "off", "hot-loop": "warn"}),
        ({"*": "fail", "hot-loop": "off"}, {"blind-update": "fail", "hot-loop": "off"}),
        ({}, {"blind-update": "off"}),
    ],
)
def test_a_mode_for_all_stops_at_each_rules_limit_and_a_mode_for_one_does_not(strict: Any, modes: Any) -> None:
    assert modes_of(strict, MOST).items() >= modes.items()
    assert modes_of(as_text(strict), MOST) == modes_of(strict, MOST)
    assert bool(Strictness(strict)) == any(mode != "off" for mode in modes_of(strict, MOST).values())


@pytest.mark.parametrize(
    ("strict", "problem"),
    [
        ("loud", "there is no strict mode 'loud', but there are fail, off, warn"),
        ("", "there is no strict mode '', but there are fail, off, warn"),
        ({"blind-update": "no"}, "there is no strict mode 'no', but there are fail, off, warn"),
        ("blind-updates=fail", "there is no strict rule 'blind-updates', but there are blind-update, "),
    ],
)
def test_modes_and_rules_that_do_not_exist_are_refused(strict: Any, problem: str) -> None:
    with pytest.raises(StrictnessError) as refused:
        Strictness(strict)
    assert str(refused.value).startswith(problem)


def test_every_rule_is_described() -> None:
    described = {line.split("`")[1] for line in (rules.__doc__ or "").splitlines() if line.startswith("| `")}
    assert described == {rule.name for rule in RULES}
    assert len({rule.hint for rule in RULES}) == len(RULES)


# Findings.


def found(seen: Call) -> Finding:
    breach = Breach(next(rule for rule in RULES if rule.name == "hot-loop"), "warn", "it came often")
    return breach.finding(AskedFor(seen, resource("configmaps"), seen.body))


def test_the_same_mistake_is_one_finding_that_is_counted() -> None:
    log = recorded(first := call("get"), again := call("get"), other := call("get", place="default/api"))
    for each in (first, again, other):
        log.findings_made.add(found(each))
    repeated, once = log.findings()
    assert repeated == {
        "rule": "hot-loop",
        "mode": "warn",
        "problem": "it came often",
        "hint": "watch it, or back off between reads",
        "count": 2,
        "firstCall": 1,
        "lastCall": 2,
        "verb": "get",
        "resource": "configmaps",
        "subresource": "",
        "namespace": "default",
        "name": "web",
        "path": "/api/v1/namespaces/default/configmaps/web",
        "userAgent": "shop-operator/1.0",
    }
    assert (once["name"], once["count"]) == ("api", 1)
    log.clear()
    assert log.findings() == []


def test_findings_are_bounded() -> None:
    log: RequestLog = recorded()
    for each in range(LIMIT + 5):
        log.findings_made.add(found(call("get", place=f"default/web-{each}")))
    assert len(log.findings()) == LIMIT

"""Query parameters: what they come to, and how wrong ones are refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from fauxkube.machinery.status import StatusError
from fauxkube.registry.options import DeleteOptions, ListQuery, WatchQuery, WriteOptions
from fauxkube.server import queries
from fauxkube.server.asgi import Query


def parsed(text: str) -> Query:
    return parse_qs(text, keep_blank_values=True)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("", None),
        ("watch", True),
        ("watch=", True),
        ("watch=true", True),
        ("watch=1", True),
        ("watch=x", True),
        ("watch=false", False),
        ("watch=False", False),
        ("watch=0", False),
    ],
)
def test_only_false_and_0_are_false(text: str, truth: bool | None) -> None:
    assert queries.flag(parsed(text), "watch") is truth


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limit=abc", 'strconv.ParseInt: parsing "abc": invalid syntax'),
        ("limit=", 'strconv.ParseInt: parsing "": invalid syntax'),
        ("limit=1_0", 'strconv.ParseInt: parsing "1_0": invalid syntax'),
        ("limit=9223372036854775808", 'strconv.ParseInt: parsing "9223372036854775808": value out of range'),
    ],
)
def test_a_number_that_is_none_is_refused_in_gos_words(text: str, message: str) -> None:
    with pytest.raises(StatusError, match="strconv") as refused:
        queries.list_query(parsed(text))
    assert (refused.value.code, refused.value.message) == (400, message)


def test_a_list_takes_its_options_from_the_query() -> None:
    query = queries.list_query(
        parsed("labelSelector=a%3Db&fieldSelector=x%3Dy&limit=5&continue=t&resourceVersion=7&limit=9")
    )
    assert query == ListQuery(label_selector="a=b", field_selector="x=y", limit=5, continue_="t", resource_version="7")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "resourceVersionMatch=Exact",
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            "resourceVersionMatch=Exact&resourceVersion=0",
            'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
        (
            "resourceVersionMatch=NotOlderThan&resourceVersion=1&continue=x",
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided",
        ),
        (
            "resourceVersionMatch=Best&resourceVersion=1",
            'resourceVersionMatch: Unsupported value: "Best": supported values: "Exact", "NotOlderThan", ""',
        ),
        ("sendInitialEvents=true", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
    ],
)
def test_list_options_that_do_not_go_together_are_invalid(text: str, problem: str) -> None:
    with pytest.raises(StatusError) as refused:
        queries.list_query(parsed(text))
    assert refused.value.code == 422
    assert refused.value.message == f'ListOptions.meta.k8s.io "" is invalid: {problem}'


def test_a_watch_takes_its_options_from_the_query() -> None:
    text = "allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=30&sendInitialEvents=true"
    query, seconds = queries.watch_query(parsed(f"{text}&resourceVersionMatch=NotOlderThan"))
    assert seconds == 30
    assert query == WatchQuery(
        resource_version="7",
        resource_version_match="NotOlderThan",
        send_initial_events=True,
        allow_bookmarks=True,
    )


def test_a_named_watch_selects_by_name() -> None:
    assert queries.watch_query({}, "web").query.field_selector == "metadata.name=web"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "sendInitialEvents=true",
            "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (
            "resourceVersionMatch=NotOlderThan",
            (
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents "
                "is provided"
            ),
        ),
    ],
)
def test_watch_options_that_do_not_go_together_are_invalid(text: str, problem: str) -> None:
    with pytest.raises(StatusError) as refused:
        queries.watch_query(parsed(text))
    assert refused.value.message == f'ListOptions.meta.k8s.io "" is invalid: {problem}'


def test_a_write_takes_its_options_from_the_query() -> None:
    options = queries.write_options(parsed("dryRun=All&fieldManager=me&fieldValidation=Strict"), "CreateOptions")
    assert options == WriteOptions(dry_run=True, field_manager="me", field_validation="Strict")


@pytest.mark.parametrize(
    ("user", "user_agent", "manager", "author"),
    [
        ("", b"kubectl/v1.36.0 (linux/amd64) kubernetes/0000000", "kubectl-create", "kubectl-create"),
        ("", b"kubectl/v1.36.0 (linux/amd64) kubernetes/0000000", "", "kubectl"),
        ("", b"curl", "", "curl"),
        ("", b"", "", ""),
        ("", b"x" * 1000, "", "x" * 128),
        ("jane", b"kubectl/v1.36.0", "kubectl-edit", "jane (kubectl-edit)"),
        ("jane", b"curl/8.5", "", "jane (curl)"),
        ("jane", b"", "", "jane"),
    ],
)
def test_who_writes_is_the_field_manager_or_the_user_agents_name_and_the_user(
    user: str, user_agent: bytes, manager: str, author: str
) -> None:
    assert queries.author_of(user, user_agent, manager) == author


def test_a_write_without_a_query_warns_of_unknown_fields() -> None:
    assert queries.write_options({}, "CreateOptions") == WriteOptions(field_validation="Warn")


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("CreateOptions", "dryRun=x", 'dryRun: Unsupported value: ["x"]: supported values: "All"'),
        (
            "UpdateOptions",
            "fieldValidation=Loud",
            'fieldValidation: Unsupported value: "Loud": supported values: "", "Ignore", "Strict", "Warn"',
        ),
        ("UpdateOptions", f"fieldManager={'m' * 129}", "fieldManager: Too long: may not be more than 128 bytes"),
        ("PatchOptions", "force=true", "force: Forbidden: may not be specified for non-apply patch"),
        (
            "PatchOptions",
            "fieldManager=a%07",
            r'fieldManager: Invalid value: "a\u0007": invalid character U+0007 (at position 1)',
        ),
    ],
)
def test_write_options_that_cannot_be_are_invalid(kind: str, text: str, problem: str) -> None:
    with pytest.raises(StatusError) as refused:
        queries.write_options(parsed(text), kind)
    assert refused.value.message == f'{kind}.meta.k8s.io "" is invalid: {problem}'


@pytest.mark.parametrize(
    ("text", "body", "options"),
    [
        ("", None, DeleteOptions()),
        (
            "gracePeriodSeconds=0&propagationPolicy=Foreground&dryRun=All",
            None,
            DeleteOptions(grace_period_seconds=0, propagation_policy="Foreground", dry_run=True),
        ),
        ("orphanDependents=false", None, DeleteOptions(orphan_dependents=False)),
        (
            "gracePeriodSeconds=9",
            {"gracePeriodSeconds": 1, "preconditions": {"uid": "u", "resourceVersion": "5"}},
            DeleteOptions(grace_period_seconds=1, uid="u", resource_version="5"),
        ),
    ],
)
def test_a_delete_takes_its_options_from_the_body_or_else_the_query(
    text: str, body: dict[str, Any] | None, options: DeleteOptions
) -> None:
    assert queries.delete_options(parsed(text), body) == options


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            {"propagationPolicy": "Never"},
            422,
            (
                'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Never": supported '
                'values: "Background", "Foreground", "Orphan", "nil"'
            ),
        ),
        (
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            422,
            (
                'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents '
                "and deletionPropagation cannot be both set"
            ),
        ),
        (
            {"gracePeriodSeconds": "soon"},
            400,
            "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
        ),
    ],
)
def test_delete_options_that_cannot_be_are_refused(body: dict[str, Any], code: int, message: str) -> None:
    with pytest.raises(StatusError) as refused:
        queries.delete_options({}, body)
    assert (refused.value.code, refused.value.message) == (code, message)

"""A history as the command prints it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from fauxkube.cli import app
from fauxkube.cli.history import told

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


def change(revision: int, type: str, author: str = "", *fields: tuple[str, Any, Any]) -> dict[str, Any]:
    changes = [dict(zip(("path", "before", "after"), field, strict=True)) for field in fields]
    return {"revision": revision, "type": type, "at": "2026-01-01T00:00:00Z", "author": author, "changes": changes}


def test_each_change_has_a_line_and_each_field_one_below_it() -> None:
    changes = [
        change(9, "ADDED", "kubectl-create"),
        change(
            10,
            "MODIFIED",
            "kube-scheduler",
            ("spec.nodeName", None, "node-1"),
            ("spec.containers[name=web].image", "web:1", "web:2"),
            ("metadata.finalizers", ["a/b"], None),
        ),
        change(123, "DELETED"),
    ]
    assert list(told(changes, NOW)) == [
        "9    5m  added     by kubectl-create",
        "10   5m  modified  by kube-scheduler",
        "    + spec.nodeName: node-1",
        "    ~ spec.containers[name=web].image: web:1 -> web:2",
        '    - metadata.finalizers: ["a/b"]',
        "123  5m  deleted",
    ]


@pytest.mark.parametrize("changes", [[], [change(9, "MODIFIED", "kubectl-edit")]])
def test_it_says_when_older_changes_are_gone(changes: list[dict[str, Any]]) -> None:
    assert next(told(changes, NOW)) == "(older changes are no longer held)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (0, "0"),
        ("Running", "Running"),
        ("", '""'),
        ("two words", '"two words"'),
        ("two\nlines", '"two\\nlines"'),
        ({"a": 1}, '{"a": 1}'),
        ("x" * 300, "x" * 99 + "…"),
    ],
)
def test_values_are_short_and_cannot_be_mistaken(value: object, text: str) -> None:
    *_, line = told([change(1, "ADDED", "", ("a", None, value))], NOW)
    assert line == f"    + a: {text}"


@pytest.mark.parametrize("words", [["pod"], ["pod/"], ["/web"], ["pod/web", "more"], ["pod", "web", "more"]])
def test_one_object_is_to_be_named(words: list[str]) -> None:
    result = CliRunner().invoke(app, ["history", *words])
    assert result.exit_code == 2


def test_a_server_that_cannot_be_reached_is_named() -> None:
    result = CliRunner().invoke(app, ["history", "pod/web", "--server", "http://127.0.0.1:9"])
    assert result.exit_code == 1
    assert "fauxkube: cannot reach http://127.0.0.1:9: " in result.output

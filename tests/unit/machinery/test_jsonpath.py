"""JSONPath expressions: what they lead to, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery.jsonpath import JSONPath, JSONPathError, shown

POD = {
    "metadata": {"labels": {"app.kubernetes.io/name": "web"}},
    "spec": {"containers": [{"name": "web", "ports": [{"port": 80}, {"port": 81}]}, {"name": "logs"}]},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Held", "status": "False"}], "n": 3},
}


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("{.status.n}", [3]),
        (".status.n", [3]),
        ("status.n", [3]),
        ("{$.status.n}", [3]),
        ("{.spec.containers[0].name}", ["web"]),
        ("{.spec.containers[-1].name}", ["logs"]),
        ("{.spec.containers[9].name}", []),
        ("{.spec.containers[*].name}", ["web", "logs"]),
        ("{.spec.containers[*].ports[*].port}", [80, 81]),
        (r"{.metadata.labels.app\.kubernetes\.io/name}", ["web"]),
        ("{.metadata.labels['app.kubernetes.io/name']}", ["web"]),
        ("{.metadata.labels.*}", ["web"]),
        ('{.status.conditions[?(@.type=="Ready")].status}', ["True"]),
        ("{.status.conditions[?(@.type != 'Ready')].status}", ["False"]),
        ("{.spec.containers[*].ports[?(@.port==81)].port}", [81]),
        ("{.nothing.here}", []),
        ("{}", [POD]),
    ],
)
def test_an_expression_leads_to_its_values(expression: str, values: list[Any]) -> None:
    assert JSONPath(expression).find(POD) == values


@pytest.mark.parametrize("expression", ["{.a[0:2]}", "{.a[?(@.b>1)]}", "{.a..b}", "{.a[}", "{.a,.b[]}"])
def test_what_is_not_supported_is_refused_by_name(expression: str) -> None:
    with pytest.raises(JSONPathError, match=r"is not understood from"):
        JSONPath(expression)


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (3, "3"), ("a", "a"), ({"a": [1]}, '{"a":[1]}')])
def test_values_are_shown_as_kubectl_does(value: Any, text: str) -> None:
    assert shown(value) == text

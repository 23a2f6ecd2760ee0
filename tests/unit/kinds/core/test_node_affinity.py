"""Node affinity terms."""

from __future__ import annotations

import pytest

from fauxkube.kinds.core.node_affinity import Requirement, node_selector, preferred_terms
from fauxkube.machinery.objects import Labels, Object


@pytest.mark.parametrize(
    ("operator", "values", "value", "holds"),
    [
        ("In", ("a", "b"), "a", True),
        ("In", ("a", "b"), "c", False),
        ("In", ("a",), None, False),
        ("NotIn", ("a",), "b", True),
        ("NotIn", ("a",), "a", False),
        ("NotIn", ("a",), None, True),
        ("Exists", (), "", True),
        ("Exists", (), None, False),
        ("DoesNotExist", (), None, True),
        ("DoesNotExist", (), "a", False),
        ("Gt", ("5",), "6", True),
        ("Gt", ("5",), "5", False),
        ("Gt", ("5",), "many", False),
        ("Gt", (), "6", False),
        ("Lt", ("5",), "4", True),
        ("Lt", ("5",), None, False),
        ("Near", ("5",), "5", False),
    ],
)
def test_a_requirement_holds_for_a_value(
    operator: str, values: tuple[str, ...], value: str | None, holds: bool
) -> None:
    assert Requirement("key", operator, values).holds(value) is holds


def expression(key: str, *values: str) -> Object:
    return {"key": key, "operator": "In", "values": list(values)}


@pytest.mark.parametrize(
    ("terms", "labels", "matches"),
    [
        ([], {}, False),
        ([{}], {}, False),
        ([{"matchExpressions": [expression("disk", "ssd")]}], {"disk": "ssd"}, True),
        ([{"matchExpressions": [expression("disk", "ssd"), expression("zone", "a")]}], {"disk": "ssd"}, False),
        ([{"matchExpressions": [expression("disk", "ssd")]}, {"matchExpressions": [expression("zone", "a")]}],
         {"zone": "a"}, True),
        ([{"matchFields": [expression("metadata.name", "node-1")]}], {}, True),
        ([{"matchFields": [expression("metadata.name", "node-2")]}], {}, False),
        ([{"matchFields": [expression("metadata.name", "node-1")], "matchExpressions": [expression("zone", "a")]}],
         {"zone": "b"}, False),
    ],
)  # fmt: skip
def test_terms_are_alternatives_of_requirements_that_must_all_hold(
    terms: list[Object], labels: Labels, matches: bool
) -> None:
    selector = node_selector({"nodeSelectorTerms": terms})
    assert selector is not None
    assert selector.matches("node-1", labels) is matches


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ([{"matchFields": [expression("metadata.name", "a")]}], {"a"}),
        ([{"matchFields": [expression("metadata.name", "a")]}, {"matchFields": [expression("metadata.name", "b")]}],
         {"a", "b"}),
        ([{"matchFields": [expression("metadata.name", "a")]}, {"matchExpressions": [expression("zone", "a")]}], None),
        ([{"matchFields": [expression("metadata.name", "a", "b"), expression("metadata.name", "b")]}], {"b"}),
        ([{"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["a"]}]}], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_nodes_are_known_by_name_only_when_every_term_names_them(
    terms: list[Object], names: set[str] | None
) -> None:
    selector = node_selector({"nodeSelectorTerms": terms})
    assert selector is not None
    assert selector.names == names


def test_without_a_selector_there_is_nothing_to_match() -> None:
    assert node_selector(None) is None


def test_preferred_terms_keep_their_weights() -> None:
    (term,) = preferred_terms([{"weight": 7, "preference": {"matchExpressions": [expression("zone", "a")]}}])
    assert term.weight == 7
    assert term.term.matches("any", {"zone": "a"})

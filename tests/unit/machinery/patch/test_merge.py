"""JSON merge patch, by RFC 7386."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.machinery.objects import copy_of
from fauxkube.machinery.patch import PatchError, merge

LEAF = st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x"])
DOCUMENT = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), DOCUMENT, max_size=4)
PATCHES = st.dictionaries(
    st.sampled_from("abcd"),
    st.none() | DOCUMENT | st.dictionaries(st.sampled_from("abc"), st.none() | LEAF),
    max_size=4,
)


@pytest.mark.parametrize(
    ("doc", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": 1}, {"a": 1}, {"e": 1, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_rfcs_cases(doc: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]) -> None:
    assert merge.apply(doc, patch) == result


@given(OBJECTS, PATCHES)
def test_neither_argument_is_changed(doc: dict[str, Any], patch: dict[str, Any]) -> None:
    before = copy_of(doc), copy_of(patch)
    merge.apply(doc, patch)
    assert (doc, patch) == before


@given(OBJECTS, PATCHES)
def test_applying_twice_is_applying_once(doc: dict[str, Any], patch: dict[str, Any]) -> None:
    once = merge.apply(doc, patch)
    assert merge.apply(once, patch) == once


@given(OBJECTS, OBJECTS)
def test_what_the_patch_does_not_name_stays_and_what_it_names_is_set(
    doc: dict[str, Any], patch: dict[str, Any]
) -> None:
    result = merge.apply(doc, patch)
    assert result.keys() == doc.keys() | patch.keys()
    for name in result:
        if name not in patch:
            assert result[name] == doc[name]
        elif not isinstance(patch[name], dict):
            assert result[name] == patch[name]


@given(OBJECTS)
def test_nulls_remove_and_the_empty_patch_keeps(doc: dict[str, Any]) -> None:
    assert merge.apply(doc, {}) == doc
    assert merge.apply(doc, dict.fromkeys(doc)) == {}


@pytest.mark.parametrize("patch", [[], "x", None, 1])
def test_a_patch_that_is_no_object_is_refused(patch: Any) -> None:
    with pytest.raises(PatchError, match=r"^error decoding patch: json: cannot unmarshal"):
        merge.apply({}, patch)

"""Label and field selectors: what matches, how they print, what is refused and how."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.machinery import selectors
from fauxkube.machinery.fields import Path

WEB = {"app": "web", "tier": "front", "size": "7"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app = web , tier = back", False),
        ("app!=web", False),
        ("absent!=web", True),
        ("app", True),
        ("!app", False),
        ("!absent", True),
        ("app in (web, api)", True),
        ("app in (api)", False),
        ("app notin (api)", True),
        ("absent notin (api)", True),
        ("absent in (api)", False),
        ("size>6", True),
        ("size<7", False),
        ("app>6", False),
        ("absent=", False),
        ("app in ()", False),
        ("in in (in)", False),
    ],
)
def test_a_label_selector_matches_as_upstream(text: str, matches: bool) -> None:
    assert selectors.parse_label_selector(text).matches(WEB) is matches


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("b=1, a in (z,y), !c, d", "a in (y,z),b=1,!c,d"),
        ("a==1", "a==1"),
        ("a notin (,x)", "a notin (,x)"),
        ("a in ()", "a in ()"),
        ("n>3,m<4", "m<4,n>3"),
        ("a=", "a="),
    ],
)
def test_a_label_selector_prints_sorted_by_key(text: str, printed: str) -> None:
    assert str(selectors.parse_label_selector(text)) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("=web", "found '=', expected: !, identifier, or 'end of string'"),
        (",app", "found ',', expected: !, identifier, or 'end of string'"),
        ("app,", "found '', expected: identifier after ','"),
        ("app web", "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt"),
        ("app=web api", "found 'api', expected: ',' or 'end of string'"),
        ("app in web", "unable to parse requirement: found 'web' expected: '('"),
        ("app in (web", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("app in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        ("!,", "unable to parse requirement: found ',', expected: identifier"),
        (
            "size>x",
            (
                'unable to parse requirement: values[0]: Invalid value: "x": '
                "for 'Gt', 'Lt' operators, the value must be an integer"
            ),
        ),
        ("app==!x", "unable to parse requirement: found '!', expected: identifier"),
    ],
)
def test_a_malformed_label_selector_is_refused_in_upstreams_words(text: str, message: str) -> None:
    with pytest.raises(selectors.SelectorError) as caught:
        selectors.parse_label_selector(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a/b/c=1", 'unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid label key must'),
        ("app=-x", 'unable to parse requirement: values[0][app]: Invalid value: "-x": a valid label must'),
    ],
)
def test_malformed_keys_and_values_are_named_with_their_place(text: str, start: str) -> None:
    with pytest.raises(selectors.SelectorError) as caught:
        selectors.parse_label_selector(text)
    assert str(caught.value).startswith(start)


def test_an_absent_object_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert not selectors.label_selector_from(None).matches({})
    assert not selectors.label_selector_from(None).empty
    assert selectors.label_selector_from({}).matches({})
    assert selectors.selector_from_set({}).empty


def test_an_object_selector_joins_labels_and_expressions() -> None:
    selector = selectors.label_selector_from(
        {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["front", "back"]},
                {"key": "canary", "operator": "DoesNotExist"},
            ],
        }
    )
    assert selector.matches(WEB)
    assert not selector.matches(WEB | {"canary": ""})
    assert selector.exact("app") == "web"
    assert selector.exact("tier") is None


def test_an_unknown_operator_is_no_selector() -> None:
    with pytest.raises(selectors.SelectorError, match='"Gt" is not a valid label selector operator'):
        selectors.label_selector_from({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]})


@pytest.mark.parametrize(
    ("selector", "field", "message"),
    [
        ({"matchLabels": {"-": "x"}}, "spec.selector.matchLabels", 'Invalid value: "-"'),
        ({"matchLabels": {"a": "-"}}, "spec.selector.matchLabels", 'Invalid value: "-"'),
        (
            {"matchExpressions": [{"key": "a", "operator": "In"}]},
            "spec.selector.matchExpressions[0].values",
            "Required value: must be specified when `operator` is 'In' or 'NotIn'",
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]},
            "spec.selector.matchExpressions[0].values",
            "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "Near"}]},
            "spec.selector.matchExpressions[0].operator",
            'Invalid value: "Near": not a valid selector operator',
        ),
        (
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["-"]}]},
            "spec.selector.matchExpressions[0].values[0]",
            'Invalid value: "-"',
        ),
    ],
)
def test_a_faulty_object_selector_is_reported_where_the_fault_is(
    selector: dict[str, object], field: str, message: str
) -> None:
    (error,) = selectors.validate_label_selector(selector, Path("spec").child("selector"))
    assert error.field == field
    assert error.message.startswith(message)


def test_a_sound_object_selector_has_no_errors() -> None:
    assert selectors.validate_label_selector({"matchLabels": {"app": "web"}}, Path("spec")) == []
    assert selectors.validate_label_selector(None, Path("spec")) == []


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.from_regex(r"[a-z]{0,5}", fullmatch=True)))
def test_a_set_of_labels_selects_itself_and_reads_back_as_printed(labels: dict[str, str]) -> None:
    selector = selectors.selector_from_set(labels)
    assert selector.matches(labels | {"other0": "x"})
    assert selectors.parse_label_selector(str(selector)) == selector


@pytest.mark.parametrize(
    ("text", "requirements"),
    [
        ("", ()),
        ("spec.nodeName=node-1", (("spec.nodeName", "=", "node-1"),)),
        ("b==2,a!=1", (("a", "!=", "1"), ("b", "=", "2"))),
        (r"a=x\,y\=z\\", (("a", "=", "x,y=z\\"),)),
        ("a=", (("a", "=", ""),)),
    ],
)
def test_a_field_selector_lists_its_requirements_sorted(
    text: str, requirements: tuple[tuple[str, str, str], ...]
) -> None:
    assert selectors.parse_field_selector(text).requirements == requirements


def test_a_field_selector_compares_whole_values() -> None:
    selector = selectors.parse_field_selector("status.phase!=Running,spec.nodeName=")
    assert selector.matches({"status.phase": "Pending", "spec.nodeName": ""})
    assert selector.matches({})
    assert not selector.matches({"status.phase": "Running"})
    assert selector.exact("spec.nodeName") == ""
    assert selector.exact("status.phase") is None
    assert str(selector) == "spec.nodeName=,status.phase!=Running"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "invalid selector: 'abc'; can't understand 'abc'"),
        (r"a=\x", r"invalid field selector: invalid escape sequence: \x"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_a_malformed_field_selector_is_refused_in_upstreams_words(text: str, message: str) -> None:
    with pytest.raises(selectors.SelectorError) as caught:
        selectors.parse_field_selector(text)
    assert str(caught.value) == message

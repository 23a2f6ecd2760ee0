"""Bodies: what JSON and YAML are read as, duplicate keys, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.machinery.decoding import MalformedError, decode_json, decode_yaml

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(PLAIN)
def test_json_is_read_as_written_and_has_no_duplicates(value: Any) -> None:
    assert decode_json(orjson.dumps(value), strict=True) == (value, [])


@pytest.mark.parametrize(
    ("body", "duplicates"),
    [
        (b'{"a":1,"a":2}', ["a"]),
        (b'{"a":1,"\\u0061":2}', ["a"]),
        (b'{"spec":{"x":1,"y":[{"z":1,"z":1}],"x":2}}', ["spec.x", "spec.y[0].z"]),
        (b'{"a":1,"a":2,"a":3}', ["a"]),
        (b'{"a":"\\"","b":"\\\\"}', []),
        (b'{"a":"\\u0022\\u0022"}', []),
    ],
)
def test_duplicate_keys_are_named_with_their_path(body: bytes, duplicates: list[str]) -> None:
    assert decode_json(body, strict=True)[1] == [f'duplicate field "{each}"' for each in duplicates]


def test_of_duplicates_the_last_counts_and_nothing_is_said_unless_asked() -> None:
    assert decode_json(b'{"a":1,"a":2}') == ({"a": 2}, [])


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert decode_json(b'{"a":"\xff"}') == ({"a": "\N{REPLACEMENT CHARACTER}"}, [])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "unexpected end of JSON input"),
        (b'{"a":', "unexpected end of JSON input"),
        (b'{"a', "unexpected end of JSON input"),
        (b"nope", "invalid character 'n' looking for beginning of value"),
        (b"{a:1}", "invalid character 'a' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
        (b'[{"a":"]"} 2]', "invalid character '2' after array element"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b'{"a":"\n"}', "invalid character '\\n' in string literal"),
        (b'{"a":NaN}', "invalid character 'N' looking for beginning of value"),
        (b"[" * 5000 + b"]" * 5000, "exceeded max depth"),
    ],
)
def test_malformed_json_is_refused_in_gos_words(body: bytes, message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_json(body)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", {"a": 1}),
        ("a: 80.0", {"a": 80}),
        ("a: 1.5", {"a": 1.5}),
        ("a: 1e3", {"a": 1000}),
        ("a: 010", {"a": 8}),
        ("a: 0x1F", {"a": 31}),
        ("a: -0", {"a": 0}),
        ("a: 1_000", {"a": 1000}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: 08", {"a": 8}),
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("a: 2026-01-01T00:00:00Z", {"a": "2026-01-01T00:00:00Z"}),
        ("a: yes\nb: off\nc: y", {"a": True, "b": False, "c": True}),
        ("a: 'yes'\nb: \"1\"", {"a": "yes", "b": "1"}),
        ("a: ~\nb:\nc: null", {"a": None, "b": None, "c": None}),
        ("1: x\ntrue: y2\n~: z", {"1": "x", "true": "y2", "null": "z"}),
        ("a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  l: 2", {"a": {"k": 1}, "b": {"k": 1}, "c": {"k": 1, "l": 2}}),
        ("a: |\n  text\n", {"a": "text\n"}),
        ("a: 1.2.3", {"a": "1.2.3"}),
        ("a: 1Gi", {"a": "1Gi"}),
        ("--- {a: 1}\n--- {b: 2}", {"a": 1}),
        ("", None),
    ],
)
def test_yaml_is_read_as_the_json_it_stands_for(text: str, value: Any) -> None:
    assert decode_yaml(text.encode()) == (value, [])


def test_aliases_share_nothing_once_read() -> None:
    value, _ = decode_yaml(b"a: &x {k: 1}\nb: *x")
    value["a"]["k"] = 2
    assert value["b"] == {"k": 1}


def test_yaml_duplicates_are_told_by_line() -> None:
    _, duplicates = decode_yaml(b"a: 1\nb:\n  c: 1\n  c: 2\na: 3\n", strict=True)
    (message,) = duplicates
    assert message.splitlines() == [
        "yaml: unmarshal errors:",
        '  line 4: key "c" already set in map',
        '  line 5: key "a" already set in map',
    ]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a: b: c", "error converting YAML to JSON: yaml: line 1: mapping values are not allowed in this context"),
        ("a: [1", "error converting YAML to JSON: yaml: line "),
        ("a: .inf", "error converting YAML to JSON: json: unsupported value"),
        ("? [a]\n: b", "yaml: line 1: invalid map key"),
        ("a: !!python/object:os.system x", "error converting YAML to JSON: yaml: "),
    ],
)
def test_malformed_yaml_is_refused(text: str, start: str) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_yaml(text.encode())
    assert str(caught.value).startswith(start)


def test_aliases_that_would_explode_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(MalformedError, match="excessive aliasing"):
        decode_yaml("\n".join(lines).encode())


NESTED = {
    "json": lambda depth: b'{"a":' * depth + b"1" + b"}" * depth,
    "flow": lambda depth: b"[" * depth + b"]" * depth,
    "block": lambda depth: b"- " * depth + b"a",
}


@pytest.mark.parametrize("form", NESTED)
@pytest.mark.parametrize("decode", [decode_json, decode_yaml])
@pytest.mark.parametrize("depth", [201, 1_100, 100_000])
def test_what_is_nested_too_deep_is_refused_before_anything_recurses_into_it(
    form: str, decode: Callable[[bytes], Any], depth: int
) -> None:
    if form == "block" and decode is decode_json:
        return
    with pytest.raises(MalformedError, match="exceeded max depth"):
        decode(NESTED[form](depth))


@pytest.mark.parametrize("decode", [decode_json, decode_yaml])
def test_what_is_not_nested_too_deep_can_be_encoded_inside_of_something(decode: Callable[[bytes], Any]) -> None:
    value, _ = decode(NESTED["json"](200))
    assert orjson.dumps({"items": [[{"object": value}]]})


@pytest.mark.parametrize("decode", [decode_json, decode_yaml])
@pytest.mark.parametrize("number", ["99999999999999999999", "-99999999999999999999"])
def test_a_whole_number_beyond_64_bits_is_the_nearest_float(decode: Callable[[bytes], Any], number: str) -> None:
    value, _ = decode(f"[{number}]".encode())
    assert value == [float(number)]
    assert isinstance(value[0], float)


@pytest.mark.parametrize("decode", [decode_json, decode_yaml])
@pytest.mark.parametrize("number", ["1e999", "9" * 5_000])
def test_a_number_beyond_a_float_is_refused(decode: Callable[[bytes], Any], number: str) -> None:
    with pytest.raises(MalformedError):
        decode(f"[{number}]".encode())


def test_surrogates_that_stand_alone_are_replaced() -> None:
    assert decode_json(b'["\\ud800", "\\ud83d\\ude00", "\\udc00x"]')[0] == ["\ufffd", "\U0001f600", "\ufffdx"]

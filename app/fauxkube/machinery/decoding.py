"""Request bodies, from bytes to plain values: JSON here, YAML in `yaml_decoding`, which is loaded when first needed.

Both give the value and, when asked, the keys that an object names twice, as the API server's strict decoding reports
them. What cannot be read raises `MalformedError`, worded as Go's `encoding/json` and `sigs.k8s.io/yaml` word it.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

import orjson

#: What Python's parser finds wrong, and what Go says of the character there.
_GO_WORDS = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Illegal trailing comma before end of array": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
    "Unexpected UTF-8 BOM (decode using utf-8-sig)": "looking for beginning of value",
    "Invalid \\uXXXX escape": "in \\u hexadecimal character escape",
}
_TOO_DEEP = "exceeded max depth"
#: Said of a number that is beyond a float.
_TOO_LARGE = "json: cannot unmarshal number into Go value of type float64"
#: How deep objects and arrays may lie in one another. Go's decoder takes 10,000 levels; what is taken here must also
#: be encoded again, inside of a list or a table, and orjson encodes 254.
MAX_DEPTH = 200


class MalformedError(ValueError):
    """The bytes are no JSON or YAML; the message is Go's."""


def decode_json(body: bytes, *, strict: bool = False) -> tuple[Any, list[str]]:
    """A JSON value, and its duplicate keys (`duplicate field "spec.x"`) if `strict`; of duplicates the last counts."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = _load_leniently(body)
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and is_too_deep(value):
        raise MalformedError(_TOO_DEEP)
    if not strict or _has_no_duplicates(body, value):
        return value, []
    return value, _duplicates(body.decode(errors="replace"))


def decode_yaml(body: bytes, *, strict: bool = False) -> tuple[Any, list[str]]:
    """The first document of a YAML text, and its duplicate keys if `strict`."""
    from fauxkube.machinery.yaml_decoding import load

    value, duplicates = load(body, strict=strict)
    if is_too_deep(value):
        raise MalformedError(_TOO_DEEP)
    return value, duplicates


def is_too_deep(value: Any) -> bool:
    """Whether objects and arrays lie in one another deeper than `MAX_DEPTH`."""
    layer = _containers([value])
    for _ in range(MAX_DEPTH):
        layer = [inner for each in layer for inner in _containers(each)]
    return bool(layer)


def _containers(container: dict[str, Any] | list[Any]) -> list[Any]:
    """The objects and arrays that lie in one."""
    items = container.values() if isinstance(container, dict) else container
    return [item for item in items if isinstance(item, dict | list)]


def _load_leniently(body: bytes) -> Any:
    """The value after what is no Unicode is replaced, as Go does; else Go's complaint."""
    text = body.decode(errors="replace")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        value = _load_slowly(text)
    whole = json.dumps(value, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
    try:
        return orjson.loads(whole.decode("utf-16-le", "replace"))
    except orjson.JSONDecodeError:
        raise MalformedError(_TOO_LARGE) from None


def _load_slowly(text: str) -> Any:
    """The value of a text in which surrogates stand alone; of any other, Go's complaint."""
    try:
        return json.loads(
            text, parse_constant=lambda name: _refuse(text, text.index(name), "looking for beginning of value")
        )
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise MalformedError("unexpected end of JSON input") from None
        _refuse(text, error.pos, _GO_WORDS.get(error.msg) or _after(text, error.pos))
    except RecursionError:
        raise MalformedError(_TOO_DEEP) from None
    except MalformedError:
        raise
    except ValueError:
        raise MalformedError(_TOO_LARGE) from None


def _refuse(text: str, position: int, problem: str) -> NoReturn:
    shown = json.dumps(text[position], ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    raise MalformedError(f"invalid character '{shown}' {problem}")


def _after(text: str, position: int) -> str:
    """Where a comma or the end was expected: in an object or in an array, whichever is open there."""
    open_brackets: list[str] = []
    in_string = escaped = False
    for char in text[:position]:
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "{[":
            open_brackets.append(char)
        elif char in "}]":
            open_brackets.pop()
    return "after object key:value pair" if open_brackets[-1] == "{" else "after array element"


def _has_no_duplicates(body: bytes, value: Any) -> bool:
    """Cheap and sure: a key named twice leaves quotes behind, unless escapes blur their number."""
    return b"\\u" not in body and body.count(b'"') == orjson.dumps(value).count(b'"')


class _Repeating(dict[str, Any]):
    """An object that names some of its keys more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        times = Counter(key for key, _ in pairs)
        self.repeated = [key for key, count in times.items() if count > 1]


def _built(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else _Repeating(pairs)


def _duplicates(text: str) -> list[str]:
    found: list[str] = []
    _collect(json.loads(text, object_pairs_hook=_built), "", found)
    return [f'duplicate field "{path}"' for path in found]


def _collect(value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        if isinstance(value, _Repeating):
            found += [f"{prefix}{key}" for key in value.repeated]
        for key, item in value.items():
            _collect(item, f"{prefix}{key}", found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _collect(item, f"{path}[{index}]", found)

"""The JSONPath expressions that name a value of an object, as kubectl's `--for=jsonpath=` and columns use them.

Read are fields (`.spec.replicas`, `['app.kubernetes.io/name']`, with `\\.` for a dot in a name), indexes (`[0]`,
`[-1]`), every element (`[*]`, `.*`) and filters (`[?(@.type=="Ready")]`, with `==` and `!=`). Braces and a leading dot
may be left out. Slices, unions and the rest of the template language are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import orjson

#: From a value to those it leads to.
_Step: TypeAlias = Callable[[Any], Iterator[Any]]

_TOKEN = re.compile(
    r"""
      \.(?P<star>\*)
    | \.(?P<field>(?:\\.|[^.\[\]\\])+)
    | \[(?P<index>-?\d+)\]
    | \[(?P<all>\*)\]
    | \[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]
    | \[\?\(\s*@(?P<path>[^=!<>]*?)\s*(?P<operator>==|!=)\s*(?P<value>[^)]*?)\s*\)\]
    """,
    re.VERBOSE,
)


class JSONPathError(ValueError):
    """An expression that cannot be read, or that asks for what is not supported."""


class JSONPath:
    """An expression, ready to be asked of many objects."""

    def __init__(self, expression: str) -> None:
        """JSONPathError when it cannot be read."""
        self.expression = expression
        self._steps = list(_steps(expression))

    def find(self, obj: Any) -> list[Any]:
        """Every value that the expression leads to; none where it leads nowhere."""
        values = [obj]
        for step in self._steps:
            values = [found for value in values for found in step(value)]
        return values


def _steps(expression: str) -> Iterator[_Step]:
    text = expression.strip().removeprefix("{").removesuffix("}").removeprefix("$").strip()
    if text and not text.startswith((".", "[")):
        text = f".{text}"
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise JSONPathError(f"{expression!r} is not understood from {text[position:]!r} on")
        yield _step_of(token)
        position = token.end()


def _step_of(token: re.Match[str]) -> _Step:
    if token["field"] is not None:
        return _field(re.sub(r"\\(.)", r"\1", token["field"]))
    if token["quoted"] is not None:
        return _field(token["quoted"])
    if token["index"] is not None:
        return _index(int(token["index"]))
    if token["operator"] is not None:
        return _filter(JSONPath(token["path"]), _literal(token["value"]), wanted=token["operator"] == "==")
    return _elements


def _field(name: str) -> _Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _index(position: int) -> _Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= position < len(value):
            yield value[position]

    return step


def _elements(value: Any) -> Iterator[Any]:
    if isinstance(value, list | dict):
        yield from value.values() if isinstance(value, dict) else value


def _filter(path: JSONPath, literal: str, *, wanted: bool) -> _Step:
    def step(value: Any) -> Iterator[Any]:
        for element in _elements(value):
            if any(shown(found) == literal for found in path.find(element)) is wanted:
                yield element

    return step


def _literal(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def shown(value: Any) -> str:
    """A value as kubectl compares and prints it: `true`, `3`, text as it is, the rest as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()

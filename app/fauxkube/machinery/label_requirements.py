"""Requirements on labels and the grammar they are written in, as apimachinery's `pkg/labels` parses them.

`parse_requirements("app in (web, api), !canary")` gives one `Requirement` for each comma-separated condition. What
cannot be read raises `SelectorError` with upstream's message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path

_OPERATORS = "in, notin, =, ==, !=, gt, lt"
_OPERATOR_OF = {"in": "in", "notin": "notin", "=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt"}
_SYMBOLS = frozenset({")", ",", "!", "==", "=", ">", "<", "!=", "("})
_NO_PATH = Path("<nil>")

_is_integer = re.compile(r"[+-]?[0-9]+").fullmatch
_next_run = re.compile(r"[ \t\r\n]*([=!(),<>]+|[^=!(),<> \t\r\n]+)").match


class SelectorError(ValueError):
    """The selector cannot be read; the message is upstream's."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label; `operator` is one of `in notin = == != exists ! gt lt`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels fulfil it; a label that is absent fulfils `notin`, `!=` and `!`."""
        value = labels.get(self.key)
        match self.operator:
            case "=" | "==" | "in":
                return value is not None and value in self.values
            case "!=" | "notin":
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
        if value is None or not _is_integer(value):
            return False
        bound = int(self.values[0])
        return int(value) > bound if self.operator == "gt" else int(value) < bound

    def __str__(self) -> str:
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"
        symbol = {"gt": ">", "lt": "<"}.get(self.operator, self.operator)
        return f"{self.key}{symbol}{self.values[0]}"


def _tokens(text: str) -> list[str]:
    """Words and symbols; a run of symbols is cut into the longest ones known. The last token is empty: the end."""
    found: list[str] = []
    position = 0
    while match := _next_run(text, position):
        run, position = match[1], match.end()
        if run[0] not in "=!(),<>":
            found.append(run)
            continue
        while run:
            length = 2 if run[:2] in _SYMBOLS else 1
            found.append(run[:length])
            run = run[length:]
    return [*found, ""]


class _Parser:
    """Recursive descent over the tokens, with upstream's grammar and messages."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0

    def parse(self) -> list[Requirement]:
        requirements: list[Requirement] = []
        while self._peek():
            if not self._is_word(self._peek()) and self._peek() != "!":
                raise SelectorError(f"found '{self._peek()}', expected: !, identifier, or 'end of string'")
            try:
                requirements.append(self._requirement())
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from None
            self._separator()
        return requirements

    def _separator(self) -> None:
        lexeme = self._next()
        if lexeme == ",":
            if not self._is_word(self._peek()) and self._peek() != "!":
                raise SelectorError(f"found '{self._peek()}', expected: identifier after ','")
        elif lexeme:
            raise SelectorError(f"found '{lexeme}', expected: ',' or 'end of string'")

    def _requirement(self) -> Requirement:
        lexeme = self._next()
        absent = lexeme == "!"
        if absent:
            lexeme = self._next()
        if not self._is_word(lexeme):
            self._fail(lexeme, "identifier")
        _check_key(lexeme)
        if self._peek() in {"", ","}:
            return Requirement(lexeme, "!" if absent else "exists")
        operator = self._operator()
        values = self._values() if operator in {"in", "notin"} else {self._value()}
        return _checked(Requirement(lexeme, operator, tuple(sorted(values))))

    def _operator(self) -> str:
        lexeme = self._next()
        if lexeme not in _OPERATOR_OF:
            self._fail(lexeme, _OPERATORS)
        return _OPERATOR_OF[lexeme]

    def _value(self) -> str:
        if self._peek() in {"", ","}:
            return ""
        lexeme = self._next()
        if not self._is_word(lexeme):
            self._fail(lexeme, "identifier")
        return lexeme

    def _values(self) -> set[str]:
        if (lexeme := self._next()) != "(":
            raise SelectorError(f"found '{lexeme}' expected: '('")
        if self._peek() == ")":
            self._next()
            return {""}
        if not self._is_word(self._peek()) and self._peek() != ",":
            self._fail(self._peek(), "',', ')' or identifier")
        values: set[str] = set()
        while self._peek() != ")":
            self._listed(values)
        self._next()
        return values

    def _listed(self, values: set[str]) -> None:
        """One word or comma of a list of values; a comma with no word beside it stands for the empty value."""
        lexeme = self._next()
        if lexeme == ",":
            if not values or self._peek() in {",", ")"}:
                values.add("")
        elif self._is_word(lexeme):
            values.add(lexeme)
            if self._peek() not in {",", ")"}:
                self._fail(self._peek(), "',' or ')'")
        else:
            self._fail(lexeme, "',', or identifier")

    def _peek(self) -> str:
        return self._tokens[self._position]

    def _next(self) -> str:
        lexeme = self._tokens[self._position]
        self._position = min(self._position + 1, len(self._tokens) - 1)
        return lexeme

    @staticmethod
    def _is_word(lexeme: str) -> bool:
        return bool(lexeme) and lexeme not in _SYMBOLS

    @staticmethod
    def _fail(lexeme: str, expected: str) -> NoReturn:
        raise SelectorError(f"found '{lexeme}', expected: {expected}")


def _raise(error: FieldError) -> NoReturn:
    raise SelectorError(f"{error.field}: {error.message}")


def _check_key(key: str) -> None:
    if problems := names.qualified_name_problems(key):
        _raise(_NO_PATH.invalid(key, "; ".join(problems)))


def _checked(requirement: Requirement) -> Requirement:
    """The requirement itself, when its values may stand; else `SelectorError`."""
    errors: list[FieldError] = []
    for index, value in enumerate(requirement.values):
        at = Path("values").index(index)
        if requirement.operator in {"gt", "lt"} and not _is_integer(value):
            errors.append(at.invalid(value, "for 'Gt', 'Lt' operators, the value must be an integer"))
        if problems := names.label_value_problems(value):
            errors.append(at.key(requirement.key).invalid(value, "; ".join(problems)))
    if len(errors) == 1:
        _raise(errors[0])
    if errors:
        raise SelectorError(f"[{', '.join(f'{each.field}: {each.message}' for each in errors)}]")
    return requirement


def parse_requirements(text: str) -> list[Requirement]:
    """The text's conditions, in its order; `SelectorError` when it cannot be read."""
    return _Parser(text).parse()

"""Field selectors (`spec.nodeName=node-1,status.phase!=Running`), as apimachinery's `pkg/fields` reads them.

A backslash takes the meaning from a following `\\`, `,` or `=`. Which fields a resource lets one select by is not
known here: `FieldSelector.requirements` lists what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from fauxkube.machinery.label_requirements import SelectorError

_OPERATORS = ("!=", "==", "=")
_SPECIAL = frozenset("\\,=")


class FieldSelector:
    """Conditions (field, `=` or `!=`, value) that must all hold. Without any it matches everything."""

    __slots__ = ("requirements",)

    def __init__(self, requirements: tuple[tuple[str, str, str], ...] = ()) -> None:
        self.requirements = requirements

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether every condition holds; a field that is absent counts as empty."""
        return all((fields.get(field, "") == value) is (op == "=") for field, op, value in self.requirements)

    @property
    def empty(self) -> bool:
        """Whether it restricts nothing."""
        return not self.requirements

    def exact(self, field: str) -> str | None:
        """The one value that the field must have, if the selector says so."""
        return next((value for name, op, value in self.requirements if name == field and op == "="), None)

    def __str__(self) -> str:
        return ",".join(f"{field}{op}{_escaped(value)}" for field, op, value in self.requirements)


def _escaped(value: str) -> str:
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in value)


def _unescaped(value: str) -> str:
    out: list[str] = []
    chars = iter(value)
    for char in chars:
        if char == "\\":
            following = next(chars, "")
            if following not in _SPECIAL:
                raise SelectorError(f"invalid field selector: invalid escape sequence: \\{following}")
            out.append(following)
        elif char in _SPECIAL:
            raise SelectorError(f"invalid field selector: unescaped character in value: {ord(char)}")
        else:
            out.append(char)
    return "".join(out)


def _terms(text: str) -> list[str]:
    """The text cut at each comma that no backslash precedes."""
    terms, start, escaped = [], 0, False
    for index, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == ",":
            terms.append(text[start:index])
            start = index + 1
    return [*terms, text[start:]]


def _requirement(term: str) -> tuple[str, str, str] | None:
    for index in range(len(term)):
        for operator in _OPERATORS:
            if term.startswith(operator, index):
                value = _unescaped(term[index + len(operator) :])
                return term[:index], "!=" if operator == "!=" else "=", value
    return None


@lru_cache(maxsize=1024)
def parse_field_selector(text: str) -> FieldSelector:
    """Read a `fieldSelector=` parameter; an empty text selects everything. `SelectorError` when it cannot be read."""
    requirements = []
    for term in sorted(_terms(text)):
        if not term:
            continue
        found = _requirement(term)
        if found is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{term}'")
        requirements.append(found)
    return FieldSelector(tuple(requirements))

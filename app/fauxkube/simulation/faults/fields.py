"""Reading a fault's spec field by field: each value is of its type or refused by the field's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

#: Gives what a JSON value means; ValueError, with what it must be, when it is not that.
Reader: TypeAlias = Callable[[Any], Any]

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|h|m|s))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class FaultError(ValueError):
    """A spec that is no fault; `field` says which part of it (`effect.exitCode`)."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field = field


@dataclass(frozen=True, slots=True)
class Field:
    """How a field is read, and what it means when it is left out."""

    read: Reader
    default: Any = None
    required: bool = False


Fields: TypeAlias = Mapping[str, Field]


def read_fields(given: Any, fields: Fields, at: str = "") -> dict[str, Any]:
    """What an object of these fields means, every one of them; `FaultError` names the one that is wrong."""
    if not isinstance(given, Mapping):
        raise FaultError(at, f"must be an object, not {given!r}")
    for name in given:
        if name not in fields:
            raise FaultError(_at(at, name), f"there is no such field, but there are {listed(fields)}")
    return {name: _read(given, name, field, _at(at, name)) for name, field in fields.items()}


def _read(given: Mapping[str, Any], name: str, field: Field, at: str) -> Any:
    if name not in given:
        if field.required:
            raise FaultError(at, "is required")
        return field.default
    try:
        return field.read(given[name])
    except FaultError:
        raise
    except ValueError as error:
        raise FaultError(at, str(error)) from None


def _at(parent: str, name: Any) -> str:
    return f"{parent}.{name}" if parent else str(name)


def listed(names: Iterable[str]) -> str:
    """Names for a message, in order of the alphabet."""
    return ", ".join(sorted(names)) or "none"


def text(value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not {value!r}")
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def whole(least: int, most: int | None = None) -> Reader:
    """A whole number from `least` to `most`."""

    def read(value: Any) -> int:
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or value < least
            or (most is not None and value > most)
        ):
            bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise ValueError(f"must be a whole number {bounds}, not {value!r}")
        return value

    return read


def share(value: Any) -> float:
    """A number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"must be a number from 0 to 1, not {value!r}")
    return float(value)


def duration(value: Any) -> float:
    """Seconds, given as a number or as Go writes a duration: `90`, `"1m30s"`, `"500ms"`."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value)
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return sum(float(amount) * _SECONDS[unit] for amount, unit in _PART.findall(value))
    raise ValueError(f"must be seconds or a duration such as '1m30s', not {value!r}")


def one_of(options: Collection[str]) -> Reader:
    """One of these texts."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in options:
            raise ValueError(f"must be one of {listed(options)}, not {value!r}")
        return value

    return read

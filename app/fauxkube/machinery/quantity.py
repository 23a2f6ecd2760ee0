"""Resource quantities (`500m`, `1Gi`, `2e3`), as apimachinery's `api/resource` reads and writes them.

A quantity is exact: `parse` gives a `Fraction`. `canonical` is the form in which the API server serves it: no
fractions, the largest suffix that leaves a whole number, binary suffixes kept binary where that is exact and at
least 1024. Amounts below a billionth are rounded up to it.
"""

from __future__ import annotations

import re
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import TypeAlias

Quantity: TypeAlias = str | int | float

#: What upstream answers to text that is no quantity.
FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_SUFFIX_WRONG = "unable to parse quantity's suffix"

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {power: suffix for suffix, power in _DECIMAL.items()}
_BINARY_SUFFIX = {0: "", **{power: suffix for suffix, power in _BINARY.items()}}
_NANO = 10**9
_MAX_BINARY = 2**63 - 1
#: Exponents beyond these are refused: no amount needs them, and they would cost memory.
_MAX_EXPONENT = 300

_split = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)").fullmatch


class QuantityError(ValueError):
    """The text is not a quantity; the message is upstream's."""


class _Format(Enum):
    DECIMAL = "DecimalSI"
    BINARY = "BinarySI"
    EXPONENT = "DecimalExponent"


def _scale(suffix: str) -> tuple[Fraction, _Format]:
    if (power := _DECIMAL.get(suffix)) is not None:
        return Fraction(10) ** power, _Format.DECIMAL
    if (power := _BINARY.get(suffix)) is not None:
        return Fraction(2**power), _Format.BINARY
    try:
        exponent = int(suffix[1:]) if suffix[0] in "eE" else None
    except ValueError:
        exponent = None
    if exponent is None or abs(exponent) > _MAX_EXPONENT:
        raise QuantityError(_SUFFIX_WRONG)
    return Fraction(10) ** exponent, _Format.EXPONENT


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[Fraction, _Format]:
    found = _split(text)
    if found is None or not text:
        raise QuantityError(FORMAT_WRONG)
    sign, whole, part, suffix = found.groups()
    scale, form = _scale(suffix)
    amount = Fraction(int((whole + (part or "")) or "0"), 10 ** len(part or "")) * scale
    if amount.denominator != 1:
        amount = Fraction(ceil(amount * _NANO), _NANO)
    if form is _Format.BINARY:
        amount = min(amount, Fraction(_MAX_BINARY))
    return (-amount if sign == "-" else amount), form


def parse(quantity: Quantity) -> Fraction:
    """The exact amount; `QuantityError` when the text is no quantity."""
    return _read(str(quantity))[0]


def _factors(amount: int, base: int) -> tuple[int, int]:
    """`amount` without its factors of `base`, and how many those were."""
    times = 0
    while amount % base == 0:
        amount //= base
        times += 1
    return amount, times


def _decimal(amount: Fraction, form: _Format) -> str:
    mantissa, exponent = _factors(int(amount * _NANO), 10)
    exponent -= 9
    shift = exponent % 3 if form is _Format.EXPONENT or exponent < 18 else exponent - 18
    mantissa, exponent = mantissa * 10**shift, exponent - shift
    if form is _Format.EXPONENT:
        return f"{mantissa}e{exponent}" if exponent else str(mantissa)
    return f"{mantissa}{_DECIMAL_SUFFIX[exponent]}"


def _binary(amount: int) -> str:
    mantissa, times = _factors(amount, 1024)
    if times > 6:
        mantissa, times = mantissa << 10 * (times - 6), 6
    return f"{mantissa}{_BINARY_SUFFIX[times * 10]}"


def _write(amount: Fraction, form: _Format) -> str:
    if not amount:
        return "0"
    if form is _Format.BINARY:
        if abs(amount) >= 1024 and amount.denominator == 1:
            return _binary(amount.numerator)
        form = _Format.DECIMAL
    return _decimal(amount, form)


@lru_cache(maxsize=4096)
def _canonical(text: str) -> str:
    return _write(*_read(text))


def canonical(quantity: Quantity) -> str:
    """The form in which the API serves it: `0.5` is `500m`, `1024Mi` is `1Gi`, `1000` is `1k`."""
    return _canonical(str(quantity))


@lru_cache(maxsize=4096)
def _milli(text: str) -> int:
    return _rounded_up(_read(text)[0] * 1000)


@lru_cache(maxsize=4096)
def _value(text: str) -> int:
    return _rounded_up(_read(text)[0])


def _rounded_up(amount: Fraction) -> int:
    """Away from zero, as upstream rounds."""
    return ceil(amount) if amount >= 0 else -ceil(-amount)


def milli(quantity: Quantity) -> int:
    """In thousandths, rounded up: `1.5` is 1500. What CPU is reckoned in."""
    return _milli(str(quantity))


def value(quantity: Quantity) -> int:
    """In whole units, rounded up: `1Ki` is 1024. What memory is reckoned in."""
    return _value(str(quantity))


def compare(left: Quantity, right: Quantity) -> int:
    """-1, 0 or 1 as `left` is less than, equal to or more than `right`."""
    a, b = parse(left), parse(right)
    return (a > b) - (a < b)


def _combined(left: Quantity, right: Quantity, sign: int) -> str:
    a, form = _read(str(left))
    b, other_form = _read(str(right))
    return _write(a + sign * b, form if a else other_form)


def add(left: Quantity, right: Quantity) -> str:
    """The sum in canonical form, in the format of `left` unless that is zero."""
    return _combined(left, right, 1)


def subtract(left: Quantity, right: Quantity) -> str:
    """The difference in canonical form, in the format of `left` unless that is zero."""
    return _combined(left, right, -1)


def from_milli(amount: int) -> str:
    """So many thousandths, in canonical decimal form: 1500 is `1500m`."""
    return _write(Fraction(amount, 1000), _Format.DECIMAL)


def from_bytes(amount: int) -> str:
    """So many units, in canonical binary form: 2048 is `2Ki`."""
    return _write(Fraction(amount), _Format.BINARY)

"""Quantities: what is read, what is written back, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.machinery import quantity


@pytest.mark.parametrize(
    ("given_text", "served"),
    [
        ("0", "0"),
        ("0Mi", "0"),
        ("100m", "100m"),
        ("0.5", "500m"),
        (".5", "500m"),
        (1, "1"),
        (0.25, "250m"),
        ("1000m", "1"),
        ("1000", "1k"),
        ("1500", "1500"),
        ("2000000", "2M"),
        ("1.5", "1500m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("100Mi", "100Mi"),
        ("1Ki", "1Ki"),
        ("0.5Ki", "512"),
        ("1.1Ki", "1126400m"),
        ("1024", "1024"),
        ("1e3", "1e3"),
        ("12E3", "12e3"),
        ("1e-3", "1e-3"),
        ("5E", "5E"),
        ("1000E", "1000E"),
        ("1n", "1n"),
        ("0.1n", "1n"),
        ("-1.5", "-1500m"),
        ("10Ei", "9223372036854775807"),
        ("-2Gi", "-2Gi"),
    ],
)
def test_the_canonical_form_is_upstreams(given_text: str | float, served: str) -> None:
    assert quantity.canonical(given_text) == served


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "1 Gi", "1Gi!", "½"])
def test_text_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(quantity.QuantityError, match=r"^quantities must match the regular expression"):
        quantity.parse(text)


@pytest.mark.parametrize("text", ["1gi", "1Gi5", "1mm", "1e", "1e999999999", "--1"])
def test_an_unknown_suffix_is_refused(text: str) -> None:
    with pytest.raises(quantity.QuantityError):
        quantity.parse(text)


def test_amounts_are_rounded_up() -> None:
    assert quantity.milli("1.5") == 1500
    assert quantity.milli("1u") == 1
    assert quantity.value("1Ki") == 1024
    assert quantity.value("100m") == 1
    assert quantity.value("-100m") == -1


def test_sums_keep_the_format_of_the_first_amount() -> None:
    assert quantity.add("1Gi", "1024Mi") == "2Gi"
    assert quantity.add("0", "512Mi") == "512Mi"
    assert quantity.subtract("2", "500m") == "1500m"
    assert quantity.from_milli(2500) == "2500m"
    assert quantity.from_bytes(3 * 1024**2) == "3Mi"


def test_amounts_are_compared_across_formats() -> None:
    assert quantity.compare("1", "1000m") == 0
    assert quantity.compare("1G", "1Gi") == -1
    assert quantity.compare("2k", "2e2") == 1


@given(
    st.integers(-(10**12), 10**12),
    st.integers(0, 6),
    st.sampled_from(["", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "e3", "E-2"]),
)
def test_the_canonical_form_is_a_fixed_point_of_the_same_amount(digits: int, places: int, suffix: str) -> None:
    sign, text = ("-" if digits < 0 else ""), str(abs(digits)).rjust(places + 1, "0")
    written = f"{sign}{text[: len(text) - places]}.{text[len(text) - places :]}{suffix}"
    served = quantity.canonical(written)
    assert quantity.parse(served) == quantity.parse(written)
    assert quantity.canonical(served) == served
    assert "." not in served


@given(st.fractions(min_value=0, max_value=10**9, max_denominator=10**6))
def test_milli_is_the_ceiling(amount: Fraction) -> None:
    exact = Fraction(-(-amount.numerator * 10**9 // amount.denominator), 10**9)
    digits = exact.numerator * (10**9 // exact.denominator)
    assert quantity.milli(f"{digits}n") == -(-exact * 1000 // 1)

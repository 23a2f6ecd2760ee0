"""Strings with a format of their own, times and base64, checked as Go's decoders check them and in their words."""

from __future__ import annotations

import re
from binascii import a2b_base64
from datetime import datetime

from fauxkube.machinery.times import from_time, to_micro_time, to_time

_TIME_LAYOUT = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_PAD = ord("=")

_is_utc_time = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII).fullmatch
_is_utc_micro_time = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII).fullmatch

#: A layout's elements in order, with the text each may be.
_DATE_AND_TIME = (
    ("2006", r"\d{4}"),
    ("-", "-"),
    ("01", r"\d\d"),
    ("-", "-"),
    ("02", r"\d\d"),
    ("T", "T"),
    ("15", r"\d\d"),
    (":", ":"),
    ("04", r"\d\d"),
    (":", ":"),
)
_ZONE = ("Z07:00", r"Z|[+-]\d\d:\d\d")
_TIME_ELEMENTS = (*_DATE_AND_TIME, ("05", r"\d\d(?:[.,]\d+)?"), _ZONE)
_MICRO_ELEMENTS = (*_DATE_AND_TIME, ("05", r"\d\d"), (".000000", r"\.\d{6}"), _ZONE)
_RANGES = (("month", 5, 1, 12), ("day", 8, 1, 31), ("hour", 11, 0, 23), ("minute", 14, 0, 59), ("second", 17, 0, 59))


class FormatError(ValueError):
    """The string has not its format; the message is Go's."""


def _problem(text: str, layout: str, elements: tuple[tuple[str, str], ...]) -> str:
    """What Go's `time.Parse` says of text that is no time."""
    position = 0
    for element, pattern in elements:
        found = re.compile(pattern, re.ASCII).match(text, position)
        if not found:
            return f'parsing time "{text}" as "{layout}": cannot parse "{text[position:]}" as "{element}"'
        position = found.end()
    if position < len(text):
        return f'parsing time "{text}": extra text: "{text[position:]}"'
    for name, start, low, high in _RANGES:
        if not low <= int(text[start : start + 2]) <= high:
            return f'parsing time "{text}": {name} out of range'
    return f'parsing time "{text}": day out of range'


def _moment(text: str, layout: str, elements: tuple[tuple[str, str], ...]) -> datetime:
    pattern = "".join(f"(?:{part})" for _, part in elements)
    try:
        if re.fullmatch(pattern, text, re.ASCII):
            return from_time(text)
    except ValueError:
        pass
    raise FormatError(_problem(text, layout, elements))


def canonical_time(text: str) -> str:
    """An RFC 3339 time as the API serves it: in UTC, to the second."""
    if _is_utc_time(text):
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise FormatError(_problem(text, _TIME_LAYOUT, _TIME_ELEMENTS)) from None
        return text
    return to_time(_moment(text, _TIME_LAYOUT, _TIME_ELEMENTS))


def canonical_micro_time(text: str) -> str:
    """A time with just six decimals as the API serves it: in UTC."""
    moment = _moment(text, _MICRO_LAYOUT, _MICRO_ELEMENTS)
    return text if _is_utc_micro_time(text) else to_micro_time(moment)


def canonical_base64(text: str) -> str:
    """Standard base64 with its padding; line breaks within are dropped."""
    if "\n" in text or "\r" in text:
        canonical_base64(joined := text.replace("\n", "").replace("\r", ""))
        return joined
    if not _is_base64(text):
        raise FormatError(f"illegal base64 data at input byte {_base64_fault(text.encode())}")
    return text


def _is_base64(text: str) -> bool:
    try:
        a2b_base64(text, strict_mode=True)
    except ValueError:
        return False
    # Python's strict mode lets padding after a complete group pass.
    return len(text) % 4 == 0 and not text.endswith("===")


def _base64_fault(data: bytes) -> int:
    """Where Go's decoder stops: at the first wrong byte, or at the start of an incomplete group of four."""
    end = next((at for at, byte in enumerate(data) if byte not in _BASE64), len(data))
    in_group = end % 4
    if end == len(data):
        return end - in_group
    if data[end] != _PAD or in_group < 2:
        return end
    needed = 4 - in_group
    given = len(data[end : end + needed]) - len(data[end : end + needed].lstrip(b"="))
    if given == needed:
        return end + needed
    return len(data) if end + given == len(data) else end

"""The formats of strings that a schema may ask for, as go-openapi's `strfmt` judges them.

A format that is not here is not judged, as apiextensions-apiserver does with those that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

_HOSTNAME = re.compile(
    r"([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.?"
)
_DURATION = re.compile(r"[-+]?(\d+(\.\d*)?\s*(ns|us|µs|ms|s|m|h|d|w|[a-z]+)\s*)+|0")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def _matching(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _made_by(make: Callable[[str], object]) -> Callable[[str], bool]:
    def judge(text: str) -> bool:
        with suppress(ValueError):
            make(text)
            return True
        return False

    return judge


def _is_date_time(text: str) -> bool:
    if not _DATE_TIME.fullmatch(text):
        return False
    with suppress(ValueError):
        datetime.fromisoformat(text[:19].upper().replace(" ", "T"))
        return True
    return False


def _is_cidr(text: str) -> bool:
    with suppress(ValueError):
        ip_network(text, strict=False)
        return "/" in text
    return False


def _is_uri(text: str) -> bool:
    with suppress(ValueError):
        return bool(urlsplit(text).scheme or text.startswith("/"))
    return False


_UUID = "[0-9a-fA-F]{{8}}-?[0-9a-fA-F]{{4}}-?{version}[0-9a-fA-F]{{3}}-?{variant}[0-9a-fA-F]{{3}}-?[0-9a-fA-F]{{12}}"
_ANY, _VARIANT = "[0-9a-fA-F]", "[89abAB]"

FORMATS: Mapping[str, Callable[[str], bool]] = {
    "bsonobjectid": _matching(r"[0-9a-fA-F]{24}"),
    "byte": _matching(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"),
    "cidr": _is_cidr,
    "date": _made_by(date.fromisoformat),
    "date-time": _is_date_time,
    "datetime": _is_date_time,
    "duration": lambda text: _DURATION.fullmatch(text) is not None,
    "email": _matching(r"[^@\s]+@[^@\s]+"),
    "hexcolor": _matching(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "hostname": lambda text: len(text) <= 255 and _HOSTNAME.fullmatch(text) is not None,
    "ipv4": _made_by(IPv4Address),
    "ipv6": _made_by(IPv6Address),
    "mac": _matching(r"([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|([0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}"),
    "uri": _is_uri,
    "uuid": _matching(_UUID.format(version=_ANY, variant=_ANY)),
    "uuid3": _matching(_UUID.format(version="3", variant=_ANY)),
    "uuid4": _matching(_UUID.format(version="4", variant=_VARIANT)),
    "uuid5": _matching(_UUID.format(version="5", variant=_VARIANT)),
}

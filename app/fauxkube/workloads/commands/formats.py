"""Texts with escapes and formats in them: `echo -e`, `printf`, `date +...`, numbers as `seq` writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from fauxkube.workloads.process import UsageError

_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "e": "\x1b"}
_escape = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|0?([0-7]{1,3})|(.))", re.DOTALL)
_conversion = re.compile(
    r"%(?P<flags>[-+ #0]*)(?P<width>\*|[0-9]*)(?:\.(?P<precision>\*|[0-9]*))?(?P<kind>.)?", re.DOTALL
)
_WIDEST = 10_000


def unescaped(text: str) -> tuple[str, bool]:
    """The text with its escapes replaced; False where `\\c` ends it."""
    end = _cut(text)
    return _escape.sub(_character, text if end is None else text[:end]), end is None


def _cut(text: str) -> int | None:
    """Where the output stops: at the first `\\c` that is no escaped backslash before a c."""
    return next((match.start() for match in _escape.finditer(text) if match[3] == "c"), None)


def _character(match: re.Match[str]) -> str:
    if match[1] or match[2]:
        number = int(match[1], 16) if match[1] else int(match[2], 8)
        return bytes([number & 255]).decode(errors="surrogateescape")
    return _ESCAPES.get(match[3], match[0])


def formatted(text: str, arguments: Sequence[str]) -> tuple[str, str]:
    """What `printf` prints, and what it complains of; the format is used again until no argument is left."""
    rest = list(arguments)
    out: list[str] = []
    while True:
        before = len(rest)
        piece, problem, goes_on = _once(text, rest)
        out.append(piece)
        if problem or not goes_on or not rest or len(rest) == before:
            return "".join(out), problem


def _once(text: str, rest: list[str]) -> tuple[str, str, bool]:
    out: list[str] = []
    at = 0
    for match in _conversion.finditer(text):
        literal, goes_on = unescaped(text[at : match.start()])
        out.append(literal)
        if not goes_on:
            return "".join(out), "", False
        at = match.end()
        if match["kind"] == "%":
            out.append("%")
            continue
        piece, problem, goes_on = _converted(match, rest)
        out.append(piece)
        if problem or not goes_on:
            return "".join(out), problem, goes_on
    literal, goes_on = unescaped(text[at:])
    return "".join(out) + literal, "", goes_on


def _converted(match: re.Match[str], rest: list[str]) -> tuple[str, str, bool]:
    width = _size(match["width"], rest)
    precision = _size(match["precision"], rest) if match["precision"] is not None else None
    kind = match["kind"] or ""
    word = rest.pop(0) if rest else ""
    dot = "" if precision is None else f".{precision}"
    shape = f"%{match['flags']}{width or ''}{dot}"
    if kind in {"s", "b"}:
        text, goes_on = unescaped(word) if kind == "b" else (word, True)
        return f"{shape}s" % text, "", goes_on
    if kind == "c":
        return f"{shape}s" % word[:1], "", True
    if kind in {"d", "i", "u", "o", "x", "X"}:
        value = _integer(word)
        text = f"{shape}{'d' if kind in 'iu' else kind}" % (value or 0)
        return text, "" if value is not None else f"invalid number '{word}'", True
    if kind in {"f", "F", "e", "E", "g", "G"}:
        try:
            return f"{shape}{kind}" % float(word or 0), "", True
        except ValueError:
            return f"{shape}{kind}" % 0.0, f"invalid number '{word}'", True
    return "", f"%{kind}: invalid format", False


def _size(text: str, rest: list[str]) -> int:
    value = (_integer(rest.pop(0) if rest else "") or 0) if text == "*" else int(text or 0)
    if abs(value) > _WIDEST:
        raise UsageError(f"fauxkube's printf writes no field wider than {_WIDEST}")
    return value


def _integer(word: str) -> int | None:
    if not word:
        return 0
    if word[0] in "'\"":
        return ord(word[1]) if len(word) > 1 else 0
    try:
        return int(word, 0) if not re.fullmatch(r"[-+]?0[0-9]+", word) else int(word, 8)
    except ValueError:
        return None


def number(word: str) -> float:
    """A number as `seq` takes it; whole where it can be."""
    if not re.fullmatch(r"[-+]?[0-9]{1,15}(?:\.[0-9]{1,9})?", word):
        raise UsageError(f"invalid number '{word}'")
    return float(word) if "." in word else int(word)


def shown(value: float) -> str:
    """A number as `seq` writes it."""
    return str(value) if isinstance(value, int) else f"{value:.10g}"


def time_text(moment: datetime, pattern: str) -> str:
    """The moment in `strftime`'s form, with `%N`, `%s`, `%e` and `%Z` wherever this runs."""
    nanoseconds = f"{moment.microsecond * 1000:09d}"
    own = {"%N": nanoseconds, "%s": str(int(moment.timestamp())), "%e": f"{moment.day:2d}", "%Z": "UTC", "%%": "%%"}
    own |= {"%z": "+0000", "%F": f"{moment:%Y-%m-%d}", "%T": f"{moment:%H:%M:%S}", "%D": f"{moment:%m/%d/%y}"}
    text = re.sub(r"%.", lambda match: own.get(match[0], match[0]), pattern, flags=re.DOTALL)
    try:
        return moment.strftime(text)
    except ValueError:
        raise UsageError(f"invalid format '{pattern}'") from None

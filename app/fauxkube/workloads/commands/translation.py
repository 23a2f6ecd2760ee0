"""The sets of `tr` and the lists of `cut`."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence

from fauxkube.workloads.process import UsageError

_CLASSES = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "blank": " \t",
    "cntrl": "".join(map(chr, range(32))) + "\x7f",
    "digit": string.digits,
    "lower": string.ascii_lowercase,
    "punct": string.punctuation,
    "space": string.whitespace,
    "upper": string.ascii_uppercase,
    "xdigit": string.hexdigits,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "0": "\0", "f": "\f", "v": "\v", "a": "\a", "b": "\b"}
_token = re.compile(r"\[:([a-z]+):\]|\\([ntr\\fvab0])|(.)-(.)|(.)", re.DOTALL)


def expanded(text: str) -> str:
    """The characters of a set."""
    out: list[str] = []
    for match in _token.finditer(text):
        if match[1]:
            if match[1] not in _CLASSES:
                raise UsageError(f"invalid character class '{match[1]}'")
            out.append(_CLASSES[match[1]])
        elif match[2]:
            out.append(_ESCAPES[match[2]])
        elif match[3]:
            out.append("".join(map(chr, range(ord(match[3]), ord(match[4]) + 1))))
        else:
            out.append(match[5])
    return "".join(out)


def translator(sets: Sequence[str], letters: frozenset[str]) -> Callable[[str], str]:
    """What `tr` does with these sets and options; what it squeezes it remembers from one call to the next."""
    if not sets or len(sets) > 2:
        raise UsageError("usage: tr [-cds] STRING1 [STRING2]")
    first = expanded(sets[0])
    second = expanded(sets[1]) if len(sets) > 1 else ""
    complement = bool(letters & {"c", "C"})
    inside = frozenset(first)

    def meant(char: str) -> bool:
        return (char in inside) != complement

    squeezed = frozenset(second or first) if "s" in letters else frozenset()
    table = _table(first, second)
    before = ""

    def change(text: str) -> str:
        nonlocal before
        out: list[str] = []
        for char in text:
            if "d" in letters:
                if meant(char):
                    continue
                made = char
            elif second and meant(char):
                made = second[-1] if complement else table[char]
            else:
                made = char
            squeeze = made in squeezed if second or not complement else meant(made)
            if "s" in letters and squeeze and made == before:
                continue
            before = made
            out.append(made)
        return "".join(out)

    return change


def _table(first: str, second: str) -> dict[str, str]:
    """What each character becomes; the last of the second set stands for those that it lacks."""
    if not second:
        return {}
    return {char: second[min(index, len(second) - 1)] for index, char in reversed(list(enumerate(first)))}


def ranges(text: str) -> list[tuple[int, int | None]]:
    """The list of `cut`: numbers and ranges from 1 on, which may be open."""
    found: list[tuple[int, int | None]] = []
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]*)(-?)([0-9]*)", part)
        if match is None or not (match[1] or match[3]):
            raise UsageError(f"invalid range {text}")
        first = int(match[1] or 1)
        last = int(match[3]) if match[3] else None if match[2] else first
        found.append((first, last))
    return found


def chosen(parts: list[str], wanted: list[tuple[int, int | None]]) -> list[str]:
    """The parts that the list names, in their own order."""
    return [
        part
        for at, part in enumerate(parts, start=1)
        if any(first <= at and (last is None or at <= last) for first, last in wanted)
    ]

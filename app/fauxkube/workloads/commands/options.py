"""Command lines, read as `getopt` reads them: letters together, values with or without a space, long ones with `=`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fauxkube.workloads.process import UsageError


@dataclass(slots=True)
class Options:
    """What was given: values by option (those of the letter's name), and the arguments that are none."""

    values: dict[str, list[str]] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def last(self, name: str, otherwise: str = "") -> str:
        """The value that was given last."""
        return self.values[name][-1] if name in self.values else otherwise

    def every(self, name: str) -> list[str]:
        """All values, in their order."""
        return self.values.get(name, [])

    def number(self, name: str, otherwise: int) -> int:
        """The value as a whole number."""
        return whole(self.values[name][-1]) if name in self.values else otherwise


def read_options(
    arguments: Sequence[str],
    letters: str,
    long: Mapping[str, str] | None = None,
    *,
    stops: bool = False,
    code: int = 1,
) -> Options:
    """The options among the arguments; UsageError for one that there is not, in `getopt`'s words.

    `letters` are as for `getopt`: one that takes a value has a colon after it. `long` gives for a long option's name
    the letter, or word, that it stands for; it takes a value when that ends with a colon. With `stops` nothing after
    the first argument is an option.
    """
    found = Options()
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            found.arguments += rest
            break
        if word.startswith("--"):
            _long(word, rest, (letters, long or {}), found, code)
        elif word.startswith("-") and len(word) > 1:
            _letters(word[1:], rest, letters, found, code)
        else:
            found.arguments.append(word)
            if stops:
                found.arguments += rest
                break
    return found


def _letters(word: str, rest: list[str], letters: str, found: Options, code: int) -> None:
    while word:
        letter, word = word[0], word[1:]
        place = letters.find(letter) if letter != ":" else -1
        if place < 0:
            raise UsageError(f"invalid option -- '{letter}'", code)
        value = ""
        if letters[place + 1 : place + 2] == ":":
            if not word and not rest:
                raise UsageError(f"option requires an argument -- '{letter}'", code)
            value, word = word or rest.pop(0), ""
        found.values.setdefault(letter, []).append(value)


def _shown(letters: str, long: Mapping[str, str]) -> str:
    """All options that there are."""
    return " ".join([*(f"-{letter}" for letter in letters if letter != ":"), *(f"--{name}" for name in long)])


def _long(word: str, rest: list[str], known: tuple[str, Mapping[str, str]], found: Options, code: int) -> None:
    letters, long = known
    name, equals, value = word[2:].partition("=")
    if name == "help" and name not in long:
        raise UsageError(f"takes {_shown(letters, long)}", 0)
    if name not in long:
        raise UsageError(f"unrecognized option '--{name}'", code)
    stands_for = long[name]
    if stands_for.endswith(":"):
        if not equals and not rest:
            raise UsageError(f"option '--{name}' requires an argument", code)
        value = value if equals else rest.pop(0)
    found.values.setdefault(stands_for.rstrip(":"), []).append(value)


def whole(text: str) -> int:
    """A whole number, which is not negative."""
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise UsageError(f"invalid number '{text}'")
    return int(text)


def seconds(text: str) -> float:
    """A number of seconds, with a unit if need be: `1.5`, `2m`."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})([smhd]?)", text)
    if match is None:
        raise UsageError(f"invalid number '{text}'")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]

"""How strict to be, as text: a mode for all rules, and others for some.

    off    warn    fail    warn,hot-loop=fail,unnamed-client=off    *=fail,no-bookmarks=off

A mode for all goes no further than each rule's own limit (`Rule.most`): what the official clients do by themselves is
not refused unless the rule is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

Mode = Literal["off", "warn", "fail"]
MODES: tuple[Mode, ...] = get_args(Mode)

#: The strictness of a cluster that judges nobody.
OFF: Mode = "off"

#: What stands for all rules in a mapping.
ALL = "*"


class StrictnessError(ValueError):
    """A mode or a rule that does not exist; the message names it."""


def as_text(strict: str | Mapping[str, str]) -> str:
    """The modes as text; a mapping is from rules, or `*` for all, to modes."""
    if isinstance(strict, str):
        return strict
    return ",".join(f"{rule}={mode}" for rule, mode in strict.items()) or OFF


def modes_of(strict: str | Mapping[str, str], most: Mapping[str, Mode]) -> dict[str, Mode]:
    """The mode of each rule; `most` has every rule with the furthest that a mode for all takes it."""
    general: Mode = OFF
    named: dict[str, Mode] = {}
    for part in as_text(strict).split(","):
        rule, _, mode = part.strip().rpartition("=")
        if rule in ("", ALL):
            general = _mode(mode)
        elif rule in most:
            named[rule] = _mode(mode)
        else:
            raise StrictnessError(f"there is no strict rule {rule!r}, but there are {_listed(most)}")
    return {rule: named.get(rule) or MODES[min(MODES.index(general), MODES.index(most[rule]))] for rule in most}


def _mode(text: str) -> Mode:
    if text not in MODES:
        raise StrictnessError(f"there is no strict mode {text!r}, but there are {_listed(MODES)}")
    return text


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))

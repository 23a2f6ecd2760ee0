"""A finding: what is wrong with an object, in a word and in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fauxkube.machinery.objects import Object, key_of

#: Something does not work, or something will not before long.
PROBLEM, WARNING = "problem", "warning"

#: How many examples are enough.
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with `object` (`service/default/web`, `node/node-1`, `network`), and what is `likely` the mistake.

    `word` is for programs: it stays the same while the sentences may get better.
    """

    word: str
    object: str
    message: str
    likely: tuple[str, ...] = ()
    severity: str = PROBLEM

    @property
    def namespace(self) -> str:
        """The object's namespace; empty for what has none."""
        parts = self.object.split("/")
        return parts[1] if len(parts) == 3 else ""


def place(kind: str, obj: Object) -> str:
    """How a finding calls an object: `service/default/web`."""
    return f"{kind}/{key_of(obj)}"


def listed(names: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    found = list(names)
    more = len(found) - SHOWN
    return ", ".join(found[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def counted(number: int, what: str) -> str:
    """`1 pod`, `2 pods`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

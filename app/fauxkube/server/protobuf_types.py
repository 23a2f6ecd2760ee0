"""The wire types of Kubernetes' messages: which field has which number.

They are read from `protobuf_types.txt` when they are first needed: a message a block, a field a line, as `<number>
<name> <type>`, where `[]` marks a list and `{}` a map from strings. The numbers are those that upstream's own file
descriptors give (kubectl's binary carries them up to 1.34; its struct tags have those of later fields). A field that
says `keep` is a pointer or required: its zero value means something. One that says `inline` is a struct whose fields
JSON has in the outer object.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

Shape = Literal["one", "list", "map"]
Message: TypeAlias = dict[int, "WireField"]

_TYPES = Path(__file__).with_name("protobuf_types.txt")
_META_KINDS = frozenset(("DeleteOptions",))


class WireField(NamedTuple):
    """A field: its name in JSON, the type of its values (a scalar's or a message's name), and how they are held."""

    name: str
    type: str
    shape: Shape
    keep: bool
    inline: bool


@cache
def messages() -> dict[str, Message]:
    """Every message by its name (`core.v1.Pod`), its fields by their numbers."""
    found: dict[str, Message] = {}
    message: Message = {}
    for line in _TYPES.read_text().splitlines():
        if line.startswith(" "):
            number, name, type_, *how = line.split()
            message[int(number)] = _field(name, type_, how)
        else:
            message = found[line] = {}
    return found


def _field(name: str, type_: str, how: list[str]) -> WireField:
    shape: Shape = "list" if type_.startswith("[]") else "map" if type_.startswith("{}") else "one"
    return WireField(name, type_.lstrip("[]{}"), shape, "keep" in how, "inline" in how)


def message_of(api_version: str, kind: str) -> Message | None:
    """The message of a kind; None when it has none here."""
    if kind in _META_KINDS:
        return messages().get(f"meta.v1.{kind}")
    group, _, version = api_version.rpartition("/")
    package = group.partition(".")[0] or "core"
    return messages().get(f"{package}.{version}.{kind}")

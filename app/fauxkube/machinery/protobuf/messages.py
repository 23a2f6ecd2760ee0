"""The messages of Kubernetes' kinds, compiled from the numbers of their fields.

The numbers are in `messages.txt`, whose head says how to read it. It is read when the first message is asked for, and
each message is compiled when it is first needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fauxkube.machinery.protobuf.fields import inline, many, mapped, nested, one, packed
from fauxkube.machinery.protobuf.values import NUMBERS, PLAIN, SCALARS
from fauxkube.machinery.protobuf.wire import LENGTH, VARINT, Message, Setter

_FACTS = Path(__file__).with_name("messages.txt")

#: The kinds of meta/v1, which every group's versions know.
_META_KINDS = frozenset(("CreateOptions", "DeleteOptions", "ListOptions", "PatchOptions", "Status", "UpdateOptions"))


def message_of(api_version: str, kind: str) -> Message | None:
    """The message of a kind; None when its fields are not known."""
    group, _, version = api_version.rpartition("/")
    package = f"{group.partition('.')[0] or 'core'}.{version}"
    name = f"meta.v1.{kind}" if kind in _META_KINDS else f"{package}.{kind}"
    return _message(name) if name in facts() else None


@cache
def facts() -> dict[str, str]:
    """The fields of each message as the file has them, by its name (`core.v1.Pod`)."""
    found: dict[str, str] = {}
    name = ""
    for line in _FACTS.read_text("utf-8").splitlines():
        if line.startswith(" "):
            found[name] += line
        elif not line.startswith("#"):
            name, _, fields = line.partition(" ")
            found[name] = fields
    return found


@cache
def _message(name: str) -> Message:
    message = Message(name)
    for fact in facts()[name].split():
        number, _, described = fact.partition("=")
        field, _, type_ = described.partition(":")
        holds, element = (type_[:2], type_[2:]) if type_[:2] in ("[]", "{}") else ("", type_)
        if element.rstrip("*") in SCALARS:
            setters = _scalar_setters(field, holds, element)
        else:
            package = name.rpartition(".")[0] if element.startswith(".") else ""
            setters = {LENGTH: _struct_setter(field, holds, _message(package + element))}
        message.add(int(number), field, setters)
    return message


def _scalar_setters(field: str, holds: str, element: str) -> Mapping[int, Setter]:
    """The setters of a scalar field by the forms of its values; a list's numbers may also come packed."""
    scalar = element.rstrip("*")
    convert, form = SCALARS[scalar], VARINT if scalar in NUMBERS else LENGTH
    match holds:
        case "{}":
            return {LENGTH: mapped(field, convert)}
        case "[]" if form == VARINT:
            return {VARINT: many(field, convert), LENGTH: packed(field, convert)}
        case "[]":
            return {LENGTH: many(field, convert)}
    return {form: one(field, convert, keep_zero=element.endswith("*") or scalar not in PLAIN)}


def _struct_setter(field: str, holds: str, message: Message) -> Setter:
    if holds:
        return many(field, message.decode)
    return inline(message) if field == "-" else nested(field, message)

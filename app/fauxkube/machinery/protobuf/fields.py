"""Setters: how a field's values are put into the object, by what the field holds of them: one, a list or a map.

Go writes a field that is no pointer even when it is zero, and leaves that zero out of JSON (`omitempty`). So a zero is
kept only where the field is a pointer or has to be there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from fauxkube.machinery.objects import Object
from fauxkube.machinery.protobuf.wire import LENGTH, Message, Setter, read_varint

#: Makes a field's value, a number or bytes, what it is in JSON; None when it is not set.
Converter: TypeAlias = Callable[[Any], Any]


def text(raw: bytes) -> str:
    """A string; bytes that are no UTF-8 are replaced, as Go replaces them when it writes JSON."""
    return raw.decode("utf-8", "replace")


def one(name: str, convert: Converter, *, keep_zero: bool = False) -> Setter:
    """A single value; of several the last counts."""

    def put(obj: Object, raw: Any) -> None:
        if raw or keep_zero:
            value = convert(raw)
            if value is not None:
                obj[name] = value

    return put


def nested(name: str, message: Message) -> Setter:
    """A struct, kept even when it is empty; several are merged."""
    read = message.read

    def put(obj: Object, raw: bytes) -> None:
        read(raw, obj.setdefault(name, {}))

    return put


def inline(message: Message) -> Setter:
    """A struct whose fields JSON has in the outer object."""
    read = message.read

    def put(obj: Object, raw: bytes) -> None:
        read(raw, obj)

    return put


def many(name: str, convert: Converter) -> Setter:
    """A list's next value."""

    def put(obj: Object, raw: Any) -> None:
        obj.setdefault(name, []).append(convert(raw))

    return put


def packed(name: str, convert: Converter) -> Setter:
    """A list's next numbers, several in one value."""

    def put(obj: Object, raw: bytes) -> None:
        values, position = obj.setdefault(name, []), 0
        while position < len(raw):
            number, position = read_varint(raw, position)
            values.append(convert(number))

    return put


def mapped(name: str, convert: Converter) -> Setter:
    """A map's next entry: a message whose field 1 is the key and whose field 2 is the value."""
    zero = convert(b"")
    entry = struct("Entry", key=(1, LENGTH, text), value=(2, LENGTH, convert))

    def put(obj: Object, raw: bytes) -> None:
        pair = entry.decode(raw)
        obj.setdefault(name, {})[pair.get("key", "")] = pair.get("value", zero)

    return put


def struct(name: str, **fields: tuple[int, int, Converter]) -> Message:
    """A message of single values: the number, form and converter of each."""
    message = Message(name)
    for field, (number, form, convert) in fields.items():
        message.add(number, field, {form: one(field, convert)})
    return message

"""Protobuf's wire format: a message is a run of fields, each a tag (number and form) and a value in that form.

`Message.read` hands each value to the setter that its tag names: a number for a varint, bytes for anything that has a
length. Fields that the message does not know are skipped in silence, as Go skips them; groups, which Kubernetes never
had, are refused. The type of a message bounds its depth, as no type holds itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from fauxkube.machinery.objects import Object
from fauxkube.machinery.protobuf.errors import ProtobufError

#: Puts a field's value into the object.
Setter: TypeAlias = Callable[[Object, Any], None]

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

_FIXED_SIZES = {FIXED64: 8, FIXED32: 4}
_TRUNCATED = "unexpected EOF"


class Message:
    """A type of message: its fields' setters by their tags."""

    __slots__ = ("_fields", "_setters", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._fields: dict[int, str] = {}
        self._setters: dict[int, Setter] = {}

    def add(self, number: int, name: str, setters: Mapping[int, Setter]) -> None:
        """Know a field, by the forms that its value may have."""
        self._fields[number] = name
        for form, setter in setters.items():
            self._setters[number << 3 | form] = setter

    def decode(self, data: bytes) -> Object:
        """The message as a new object; `ProtobufError` when it cannot be read."""
        obj: Object = {}
        self.read(data, obj)
        return obj

    def read(self, data: bytes, obj: Object) -> None:
        """Put the message's fields into `obj`."""
        setters = self._setters
        position, end = 0, len(data)
        while position < end:
            tag, position = read_varint(data, position)
            setter = setters.get(tag) or self._unknown(tag)
            form = tag & 7
            value: int | bytes
            if form == VARINT:
                value, position = read_varint(data, position)
            else:
                size, position = read_varint(data, position) if form == LENGTH else (_fixed_size(form), position)
                value = data[position : position + size]
                position += size
                if position > end:
                    raise ProtobufError(_TRUNCATED)
            setter(obj, value)

    def _unknown(self, tag: int) -> Setter:
        """The setter of a field that is not known; `ProtobufError` when it is known in another form."""
        number, form = tag >> 3, tag & 7
        if number == 0:
            raise ProtobufError(f"proto: {self.name.rpartition('.')[2]}: illegal tag 0 (wire type {form})")
        if name := self._fields.get(number):
            raise ProtobufError(f"proto: wrong wireType = {form} for field {name[0].upper()}{name[1:]}")
        return _ignore


def _ignore(obj: Object, value: Any) -> None:
    """Let the value go."""


def _fixed_size(form: int) -> int:
    size = _FIXED_SIZES.get(form)
    if size is None:
        raise ProtobufError(f"proto: illegal wireType {form}")
    return size


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """A number of up to 64 bits without a sign, and the position after it."""
    try:
        value = data[position]
        if value < 128:
            return value, position + 1
        value &= 127
        for shift in range(7, 64, 7):
            position += 1
            byte = data[position]
            value |= (byte & 127) << shift
            if byte < 128:
                return value & 0xFFFF_FFFF_FFFF_FFFF, position + 1
    except IndexError:
        raise ProtobufError(_TRUNCATED) from None
    raise ProtobufError("proto: integer overflow")

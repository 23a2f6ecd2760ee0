"""Just enough of an encoder to write bodies in Kubernetes' protobuf."""

from __future__ import annotations

MAGIC = b"k8s\x00"


def varint(number: int) -> bytes:
    """A number, a negative one as its 64 bits."""
    encoded = bytearray()
    number &= (1 << 64) - 1
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])


def field(number: int, value: int | str | bytes) -> bytes:
    """A field that holds a number, a string, or bytes or a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def entry(number: int, key: str, value: str | bytes) -> bytes:
    """A field that holds an entry of a map."""
    return field(number, field(1, key) + field(2, value))


def body(api_version: str, kind: str, raw: bytes) -> bytes:
    """A whole body: the magic number, the kind, and the message of its object."""
    return MAGIC + field(1, field(1, api_version) + field(2, kind)) + field(2, raw)

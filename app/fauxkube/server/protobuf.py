"""Bodies in Kubernetes' protobuf encoding, decoded to the JSON object that they stand for.

kubectl's typed commands (`create deployment`, `create configmap`) and most programs in Go send their bodies so, and
take no refusal. A body is the magic number and a `runtime.Unknown` that names the kind and holds the message. What Go
would leave out of the JSON, it being zero and not a pointer, is left out here. Answers are never protobuf: those
clients accept JSON too.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from fauxkube.machinery.decoding import MalformedError
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import to_micro_time, to_time
from fauxkube.server.protobuf_types import Message, WireField, message_of, messages

MAGIC = b"k8s\x00"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_INT64 = 1 << 64


def decode(data: bytes, api_version: str, kind: str) -> Object:
    """The object in a body, of the kind named unless it names its own; `MalformedError` when it cannot be read."""
    if not data.startswith(MAGIC):
        raise MalformedError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    unknown = _last(data[len(MAGIC) :])
    named = _last(unknown.get(1, b""))
    api_version = named.get(1, b"").decode() or api_version
    kind = named.get(2, b"").decode() or kind
    message = message_of(api_version, kind)
    if message is None:
        raise MalformedError(f'no kind "{kind}" is registered for version "{api_version}"')
    return {"kind": kind, "apiVersion": api_version, **_struct(unknown.get(2, b""), message)}


def _last(data: bytes) -> dict[int, Any]:
    return dict(_fields(data))


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a message in order: numbers for varints, bytes for everything else."""
    position, end = 0, len(data)
    while position < end:
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire == _LENGTH:
            size, position = _varint(data, position)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise MalformedError(f"proto: illegal wireType {wire}")
        if position + size > end:
            raise MalformedError("unexpected EOF")
        yield number, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while shift < 64:
        if position >= len(data):
            raise MalformedError("unexpected EOF")
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7
    raise MalformedError("proto: integer overflow")


def _struct(data: bytes, message: Message) -> Object:
    obj: Object = {}
    for number, raw in _fields(data):
        field = message.get(number)
        if field is not None:
            _put(obj, field, raw)
    return obj


def _put(obj: Object, field: WireField, raw: Any) -> None:
    match field.shape:
        case "list":
            obj.setdefault(field.name, []).append(_value(field.type, raw))
        case "map":
            entry = _last(raw)
            key = entry.get(1, b"").decode()
            obj.setdefault(field.name, {})[key] = _value(field.type, entry.get(2, b""))
        case "one":
            value = _value(field.type, raw)
            if field.inline:
                obj.update(value)
            elif isinstance(value, dict) or (value is not None and (value or field.keep)):
                obj[field.name] = value


def _value(type_: str, raw: Any) -> Any:
    """A value as JSON has it; None for a time that is not set."""
    try:
        scalar = _SCALARS.get(type_)
        return scalar(raw) if scalar else _struct(raw, messages()[type_])
    except (AttributeError, TypeError, UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise MalformedError(f"proto: a {type_} cannot be read: {error}") from None


def _int(raw: int) -> int:
    return raw - _INT64 if raw >= _INT64 >> 1 else raw


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _text(raw: bytes) -> str:
    return raw.decode()


def _moment(raw: bytes) -> datetime | None:
    parts = _last(raw)
    seconds, nanos = _int(parts.get(1, 0)), parts.get(2, 0)
    return _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000) if seconds or nanos else None


def _time(raw: bytes) -> str | None:
    moment = _moment(raw)
    return to_time(moment) if moment else None


def _micro_time(raw: bytes) -> str | None:
    moment = _moment(raw)
    return to_micro_time(moment) if moment else None


def _quantity(raw: bytes) -> str:
    text: str = _last(raw).get(1, b"").decode()
    return text or "0"


def _int_or_string(raw: bytes) -> int | str:
    parts = _last(raw)
    return parts.get(3, b"").decode() if parts.get(1) else _int(parts.get(2, 0))


def _json(raw: bytes) -> Any:
    return orjson.loads(_last(raw).get(1, b"null"))


def _strings(raw: bytes) -> list[str]:
    return [value.decode() for number, value in _fields(raw) if number == 1]


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "bool": bool,
    "bytes": _base64,
    "int": _int,
    "intorstring": _int_or_string,
    "json": _json,
    "microtime": _micro_time,
    "quantity": _quantity,
    "string": _text,
    "strings": _strings,
    "time": _time,
}

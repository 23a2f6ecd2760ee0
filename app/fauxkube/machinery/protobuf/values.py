"""How each type of value reads in JSON: numbers from varints, everything else from bytes.

`SCALARS` has every type that is not a message of fields: the plain ones, and those which Go's types write to JSON in a
way of their own (`Time`, `Quantity`, `IntOrString`, raw JSON).
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from fauxkube.machinery.decoding import MalformedError, decode_json
from fauxkube.machinery.objects import Object
from fauxkube.machinery.protobuf.errors import ProtobufError
from fauxkube.machinery.protobuf.fields import Converter, struct, text
from fauxkube.machinery.protobuf.wire import LENGTH, VARINT
from fauxkube.machinery.times import to_micro_time, to_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: How deep raw JSON may go: orjson writes 254 levels, and the object that it is in takes some of them.
_MAX_DEPTH = 200


def _base64(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).decode()


def _int32(raw: int) -> int:
    raw &= 0xFFFF_FFFF
    return raw - (1 << 32) if raw >> 31 else raw


def _int64(raw: int) -> int:
    return raw - (1 << 64) if raw >> 63 else raw


_TIMESTAMP = struct("Timestamp", seconds=(1, VARINT, _int64), nanos=(2, VARINT, _int32))
_QUANTITY = struct("Quantity", string=(1, LENGTH, text))
_INT_OR_STRING = struct("IntOrString", type=(1, VARINT, _int64), intVal=(2, VARINT, _int32), strVal=(3, LENGTH, text))
_RAW = struct("RawExtension", raw=(1, LENGTH, bytes))


def _moment(raw: bytes) -> datetime | None:
    if not raw:
        return None
    parts = _TIMESTAMP.decode(raw)
    try:
        return _EPOCH + timedelta(seconds=parts.get("seconds", 0), microseconds=parts.get("nanos", 0) // 1000)
    except OverflowError:
        raise ProtobufError("Time.MarshalJSON: year outside of range [0,9999]") from None


def _time(raw: bytes) -> str | None:
    moment = _moment(raw)
    return to_time(moment) if moment else None


def _micro_time(raw: bytes) -> str | None:
    moment = _moment(raw)
    return to_micro_time(moment) if moment else None


def _quantity(raw: bytes) -> str:
    string: str = _QUANTITY.decode(raw).get("string", "")
    return string or "0"


def _int_or_string(raw: bytes) -> int | str:
    parts = _INT_OR_STRING.decode(raw)
    value: int | str = parts.get("strVal", "") if parts.get("type") else parts.get("intVal", 0)
    return value


def _json(raw: bytes) -> Any:
    try:
        value, _ = decode_json(_RAW.decode(raw).get("raw") or b"null")
    except MalformedError as error:
        raise ProtobufError(str(error)) from None
    if _goes_too_deep(value):
        raise ProtobufError("exceeded max depth")
    return value


def _goes_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [item for each in level if isinstance(each, dict | list) for item in _held(each)]
        if not level:
            return False
    return True


def _held(value: Object | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


SCALARS: dict[str, Converter] = {
    "bool": bool,
    "bytes": _base64,
    "int32": _int32,
    "int64": _int64,
    "intorstring": _int_or_string,
    "json": _json,
    "microtime": _micro_time,
    "quantity": _quantity,
    "string": text,
    "time": _time,
}

#: The types that a varint holds; all others have a length.
NUMBERS = frozenset(("bool", "int32", "int64"))

#: The types whose zero value Go leaves out of the JSON where the field is no pointer.
PLAIN = NUMBERS | {"bytes", "string"}

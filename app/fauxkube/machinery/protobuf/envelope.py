"""A body in Kubernetes' protobuf, decoded to the JSON object that its client would have sent otherwise.

The body is a magic number and a `runtime.Unknown`, which names the kind and holds the message. The object has what
Go's own JSON of it would have: zeros only where `omitempty` keeps them, no nulls, bytes as base64. Errors are those
of `errors`, and nothing else is ever raised.
"""

from __future__ import annotations

from fauxkube.machinery.objects import Object
from fauxkube.machinery.protobuf.errors import MessageError, ProtobufError, UnknownKindError
from fauxkube.machinery.protobuf.fields import struct, text
from fauxkube.machinery.protobuf.messages import message_of
from fauxkube.machinery.protobuf.wire import LENGTH

MAGIC = b"k8s\x00"

_TYPE_META = struct("TypeMeta", apiVersion=(1, LENGTH, text), kind=(2, LENGTH, text))
_UNKNOWN = struct("Unknown", typeMeta=(1, LENGTH, _TYPE_META.decode), raw=(2, LENGTH, bytes))


def decode(data: bytes, *, api_version: str = "", kind: str = "") -> Object:
    """The object in a body, of the kind given where it names none itself; `ProtobufError` when it cannot be read."""
    unknown = _UNKNOWN.decode(_content(data))
    named = unknown.get("typeMeta", {})
    api_version, kind = named.get("apiVersion") or api_version, named.get("kind") or kind
    if not kind:
        raise ProtobufError("Object 'Kind' is missing in protobuf")
    message = message_of(api_version, kind)
    if message is None:
        raise UnknownKindError(api_version, kind)
    obj: Object = {"kind": kind, "apiVersion": api_version}
    try:
        message.read(unknown.get("raw", b""), obj)
    except ProtobufError as error:
        raise MessageError(api_version, kind, str(error)) from None
    return obj


def _content(data: bytes) -> bytes:
    """What comes after the magic number."""
    if not data:
        raise ProtobufError("empty data")
    if not data.startswith(MAGIC):
        raise ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    if data == MAGIC:
        raise ProtobufError("empty body")
    return data[len(MAGIC) :]

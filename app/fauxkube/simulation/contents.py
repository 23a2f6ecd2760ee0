"""Bodies and answers of any media type, decoded for those who look at them rather than act on them."""

from __future__ import annotations

from typing import Any

from fauxkube.machinery.decoding import MalformedError, decode_json, decode_yaml


def decoded(content_type: str, data: bytes) -> Any:
    """The value in `data`; None when there is none, it is malformed, or its media type is no data's."""
    if not data:
        return None
    media = content_type.partition(";")[0].strip().lower()
    try:
        return _decode(media, data)
    except MalformedError:
        return None


def _decode(media: str, data: bytes) -> Any:
    if media.endswith("json"):
        return decode_json(data)[0]
    if media.endswith("yaml"):
        return decode_yaml(data)[0]
    if media == "application/vnd.kubernetes.protobuf":
        from fauxkube.machinery.protobuf.envelope import decode

        return decode(data)
    return None

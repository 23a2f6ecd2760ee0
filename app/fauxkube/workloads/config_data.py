"""What config maps and secrets hold, key by key, as bytes."""

from __future__ import annotations

import base64
import binascii

from fauxkube.machinery.objects import Object


def keys_of(obj: Object, *, binary: bool = True) -> dict[str, bytes]:
    """The values by key in order; `binaryData` of a config map only if it is asked for."""
    if obj.get("kind") == "Secret":
        return dict(sorted((key, _decoded(value)) for key, value in (obj.get("data") or {}).items()))
    found = {key: str(value).encode() for key, value in (obj.get("data") or {}).items()}
    if binary:
        found |= {key: _decoded(value) for key, value in (obj.get("binaryData") or {}).items()}
    return dict(sorted(found.items()))


def text_of(value: bytes) -> str:
    """Bytes as they stand in an environment."""
    return value.decode(errors="surrogateescape")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""

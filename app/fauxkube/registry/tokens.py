"""The `continue` tokens of paged lists, in the form upstream gives them (`storage/continue.go`)."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

import orjson

from fauxkube.machinery import status


class Continue(NamedTuple):
    """Where a list goes on: after `start` (a key within the resource), at `revision`, or at the newest if that is 0."""

    revision: int
    start: str


def encode(token: Continue) -> str:
    """The opaque text that a client hands back."""
    content = {"v": "meta.k8s.io/v1", "rv": token.revision or -1, "start": token.start + "\0"}
    return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()


def decode(text: str) -> Continue:
    """The token taken apart; 400 when it is not one of ours."""
    try:
        content = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        version, revision, start = content["v"], content["rv"], content["start"]
    except (binascii.Error, ValueError, TypeError, KeyError) as error:
        raise status.bad_request(f"continue key is not valid: {error}") from None
    if version != "meta.k8s.io/v1" or not isinstance(revision, int) or not isinstance(start, str):
        raise status.bad_request(
            f'continue key is not valid: server does not recognize this encoded version "{version}"'
        )
    if revision == 0:
        raise status.bad_request(
            "continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)"
        )
    return Continue(max(revision, 0), start.rstrip("\0"))

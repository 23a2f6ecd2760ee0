"""The `continue` tokens of paged lists, in the form upstream gives them (`storage/continue.go`)."""

from __future__ import annotations

import base64
import binascii
import posixpath
from typing import NamedTuple

import orjson

from fauxkube.machinery import status

_VERSION = "meta.k8s.io/v1"


class Continue(NamedTuple):
    """Where a list goes on: after `start` (a key within the resource), at `revision`, or at the newest if that is 0."""

    revision: int
    start: str


def encode(token: Continue) -> str:
    """The opaque text that a client hands back."""
    content = {"v": _VERSION, "rv": token.revision or -1, "start": token.start + "\0"}
    return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()


def decode(text: str) -> Continue:
    """The token taken apart; 400 when it is not one of ours."""
    try:
        content = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        version, revision, start = content.get("v", ""), content.get("rv", 0), content.get("start", "")
    except (binascii.Error, ValueError, AttributeError) as error:
        raise _refusal(f": {error}") from None
    if version != _VERSION:
        raise _refusal(f": server does not recognize this encoded version {version}")
    if type(revision) is not int or type(start) is not str:
        raise _refusal("")
    if revision == 0:
        raise _refusal(f": incorrect encoded start resourceVersion (version {_VERSION})")
    if not start:
        raise _refusal(f": encoded start key empty (version {_VERSION})")
    if posixpath.normpath(f"/{start}") != f"/{start}":
        raise _refusal(f": {start}")
    return Continue(max(revision, 0), start.rstrip("\0"))


def _refusal(problem: str) -> status.StatusError:
    return status.bad_request(f"invalid continue token: continue key is not valid{problem}")

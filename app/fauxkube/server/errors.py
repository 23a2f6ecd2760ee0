"""The one place where a failure becomes an answer.

A `StatusError` is sent as its `Status`. Anything else is a fault of ours: it is logged with its traceback and
answered 500 without telling what happened.
"""

from __future__ import annotations

import logging

import orjson

from fauxkube.machinery import status
from fauxkube.machinery.status import StatusError
from fauxkube.server import responses
from fauxkube.server.asgi import Request, Response
from fauxkube.server.negotiation import PLAIN, MediaType, negotiate

_log = logging.getLogger("fauxkube.server")


def as_status(error: Exception, *, doing: str) -> StatusError:
    """The `StatusError` to answer with; an unexpected error is logged, and only its happening is told."""
    if isinstance(error, StatusError):
        return error
    _log.error("%s failed", doing, exc_info=error)
    return status.internal("an error on the server has prevented the request from succeeding")


def error_response(request: Request, error: Exception) -> Response:
    """A failed request's answer, in the form that the client accepts, or JSON when it accepts none."""
    failure = as_status(error, doing=f"{request.method} {request.path}")
    try:
        media = negotiate(request.accept, PLAIN)
    except StatusError:
        media = MediaType()
    response = responses.document(media, failure.to_object(), status=failure.code, pretty=request.pretty)
    seconds = failure.details.get("retryAfterSeconds")
    return response._replace(headers=[(b"retry-after", b"%d" % seconds)]) if seconds else response


def error_event(error: Exception, *, doing: str) -> bytes:
    """The ERROR event that a stream ends with when it fails after its first byte."""
    failure = as_status(error, doing=doing)
    return orjson.dumps({"type": "ERROR", "object": failure.to_object()}) + b"\n"

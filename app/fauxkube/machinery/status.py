"""Kubernetes `Status` errors, worded as apimachinery's `api/errors` words them.

`StatusError` is the one error that reaches a client of the API, over HTTP or in process. The constructors below are
the closed family of what the API server answers; nothing else builds one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fauxkube.machinery.objects import Object


class StatusError(Exception):
    """An answer other than success: HTTP `code`, machine-readable `reason`, `message`, and `details` as sent:
    empty ones that are given are sent too, as upstream's generic answers do.

    `continue_token` is set where a list may be gone on with, inconsistently, after its token has expired.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        continue_token: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}
        self._sends_details = details is not None
        self.continue_token = continue_token

    def to_object(self) -> Object:
        """The `Status` object (v1) that is sent as the body."""
        status: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continue_token} if self.continue_token else {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details or self._sends_details:
            status["details"] = self.details
        return status | {"code": self.code}


def _details(group_resource: str, name: str, **more: Any) -> dict[str, Any]:
    resource, _, group = group_resource.partition(".")
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if resource:
        details["kind"] = resource
    return details | more


def not_found(group_resource: str, name: str) -> StatusError:
    """404 `NotFound`: `pods "web" not found`."""
    message = f'{group_resource} "{name}" not found'
    return StatusError(404, "NotFound", message, details=_details(group_resource, name))


def no_such_path() -> StatusError:
    """404 for a path that no resource serves, as the generic not-found handler words it."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", details={})


def already_exists(group_resource: str, name: str) -> StatusError:
    """409 `AlreadyExists`: `pods "web" already exists`."""
    message = f'{group_resource} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, details=_details(group_resource, name))


def generate_name_conflict(group_resource: str, name: str) -> StatusError:
    """409 when a generated name was taken on every try."""
    problem = "already exists, the server was not able to generate a unique name for the object"
    message = f'{group_resource} "{name}" {problem}'
    return StatusError(409, "AlreadyExists", message, details=_details(group_resource, name))


def conflict(group_resource: str, name: str, problem: str) -> StatusError:
    """409 `Conflict`: `Operation cannot be fulfilled on pods "web": <problem>`."""
    message = f'Operation cannot be fulfilled on {group_resource} "{name}": {problem}'
    return StatusError(409, "Conflict", message, details=_details(group_resource, name))


#: The problem named when a write is based on a version that is no longer the newest.
OBJECT_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def bad_request(message: str) -> StatusError:
    """400 `BadRequest`."""
    return StatusError(400, "BadRequest", message)


def forbidden(group_resource: str, name: str, problem: str, *, causes: Iterable[Object] = ()) -> StatusError:
    """403 `Forbidden`: `pods "web" is forbidden: <problem>`."""
    if name:
        message = f'{group_resource} "{name}" is forbidden: {problem}'
    elif group_resource:
        message = f"{group_resource} is forbidden: {problem}"
    else:
        message = f"forbidden: {problem}"
    details = _details(group_resource, name)
    if listed := list(causes):
        details["causes"] = listed
    return StatusError(403, "Forbidden", message, details=details)


def method_not_allowed() -> StatusError:
    """405 for an HTTP method that a path does not have."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, details={})


def not_acceptable(accepted: Iterable[str]) -> StatusError:
    """406: none of the media types that the client accepts can be served."""
    message = f"only the following media types are accepted: {', '.join(accepted)}"
    return StatusError(406, "NotAcceptable", message)


def unsupported_media_type(accepted: Iterable[str]) -> StatusError:
    """415: the body's media type is not one that is read here."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return StatusError(415, "UnsupportedMediaType", message)


def expired(message: str) -> StatusError:
    """410 `Expired`: the revision asked for has been compacted."""
    return StatusError(410, "Expired", message)


def expired_continue(token: str) -> StatusError:
    """410 for a `continue` token whose revision has been compacted; `token` goes on from the same key at the newest."""
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        "modified, or deleted between the time the first chunk was returned and now may show up in the list."
    )
    return StatusError(410, "Expired", message, continue_token=token)


def invalid(group: str, kind: str, name: str, causes: Iterable[Object]) -> StatusError:
    """422 `Invalid`, from field errors already rendered as `details.causes`.

    The message names one cause as it is, and several as a bracketed list, as `field.ErrorList.ToAggregate` does:
    repeated messages are named once.
    """
    listed = list(causes)
    problems = list(dict.fromkeys(f"{cause['field']}: {cause['message']}" for cause in listed))
    qualified = f"{kind}.{group}" if group else kind
    text = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
    details: dict[str, Any] = {"name": name} if name else {}
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details["causes"] = listed
    return StatusError(422, "Invalid", f'{qualified} "{name}" is invalid: {text}', details=details)


def unfit(causes: Iterable[Object]) -> StatusError:
    """422 `Invalid` for input that is no object of the API: nothing is named but the fields, if there are any."""
    listed = list(causes)
    problems = "; ".join(f"{cause['field']}: {cause['message']}".removeprefix(": ") for cause in listed)
    return StatusError(422, "Invalid", problems, details={"causes": listed})


def timed_out(message: str, causes: Iterable[str]) -> StatusError:
    """504 `Timeout`: what was waited for did not come about; each cause is something that was in its way."""
    details = {"causes": [{"message": each} for each in causes]}
    return StatusError(504, "Timeout", f"Timeout: {message}", details=details)


def too_many_requests(message: str, *, retry_after: int, causes: Iterable[Object] = ()) -> StatusError:
    """429 `TooManyRequests`: to be tried again after so many seconds (0: whenever the client likes)."""
    details: dict[str, Any] = {"retryAfterSeconds": retry_after} if retry_after else {}
    if listed := list(causes):
        details["causes"] = listed
    return StatusError(429, "TooManyRequests", message, details=details)


def too_large(message: str) -> StatusError:
    """413: the body is larger than the API server reads."""
    return StatusError(413, "RequestEntityTooLarge", message)


def too_large_resource_version(given: int, current: int) -> StatusError:
    """504 `Timeout`: a list asked for a resource version that has not happened yet."""
    details: dict[str, Any] = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Timeout: Too large resource version: {given}, current: {current}"
    return StatusError(504, "Timeout", message, details=details)


def internal(message: str) -> StatusError:
    """500 `InternalError`."""
    details = {"causes": [{"message": message}]}
    return StatusError(500, "InternalError", f"Internal error occurred: {message}", details=details)


def unavailable(message: str) -> StatusError:
    """503 `ServiceUnavailable`."""
    return StatusError(503, "ServiceUnavailable", message)

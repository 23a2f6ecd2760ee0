"""How errors that faults make up are worded: as the API server words them where it has words of its own.

Codes that it seldom answers by itself get the words that clients show for an answer without a `Status`.
"""

from __future__ import annotations

from fauxkube.machinery import status
from fauxkube.machinery.status import StatusError
from fauxkube.simulation.calls import Call

#: Reason and message of the codes that say nothing of the request.
_WORDS = {
    400: ("BadRequest", "the server rejected our request for an unknown reason"),
    401: ("Unauthorized", "Unauthorized"),
    405: ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
    422: ("Invalid", "the server rejected our request due to an error in our request"),
    429: ("TooManyRequests", "Too many requests: please try again later"),
    500: ("", "etcdserver: request timed out"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
}


def refusal(
    call: Call, code: int, *, name: str = "", reason: str = "", message: str = "", retry_after: int = 0
) -> StatusError:
    """The error of that code, with what is given put in the place of the usual words.

    `name` is the object's where the path does not tell it.
    """
    worded = _worded(call, code, call.name or name, reason)
    details = {**worded.details, "retryAfterSeconds": retry_after} if retry_after else worded.details or None
    return StatusError(code, reason or worded.reason, message or worded.message, details=details)


def timed_out() -> StatusError:
    """504 for a request whose time was up, though what it asked for may have been done."""
    message = "Timeout: request did not complete within requested timeout - context deadline exceeded"
    return StatusError(504, "Timeout", message, details={})


def too_old() -> StatusError:
    """410 for a watch whose changes have been compacted."""
    return status.expired("The resourceVersion for the provided watch is too old.")


def _worded(call: Call, code: int, name: str, reason: str) -> StatusError:
    group_resource = call.gvr.group_resource if call.gvr else ""
    match code:
        case 403:
            return status.forbidden(group_resource, name, _may_not(call))
        case 404:
            return status.not_found(group_resource, name) if name else status.no_such_path()
        case 409 if (reason or _conflict(call)) == "AlreadyExists":
            return status.already_exists(group_resource, name)
        case 409:
            return status.conflict(group_resource, name, status.OBJECT_MODIFIED)
        case 410 if call.verb != "watch":
            return status.expired("The resourceVersion for the provided list is too old.")
        case 410:
            return too_old()
        case 504:
            return timed_out()
    unknown = f"the server responded with the status code {code} but did not return more information"
    return StatusError(code, *_WORDS.get(code, ("", unknown)))


def _conflict(call: Call) -> str:
    return "AlreadyExists" if call.verb == "create" and not call.subresource else "Conflict"


def _may_not(call: Call) -> str:
    """What the user may not do, in RBAC's words."""
    user = f'User "{call.user or "system:anonymous"}" cannot {call.verb}'
    if call.gvr is None:
        return f'{user} path "{call.path}"'
    resource = f"{call.gvr.resource}/{call.subresource}" if call.subresource else call.gvr.resource
    place = f'in the namespace "{call.namespace}"' if call.namespace else "at the cluster scope"
    return f'{user} resource "{resource}" in API group "{call.gvr.group}" {place}'

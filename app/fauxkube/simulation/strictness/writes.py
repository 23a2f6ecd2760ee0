"""What can be wrong with a write; each check tells the problem, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fauxkube.machinery.times import from_time
from fauxkube.simulation.contents import decoded
from fauxkube.simulation.strictness.asked import AskedFor

_JSON_PATCH = "application/json-patch+json"
_MERGE_PATCH = "application/merge-patch+json"
_IS_INDEX = re.compile(r"/(\d+|-)(/|$)")
#: What the codes are of a body that is not decoded, and of a patch whose outcome is not.
_REFUSED = (400, 422)
_STRICT_PROBLEM = re.compile(r'(?:unknown|duplicate) field "(?:[^"\\]|\\.)*"')
#: Lists in the metadata to which several writers add, each its own.
_SHARED_LISTS = ("finalizers", "ownerReferences")
#: Kinds whose status is taken over from what creates them.
_BORN_WITH_STATUS = frozenset({"nodes"})


def unknown_field(asked: AskedFor) -> str:
    """Of an answer: what it warns of, or was refused for."""
    told = [each for each in asked.call.warnings if _STRICT_PROBLEM.fullmatch(each)]
    if asked.call.status in _REFUSED and b"strict decoding error: " in asked.answer:
        status = decoded(asked.call.content_type, asked.answer)
        message = str(status.get("message", "")) if isinstance(status, dict) else ""
        told = _STRICT_PROBLEM.findall(message.partition("strict decoding error: ")[2])
    return ", ".join(dict.fromkeys(told))


def deprecated_api(asked: AskedFor) -> str:
    """As the API server warns of it."""
    return asked.resource.deprecation


def blind_update(asked: AskedFor) -> str:
    """An update of what there is must name the version that it is based on."""
    if asked.call.verb != "update" or asked.stored is None or not asked.object or asked.version:
        return ""
    return "the update names no metadata.resourceVersion, so it overwrites what others may have changed"


def ignored_status(asked: AskedFor) -> str:
    """A status in the body of the main resource, other than the stored one sent along."""
    resource, status = asked.resource, asked.object.get("status")
    if asked.call.subresource or "status" not in resource.subresources:
        return ""
    match asked.call.verb:
        case "create":
            ignored = _says_something(status) and resource.group_resource not in _BORN_WITH_STATUS
        case "update":
            ignored = _says_something(status) and asked.is_current() and not _same(status, _stored_status(asked))
        case "patch":
            ignored = _says_something(status) or any(_is_below_status(path) for path, _ in _changes(asked.content))
        case _:
            ignored = False
    return "the status is written through the main resource, which ignores it" if ignored else ""


def retried_conflict(asked: AskedFor) -> str:
    """The body that was refused for a conflict again, while it is still based on another version."""
    call = asked.call
    if call.verb != "update" or not asked.version or asked.stored is None or asked.is_current():
        return ""
    before = next((each for each in asked.of_client if (each.method, each.path) == (call.method, call.path)), None)
    if before is None or before.status != 409 or before.body != asked.body:
        return ""
    return f"the body that call #{before.id} was refused with as a conflict is sent again as it was"


def unguarded_patch(asked: AskedFor) -> str:
    """A JSON patch by index, whose item may be another by now."""
    if asked.content_type != _JSON_PATCH or not isinstance(asked.content, list):
        return ""
    changes = list(_changes(asked.content))
    risky = [path for path, operation in changes if operation in ("remove", "replace") and _IS_INDEX.search(path)]
    if not risky or any(operation == "test" for _, operation in changes):
        return ""
    return f"the patch changes {risky[0]} by its index, which may be another item by now"


def overwritten_list(asked: AskedFor) -> str:
    """A merge patch of a list that several writers share, on whatever version."""
    if asked.call.verb != "patch" or asked.content_type != _MERGE_PATCH or asked.version:
        return ""
    shared = next((name for name in _SHARED_LISTS if name in asked.metadata), "")
    return f"the merge patch replaces the whole list metadata.{shared} on whatever version there is" if shared else ""


def _changes(patch: Any) -> Iterator[tuple[str, str]]:
    """(path, operation) of a JSON patch; nothing of any other."""
    for each in patch if isinstance(patch, list) else ():
        if isinstance(each, dict):
            yield str(each.get("path", "")), str(each.get("op", ""))


def _is_below_status(path: str) -> bool:
    return path == "/status" or path.startswith("/status/")


def _stored_status(asked: AskedFor) -> Any:
    return (asked.stored or {}).get("status")


def _says_something(value: Any) -> bool:
    """Whether there is more in a value than the zeros that Go's clients send for what is not set."""
    if isinstance(value, dict):
        return any(map(_says_something, value.values()))
    return any(map(_says_something, value)) if isinstance(value, list) else bool(value)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same but for zeros and the ways to write a time."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_same(one.get(name), other.get(name)) for name in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, str) and isinstance(other, str) and one != other:
        return _are_same_time(one, other)
    return bool(one == other) or not (_says_something(one) or _says_something(other))


def _are_same_time(one: str, other: str) -> bool:
    try:
        return from_time(one) == from_time(other)
    except ValueError:
        return False

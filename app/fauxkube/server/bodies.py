"""Request bodies: read up to a limit, decoded by their `Content-Type`, checked to be of the kind that the path takes.

JSON, YAML and Kubernetes' protobuf are read; anything else is refused (415). A body without `kind` or `apiVersion` is
taken to be what the path takes. Messages as apiserver's `transformDecodeError` and the scheme's conversion errors.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.machinery import status
from fauxkube.machinery.decoding import MalformedError, decode_json, decode_yaml
from fauxkube.machinery.objects import Object
from fauxkube.machinery.protobuf.errors import MessageError, UnknownKindError
from fauxkube.machinery.status import StatusError
from fauxkube.registry.options import PatchKind
from fauxkube.server.asgi import Request
from fauxkube.server.paths import RequestInfo
from fauxkube.server.subresources import Kind, kind_of

#: The largest body that is read (`MaxRequestBodyBytes`).
LIMIT = 3 * 1024 * 1024

_JSON = "application/json"
_YAML = "application/yaml"
_PROTOBUF = "application/vnd.kubernetes.protobuf"
_MEDIA_TYPES = (_JSON, _YAML, _PROTOBUF)
_SCHEME = "pkg/api/legacyscheme/scheme.go:30"
_SUMMARY_LENGTH = 30

_DELETE_OPTIONS = Kind("meta.k8s.io", "v1", "DeleteOptions")

_PATCH_KINDS: dict[str, PatchKind] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
}


class Decoded(NamedTuple):
    """A body's object, and what a strict reading finds wrong with it (fields given twice)."""

    object: Object
    problems: tuple[str, ...]


async def read(request: Request) -> bytes:
    """The whole body, which the request keeps; 413 when it is larger than the limit."""
    if not request.received:
        request.body = await receive(request, LIMIT)
        request.received = True
    return request.body


async def receive(request: Request, limit: int) -> bytes:
    """The whole body, which has not been received before; 413 when it is larger than `limit` bytes."""
    if request.content_length.isdigit() and int(request.content_length) > limit:
        raise _too_large(limit)
    message = await request.receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body if len(body) <= limit else _refuse_large(limit)
    return await _read_on(request, body, limit)


async def _read_on(request: Request, first: bytes, limit: int) -> bytes:
    parts, size, more = [first], len(first), True
    while more:
        if size > limit:
            raise _too_large(limit)
        message = await request.receive()
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _refuse_large(limit: int) -> bytes:
    raise _too_large(limit)


def _too_large(limit: int) -> StatusError:
    return status.too_large(f"Request entity too large: limit is {limit}")


@lru_cache(maxsize=64)
def _media_type(content_type: bytes) -> str:
    return content_type.partition(b";")[0].strip().lower().decode("latin-1")


def patch_kind(request: Request) -> PatchKind:
    """The kind of patch that the content type names; 415 when it names none that is served."""
    kind = _PATCH_KINDS.get(_media_type(request.content_type))
    if kind is None:
        raise status.unsupported_media_type(_PATCH_KINDS)
    return kind


def decode_object(request: Request, data: bytes, info: RequestInfo, catalogue: Catalogue, *, strict: bool) -> Decoded:
    """The body of a create or update, with its kind filled in; 400 when it is not what the path takes."""
    expected = kind_of(info.resource, info.subresource)
    try:
        decoded = _decode(_body_format(request), data, expected, strict=strict)
    except UnknownKindError as error:
        problem = _not_registered(error.api_version, error.kind)
        raise _unhandled(error.api_version, error.kind, expected, problem) from None
    except MessageError as error:
        raise _unhandled(error.api_version, error.kind, expected, str(error)) from None
    except MalformedError as error:
        raise _unrecognized(expected.kind, str(error), data) from None
    obj = decoded.object
    if not isinstance(obj, dict):
        raise _unrecognized(expected.kind, _not_an_object(obj), data)
    _check_kind(obj, expected, catalogue)
    return decoded


def decode_options(request: Request, data: bytes) -> Object | None:
    """The DeleteOptions in a body; None when there is no body."""
    if not data:
        return None
    try:
        obj = _decode(_body_format(request), data, _DELETE_OPTIONS, strict=False).object
    except MalformedError as error:
        raise status.bad_request(str(error)) from None
    if not isinstance(obj, dict):
        raise status.bad_request(_not_an_object(obj))
    kind = obj.get("kind") or "DeleteOptions"
    if kind != "DeleteOptions":
        raise status.bad_request(_not_registered(obj.get("apiVersion") or "v1", kind))
    return obj


def decode_patch(data: bytes, kind: PatchKind, *, strict: bool) -> tuple[Any, tuple[str, ...]]:
    """A patch, and what a strict reading finds wrong with it; 400 when it is not JSON."""
    try:
        patch, duplicates = decode_json(data, strict=strict and kind != "json")
    except MalformedError as error:
        raise status.bad_request(str(error) if kind == "json" else f"error decoding patch: {error}") from None
    return patch, tuple(duplicates)


def _body_format(request: Request) -> str:
    media = _media_type(request.content_type) or _JSON
    if media not in _MEDIA_TYPES:
        raise status.unsupported_media_type(_MEDIA_TYPES)
    return media


def _decode(media: str, data: bytes, expected: Kind, *, strict: bool) -> Decoded:
    """The decoded body, nothing being an empty object; `MalformedError` when it cannot be read."""
    if media == _PROTOBUF:
        from fauxkube.machinery.protobuf.envelope import decode

        return Decoded(decode(data, api_version=expected.api_version, kind=expected.kind), ())
    if media == _YAML:
        obj, duplicates = decode_yaml(data, strict=strict)
    else:
        try:
            obj, duplicates = decode_json(data, strict=strict)
        except MalformedError as error:
            raise MalformedError(f"couldn't get version/kind; json parse error: {error}") from None
    return Decoded({} if obj is None else obj, tuple(duplicates))


def _check_kind(obj: Object, expected: Kind, catalogue: Catalogue) -> None:
    """Fill in the kind where it is missing; 400 when it is another than the expected one."""
    given_version, given_kind = obj.get("apiVersion") or expected.api_version, obj.get("kind") or expected.kind
    if given_version == expected.api_version and given_kind == expected.kind:
        obj["apiVersion"], obj["kind"] = given_version, given_kind
        return
    group, _, version = str(given_version).rpartition("/")
    if catalogue.of_kind(group, version, str(given_kind)) is None:
        problem = _not_registered(given_version, given_kind)
    else:
        target = f"{_package(expected.group)}.{expected.kind}"
        problem = f"converting ({version}.{given_kind}) to ({target}): unknown conversion"
    raise _unhandled(given_version, given_kind, expected, problem)


def _unhandled(api_version: Any, kind: Any, expected: Kind, problem: str) -> StatusError:
    """The refusal of a body that says what it is, and is not what the path takes."""
    version = str(api_version).rpartition("/")[2]
    return status.bad_request(f'{kind} in version "{version}" cannot be handled as a {expected.kind}: {problem}')


def _not_registered(api_version: Any, kind: Any) -> str:
    return f'no kind "{kind}" is registered for version "{api_version}" in scheme "{_SCHEME}"'


def _package(group: str) -> str:
    """The Go package of a group's internal types: `core`, `apps`, `discovery`."""
    return group.partition(".")[0] or "core"


def _not_an_object(value: Any) -> str:
    found = {list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    fields = "; ".join(
        f'{name} string "json:\\"{tag},omitempty\\""' for name, tag in (("APIVersion", "apiVersion"), ("Kind", "kind"))
    )
    problem = f"json: cannot unmarshal {found} into Go value of type struct {{ {fields} }}"
    return f"couldn't get version/kind; json parse error: {problem}"


def _unrecognized(kind: str, problem: str, data: bytes) -> StatusError:
    message = f"the object provided is unrecognized (must be of type {kind}): {problem} ({_summary(data)})"
    return status.bad_request(message)


def _summary(data: bytes) -> str:
    """A body's beginning, as text when it looks like JSON, else in hexadecimal."""
    if not data:
        return "<empty>"
    begin, rest = data[:_SUMMARY_LENGTH], " ..." if len(data) > _SUMMARY_LENGTH else ""
    return (begin.decode(errors="replace") if data.startswith(b"{") else begin.hex()) + rest

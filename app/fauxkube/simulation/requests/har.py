"""The record as an HTTP archive: HAR 1.2, which browsers' developer tools and many others open.

Bodies are text where they are UTF-8, else base64. What Kubernetes calls the request is told in `comment`. Bearer tokens
are left out. What was not recorded (the sizes of headers, the times of the parts of an answer) is -1 or 0, as the
format has it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import parse_qsl

from fauxkube.machinery.objects import Object
from fauxkube.simulation.calls import Call
from fauxkube.simulation.requests.reports import what

_HTTP = "HTTP/1.1"


def archive(calls: Iterable[Call]) -> Object:
    """The whole archive."""
    creator = {"name": "fauxkube", "version": _version()}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_entry(call) for call in calls]}}


def _version() -> str:
    try:
        return version("fauxkube")
    except PackageNotFoundError:
        return "0"


def _entry(call: Call) -> Object:
    milliseconds = round(call.seconds * 1000, 3)
    return {
        "startedDateTime": call.started.isoformat(timespec="milliseconds"),
        "time": milliseconds,
        "request": _request(call),
        "response": _response(call),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "comment": f"{call.verb} {what(call)}",
    }


def _request(call: Call) -> Object:
    url = f"http://{call.header('host') or 'localhost'}{call.path}"
    request: Object = {
        "method": call.method,
        "url": f"{url}?{call.query}" if call.query else url,
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": [_header(name.decode("latin-1"), value.decode("latin-1")) for name, value in call.headers],
        "queryString": [_pair(name, value) for name, value in parse_qsl(call.query, keep_blank_values=True)],
        "headersSize": -1,
        "bodySize": call.body_size,
    }
    if call.body_size:
        request["postData"] = _posted(call)
    return request


def _posted(call: Call) -> Object:
    posted: Object = {"mimeType": call.header("content-type") or "application/json"}
    if len(call.body) < call.body_size:
        return posted | {"text": "", "comment": _not_kept(call.body_size)}
    text, encoding = _text(call.body)
    # The format names an encoding for answers only.
    return posted | {"text": text} | ({"comment": f"encoded as {encoding}"} if encoding else {})


def _response(call: Call) -> Object:
    warnings = [_pair("Warning", f'299 - "{each}"') for each in call.warnings]
    return {
        "status": call.status,
        "statusText": _status_text(call.status),
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": [_pair("Content-Type", call.content_type), *warnings],
        "content": _content(call),
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": call.answer_size,
    }


def _content(call: Call) -> Object:
    content: Object = {"size": call.answer_size, "mimeType": call.content_type}
    if call.verb == "watch" and not call.answer:
        return content | {"comment": f"{call.events} events, which are not kept"}
    if len(call.answer) < call.answer_size:
        return content | {"comment": _not_kept(call.answer_size)}
    text, encoding = _text(call.answer)
    return content | {"text": text} | ({"encoding": encoding} if encoding else {})


def _text(data: bytes) -> tuple[str, str]:
    """The text of a body, and how it is encoded: as it is, or as base64."""
    try:
        return data.decode(), ""
    except UnicodeDecodeError:
        return b64encode(data).decode(), "base64"


def _status_text(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _not_kept(size: int) -> str:
    return f"{size} bytes, which are too many to be kept"


def _header(name: str, value: str) -> Object:
    return _pair(name, value if name.lower() != "authorization" else f"{value.partition(' ')[0]} (left out)")


def _pair(name: str, value: Any) -> Object:
    return {"name": name, "value": value}

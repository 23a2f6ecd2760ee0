"""A call as JSON, for those who ask over HTTP, and read back by them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from fauxkube.machinery.objects import GVR, Object
from fauxkube.machinery.times import to_micro_time
from fauxkube.simulation.calls import Call


def to_json(call: Call) -> Object:
    """Everything that is known of a call; `body` and `answer` are objects, or text where they cannot be read.

    Both are null when there is none, or when it was too large to be kept: `bodySize` and `answerSize` tell which.
    """
    group, version, resource = call.gvr or ("", "", "")
    return {
        "id": call.id,
        "started": to_micro_time(call.started),
        "seconds": round(call.seconds, 6),
        "verb": call.verb,
        "group": group,
        "version": version,
        "resource": resource,
        "subresource": call.subresource,
        "namespace": call.namespace,
        "name": call.object_name,
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "userAgent": call.user_agent,
        "user": call.user,
        "body": _shown(call.body_object, call.body),
        "bodySize": call.body_size,
        "status": call.status,
        "contentType": call.content_type,
        "answer": _shown(call.answer_object, call.answer),
        "answerSize": call.answer_size,
        "warnings": [*call.warnings],
        "events": call.events,
        "open": call.open,
    }


def from_json(seen: Object) -> Call:
    """The call that `to_json` told of; its bodies are JSON now, and its headers are not known."""
    return Call(
        method=seen["method"],
        path=seen["path"],
        query=seen["query"],
        headers=[(b"content-type", b"application/json")],
        user_agent=seen["userAgent"],
        started=datetime.fromisoformat(seen["started"]),
        user=seen["user"],
        verb=seen["verb"],
        gvr=GVR(seen["group"], seen["version"], seen["resource"]) if seen["resource"] else None,
        subresource=seen["subresource"],
        namespace=seen["namespace"],
        name=seen["name"],
        body=_as_bytes(seen["body"]),
        status=seen["status"],
        answer=_as_bytes(seen["answer"]),
        content_type=seen["contentType"] if isinstance(seen["answer"], str) else "application/json",
        seconds=seen["seconds"],
        warnings=seen["warnings"],
        id=seen["id"],
        body_size=seen["bodySize"],
        answer_size=seen["answerSize"],
        events=seen["events"],
        open=seen["open"],
    )


def _as_bytes(value: Any) -> bytes:
    if value is None:
        return b""
    return value.encode() if isinstance(value, str) else orjson.dumps(value)


def _shown(value: Any, data: bytes) -> Any:
    if value is None and data:
        return data.decode(errors="replace")
    return value

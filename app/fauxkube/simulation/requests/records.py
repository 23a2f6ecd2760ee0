"""A call as JSON, for those who ask over HTTP."""

from __future__ import annotations

from typing import Any

from fauxkube.machinery.objects import Object
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


def _shown(value: Any, data: bytes) -> Any:
    if value is None and data:
        return data.decode(errors="replace")
    return value

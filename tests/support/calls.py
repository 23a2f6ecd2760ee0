"""Calls as the API server would have recorded them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import GVR
from fauxkube.simulation.calls import Call
from fauxkube.simulation.requests import RequestLog

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
AGENT = "shop-operator/1.0"

_METHODS = {"get": "GET", "list": "GET", "watch": "GET", "create": "POST", "update": "PUT", "patch": "PATCH"}
CATALOGUE = default_catalogue()


def resource(plural: str, group: str = "", version: str = "v1") -> Resource:
    """A built-in resource."""
    found = CATALOGUE.find(group, version, plural)
    assert found is not None
    return found


def call(
    verb: str, plural: str = "configmaps", group: str = "", *, place: str = "default/web", body: Any = None, **more: Any
) -> Call:
    """A call about the object at `place` (`namespace/name`, either may be empty)."""
    namespace, _, name = place.partition("/")
    root = f"/apis/{group}/v1" if group else "/api/v1"
    path = f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"
    headers = {"content-type": "application/json", "host": "127.0.0.1:8080"} | more.pop("headers", {})
    made = Call(
        method=_METHODS.get(verb, "DELETE"),
        path=f"{path}/{name}" if name and verb != "create" else path,
        query=more.pop("query", ""),
        headers=[(key.encode(), value.encode()) for key, value in headers.items()],
        user_agent=more.pop("user_agent", AGENT),
        started=NOON,
        verb=verb,
        gvr=GVR(group, "v1", plural),
        namespace=namespace,
        name="" if verb == "create" else name,
    )
    made.body = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    made.body_size = len(made.body)
    made.status = 201 if verb == "create" else 200
    for field, value in more.items():
        setattr(made, field, value)
    return made


def recorded(*calls: Call, **options: int) -> RequestLog:
    """A log of these calls, each completed."""
    log = RequestLog(CATALOGUE, **options)
    for each in calls:
        body, each.body = each.body, b""
        answer, each.answer = each.answer, b""
        log.begin(each)
        log.end(each, body, answer)
    return log

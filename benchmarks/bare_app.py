"""The least that an HTTP server in Python does: decode a body and encode it again. The scale of a machine."""

from __future__ import annotations

from typing import Any

import orjson


async def app(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer every request with what it sent, or with a small object."""
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message.get("more_body"):
            break
    answer = orjson.dumps(orjson.loads(body) if body else {"kind": "Pod"})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 201 if body else 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})

"""Bytes to the wire: one start message and one body message, with the headers that apiserver adds to every answer.

JSON ends in a newline as Go's encoder writes it, and is indented for people. A body of more than 128 KiB is sent
gzipped (level 1) to a client that accepts it.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from fauxkube.machinery.objects import Object
from fauxkube.server.asgi import Header, Request, Response, Send
from fauxkube.server.negotiation import MediaType

#: The size from which bodies are compressed (`defaultGzipThresholdBytes`).
GZIP_THRESHOLD = 128 * 1024

#: How much all warnings of one answer may weigh before they are cut short, each to `WARNING_CUT`.
WARNINGS_TOTAL = 4 * 1024
WARNING_CUT = 256

_NO_CACHE: Header = (b"cache-control", b"no-cache, private")
_GZIPPED: tuple[Header, Header] = ((b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding"))


def encode(media: MediaType, value: bytes, *, pretty: bool = False) -> bytes:
    """An encoded object as the client asked for it; `value` is JSON without a newline."""
    if media.format == "yaml":
        return _yaml(orjson.loads(value))
    if pretty or media.pretty:
        return orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2)
    return value + b"\n"


def _yaml(value: Any) -> bytes:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(value, Dumper=dumper, default_flow_style=False, allow_unicode=True)
    return text.encode()


def object_response(media: MediaType, value: bytes, *, status: int = 200, pretty: bool = False) -> Response:
    """An encoded object in the negotiated form."""
    return Response(status, encode(media, value, pretty=pretty), media.content_type)


def document(media: MediaType, obj: Object, *, status: int = 200, pretty: bool = False) -> Response:
    """An object that is not stored (a `Status`, a discovery document) in the negotiated form."""
    return object_response(media, orjson.dumps(obj), status=status, pretty=pretty)


def text(status: int, body: str) -> Response:
    """Plain text, as Go's `http.Error` sends it."""
    return Response(status, body.encode(), b"text/plain; charset=utf-8", [(b"x-content-type-options", b"nosniff")])


def page_not_found() -> Response:
    """404 as Go's mux answers a path that it does not know."""
    return text(404, "404 page not found\n")


def _warning_headers(warnings: Sequence[str]) -> list[Header]:
    """`Warning` headers (RFC 7234): code 299, no agent, each text once; cut short when there is too much of it."""
    distinct = list(dict.fromkeys(_printable(each) for each in warnings))
    if sum(len(each) for each in distinct) > WARNINGS_TOTAL:
        distinct = [each if len(each) <= WARNING_CUT else each[:WARNING_CUT] + "..." for each in distinct]
    return [(b"warning", f'299 - "{_quoted(each)}"'.encode()) for each in distinct]


def _printable(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def accepts_gzip(request: Request) -> bool:
    """Whether the client takes a gzipped body."""
    codings = request.accept_encoding.split(b",")
    return any(coding.partition(b";")[0].strip() == b"gzip" for coding in codings)


def _gzipped(body: bytes) -> bytes:
    compressor = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return compressor.compress(body) + compressor.flush()


async def respond(send: Send, request: Request, response: Response, audit_id: bytes) -> None:
    """Send `response`; a large body is compressed off the event loop."""
    status, body, content_type, extra = response
    headers = start_headers(request, audit_id, content_type)
    if extra:
        headers.extend(extra)
        _drop_overridden(headers, extra)
    encoded = extra and any(name == b"content-encoding" for name, _ in extra)
    if len(body) > GZIP_THRESHOLD and accepts_gzip(request) and not encoded:
        body = await asyncio.to_thread(_gzipped, body)
        headers.extend(_GZIPPED)
    if status != 304:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


def start_headers(request: Request, audit_id: bytes, content_type: bytes) -> list[Header]:
    """The headers that every answer starts with, warnings among them."""
    headers: list[Header] = [(b"audit-id", audit_id), _NO_CACHE]
    if content_type:
        headers.append((b"content-type", content_type))
    if request.warnings:
        headers.extend(_warning_headers(request.warnings))
    return headers


def _drop_overridden(headers: list[Header], extra: Iterable[Header]) -> None:
    """Take out the general cache rule where the answer brings its own."""
    if any(name == b"cache-control" for name, _ in extra):
        headers.remove(_NO_CACHE)

"""Other protocols through the proxy: the offer is made to the pod, and if it takes it, bytes go both ways.

As apimachinery's `UpgradeAwareHandler`: the pod's own answer to the offer is what the client gets. What answers without
taking the offer and without an error is no answer to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fauxkube.kit.streams import Duplex, Reader, Writer
from fauxkube.machinery.status import StatusError
from fauxkube.server.asgi import Response
from fauxkube.server.connections import Upgrade
from fauxkube.server.streaming.handshake import Switch
from fauxkube.server.streaming.takeover import Takeover

_END = b"\r\n\r\n"
#: The largest head of an answer that is read, in bytes.
_HEAD_LIMIT = 65_536


@dataclass(frozen=True, slots=True)
class _Taken(Switch):
    """The pod's own answer that it takes the offer, and what has come after it."""

    received: bytes = b""

    @property
    def head(self) -> bytes:
        return self.received


async def offer(
    backend: Duplex,
    upgrade: Upgrade,
    line: str,
    headers: Sequence[tuple[str, str]],
    *,
    done: Callable[[Takeover], None],
) -> Response | Takeover:
    """What becomes of an offer: a session, or the pod's refusal; 500 when it is neither."""
    lines = [line, *(f"{name}: {value}" for name, value in headers), "Connection: Upgrade"]
    await backend.writer.write("\r\n".join([*lines, f"Upgrade: {upgrade.protocol}", "", ""]).encode("latin-1"))
    received = b""
    while _END not in received and len(received) < _HEAD_LIMIT:
        if not (more := await backend.reader.read()):
            break
        received += more
    head, _, rest = received.partition(_END)
    code = head.split(b" ", 2)[1] if head.startswith(b"HTTP/1.") and b" " in head else b""
    if code == b"101":
        return Takeover(upgrade, _Taken("", (), received), lambda client: _converse(client, backend), done=done)
    await backend.writer.close()
    if not code.isdigit():
        raise StatusError(500, "", "malformed HTTP response")
    if int(code) < 400:
        raise StatusError(500, "", f"invalid upgrade response: status code {int(code)}")
    return Response(int(code), rest, b"text/plain; charset=utf-8")


async def _converse(client: Duplex, backend: Duplex) -> None:
    """Hand bytes on in both directions until one side ends."""
    ways = [
        asyncio.ensure_future(_copy(client.reader, backend.writer)),
        asyncio.ensure_future(_copy(backend.reader, client.writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await backend.writer.close()


async def _copy(reader: Reader, writer: Writer) -> None:
    while data := await reader.read():
        await writer.write(data)

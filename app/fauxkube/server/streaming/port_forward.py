"""Connections to a pod's ports, any number of them in one of the client's.

Over SPDY, also in a WebSocket's tunnel, each has a stream of data and one of errors, which a request's number makes a
pair; over a plain WebSocket each port that was asked for has one connection, on two channels. Mirrors
`kubelet/pkg/cri/streaming/portforward`.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from fauxkube.kit.clock import Clock
from fauxkube.kit.streams import Duplex, Reader, Writer
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.server.containers import Containers
from fauxkube.server.streaming.racing import until_one_ends
from fauxkube.server.streaming.sessions import LINGER, pinging
from fauxkube.server.streaming.spdy import SpdyConnection, Stream
from fauxkube.server.streaming.spdy_frames import CANCEL

VERSION = "portforward.k8s.io"
TUNNELLED = "SPDY/3.1+"


@dataclass(frozen=True, slots=True)
class Target:
    """The pod whose ports are reached."""

    containers: Containers
    pod: Object
    clock: Clock

    @property
    def sandbox(self) -> str:
        """The container runtime's number of the pod, which messages name."""
        return hashlib.sha256(self.pod["metadata"]["uid"].encode()).hexdigest()

    def refused(self, port: int, problem: str) -> str:
        """What a client is told when a port cannot be reached."""
        return f"error forwarding port {port} to pod {self.sandbox}, uid : {problem}"

    def nobody_listens(self, port: int) -> str:
        """The container runtime's words for a port that nobody listens on."""
        namespace = f"/var/run/netns/cni-{UUID(self.sandbox[:32])}"
        return (
            f'failed to execute portforward in network namespace "{namespace}": failed to connect to localhost:{port} '
            f'inside namespace "{self.sandbox}", IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused '
            f"IPv6 dial tcp6 [::1]:{port}: connect: connection refused "
        )


async def _forward(target: Target, port: int, client: Duplex, report: Writer) -> None:
    """Connect to a port and carry bytes until the pod has closed; ConnectionResetError when it breaks off."""
    try:
        connection = await target.containers.connect(target.pod, port)
    except ConnectionRefusedError:
        await report.write(target.refused(port, target.nobody_listens(port)).encode())
        return
    except StatusError as error:
        await report.write(target.refused(port, error.message).encode())
        return
    sending = asyncio.create_task(_copy(client.reader, connection.writer), name=f"forward to port {port}")
    try:
        await _copy(connection.reader, client.writer)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await connection.writer.close()


async def _copy(source: Reader, sink: Writer) -> None:
    """Carry bytes one way until they end or nobody takes them."""
    with suppress(BrokenPipeError):
        while data := await source.read():
            await sink.write(data)
    await sink.close()


async def tunnelled(duplex: Duplex, target: Target) -> None:
    """Forward over SPDY in a WebSocket."""
    from fauxkube.server.streaming.tunnel import Tunnel
    from fauxkube.server.streaming.websocket import WebSocket

    await over_spdy(Tunnel(WebSocket(duplex)).duplex, target)


async def over_spdy(duplex: Duplex, target: Target) -> None:
    """Forward what the client's pairs of streams ask for, until it goes away."""
    opened: asyncio.Queue[Stream] = asyncio.Queue()

    def accept(stream: Stream) -> str:
        refusal = _refusal(stream)
        if not refusal:
            opened.put_nowait(stream)
        return refusal

    spdy = SpdyConnection(duplex, accept)
    await until_one_ends(spdy.run(), _pairs(spdy, opened, target), pinging(spdy.ping, target.clock))


def _refusal(stream: Stream) -> str:
    """Why a stream is no part of a forwarding; empty when it is."""
    port, type_ = stream.headers.get("port", ""), stream.headers.get("streamtype", "")
    if not port:
        return '"port" header is required'
    if not re.fullmatch(r"\d{1,5}", port) or int(port) > 65_535:
        return f'unable to parse "{port}" as a port'
    if int(port) < 1:
        return f'port "{port}" must be > 0'
    if not type_:
        return '"streamType" header is required'
    return "" if type_ in ("error", "data") else f'invalid stream type "{type_}"'


async def _pairs(spdy: SpdyConnection, opened: asyncio.Queue[Stream], target: Target) -> None:
    waiting: dict[str, Stream] = {}
    async with asyncio.TaskGroup() as group:
        while True:
            stream = await opened.get()
            request = _request(stream)
            other = waiting.pop(request, None)
            if other is None:
                waiting[request] = stream
                continue
            data, error = (other, stream) if other.headers["streamtype"] == "data" else (stream, other)
            if data.headers["streamtype"] == error.headers["streamtype"]:
                await stream.reset(CANCEL)
                waiting[request] = other
                continue
            group.create_task(_pair(spdy, target, data, error), name=f"forward {request}")


def _request(stream: Stream) -> str:
    """The number of a stream's request; old clients give none, but open that of data right after that of errors."""
    if given := stream.headers.get("requestid"):
        return given
    return str(stream.id if stream.headers["streamtype"] == "error" else stream.id - 2)


async def _pair(spdy: SpdyConnection, target: Target, data: Stream, error: Stream) -> None:
    try:
        await _forward(target, int(data.headers["port"]), Duplex(data, data), error)
    except (ConnectionError, TimeoutError):
        await data.reset(CANCEL)
        await error.reset(CANCEL)
    else:
        await data.close()
        await error.close()
        data.received.break_off()
    finally:
        spdy.forget(data, error)


async def over_websocket(duplex: Duplex, target: Target, ports: Sequence[int], version: str) -> None:
    """Forward one connection to each port, on two channels each, which begin with the port's number."""
    from fauxkube.server.streaming.channels import Channels
    from fauxkube.server.streaming.websocket import WebSocket

    socket = WebSocket(duplex)
    numbers = range(0, 2 * len(ports), 2)
    channels = Channels(socket, read=numbers, base64="base64." in version, closes=False)

    async def one(port: int, number: int) -> None:
        data, error = channels.writer(number), channels.writer(number + 1)
        for channel in (data, error):
            await channel.write(struct.pack("<H", port))
        with suppress(ConnectionError, TimeoutError):
            await _forward(target, port, Duplex(channels.reader(number), data), error)

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            for port, number in zip(ports, numbers, strict=True):
                group.create_task(one(port, number), name=f"forward to port {port}")
        await channels.close()
        await target.clock.real.sleep(LINGER)

    await until_one_ends(channels.run(), work(), pinging(socket.ping, target.clock))

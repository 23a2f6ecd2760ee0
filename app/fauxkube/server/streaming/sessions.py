"""A program at the other end of a connection: exec and attach over WebSocket channels or SPDY streams.

A session ends with the program, or as soon as the client is gone; then the program is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fauxkube.kit.clock import Clock
from fauxkube.kit.containers import Terminal
from fauxkube.kit.streams import Duplex, Nothing, Nowhere
from fauxkube.server.streaming.options import RemoteOptions
from fauxkube.server.streaming.racing import until_one_ends
from fauxkube.server.streaming.remote_command import V3, V4, V5, Program, Sizes, perform
from fauxkube.server.streaming.spdy import SpdyConnection, Stream

#: Real seconds between two looks whether the client is still there.
PING = 15.0
#: Real seconds that a client has to open its streams, and to close the connection once the program has ended.
CREATION, LINGER = 30.0, 5.0

STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)


@dataclass(frozen=True, slots=True)
class Remote:
    """A program, and how its client wants to see it."""

    program: Program
    options: RemoteOptions
    clock: Clock

    @property
    def told_command(self) -> str:
        """The command as messages show it."""
        return f"[{' '.join(self.options.command)}]"


async def pinging(ping: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Ask again and again whether the client is there; ends when it is not."""
    try:
        while True:
            await clock.real.sleep(PING)
            await ping()
    except BrokenPipeError:
        return


async def over_websocket(duplex: Duplex, remote: Remote, version: str) -> None:
    """Serve a program over the channels of a WebSocket; `version` is the subprotocol."""
    from fauxkube.server.streaming.channels import Channels
    from fauxkube.server.streaming.websocket import WebSocket

    socket, options = WebSocket(duplex), remote.options
    read = [number for number, wanted in ((STDIN, options.stdin), (RESIZE, options.tty)) if wanted]
    channels = Channels(socket, read=read, base64="base64." in version, closes=version == V5)
    stdout = channels.writer(STDOUT)
    terminal = Terminal(
        stdin=channels.reader(STDIN) if options.stdin else Nothing(),
        stdout=stdout,
        stderr=channels.writer(STDERR) if options.stderr else stdout,
        tty=options.tty,
        resizes=Sizes(channels.reader(RESIZE)) if options.tty else None,
    )
    plain, command = version.replace("base64.", ""), remote.told_command

    async def work() -> None:
        # An empty message tells the client that it is connected.
        await channels.send(STDOUT, b"")
        await perform(remote.program, terminal, channels.writer(ERROR), version=plain, command=command)
        await channels.close()
        await remote.clock.real.sleep(LINGER)

    await until_one_ends(channels.run(), work(), pinging(socket.ping, remote.clock))


async def over_spdy(duplex: Duplex, remote: Remote, version: str) -> None:
    """Serve a program over the streams of a SPDY connection."""
    opened: asyncio.Queue[Stream] = asyncio.Queue()

    def accept(stream: Stream) -> str:
        opened.put_nowait(stream)
        return ""

    spdy = SpdyConnection(duplex, accept)

    async def work() -> None:
        try:
            async with asyncio.timeout(CREATION):
                streams = await _streams(opened, _wanted(remote.options, version))
        except TimeoutError:
            return
        terminal = _terminal(streams, remote.options)
        await perform(remote.program, terminal, streams["error"], version=version, command=remote.told_command)
        await spdy.close()
        await remote.clock.real.sleep(LINGER)

    await until_one_ends(spdy.run(), work(), pinging(spdy.ping, remote.clock))


def _wanted(options: RemoteOptions, version: str) -> set[str]:
    """The streams that the client opens."""
    resize = {"resize"} if options.tty and version in (V3, V4) else set()
    return {"error", *options.opened, *resize}


async def _streams(opened: asyncio.Queue[Stream], wanted: set[str]) -> dict[str, Stream]:
    """The streams by their types, once all that are wanted are there."""
    found: dict[str, Stream] = {}
    while not wanted <= found.keys():
        stream = await opened.get()
        found[stream.headers.get("streamtype", "")] = stream
    return found


def _terminal(streams: dict[str, Stream], options: RemoteOptions) -> Terminal:
    stdout = streams.get("stdout") or Nowhere()
    return Terminal(
        stdin=streams.get("stdin") or Nothing(),
        stdout=stdout,
        stderr=(streams.get("stderr") or Nowhere()) if options.stderr else stdout,
        tty=options.tty,
        resizes=Sizes(streams["resize"]) if "resize" in streams else None,
    )

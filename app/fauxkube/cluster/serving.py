"""The clusters of a server behind a listening socket, until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fauxkube.cluster.beginnings.loaded import Loaded
from fauxkube.cluster.beginnings.sources import SourceError, Sources
from fauxkube.cluster.host import Host
from fauxkube.cluster.settings import Settings
from fauxkube.machinery.status import StatusError
from fauxkube.server.control import NameServer
from fauxkube.server.listener import Listener
from fauxkube.store.model import StoreError


@dataclass(frozen=True, slots=True)
class Announced:
    """A server that is ready: its URL, the address it listens on, the data file if there is one, and its DNS if asked.

    `nodes` are the loopback addresses of its nodes by their names, where it has a data plane. `loaded` is what has
    become of what it was to begin with.
    """

    url: str
    host: str
    data: Path | None
    loaded: Loaded
    names: NameServer | None = None
    nodes: Mapping[str, str] = field(default_factory=dict)


#: Told once the server is ready.
Announce = Callable[[Announced], None]

#: How long, in seconds, the event loop may keep the store's writer thread from running (Python's default is 5 ms).
_SWITCH_INTERVAL = 0.0005


class Source(Protocol):
    """What a server begins with."""

    async def start(self, host: Host, url: str) -> Loaded:
        """Start the host, which will be served at that URL; SourceError when it cannot."""


class ServingError(Exception):
    """The server cannot start: the port is taken, a file is in use or cannot be read, what is to be loaded is wrong."""


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    clusters: int,
    announce: Announce,
    sources: Source | None = None,
    dns: int | None = None,
) -> None:
    """Run a server with one cluster, which begins with `sources`, and so many at most; returns once told to stop.

    The cluster's DNS listens on loopback at the port `dns`, a free one for 0, unless that is None.
    """
    served = Host(settings, limit=clusters)
    _runner()(_serve(served, sources or Sources(), host=host, port=port, announce=announce, dns=dns))


def _spare_the_garbage_collector() -> None:
    """Look for reference cycles less often, and not among what is there for good.

    The heap is mostly decoded objects, which form no cycles: going through them at Python's usual pace costs a tenth
    of the time and pauses every request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _runner() -> Callable[[Coroutine[None, None, None]], None]:
    """uvloop where it is to be had (not on Windows), asyncio's own loop elsewhere."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


async def _serve(clusters: Host, sources: Source, *, host: str, port: int, announce: Announce, dns: int | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    listener = Listener(clusters.application, host=host, port=port)
    try:
        await _bind(listener, host, port)
        loaded = await sources.start(clusters, listener.url)
        await listener.serve()
        _spare_the_garbage_collector()
        data = clusters.settings.data
        if data is not None:
            sys.setswitchinterval(_SWITCH_INTERVAL)
        names = None if dns is None else await _names(clusters, dns)
        found = await clusters.control().dataplane()
        nodes = {each["name"]: each["loopback"] for each in found["nodes"]}
        announce(Announced(listener.url, host, data, loaded, names, nodes))
        await stopped.wait()
    except (StoreError, SourceError) as error:
        raise ServingError(str(error)) from error
    finally:
        await listener.stop()
        await clusters.close()


async def _names(clusters: Host, port: int) -> NameServer:
    try:
        return await clusters.control().dns(port=port)
    except StatusError as error:
        raise ServingError(error.message) from error


async def _bind(listener: Listener, host: str, port: int) -> None:
    try:
        await listener.bind()
    except OSError as error:
        raise ServingError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error

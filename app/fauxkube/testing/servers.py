"""Where clusters live: a server in a thread of this process, one in a child process, or one at a URL.

Every handle asks for the server that it needs; all share it. Those that were started here stay until the interpreter
ends, as the next test needs them again, or until `stop_servers`.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol, TypeVar

from fauxkube.server.app import BACKSTAGE
from fauxkube.server.control import Operations
from fauxkube.simulation.requests import RequestLog
from fauxkube.testing.objects import Objects

T = TypeVar("T")

#: What the handles' own requests and writes are known by, as which they go past faults, rules and records.
USER_AGENT = BACKSTAGE.decode()


class Member(Protocol):
    """A cluster of a server; its coroutines are for the server's `run`."""

    @property
    def control(self) -> Operations:
        """What can be done with it."""

    @property
    def url(self) -> str:
        """Where its API begins."""

    def objects(self) -> Objects:
        """What it holds at the moment."""

    async def request_log(self) -> RequestLog:
        """The requests that were made of it until now."""


class Server(Protocol):
    """A server with clusters."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What comes of a coroutine in the loop that the server, or the connection to it, belongs to."""

    async def create(self, name: str, overrides: Mapping[str, object], source: str) -> Member:
        """A new cluster, or a fork of `source`."""

    async def delete(self, name: str) -> None:
        """End a cluster."""

    def start(self) -> None:
        """Be ready to create clusters."""

    def stop(self) -> None:
        """End what was started here; harmless when called again."""


class _Servers:
    """The servers in use, by what was asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Server] = {}

    def of(self, process: bool, url: str) -> Server:
        key = url or ("process" if process else "thread")
        with self._lock:
            server = self._running.get(key)
            if server is None:
                server = _made(process, url)
                server.start()
                self._running[key] = server
            return server

    def stop(self) -> None:
        with self._lock:
            for server in self._running.values():
                server.stop()
            self._running.clear()

    def forget(self) -> None:
        """In a forked process, which has the servers' memory but not their threads: it starts its own."""
        self.__init__()  # type: ignore[misc]


def _made(process: bool, url: str) -> Server:
    if url:
        from fauxkube.testing.remote import RemoteServer

        return RemoteServer(url)
    if process:
        from fauxkube.testing.child import ChildServer

        return ChildServer()
    from fauxkube.testing.local import LocalServer

    return LocalServer()


_servers = _Servers()


def server_of(*, process: bool = False, url: str = "") -> Server:
    """The server that is meant, started if it does not run yet: by default the one in this process."""
    return _servers.of(process, url)


def stop_servers() -> None:
    """Stop the servers that were started here, with all their clusters, and let go of the others."""
    _servers.stop()


atexit.register(stop_servers)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_servers.forget)

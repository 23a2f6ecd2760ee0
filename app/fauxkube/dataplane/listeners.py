"""The listening sockets of one cluster, made to be those that its bindings ask for.

`put` says what an owner (a service, a pod) wants; what it wanted before and does not any more is closed. A socket that
cannot be had where it is wanted is opened nearby, and `tell` hears of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from ssl import SSLContext
from typing import TypeAlias

from fauxkube.dataplane.addresses import Loopbacks
from fauxkube.dataplane.bindings import Binding
from fauxkube.dataplane.connections import Accepted, Connections
from fauxkube.dataplane.datagrams import Datagrams
from fauxkube.dataplane.reached import Dial
from fauxkube.dataplane.sockets import Opened, open_socket

#: Told of a binding that is not served as wanted, and how it is.
Tell: TypeAlias = Callable[[Binding, str], None]
#: What TLS is spoken with at a binding, if it is.
Context: TypeAlias = Callable[[Binding], SSLContext | None]


@dataclass(frozen=True, slots=True)
class Listening:
    """A binding, and where it is listened for on loopback: nowhere if it is empty; and what is wrong with that."""

    binding: Binding
    at: str
    problem: str = ""


class _Open:
    """What is open for a binding."""

    def __init__(self, opened: Opened, server: asyncio.Server | None, datagrams: Datagrams | None) -> None:
        self.opened = opened
        self._server = server
        self.datagrams = datagrams

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        if self.datagrams is not None:
            self.datagrams.close()
            self.datagrams.transport.close()


class Listeners:
    """Opens and closes; one call of `put` at a time."""

    def __init__(self, loopbacks: Loopbacks, dial: Dial, tell: Tell, context: Context) -> None:
        self._loopbacks = loopbacks
        self._dial = dial
        self._tell = tell
        self._context = context
        self._wanted: dict[str, set[Binding]] = {}
        self._open: dict[Binding, _Open] = {}
        self._problems: dict[Binding, str] = {}
        #: How many bindings each address has.
        self._uses: dict[str, int] = {}
        self.connections = Connections()

    async def put(self, owner: str, bindings: Iterable[Binding]) -> None:
        """Listen for these on behalf of the owner, and for nothing else."""
        wanted = set(bindings)
        before = self._wanted.pop(owner, set())
        for gone in before - wanted:
            self._close(gone)
        if wanted:
            self._wanted[owner] = wanted
        for new in sorted(wanted - before, key=lambda each: (each.address, each.port, each.protocol)):
            await self._listen(new)

    def owners(self) -> list[str]:
        """Those for whom something is listened for."""
        return [*self._wanted]

    def listed(self) -> Iterator[Listening]:
        """Every binding, and where it is served."""
        for bindings in self._wanted.values():
            for binding in bindings:
                found = self._open.get(binding)
                at = str(found.opened) if found is not None else ""
                yield Listening(binding, at, self._problems.get(binding, ""))

    def reset(self, pod: str) -> None:
        """The pod is gone: break its connections, and send its datagrams elsewhere."""
        self.connections.reset(pod)
        for each in self._open.values():
            if each.datagrams is not None:
                each.datagrams.reset(pod)

    async def close(self) -> None:
        """Close everything, connections too; harmless when called again."""
        for owner in self.owners():
            await self.put(owner, ())
        self.connections.reset()
        await self.connections.closed()

    async def _listen(self, binding: Binding) -> None:
        self._uses[binding.address] = self._uses.get(binding.address, 0) + 1
        if not binding.served:
            self._fail(binding, f"{binding.protocol} is not served on loopback")
            return
        of_node = binding.node
        host = self._loopbacks.of_node(of_node) if of_node else self._loopbacks.of(binding.address)
        try:
            opened = open_socket(host or "127.0.0.1", binding.port, binding.protocol)
            self._open[binding] = await self._serve(binding, opened)
        except OSError as error:
            self._fail(binding, error.strerror or str(error))
            return
        if opened.problem:
            self._fail(binding, f"{opened.problem}: {opened} is served in its place")

    async def _serve(self, binding: Binding, opened: Opened) -> _Open:
        loop = asyncio.get_running_loop()
        if binding.protocol == "TCP":
            accept = partial(Accepted, binding, self._dial, self.connections)
            server = await loop.create_server(accept, sock=opened.socket, backlog=1024, ssl=self._context(binding))
            return _Open(opened, server, None)
        _, datagrams = await loop.create_datagram_endpoint(partial(Datagrams, binding, self._dial), sock=opened.socket)
        return _Open(opened, None, datagrams)

    def _fail(self, binding: Binding, problem: str) -> None:
        self._problems[binding] = problem
        self._tell(binding, problem)

    def _close(self, binding: Binding) -> None:
        self._problems.pop(binding, None)
        if (found := self._open.pop(binding, None)) is not None:
            found.close()
        self._uses[binding.address] -= 1
        if not self._uses[binding.address]:
            del self._uses[binding.address]
            if not binding.node:
                self._loopbacks.release(binding.address)

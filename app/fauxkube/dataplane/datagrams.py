"""UDP on loopback: the datagrams of one client, from one port of its, are a flow that stays with its backend.

A flow that is quiet for a minute is forgotten, and the next datagram is sent as any first one (conntrack's time for
streams is two minutes). To a local process they go from a socket of the flow's own, so that answers find back; in this
process the built-in page answers. What is refused or lost is dropped, and the client's next datagram is judged anew.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from fauxkube.dataplane.bindings import Binding
from fauxkube.dataplane.reached import Dial, Reached
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.network.local_ports import LocalPort
from fauxkube.workloads.http_server import Answer

#: Seconds of silence after which a flow is over.
QUIET_SECONDS = 60.0
#: More flows than this are not kept apart at one port.
_MOST_FLOWS = 4096


class Datagrams(asyncio.DatagramProtocol):
    """What listens at one UDP port."""

    def __init__(self, binding: Binding, dial: Dial) -> None:
        self._binding = binding
        self._dial = dial
        self._flows: dict[Any, _Flow] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        flow = self._flows.get(addr)
        if flow is None:
            if len(self._flows) >= _MOST_FLOWS:
                return
            reached = self._dial(self._binding, addr[0])
            if reached.taker is None:
                return
            flow = self._flows[addr] = _Flow(self, addr, reached.taker, reached)
        flow.take(data)

    def forget(self, addr: Any) -> None:
        """The flow is over."""
        self._flows.pop(addr, None)

    def reset(self, pod: str) -> None:
        """The pod is gone: its flows go elsewhere."""
        for flow in [flow for flow in self._flows.values() if flow.pod == pod]:
            flow.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.close()

    def close(self) -> None:
        """End every flow."""
        for flow in list(self._flows.values()):
            flow.close()


class _Flow(asyncio.DatagramProtocol):
    """What one client sends, and is answered."""

    def __init__(self, listener: Datagrams, client: Any, taker: Answer | LocalPort, reached: Reached) -> None:
        self._listener = listener
        self._client = client
        self._taker = taker
        self._source = reached.source
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        self._transport: asyncio.DatagramTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self._last = self._loop.time()
        self._timer = self._loop.call_later(QUIET_SECONDS, self._look)
        self.pod = reached.pod

    def take(self, data: bytes) -> None:
        """Hand on what the client has sent."""
        self._last = self._loop.time()
        taker = self._taker
        if isinstance(taker, LocalPort):
            if self._transport is not None:
                self._transport.sendto(data)
                return
            self._waiting.append(data)
            if self._task is None:
                self._task = self._loop.create_task(self._connect(taker))
        else:
            answered = taker(HttpRequest("datagram", "", body=data, client=self._source))
            if isinstance(answered, HttpResponse):
                self._listener.transport.sendto(answered.body, self._client)

    async def _connect(self, local: LocalPort) -> None:
        try:
            await self._loop.create_datagram_endpoint(lambda: self, remote_addr=(local.host, local.port))
        except OSError:
            self.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        for data in self._waiting:
            self._transport.sendto(data)
        self._waiting.clear()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._last = self._loop.time()
        self._listener.transport.sendto(data, self._client)

    def error_received(self, error: Exception) -> None:
        """Nobody listens there (yet)."""

    def close(self) -> None:
        """The flow is over."""
        self._listener.forget(self._client)
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.close()

    def _look(self) -> None:
        """Close the flow if it has been quiet for its time, else look again when it may have been."""
        left = self._last + QUIET_SECONDS - self._loop.time()
        if left <= 0:
            self.close()
        else:
            self._timer = self._loop.call_later(left, self._look)

"""Bytes in WebSocket messages, whatever their borders: SPDY through what lets only WebSockets pass (KEP-4006)."""

from __future__ import annotations

from fauxkube.kit.streams import Duplex
from fauxkube.server.streaming.websocket import WebSocket


class Tunnel:
    """A `Reader` and `Writer` of what goes through a WebSocket."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    @property
    def duplex(self) -> Duplex:
        """Both directions."""
        return Duplex(self, self)

    async def read(self) -> bytes:
        while (message := await self._socket.receive()) is not None:
            if message.data:
                return message.data
        return b""

    async def write(self, data: bytes) -> None:
        await self._socket.send(data)

    async def close(self) -> None:
        await self._socket.close()

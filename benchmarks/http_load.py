"""A small HTTP/1.1 load generator: keep-alive connections, requests sent one after the other on each.

Written for speed rather than completeness: it reads answers with a Content-Length or in chunks, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Address:
    """Where the server is."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Address:
        parts = urlsplit(url)
        return cls(parts.hostname or "127.0.0.1", parts.port or 80)


class Connection:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    @classmethod
    async def open(cls, address: Address) -> Connection:
        reader, writer = await asyncio.open_connection(address.host, address.port, limit=1 << 26)
        return cls(reader, writer, address.host)

    async def request(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """The answer's status code and body."""
        self._send(method, path, body)
        code, length, chunked = await self._head()
        if chunked:
            return code, b"".join([chunk async for chunk in self._chunks()])
        return code, await self._reader.readexactly(length)

    async def stream(self, path: str) -> int:
        """Send a GET and read only the head of its answer; `readline` then reads the stream."""
        self._send("GET", path, b"")
        code, _, _ = await self._head()
        return code

    async def read_until(self, marker: bytes) -> bytes:
        """The raw stream up to `marker`."""
        return await self._reader.readuntil(marker)

    def close(self) -> None:
        self._writer.close()

    def _send(self, method: str, path: str, body: bytes) -> None:
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept: application/json\r\n"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(head.encode() + b"\r\n" + body)

    async def _head(self) -> tuple[int, int, bool]:
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        code = int(head[9:12])
        if b"transfer-encoding: chunked" in head:
            return code, 0, True
        start = head.find(b"content-length:")
        return code, int(head[start + 15 : head.index(b"\r\n", start)]) if start >= 0 else 0, False

    async def _chunks(self) -> Any:
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            yield await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)


@dataclass(frozen=True)
class Rate:
    """How many requests were answered in how many seconds, and the latencies (seconds) in ascending order."""

    requests: int
    seconds: float
    latencies: list[float]

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        """The latency that `share` of the requests did not exceed, in milliseconds."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))] * 1000


async def load(
    address: Address, connections: int, requests: int, make: Callable[[int], tuple[str, str, bytes]], expected: int
) -> Rate:
    """Send `requests` requests over `connections` connections; RuntimeError when one is answered otherwise."""
    numbers = iter(range(requests))
    latencies: list[float] = []

    async def worker() -> None:
        connection = await Connection.open(address)
        for number in numbers:
            method, path, body = make(number)
            begun = time.perf_counter()
            code, answer = await connection.request(method, path, body)
            latencies.append(time.perf_counter() - begun)
            if code != expected:
                raise RuntimeError(f"{method} {path}: {code} {answer[:300]!r}")
        connection.close()

    begun = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    return Rate(requests, time.perf_counter() - begun, sorted(latencies))


async def call(address: Address, method: str, path: str, body: object = None) -> Any:
    """One request, its JSON decoded; RuntimeError when it fails."""
    connection = await Connection.open(address)
    code, answer = await connection.request(method, path, json.dumps(body).encode() if body is not None else b"")
    connection.close()
    if code >= 400:
        raise RuntimeError(f"{method} {path}: {code} {answer[:300]!r}")
    return json.loads(answer)

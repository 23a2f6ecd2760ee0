"""What real traffic through a node port costs, against the same traffic without fauxkube.

    python benchmarks/dataplane.py [--seconds 2] [--connections 16]

A `fauxkube up --dataplane` runs in a process of its own, and so does the local process that a pod stands for. Requests
go to the built-in page and to that process; bytes go to it in bulk. Each is measured directly, through a proxy that
asyncio alone makes (20 lines, same loop), and through a node port. Prints figures and never fails for being slow:
machines differ, so compare the rows of one run. Everything ends with the run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import uvloop

REQUEST = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"x" * 200
CHUNK = b"\0" * 262_144
PAGE, LOCAL = 30001, 30002


# The processes


class LocalProcess(asyncio.Protocol):
    """Answers requests; sends bytes without an end to who asks for `BULK`."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.bulk = False

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"BULK"):
            self.bulk = True
            self.pump()
        else:
            self.transport.write(ANSWER)

    def pump(self) -> None:
        self.paused = False
        while not self.paused and not self.transport.is_closing():
            self.transport.write(CHUNK)

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.pump()


class BareProxy(asyncio.Protocol):
    """As little as can stand between a client and a server."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connection_made(self, transport: Any) -> None:
        self.transport, self.other, self.early = transport, None, b""
        asyncio.get_running_loop().create_task(self.connect())

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, self.other = await loop.create_connection(lambda: Back(self), "127.0.0.1", self.port)
        self.other.transport.write(self.early)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self.early += data
        else:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if self.other:
            self.other.transport.close()


class Back(asyncio.Protocol):
    def __init__(self, front: BareProxy) -> None:
        self.front = front

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.front.transport.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.front.transport.close()


async def serve(make: Callable[[], asyncio.Protocol]) -> None:
    """Listen, say where, and go on until the standard input is closed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def process(*args: str) -> Iterator[int]:
    """Another process of this script, and its port."""
    command = [sys.executable, __file__, *args]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            yield int(running.stdout.readline())
        finally:
            running.stdin.close()
            running.terminate()


@contextmanager
def cluster(local_port: int) -> Iterator[dict[int, str]]:
    """A cluster with a service of the page and one of the local process, and where their node ports listen."""
    command = [sys.executable, "-m", "fauxkube", "up", "--port", "0", "--nodes", "2", "--dataplane"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            lines = iter(running.stdout.readline, "")
            url = next(line for line in lines if "is ready at" in line).split()[-1]
            for name, port in (("page", PAGE), ("local", LOCAL)):
                annotations = {"fauxkube.io/local-port": str(local_port)} if name == "local" else {}
                create(url, "pods", pod(name, annotations))
                create(url, "services", service(name, port))
            yield listening(url)
        finally:
            running.terminate()


def pod(name: str, annotations: dict[str, str]) -> dict[str, Any]:
    container = {"name": "main", "image": "nginx", "ports": [{"containerPort": 8080}]}
    metadata = {"name": name, "labels": {"app": name}, "annotations": annotations}
    return {"metadata": metadata, "spec": {"containers": [container]}}


def service(name: str, port: int) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": 8080, "nodePort": port}]
    return {"metadata": {"name": name}, "spec": {"type": "NodePort", "selector": {"app": name}, "ports": ports}}


def create(url: str, plural: str, obj: Any) -> None:
    headers = {"Content-Type": "application/json"}
    data = json.dumps(obj).encode()
    request = urllib.request.Request(f"{url}/api/v1/namespaces/default/{plural}", data, headers)
    urllib.request.urlopen(request).close()


def listening(url: str) -> dict[int, str]:
    """By the node port: where it listens, once all do."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{url}/fauxkube/v1/dataplane") as answer:
            found = {each["port"]: each["at"] for each in json.load(answer)["listeners"] if each["at"]}
        if {PAGE, LOCAL} <= found.keys():
            return found
        time.sleep(0.05)
    raise SystemExit("the node ports do not listen")


# The load


class Client(asyncio.Protocol):
    """Asks again as soon as it is answered."""

    def __init__(self) -> None:
        self.count = 0
        self.left = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if not self.left:
            head, _, body = data.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            self.left = length - len(body)
        else:
            self.left -= len(data)
        if self.left <= 0:
            self.left = 0
            self.count += 1
            self.transport.write(REQUEST)


class Once(asyncio.Protocol):
    """Asks, and tells when the answer begins."""

    def __init__(self, answered: asyncio.Future[None]) -> None:
        self.answered = answered

    def connection_made(self, transport: Any) -> None:
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if not self.answered.done():
            self.answered.set_result(None)


class Sink(asyncio.Protocol):
    """Counts what comes."""

    count = 0

    def connection_made(self, transport: Any) -> None:
        transport.write(b"BULK")

    def data_received(self, data: bytes) -> None:
        self.count += len(data)


@asynccontextmanager
async def connected(make: Callable[[], Any], at: str, number: int) -> AsyncIterator[list[Any]]:
    host, _, port = at.rpartition(":")
    loop = asyncio.get_running_loop()
    pairs = [await loop.create_connection(make, host, int(port)) for _ in range(number)]
    try:
        yield [protocol for _, protocol in pairs]
    finally:
        for transport, _ in pairs:
            transport.abort()


async def rate(make: Callable[[], Any], at: str, number: int, seconds: float) -> float:
    """What is counted in a second over so many connections."""
    async with connected(make, at, number) as clients:
        await asyncio.sleep(0.2)
        before, started = sum(each.count for each in clients), time.perf_counter()
        await asyncio.sleep(seconds)
        return (sum(each.count for each in clients) - before) / (time.perf_counter() - started)


async def new_connections(at: str, number: int, seconds: float) -> float:
    """Connections in a second, each for one request."""
    host, _, port = at.rpartition(":")
    count, end = 0, time.perf_counter() + seconds

    loop = asyncio.get_running_loop()

    async def one_after_the_other() -> None:
        nonlocal count
        while time.perf_counter() < end:
            answered = loop.create_future()
            transport, _ = await loop.create_connection(partial(Once, answered), host, int(port))
            await answered
            transport.abort()
            count += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(number)))
    return count / seconds


def row(what: str, value: float, unit: str, base: float = 0.0) -> None:
    ratio = f"{value / base:>6.2f} of direct" if base else ""
    print(f"{what:<46} {value:>10,.2f} {unit:<14} {ratio}", flush=True)


async def measure(local: int, bare: int, ports: dict[int, str], given: argparse.Namespace) -> None:
    direct, proxied = f"127.0.0.1:{local}", f"127.0.0.1:{bare}"
    number, seconds = given.connections, given.seconds
    base = await rate(Client, direct, number, seconds)
    row("HTTP, keep-alive: direct", base, "requests/s")
    row("  a bare asyncio proxy", await rate(Client, proxied, number, seconds), "requests/s", base)
    row("  a node port, to a local process", await rate(Client, ports[LOCAL], number, seconds), "requests/s", base)
    row("  a node port, to the built-in page", await rate(Client, ports[PAGE], number, seconds), "requests/s", base)
    base = await new_connections(direct, number, seconds)
    row("HTTP, a connection a request: direct", base, "requests/s")
    row("  a bare asyncio proxy", await new_connections(proxied, number, seconds), "requests/s", base)
    row("  a node port, to a local process", await new_connections(ports[LOCAL], number, seconds), "requests/s", base)
    row("  a node port, to the built-in page", await new_connections(ports[PAGE], number, seconds), "requests/s", base)
    gigabit = 8 / 1e9
    base = await rate(Sink, direct, 2, seconds) * gigabit
    row("Bulk: direct", base, "Gbit/s")
    row("  a bare asyncio proxy", await rate(Sink, proxied, 2, seconds) * gigabit, "Gbit/s", base)
    row("  a node port, to a local process", await rate(Sink, ports[LOCAL], 2, seconds) * gigabit, "Gbit/s", base)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--serve", choices=["local", "bare"], help=argparse.SUPPRESS)
    parser.add_argument("--to", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        uvloop.run(serve(LocalProcess if given.serve == "local" else lambda: BareProxy(given.to)))
        return
    with (
        process("--serve", "local") as local,
        process("--serve", "bare", "--to", str(local)) as bare,
        cluster(local) as ports,
    ):
        uvloop.run(measure(local, bare, ports, given))


if __name__ == "__main__":
    main()

"""Requests that offer another protocol, over a plain socket; and a pod that runs containers of the test's own."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from fauxkube.cluster.settings import Settings
from fauxkube.server.streaming.spdy_frames import Decoder, Encoder
from fauxkube.server.streaming.spdy_frames import Frame as SpdyFrame
from support.containers import FakeContainers
from support.thread import Served, served
from support.waiting import until

PODS = "/api/v1/namespaces/default/pods"


@dataclass(frozen=True)
class Streamed:
    """A server whose pod `web` runs containers of the test's own."""

    served: Served
    containers: FakeContainers

    @property
    def url(self) -> str:
        return self.served.url


@contextmanager
def streamed(settings: Settings | None = None) -> Iterator[Streamed]:
    """Run a server with the pod `web`, which has one container, and the pod `two`, which has `one` and `two`."""
    containers = FakeContainers()
    with served(settings) as server, httpx.Client(base_url=server.url, timeout=10) as http:
        server.call(lambda cluster: vars(cluster.workloads).update(containers=containers))
        for name, names in (("web", ["web"]), ("two", ["one", "two"])):
            listed = [{"name": each, "image": "nginx"} for each in names]
            pod = {"metadata": {"name": name}, "spec": {"containers": listed}}
            assert http.post(PODS, json=pod).status_code == 201
            until(lambda name=name: http.get(f"{PODS}/{name}").json()["status"]["phase"] == "Running")  # type: ignore[misc]
        yield Streamed(server, containers)


@dataclass
class Upgraded:
    """What a request was answered, and the connection, where it goes on."""

    status: int
    headers: dict[str, str]
    connection: socket.socket
    rest: bytes

    def read(self) -> bytes:
        """The next bytes; empty at the end."""
        if self.rest:
            data, self.rest = self.rest, b""
            return data
        try:
            return self.connection.recv(65_536)
        except ConnectionResetError:
            return b""

    def body(self) -> str:
        """The whole body of an answer that names its length."""
        while len(self.rest) < int(self.headers["content-length"]):
            self.rest += self.connection.recv(65_536)
        return self.rest.decode()


@contextmanager
def upgraded(url: str, target: str, headers: Mapping[str, str], *, method: str = "GET") -> Iterator[Upgraded]:
    """Send a request with these headers, and read the head of its answer."""
    place = urlsplit(url)
    lines = [f"{method} {target} HTTP/1.1", f"Host: {place.netloc}", *(f"{k}: {v}" for k, v in headers.items())]
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        head = b""
        while b"\r\n\r\n" not in head and (data := connection.recv(65_536)):
            head += data
        text, _, rest = head.partition(b"\r\n\r\n")
        first, *fields = text.decode().split("\r\n")
        named = (field.partition(": ") for field in fields)
        yield Upgraded(int(first.split()[1]), {k.lower(): v for k, _, v in named}, connection, rest)


def websocket_offer(*protocols: str) -> dict[str, str]:
    """The headers that offer a WebSocket."""
    offer = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
    }
    return offer | ({"Sec-WebSocket-Protocol": ", ".join(protocols)} if protocols else {})


def spdy_offer(*versions: str) -> dict[str, str]:
    """The headers that offer SPDY."""
    return {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": ", ".join(versions)}


class WebSocketClient:
    """Messages on an upgraded connection."""

    def __init__(self, upgraded: Upgraded) -> None:
        assert upgraded.status == 101, upgraded
        self._upgraded = upgraded
        self._protocol = Protocol(CLIENT)
        self._frames: list[Frame] = []

    def send(self, data: bytes) -> None:
        self._protocol.send_binary(data)
        self._upgraded.connection.sendall(b"".join(self._protocol.data_to_send()))

    def next(self) -> bytes | None:
        """The next message that has something in it; None once the server has closed."""
        while True:
            while not self._frames:
                data = self._upgraded.read()
                if not data:
                    return None
                self._protocol.receive_data(data)
                self._frames = [each for each in self._protocol.events_received() if isinstance(each, Frame)]
            frame = self._frames.pop(0)
            if frame.opcode is Opcode.CLOSE:
                self._upgraded.connection.sendall(b"".join(self._protocol.data_to_send()))
                return None
            if len(frame.data) > 1:
                return bytes(frame.data)

    def rest(self) -> dict[int, bytes]:
        """All that comes until the end, by channel."""
        found: dict[int, bytes] = {}
        while (message := self.next()) is not None:
            found[message[0]] = found.get(message[0], b"") + message[1:]
        return found


class SpdyClient:
    """Frames on an upgraded connection."""

    def __init__(self, upgraded: Upgraded) -> None:
        assert upgraded.status == 101, upgraded
        self._upgraded = upgraded
        self._encoder, self._decoder = Encoder(), Decoder()
        self._frames: list[SpdyFrame] = []

    def send(self, *frames: SpdyFrame) -> None:
        for frame in frames:
            self._upgraded.connection.sendall(self._encoder.encode(frame))

    def next(self) -> SpdyFrame | None:
        """The next frame; None once the server has closed."""
        while not self._frames:
            data = self._upgraded.read()
            if not data:
                return None
            self._frames = self._decoder.feed(data)
        return self._frames.pop(0)

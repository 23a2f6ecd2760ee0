"""Datagrams: a client's flow stays with whom it got to; what gets to nobody is judged anew each time."""

from __future__ import annotations

import asyncio
from unittest.mock import create_autospec

from fauxkube.dataplane.bindings import Binding
from fauxkube.dataplane.datagrams import Datagrams
from fauxkube.dataplane.reached import Reached
from fauxkube.kit.exchange import HttpRequest, HttpResponse

CLIENT = ("127.0.0.1", 40000)


def answering(name: str) -> Reached:
    """A pod of that name, which answers with it."""

    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, name.encode())

    return Reached(answer, "172.18.0.3", f"default/{name}")


def sent(*dialled: Reached, times: int) -> list[bytes]:
    """What a client is answered that sends so many datagrams, dialled as these come, in turn."""
    left = list(dialled)
    transport = create_autospec(asyncio.DatagramTransport, instance=True)

    async def run() -> None:
        binding = Binding("service/default/dns", "node port", "172.18.0.3", 30053, "UDP")
        listener = Datagrams(binding, lambda *_: left.pop(0))
        listener.connection_made(transport)
        for _ in range(times):
            listener.datagram_received(b"?", CLIENT)
        listener.close()

    asyncio.run(run())
    return [call.args[0] for call in transport.sendto.call_args_list]


def test_a_flow_stays_with_its_backend() -> None:
    assert sent(answering("a"), answering("b"), times=3) == [b"a", b"a", b"a"]


def test_what_was_lost_before_gets_there_once_it_may() -> None:
    assert sent(Reached(), Reached(refused=True), answering("a"), times=4) == [b"a", b"a"]

"""A cluster's names, asked for by a test's own program."""

from __future__ import annotations

import asyncio

import dns.message
import dns.query

import fauxkube

NAME = "kubernetes.default.svc.cluster.local"


def _asked(address: tuple[str, int]) -> list[str]:
    answer = dns.query.udp(dns.message.make_query(NAME, "A"), address[0], port=address[1], timeout=10)
    return [str(each) for record in answer.answer for each in record]


def test_names_are_answered_from_the_start_or_once_the_address_is_asked_for() -> None:
    for asked in (True, False):
        with fauxkube.Cluster(dns=asked) as cluster:
            assert _asked(cluster.dns_address) == ["10.96.0.1"]
            assert cluster.dns_address == cluster.dns_address


def test_the_server_outlives_a_reset_and_ends_with_the_cluster() -> None:
    with fauxkube.Cluster() as cluster:
        address = cluster.dns_address
        cluster.reset()
        assert (_asked(address), cluster.dns_address) == (["10.96.0.1"], address)
    with fauxkube.Cluster() as other:
        assert other.run(_rebound(address))


async def _rebound(address: tuple[str, int]) -> bool:
    """Whether the port can be had again."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=address)
    transport.close()
    await asyncio.sleep(0)
    return True


def test_a_coroutine_learns_of_the_address_too() -> None:
    async def run() -> tuple[str, int]:
        async with fauxkube.Cluster(dns=True) as cluster:
            return cluster.dns_address

    assert asyncio.run(run())[0] == "127.0.0.1"

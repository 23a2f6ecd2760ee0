"""Hundreds of requests at once: every one is answered, every write is told once, and nothing is given twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx
import pytest

from fauxkube.cluster.settings import Settings
from fauxkube.machinery.objects import Object
from fauxkube.registry.pools import Ranges
from support.api import CONFIG_MAPS, MERGE_PATCH, NODES, PODS, SERVICES, answered, config_map, pod, pools, service
from support.thread import served_cluster
from support.waiting import until

AT_ONCE = 64

Request = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def all_at_once(url: str, requests: list[Request]) -> list[httpx.Response]:
    """Send the requests over many connections, as fast as they are answered."""

    async def run() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30) as client:
            return await asyncio.gather(*(_awaited(request(client)) for request in requests))

    return asyncio.run(run())


async def _awaited(response: Awaitable[httpx.Response]) -> httpx.Response:
    return await response


def post(path: str, body: Object) -> Request:
    return lambda client: client.post(path, json=body)


def codes(responses: list[httpx.Response]) -> Counter[int]:
    return Counter(response.status_code for response in responses)


def test_no_service_address_or_port_is_given_twice(http: httpx.Client, server: str) -> None:
    bodies = [service(f"s{n}", type="NodePort") for n in range(300)]
    made = all_at_once(server, [post(SERVICES, body) for body in bodies])
    assert codes(made) == {201: 300}
    specs = [response.json()["spec"] for response in made]
    assert len({spec["clusterIP"] for spec in specs}) == 300
    assert len({spec["ports"][0]["nodePort"] for spec in specs}) == 300


def test_of_many_who_ask_for_one_address_one_gets_it(http: httpx.Client, server: str) -> None:
    asked = [service(f"s{n}", clusterIP="10.96.0.50") for n in range(40)]
    assert codes(all_at_once(server, [post(SERVICES, body) for body in asked])) == {201: 1, 422: 39}
    ports = [{"port": 80, "nodePort": 30050}]
    asked = [service(f"p{n}", type="NodePort", ports=ports) for n in range(40)]
    assert codes(all_at_once(server, [post(SERVICES, body) for body in asked])) == {201: 1, 422: 39}


def test_a_full_range_is_given_out_to_the_last_and_no_further() -> None:
    ranges = Ranges(service_cidr="10.96.0.0/27")
    with served_cluster(Settings(ranges=ranges, nodes=0)) as url, httpx.Client(base_url=url) as http:
        made = all_at_once(url, [post(SERVICES, service(f"s{n}")) for n in range(100)])
        assert codes(made) == {201: 29, 500: 71}
        held = pools(http)["services/clusterips"]
        assert len(held) == 30


def test_of_many_creations_of_one_name_one_wins(http: httpx.Client, server: str) -> None:
    made = all_at_once(server, [post(CONFIG_MAPS, config_map("one", {"n": str(n)})) for n in range(60)])
    assert codes(made) == {201: 1, 409: 59}
    (winner,) = (response.json() for response in made if response.status_code == 201)
    assert answered(http.get(f"{CONFIG_MAPS}/one")) == winner


def test_of_many_updates_of_one_version_one_wins(http: httpx.Client, server: str) -> None:
    first = answered(http.post(CONFIG_MAPS, json=config_map("one")), 201)
    updates: list[Request] = [
        lambda client, n=n: client.put(f"{CONFIG_MAPS}/one", json=first | {"data": {"n": str(n)}})  # type: ignore[misc]
        for n in range(60)
    ]
    assert codes(all_at_once(server, updates)) == {200: 1, 409: 59}


def test_no_patch_of_many_is_lost(http: httpx.Client, server: str) -> None:
    answered(http.post(CONFIG_MAPS, json=config_map("one")), 201)
    patches: list[Request] = [
        lambda client, n=n: client.patch(f"{CONFIG_MAPS}/one", json={"data": {f"k{n}": "x"}}, headers=MERGE_PATCH)  # type: ignore[misc]
        for n in range(100)
    ]
    assert codes(all_at_once(server, patches)) == {200: 100}
    assert len(answered(http.get(f"{CONFIG_MAPS}/one"))["data"]) == 100


def test_of_many_deletions_one_finds_the_object(http: httpx.Client, server: str) -> None:
    answered(http.post(CONFIG_MAPS, json=config_map("one")), 201)
    deletions: list[Request] = [lambda client: client.delete(f"{CONFIG_MAPS}/one") for _ in range(30)]
    assert codes(all_at_once(server, deletions)) == {200: 1, 404: 29}


def test_of_many_bindings_one_wins(http: httpx.Client, server: str) -> None:
    answered(http.post(PODS, json=pod("p", schedulerName="nobody")), 201)
    bodies = [{"metadata": {"name": "p"}, "target": {"kind": "Node", "name": f"node-{n % 3 + 1}"}} for n in range(30)]
    assert codes(all_at_once(server, [post(f"{PODS}/p/binding", body) for body in bodies])) == {201: 1, 409: 29}


def test_pods_that_come_and_go_never_share_an_address(http: httpx.Client, server: str) -> None:
    until(lambda: all(node["spec"].get("podCIDR") for node in answered(http.get(NODES))["items"]))
    seen: list[tuple[str, str]] = []

    async def churn() -> None:
        async with httpx.AsyncClient(base_url=server, timeout=30) as client:
            watching = asyncio.create_task(_addresses(client, seen))
            for round_ in range(4):
                names = [f"r{round_}-{n}" for n in range(40)]
                await asyncio.gather(*(client.post(PODS, json=pod(name)) for name in names))
                await asyncio.gather(
                    *(client.delete(f"{PODS}/{name}", params={"gracePeriodSeconds": "0"}) for name in names[::2])
                )
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    asyncio.run(churn())
    until(lambda: all(each["status"].get("podIP") for each in answered(http.get(PODS))["items"]), seconds=30)
    items = answered(http.get(PODS))["items"]
    addresses = Counter(each["status"]["podIP"] for each in items)
    assert len(items) == 80
    assert max(addresses.values()) == 1
    holders: dict[str, set[str]] = {}
    for name, address in seen:
        holders.setdefault(address, set()).add(name)
    assert all(len(names) == 1 for names in holders.values())


async def _addresses(client: httpx.AsyncClient, seen: list[tuple[str, str]]) -> None:
    """Note every address that any pod is ever seen with."""
    async with client.stream("GET", PODS, params={"watch": "1"}) as response:
        async for line in response.aiter_lines():
            obj = httpx.Response(200, content=line).json()["object"]
            if address := obj.get("status", {}).get("podIP"):
                seen.append((obj["metadata"]["name"], address))


@pytest.mark.parametrize("kept", [False, True], ids=["memory", "data"])
def test_a_client_that_goes_away_in_the_middle_leaves_whole_objects(tmp_path: Any, *, kept: bool) -> None:
    """Requests are cancelled while they are under way: each service is there with its address, or neither is."""
    settings = Settings(nodes=0, data=tmp_path / "state.db" if kept else None)

    async def hurry(url: str) -> None:
        async with httpx.AsyncClient(base_url=url) as client:
            for n in range(120):
                request: Coroutine[Any, Any, httpx.Response] = client.post(SERVICES, json=service(f"s{n}"))
                sending = asyncio.create_task(request)
                for _ in range(n % 12):
                    await asyncio.sleep(0)
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    with served_cluster(settings) as url, httpx.Client(base_url=url) as http:
        asyncio.run(hurry(url))
        answered(http.post(SERVICES, json=service("last")), 201)
        found = answered(http.get(SERVICES))["items"]
        held = {address: owner.rpartition("/")[2] for address, owner in pools(http)["services/clusterips"].items()}
        assert held == {each["spec"]["clusterIP"]: each["metadata"]["name"] for each in found}

"""State kept with `--data`: what was acknowledged is there after a stop and after `kill -9`, and nothing twice."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from fauxkube.machinery.objects import Object
from support.api import (
    CONFIG_MAPS,
    CORE,
    NODES,
    PODS,
    SERVICES,
    answered,
    config_map,
    made,
    names,
    pod,
    pools,
    service,
    told,
    watching,
)
from support.process import Server, fauxkube_up
from support.waiting import until

WRITERS = 8


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@contextlib.contextmanager
def running(data: Path, *args: str) -> Iterator[tuple[Server, httpx.Client]]:
    with fauxkube_up("--data", str(data), *args) as server, httpx.Client(base_url=server.url, timeout=10) as http:
        yield server, http


def listed(http: httpx.Client, path: str) -> dict[str, Object]:
    return {item["metadata"]["name"]: item for item in answered(http.get(path))["items"]}


def test_everything_is_there_after_a_stop(data: Path) -> None:
    with running(data) as (_, http):
        for n in range(5):
            made(http, CONFIG_MAPS, config_map(f"c{n}", {"n": str(n)}))
            made(http, SERVICES, service(f"s{n}", type="NodePort"))
            made(http, PODS, pod(f"p{n}"))
        until(lambda: all(each["status"]["phase"] == "Running" for each in listed(http, PODS).values()))
        http.delete(f"{CONFIG_MAPS}/c0")
        before = [listed(http, path) for path in (CONFIG_MAPS, SERVICES, PODS)]
        held, version = pools(http), answered(http.get(CONFIG_MAPS))["metadata"]["resourceVersion"]
    with running(data) as (_, http):
        after = [listed(http, path) for path in (CONFIG_MAPS, SERVICES, PODS)]
        for old, new in zip(before, after, strict=True):
            assert old.keys() == new.keys()
            assert {name: each["metadata"]["uid"] for name, each in old.items()} == {
                name: each["metadata"]["uid"] for name, each in new.items()
            }
        assert before[:2] == after[:2]
        assert {pool: values for pool, values in held.items() if values} == {
            pool: values for pool, values in pools(http).items() if values
        }
        with watching(http, CONFIG_MAPS, resourceVersion=version) as events:
            made(http, CONFIG_MAPS, config_map("later"))
            assert told(events, 1) == [("ADDED", "later")]


def test_addresses_given_back_cool_on_across_a_restart(data: Path) -> None:
    narrow = ("--service-cidr", "10.96.0.0/29", "--nodes", "0")
    with running(data, *narrow) as (_, http):
        first = made(http, SERVICES, service("a"))["spec"]["clusterIP"]
        second = made(http, SERVICES, service("b"))["spec"]["clusterIP"]
        http.delete(f"{SERVICES}/b")
        http.delete(f"{SERVICES}/a")
    with running(data, *narrow) as (_, http):
        given = [made(http, SERVICES, service(f"s{n}"))["spec"]["clusterIP"] for n in range(5)]
    assert given[-2:] == [second, first]
    assert len(set(given)) == 5


class Writers:
    """Clients that write as fast as they can until the server is gone, and remember what was acknowledged."""

    def __init__(self, url: str, number: int) -> None:
        self._url = url
        self._number = number
        self.acknowledged: dict[str, Object] = {}
        self.deleted: set[str] = set()
        self.newest = 0
        self._lock = threading.Lock()

    def write(self, writer: int) -> None:
        with httpx.Client(base_url=self._url, timeout=5) as http, contextlib.suppress(httpx.TransportError):
            for n in itertools.count():
                name = f"r{self._number}-w{writer}-{n}"
                self._remember(f"{SERVICES}/{name}", made(http, SERVICES, service(name, type="NodePort")))
                self._remember(f"{PODS}/{name}", made(http, PODS, pod(name)))
                if n % 3 == 2:
                    self._delete(http, f"{SERVICES}/r{self._number}-w{writer}-{n - 1}")

    def _remember(self, path: str, obj: Object) -> None:
        with self._lock:
            self.acknowledged[path] = obj
            self.newest = max(self.newest, int(obj["metadata"]["resourceVersion"]))

    def _delete(self, http: httpx.Client, path: str) -> None:
        with self._lock:
            obj = self.acknowledged.pop(path)
        answered(http.delete(path))
        with self._lock:
            self.deleted.add(path)
        assert obj


def judge_nothing_is_held_twice(http: httpx.Client) -> None:
    services, pods = listed(http, SERVICES), listed(http, PODS)
    addresses = Counter(each["spec"]["clusterIP"] for each in services.values())
    ports = Counter(
        port["nodePort"] for each in services.values() for port in each["spec"]["ports"] if "nodePort" in port
    )
    ips = Counter(each["status"]["podIP"] for each in pods.values() if each["status"].get("podIP"))
    blocks = Counter(each["spec"]["podCIDR"] for each in listed(http, NODES).values())
    for counted in (addresses, ports, ips, blocks):
        assert not [value for value, times in counted.items() if times > 1]
    held = pools(http)
    assert held["services/clusterips"].keys() == addresses.keys()
    assert held["services/nodeports"].keys() == {str(port) for port in ports}
    assert held["nodes/podcidrs"].keys() == blocks.keys()


def test_nothing_acknowledged_is_lost_by_kill_9_and_nothing_is_given_twice(data: Path) -> None:
    expected: dict[str, Object] = {}
    gone: set[str] = set()
    newest = 0
    for number in range(3):
        with running(data) as (server, http):
            version = int(answered(http.get(f"{CORE}/namespaces"))["metadata"]["resourceVersion"])
            assert version >= newest
            for path, obj in expected.items():
                assert answered(http.get(path))["metadata"]["uid"] == obj["metadata"]["uid"]
            assert not [path for path in gone if http.get(path).status_code != 404]
            judge_nothing_is_held_twice(http)
            writers = Writers(server.url, number)
            with ThreadPoolExecutor(WRITERS) as pool:
                done = [pool.submit(writers.write, writer) for writer in range(WRITERS)]
                until(lambda writers=writers: len(writers.acknowledged) > 60)  # type: ignore[misc]
                server.kill()
                for each in done:
                    each.result()
        expected |= writers.acknowledged
        gone |= writers.deleted
        newest = writers.newest
    with running(data) as (_, http):
        assert not [path for path in expected if http.get(path).status_code != 200]
        until(lambda: all(each["status"]["phase"] == "Running" for each in listed(http, PODS).values()), seconds=30)
        judge_nothing_is_held_twice(http)
        assert names(answered(http.get(NODES))) == ["node-1", "node-2", "node-3"]

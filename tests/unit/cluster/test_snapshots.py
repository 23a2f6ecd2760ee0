"""A cluster goes through a file and comes out the same; a file that is no snapshot makes nothing of itself."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from fauxkube.cluster.beginnings.snapshots import cluster_of, load, save, settings_of
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.core.pod_status import pod_ip_of
from fauxkube.kinds.gvrs import DEPLOYMENTS, NODES, PODS, SERVICES
from fauxkube.machinery.objects import Object, name_of
from fauxkube.registry.pools import Ranges
from fauxkube.simulation.snapshot import SnapshotError
from support.api import deployment, pod, service
from support.running import settled

STILL = Settings(nodes=2, clock_rate=0, seed=5, clock_start=datetime(2030, 1, 1, tzinfo=UTC))


async def populated(cluster: Cluster) -> None:
    """A deployment behind a service, and a pod whose address was given back."""
    for gvr, obj in (
        (DEPLOYMENTS, deployment("web", replicas=3)),
        (SERVICES, service("web", selector={"app": "web"}, type="NodePort")),
        (PODS, pod("gone")),
    ):
        await cluster.client.create(gvr, obj, namespace="default")
    await cluster.time.settle()
    await cluster.client.delete(PODS, "gone", namespace="default", grace_period_seconds=0)
    await cluster.time.settle()


def saved() -> bytes:
    async def scenario() -> bytes:
        async with settled(Cluster(STILL)) as cluster:
            await populated(cluster)
            return save(cluster)

    return asyncio.run(scenario())


def _rows(data: bytes) -> list[Any]:
    return [orjson.loads(line) for line in gzip.decompress(data).splitlines()]


def rewritten(data: bytes, change: Callable[[list[Any]], object]) -> bytes:
    """The snapshot with its rows changed: the header, the allocations, the objects."""
    rows = _rows(data)
    change(rows)
    return gzip.compress(b"".join(orjson.dumps(row) + b"\n" for row in rows))


def test_a_loaded_cluster_is_the_one_that_was_saved() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as before:
            await populated(before)
            async with settled(cluster_of(load(save(before)))) as after:
                assert after.store.revision == before.store.revision
                assert after.store.page("").entries == before.store.page("").entries
                assert set(after.store.allocations()) == set(before.store.allocations())
                assert after.settings == before.settings
                assert after.clock.now() == before.clock.now()
                assert _rows(save(after))[1:] == _rows(save(before))[1:]

    asyncio.run(scenario())


def test_the_same_state_makes_the_same_bytes() -> None:
    assert saved() == saved()


def test_both_go_on_alike() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as before:
            await populated(before)
            async with settled(cluster_of(load(save(before)))) as after:
                for cluster in (before, after):
                    await cluster.client.create(DEPLOYMENTS, deployment("more", replicas=2), namespace="default")
                    await cluster.time.settle()
                assert _pods(after) == _pods(before)

    asyncio.run(scenario())


def _pods(cluster: Cluster) -> list[bytes]:
    return [entry.value for entry in cluster.store.page("pods/").entries]


def test_addresses_that_were_given_back_stay_cool() -> None:
    async def scenario() -> None:
        async with settled(Cluster(Settings(nodes=1, clock_rate=0))) as before:
            await before.client.create(PODS, pod("gone"), namespace="default")
            await before.time.settle()
            address = pod_ip_of(await before.client.get(PODS, "gone", "default"))
            await before.client.delete(PODS, "gone", namespace="default", grace_period_seconds=0)
            await before.time.settle()
            async with settled(cluster_of(load(save(before)))) as after:
                pool = after.pools["pods/node-1"]
                free = [pool.reserve() for _ in range(pool.free)]
                assert free[-1] == address

    asyncio.run(scenario())


def test_a_snapshot_in_real_time_is_loaded_into_real_time() -> None:
    async def scenario() -> None:
        async with settled(Cluster(Settings(nodes=1))) as cluster:
            data = rewritten(save(cluster), _age)
        async with settled(cluster_of(load(data))) as loaded:
            assert abs(loaded.clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
            assert [name_of(each) for each in (await loaded.client.list(NODES)).items] == ["node-1"]

    asyncio.run(scenario())


def _age(rows: list[Any]) -> None:
    rows[0]["clock"]["now"] = "2020-01-01T00:00:00.000000Z"


def test_nodes_that_were_deleted_stay_away() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as before:
            await before.client.delete(NODES, "node-1")
            await before.time.settle()
            async with settled(cluster_of(load(save(before)))) as after:
                assert [name_of(each) for each in (await after.client.list(NODES)).items] == ["node-2"]

    asyncio.run(scenario())


def test_the_snapshot_s_ranges_and_version_are_the_cluster_s() -> None:
    async def scenario() -> None:
        own = {"cluster_cidr": "10.1.0.0/16", "service_cidr": "10.2.0.0/16"}
        ranges = Ranges(**own, node_ports=(20000, 20100), node_blocks=False)
        settings = Settings(nodes=1, kubernetes_version="1.34", ranges=ranges, clock_rate=0)
        async with settled(Cluster(settings)) as cluster:
            loaded = settings_of(load(save(cluster)))
        assert (loaded.ranges, loaded.kubernetes_version) == (ranges, "1.34")

    asyncio.run(scenario())


def test_the_file_begins_with_a_line_that_says_what_it_is() -> None:
    header = orjson.loads(gzip.decompress(saved()).splitlines()[0])
    assert (header["format"], header["version"], header["seed"]) == ("fauxkube.io/snapshot", 1, 5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1f",
        b"hello",
        gzip.compress(b""),
        gzip.compress(b"hello\n"),
        gzip.compress(b'{"kind": "List"}\n'),
        b"PK\3\4",
    ],
    ids=["empty", "a byte", "text", "nothing packed", "packed text", "packed JSON", "zip"],
)
def test_what_is_no_snapshot_is_told_so(data: bytes) -> None:
    with pytest.raises(SnapshotError, match="not a fauxkube snapshot"):
        load(data)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_a_snapshot_that_is_cut_off_is_refused(kept: float) -> None:
    data = saved()
    with pytest.raises(SnapshotError, match="cut off"):
        load(data[: int(len(data) * kept)])


def test_a_flipped_bit_is_noticed() -> None:
    data = bytearray(saved())
    data[len(data) // 2] ^= 4
    with pytest.raises(SnapshotError, match="damaged"):
        load(bytes(data))


def test_what_follows_the_end_is_noticed() -> None:
    with pytest.raises(SnapshotError, match="something follows its end"):
        load(saved() + b"more")


def _first_object(rows: list[Any]) -> list[Any]:
    found: list[Any] = rows[rows[0]["allocations"] + 1]
    return found


def _of_kind(rows: list[Any], kind: str) -> Object:
    return next(row[2] for row in rows if isinstance(row, list) and len(row) == 3 and row[2]["kind"] == kind)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[0].update(version=2), "version 2 of the format; this fauxkube reads 1"),
        (lambda rows: rows[0].pop("ranges"), "'?ranges'? is missing"),
        (lambda rows: rows[0].update(revision="7"), "'7' is no int"),
        (lambda rows: rows[0].update(objects=1), "does not hold what its header counts"),
        (lambda rows: rows.pop(), "does not hold what its header counts"),
        (lambda rows: rows[0]["ranges"].update(service_cidr="10.96.0.0/33"), "cannot be served: service CIDR"),
        (lambda rows: rows[0].update(kubernetesVersion="1.3"), "Kubernetes 1.3 is not served"),
        (lambda rows: rows[0]["clock"].update(rate=-1), "cannot be served: the clock's rate"),
        (lambda rows: rows[0].update(chance={"seed": []}), "damaged"),
        (lambda rows: rows[1].__setitem__(2, "pods/default/nobody"), "which is not there"),
        (lambda rows: rows[1].__setitem__(3, 10**9), "is no revision up to"),
        (lambda rows: rows.__setitem__(2, rows[1]), "is there twice"),
        (lambda rows: _first_object(rows).__setitem__(0, "pods/default/other"), "is not the key of its object"),
        (lambda rows: _first_object(rows).__setitem__(2, "text"), "is no dict"),
        (lambda rows: _first_object(rows)[2].update(kind="Widget"), "holds a Widget of apps/v1, which is not served"),
        (lambda rows: _first_object(rows)[2]["metadata"].pop("uid"), "uid is missing"),
        (lambda rows: _of_kind(rows, "Pod").update(spec="text"), "damaged"),
        (lambda rows: rows.append(rows.pop(-2)), "not in order"),
    ],
)
def test_a_snapshot_that_was_tampered_with_is_refused(change: Callable[[list[Any]], object], message: str) -> None:
    with pytest.raises(SnapshotError, match=message):
        load(rewritten(saved(), change))


def test_a_small_file_cannot_fill_the_memory() -> None:
    with pytest.raises(SnapshotError, match="more than a cluster may"):
        load(gzip.compress(bytes(1 << 26)))

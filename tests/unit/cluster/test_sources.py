"""What `fauxkube up` begins with: combined, reset, kept in a data file, refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fauxkube.cluster.beginnings.loaded import Loaded
from fauxkube.cluster.beginnings.snapshots import save
from fauxkube.cluster.beginnings.sources import SourceError, Sources
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.host import Host
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import CONFIG_MAPS, NODES
from fauxkube.machinery.objects import name_of

KIND = str(Path(__file__).parent / "dumps" / "kind.yaml")
CONFIG = "{apiVersion: v1, kind: ConfigMap, metadata: {name: loaded}}"


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    (tmp_path / "config.yaml").write_text(CONFIG)
    return str(tmp_path / "config.yaml")


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    async def saved() -> bytes:
        cluster = Cluster(Settings(nodes=1))
        await cluster.start()
        await cluster.time.settle()
        data = save(cluster)
        await cluster.close()
        return data

    path = tmp_path / "kept.snapshot"
    path.write_bytes(asyncio.run(saved()))
    return path


@asynccontextmanager
async def begun(sources: Sources, settings: Settings | None = None) -> AsyncIterator[tuple[Host, Loaded]]:
    host = Host(settings or Settings(nodes=0))
    try:
        yield host, await sources.start(host)
    finally:
        await host.close()


async def config_maps(host: Host) -> list[str]:
    return [name_of(each) for each in (await host.control().cluster.client.list(CONFIG_MAPS)).items]


def test_nothing_is_begun_with_unless_it_is_given() -> None:
    async def scenario() -> None:
        async with begun(Sources()) as (host, loaded):
            assert (await config_maps(host), loaded) == ([], Loaded())

    asyncio.run(scenario())


def test_a_reset_comes_back_to_what_was_loaded(manifest: str) -> None:
    async def scenario() -> None:
        async with begun(Sources(load=[manifest])) as (host, loaded):
            assert loaded.created == ["ConfigMap loaded"]
            await host.control().cluster.client.delete(CONFIG_MAPS, "loaded", namespace="default")
            await host.reset("default")
            assert await config_maps(host) == ["loaded"]

    asyncio.run(scenario())


def test_manifests_go_into_a_data_file_once_and_are_applied_again_later(manifest: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = Settings(nodes=0, data=tmp_path / "data.db")
        async with begun(Sources(load=[manifest]), settings) as (_, loaded):
            assert loaded.created == ["ConfigMap loaded"]
        async with begun(Sources(load=[manifest]), settings) as (host, loaded):
            assert (loaded.created, loaded.changed) == ([], ["ConfigMap loaded"])
            assert await config_maps(host) == ["loaded"]

    asyncio.run(scenario())


def test_manifests_join_a_snapshot(manifest: str, snapshot: Path) -> None:
    async def scenario() -> None:
        async with begun(Sources(snapshot=snapshot, load=[manifest])) as (host, _):
            nodes = (await host.control().cluster.client.list(NODES)).items
            assert ([name_of(each) for each in nodes], await config_maps(host)) == (["node-1"], ["loaded"])

    asyncio.run(scenario())


def refused(sources: Sources, settings: Settings | None = None) -> str:
    async def scenario() -> None:
        async with begun(sources, settings):
            pass

    with pytest.raises(SourceError) as caught:
        asyncio.run(scenario())
    return str(caught.value)


def test_what_cannot_be_combined_is_refused_by_name(snapshot: Path, tmp_path: Path) -> None:
    kept = Settings(nodes=0, data=tmp_path / "data.db")
    assert "cannot be with a data file" in refused(Sources(snapshot=snapshot), kept)
    assert "cannot be together with a data file" in refused(Sources(load=[KIND]), kept)
    assert "with a snapshot or with a dump, not with both" in refused(Sources(snapshot=snapshot, load=[KIND]))
    assert "other address ranges than asked for" in refused(Sources(load=[KIND], insists=True))


def test_a_file_that_is_wrong_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.snapshot").write_text("hello")
    assert refused(Sources(snapshot=tmp_path / "bad.snapshot")) == (
        f"{tmp_path}/bad.snapshot: this is not a fauxkube snapshot"
    )
    (tmp_path / "bad.yaml").write_text("a: 1\na: 2\n")
    assert refused(Sources(load=[str(tmp_path)])).startswith(f"{tmp_path}/bad.yaml:2: ")

"""The clusters of one server, without a server: they come, go, begin anew, and know nothing of each other."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.control import Control
from fauxkube.cluster.host import Host
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import CONFIG_MAPS, NODES, PODS
from fauxkube.machinery.status import StatusError
from fauxkube.store.model import StoreError
from support.api import config_map, pod

Scenario = Callable[[Host], Awaitable[None]]


@asynccontextmanager
async def hosting(settings: Settings | None = None, **options: Any) -> AsyncIterator[Host]:
    host = Host(settings or Settings(nodes=1), **options)
    await host.start()
    try:
        yield host
    finally:
        await host.close()


def run(scenario: Scenario, settings: Settings | None = None, **options: Any) -> None:
    """Play the scenario on a host of its own."""

    async def played() -> None:
        async with hosting(settings, **options) as host:
            await scenario(host)

    asyncio.run(played())


async def names(control: Control) -> list[str]:
    listed = await control.cluster.client.list(CONFIG_MAPS)
    return [each["metadata"]["name"] for each in listed.items]


async def write(control: Control, name: str) -> None:
    await control.cluster.client.create(CONFIG_MAPS, config_map(name, namespace="default"))


async def refused(call: Awaitable[object]) -> StatusError:
    with pytest.raises(StatusError) as caught:
        await call
    return caught.value


def test_a_new_cluster_is_whole_and_its_own() -> None:
    async def scenario(host: Host) -> None:
        one, two = await host.create("one"), await host.create("two")
        await one.settle()
        await write(one, "only-here")
        assert (await names(one), await names(two), await names(host.control())) == (["only-here"], [], [])
        assert [each["metadata"]["name"] for each in (await two.cluster.client.list(NODES)).items] == ["node-1"]
        assert host.names() == ["default", "one", "two"]
        assert (one.path, host.control().path) == ("/clusters/one", "")

    run(scenario)


def test_settings_can_be_another_clusters_own() -> None:
    async def scenario(host: Host) -> None:
        wanted = {"nodes": 2, "service_cidr": "10.7.0.0/24", "node_ports": "31000-31009", "clock_rate": 0.0}
        control = await host.create("one", overrides=wanted)
        info, clock = await control.info(), await control.clock()
        assert (info.service_cidr, clock.frozen) == ("10.7.0.0/24", True)
        assert len((await control.cluster.client.list(NODES)).items) == 2
        assert (await host.control().info()).service_cidr == "10.96.0.0/12"

    run(scenario)


@pytest.mark.parametrize(
    ("overrides", "field", "problem"),
    [
        ({"nodes": "two"}, "overrides.nodes", "must be a whole number"),
        ({"nodes": True}, "overrides.nodes", "must be a whole number"),
        ({"nodes": 1000}, "overrides", "too few for 1000 nodes"),
        ({"clock_rate": "fast"}, "overrides.clock_rate", "must be a number"),
        ({"clock_start": "yesterday"}, "overrides.clock_start", "Invalid isoformat string"),
        ({"node_ports": "many"}, "overrides.node_ports", "must be of the form 30000-32767"),
        ({"kubernetes_version": 1.36}, "overrides.kubernetes_version", "must be a string"),
        ({"colour": "red"}, "overrides.colour", "there is no such setting, but nodes, "),
    ],
)
def test_a_setting_that_cannot_be_is_named(overrides: dict[str, object], field: str, problem: str) -> None:
    async def scenario(host: Host) -> None:
        error = await refused(host.create("one", overrides=overrides))
        (cause,) = error.details["causes"]
        assert (error.code, cause["field"]) == (422, field)
        assert problem in cause["message"]
        assert host.names() == ["default"]

    run(scenario)


def test_a_fork_begins_as_its_source_is_and_goes_its_own_way() -> None:
    async def scenario(host: Host) -> None:
        source = await host.create("source")
        await write(source, "before")
        fork = await host.fork("source", "fork")
        await asyncio.gather(write(source, "after"), write(fork, "elsewhere"))
        assert (await names(source), await names(fork)) == (["after", "before"], ["before", "elsewhere"])
        assert fork.entry().source == "source"
        await fork.reset()
        assert await names(fork) == ["before"]

    run(scenario)


def test_a_fork_has_no_settings_of_its_own() -> None:
    async def scenario(host: Host) -> None:
        error = await refused(host.create("fork", source="default", overrides={"nodes": 3}))
        assert (error.code, error.details["causes"][0]["field"]) == (422, "overrides")
        assert (await refused(host.create("fork", source="nobody"))).message == 'clusters "nobody" not found'

    run(scenario)


@pytest.mark.parametrize("name", ["Upper", "-begins", "ends-", "with.dot", "x" * 64, "a/b"])
def test_a_name_is_a_dns_label(name: str) -> None:
    async def scenario(host: Host) -> None:
        error = await refused(host.create(name))
        assert (error.code, error.details["causes"][0]["field"]) == (422, "name")

    run(scenario)


def test_a_name_is_given_once() -> None:
    async def scenario(host: Host) -> None:
        outcomes = await asyncio.gather(*(host.create("one") for _ in range(3)), return_exceptions=True)
        assert [getattr(each, "code", None) for each in outcomes] == [None, 409, 409]
        assert (await refused(host.create("default"))).message == 'clusters "default" already exists'
        unnamed = [await host.create() for _ in range(3)]
        assert len({control.name for control in unnamed}) == 3
        await host.delete("one")
        await host.create("one")

    run(scenario)


def test_there_is_a_bound_to_them() -> None:
    async def scenario(host: Host) -> None:
        await host.create("one")
        error = await refused(host.create("two"))
        assert (error.code, error.message) == (
            403,
            'clusters "two" is forbidden: this server has its 2 clusters: delete one first',
        )
        await host.delete("one")
        await host.create("two")

    run(scenario, limit=2)


def test_the_cluster_at_the_root_stays() -> None:
    async def scenario(host: Host) -> None:
        assert (await refused(host.delete("default"))).code == 403
        assert (await refused(host.delete("nobody"))).code == 404

    run(scenario)


def test_a_reset_leaves_nothing_but_the_name_and_higher_revisions() -> None:
    async def scenario(host: Host) -> None:
        for control in (host.control(), await host.create("one")):
            await write(control, "gone")
            await control.add_user("jane")
            await control.add_fault({"kind": "node", "match": {"name": "node-1"}, "effect": "down"})
            before, old = control.entry().revision, control.cluster
            await host.reset(control.name)
            assert await names(control) == []
            assert control.entry().revision > before
            assert (await control.users(), await control.faults()) == ([], [])
            assert (old.store.is_open, control.cluster.store.is_open) == (False, True)
            await control.cluster.client.create(PODS, pod("web"), namespace="default")
            await control.settle()
            web = await control.cluster.client.get(PODS, "web", "default")
            assert web["status"]["phase"] == "Running"

    run(scenario)


def test_a_cluster_whose_state_is_in_a_file_is_not_reset(tmp_path: Any) -> None:
    async def scenario(host: Host) -> None:
        assert (await refused(host.reset("default"))).code == 403
        await write(host.control(), "kept")
        fork = await host.fork("default")
        assert (await names(fork), fork.cluster.settings.data) == (["kept"], None)
        assert (await host.create()).cluster.settings.data is None

    run(scenario, Settings(nodes=0, data=tmp_path / "state.db"))


def test_a_server_whose_data_file_is_in_use_does_not_start(tmp_path: Any) -> None:
    settings = Settings(nodes=0, data=tmp_path / "state.db")

    async def scenario(host: Host) -> None:
        other = Host(settings)
        with pytest.raises(StoreError):
            await other.start()
        assert other.names() == []
        await write(host.control(), "still")

    run(scenario, settings)


def test_a_snapshot_begins_another_cluster_or_takes_a_clusters_place() -> None:
    async def scenario(host: Host) -> None:
        source, target = await host.create("source"), await host.create("target")
        await write(source, "kept")
        data = await source.snapshot()
        assert await names(await host.create("loaded", snapshot=data)) == ["kept"]
        await write(target, "lost")
        before = target.entry().revision
        await target.restore(data)
        assert (await names(target), target.entry().revision > before) == (["kept"], True)
        await write(target, "later")
        await target.reset()
        assert await names(target) == ["kept"]
        assert (await refused(target.restore(b"nonsense"))).code == 400

    run(scenario)


def test_each_cluster_has_its_own_log_lines() -> None:
    async def scenario(host: Host) -> None:
        one, two = await host.create("one"), await host.create("two")

        async def fail() -> None:
            one.enter()
            try:
                raise RuntimeError("boom")
            except RuntimeError:
                logging.getLogger("fauxkube.test").exception("%s failed", "this")

        await asyncio.create_task(fail())
        (line,) = await one.logs()
        assert (line.level, line.logger, line.message) == ("ERROR", "fauxkube.test", "this failed")
        assert line.traceback.endswith("RuntimeError: boom")
        assert (await two.logs(), await one.logs(limit=5)) == ([], [line])

    run(scenario)


def test_users_keep_their_tokens_which_a_fork_takes_along() -> None:
    async def scenario(host: Host) -> None:
        control = await host.create("one")
        jane = await control.add_user("jane", ["team"])
        again = await control.add_user("jane", ["other"])
        assert (again.token, again.groups) == (jane.token, ["other"])
        fork = await host.fork("one")
        bob = await fork.add_user("bob")
        assert [each.name for each in await fork.users()] == ["jane", "bob"]
        assert await control.users() == [again]
        assert bob.token not in (jane.token, "")
        assert f"token: {jane.token}" in await control.kubeconfig("http://127.0.0.1:1/", user="jane")
        assert (await refused(control.kubeconfig("http://127.0.0.1:1", user="bob"))).code == 404
        assert (await refused(control.add_user(""))).code == 422

    run(scenario)


def test_clusters_that_came_and_went_leave_nothing() -> None:
    async def scenario(host: Host) -> None:
        await host.delete((await host.create()).name)
        tasks = len(asyncio.all_tasks())
        for _ in range(50):
            control = await host.create()
            await write(control, "a")
            await host.delete(control.name)
        del control
        await asyncio.sleep(0)  # what was cancelled is told so in this turn
        gc.collect()
        assert len(asyncio.all_tasks()) == tasks
        assert [each for each in gc.get_objects() if type(each) is Cluster] == [host.control().cluster]

    run(scenario)

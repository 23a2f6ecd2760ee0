"""Creates and updates between two writers: who wins, who starts again, and what is given back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from fauxkube.admission.chain import Operation, Review
from fauxkube.kinds.gvrs import NODES, PODS, SERVICES
from fauxkube.kinds.resource import Resource
from fauxkube.kit.chance import Chance
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.registry.pools import CLUSTER_IPS, NODE_PORTS
from fauxkube.store.log import NullLog, Record
from fauxkube.store.model import LogFailed
from support.api import config_map, pod, service
from support.registry_rig import Rig


def run(scenario: Awaitable[None]) -> None:
    async def whole() -> None:
        await scenario

    asyncio.run(whole())


class Gap:
    """An admission plugin that holds each request of one operation until it is let go."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    def handles(self, resource: Resource, subresource: str, operation: Operation) -> bool:
        return operation is self._operation

    async def admit(self, review: Review) -> None:
        if not self.reached.is_set():
            self.reached.set()
            await self.go_on.wait()


class Stuck(Chance):
    """Chance that always draws the same name."""

    def suffix(self, length: int = 5) -> str:
        return "x" * length


async def in_the_gap(gap: Gap, slow: Awaitable[Any], quick: Callable[[], Awaitable[object]]) -> Any:
    """What becomes of `slow` when `quick` is done while it is under admission."""
    task = asyncio.ensure_future(slow)
    await gap.reached.wait()
    await quick()
    gap.go_on.set()
    return await task


def refusal(code: int) -> Any:
    return pytest.raises(StatusError, check=lambda error: error.code == code)


def test_a_name_taken_during_admission_is_refused() -> None:
    async def scenario() -> None:
        gap = Gap(Operation.CREATE)
        rig = await Rig(plugins=[gap]).open()
        with refusal(409):
            await in_the_gap(
                gap, rig.create(config_map("a", {"by": "slow"})), lambda: rig.create(config_map("a", {"by": "quick"}))
            )
        assert (await rig.get("a"))["data"] == {"by": "quick"}

    run(scenario())


def test_a_generated_name_that_is_taken_is_drawn_again_for_a_while() -> None:
    async def scenario() -> None:
        rig = await Rig(chance=Stuck(1)).open()
        await rig.create({"metadata": {"generateName": "a-"}})
        with pytest.raises(StatusError, match="the server was not able to generate a unique name") as caught:
            await rig.create({"metadata": {"generateName": "a-"}})
        assert (caught.value.code, caught.value.reason) == (409, "AlreadyExists")
        assert await rig.names() == ["a-xxxxx"]

    run(scenario())


def test_generated_names_differ() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        for _ in range(20):
            await rig.create({"metadata": {"generateName": "a-"}})
        assert len(set(await rig.names())) == 20

    run(scenario())


def test_an_update_that_insists_on_its_version_loses_to_a_faster_one() -> None:
    async def scenario() -> None:
        gap = Gap(Operation.UPDATE)
        rig = await Rig(plugins=[gap]).open()
        first = await rig.create(config_map("a"))
        version = first["metadata"]["resourceVersion"]
        slow = rig.update(config_map("a", {"by": "slow"}, resourceVersion=version))
        with refusal(409):
            await in_the_gap(gap, slow, lambda: rig.patch("a", {"data": {"by": "quick"}}))
        assert (await rig.get("a"))["data"] == {"by": "quick"}

    run(scenario())


def test_an_update_that_does_not_insist_starts_again_from_what_is_there() -> None:
    async def scenario() -> None:
        gap = Gap(Operation.UPDATE)
        rig = await Rig(plugins=[gap]).open()
        await rig.create(config_map("a"))
        written = await in_the_gap(
            gap, rig.update(config_map("a", {"by": "slow"})), lambda: rig.patch("a", {"data": {"by": "quick"}})
        )
        assert (await rig.get("a")) == written.object
        assert written.object["data"] == {"by": "slow"}

    run(scenario())


def test_a_patch_is_applied_again_to_what_a_faster_one_left() -> None:
    async def scenario() -> None:
        gap = Gap(Operation.UPDATE)
        rig = await Rig(plugins=[gap]).open()
        await rig.create(config_map("a"))
        await in_the_gap(gap, rig.patch("a", {"data": {"slow": "1"}}), lambda: rig.patch("a", {"data": {"quick": "1"}}))
        assert (await rig.get("a"))["data"] == {"slow": "1", "quick": "1"}

    run(scenario())


def test_an_update_of_what_was_deleted_meanwhile_is_not_found() -> None:
    async def scenario() -> None:
        gap = Gap(Operation.UPDATE)
        rig = await Rig(plugins=[gap]).open()
        await rig.create(config_map("a"))
        with refusal(404):
            await in_the_gap(gap, rig.update(config_map("a", {"by": "slow"})), lambda: rig.delete("a"))
        assert await rig.names() == []

    run(scenario())


def test_a_deletion_starts_again_from_what_a_faster_write_left() -> None:
    async def scenario() -> None:
        gap = Gap(Operation.DELETE)
        rig = await Rig(plugins=[gap]).open()
        await rig.create(config_map("a"))
        held = {"metadata": {"finalizers": ["example.com/hold"]}}
        deleted = await in_the_gap(gap, rig.delete("a"), lambda: rig.patch("a", held))
        assert not deleted.gone
        assert (await rig.get("a"))["metadata"]["deletionTimestamp"]

    run(scenario())


def test_what_loses_gives_its_addresses_back() -> None:
    async def scenario() -> None:
        gap = Gap(Operation.CREATE)
        rig = await Rig(plugins=[gap]).open()
        with refusal(409):
            await in_the_gap(
                gap,
                rig.create(service("s", type="NodePort"), SERVICES),
                lambda: rig.create(service("s"), SERVICES),
            )
        assert len(rig.held(CLUSTER_IPS)) == 1
        assert rig.held(NODE_PORTS) == {}

    run(scenario())


class Broken(NullLog):
    """A log that keeps nothing and says so, while it is `broken`."""

    broken = False

    def commit(self, batch: Any, done: Any) -> None:
        done(OSError("no space left on device") if self.broken else None)


class BrokenLater(Broken):
    """The same, but answering later, as a log on a disk does."""

    instant = False

    def commit(self, batch: Sequence[Record], done: Any) -> None:
        asyncio.get_running_loop().call_soon(super().commit, batch, done)


def test_what_cannot_be_kept_is_unavailable_and_holds_nothing() -> None:
    async def scenario() -> None:
        log = BrokenLater()
        rig = await Rig(log=log).open()
        await rig.create(service("kept"), SERVICES)
        before = rig.held(CLUSTER_IPS)
        log.broken = True
        with pytest.raises(StatusError) as caught:
            await rig.create(service("lost", type="NodePort"), SERVICES)
        assert (caught.value.code, caught.value.reason) == (503, "ServiceUnavailable")
        assert isinstance(caught.value.__cause__, LogFailed)
        with pytest.raises(StatusError):
            await rig.delete("kept", SERVICES)
        log.broken = False
        assert rig.held(CLUSTER_IPS) == before
        assert rig.held(NODE_PORTS) == {}
        assert await rig.names(SERVICES) == ["kept"]
        again = await rig.create(service("lost"), SERVICES)
        assert again["spec"]["clusterIP"] not in before

    run(scenario())


def test_a_status_write_leaves_everything_else() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        await rig.create({"metadata": {"name": "n"}, "spec": {"unschedulable": True}}, NODES)
        other: Object = {"metadata": {"name": "n"}, "spec": {}, "status": {"phase": "Running"}}
        written = (await rig.update(other, NODES, subresource="status")).object
        assert written["spec"]["unschedulable"] is True
        assert written["status"]["phase"] == "Running"
        back = written | {"status": {}}
        assert (await rig.update(back, NODES)).object["status"]["phase"] == "Running"

    run(scenario())


def test_removing_the_last_finalizer_ends_a_terminating_object() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        await rig.create(config_map("a", finalizers=["example.com/x", "example.com/y"]))
        await rig.delete("a")
        await rig.patch("a", {"metadata": {"finalizers": ["example.com/y"]}})
        assert await rig.names() == ["a"]
        await rig.patch("a", {"metadata": {"finalizers": []}})
        assert await rig.names() == []

    run(scenario())


def test_a_pod_with_grace_left_stays_though_it_has_no_finalizers() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        await rig.create(pod("p", nodeName="n"), PODS)
        await rig.delete("p", PODS)
        await rig.patch("p", {"metadata": {"labels": {"a": "b"}}}, PODS)
        assert (await rig.get("p", PODS))["metadata"]["deletionGracePeriodSeconds"] == 30

    run(scenario())


def test_nothing_is_written_by_a_write_that_changes_nothing() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        first = await rig.create(service("s"), SERVICES)
        before = rig.store.revision
        assert (await rig.update(service("s"), SERVICES)).object == first
        assert await rig.patch("s", {"spec": {"type": "ClusterIP"}}, SERVICES) == first
        assert rig.store.revision == before

    run(scenario())

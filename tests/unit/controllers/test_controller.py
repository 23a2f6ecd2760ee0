"""The skeleton: what happens around `reconcile`."""

from __future__ import annotations

import asyncio
import logging
import tomllib
from typing import ClassVar

import pytest

from fauxkube.client.events import EventRecorder
from fauxkube.client.informers import SharedInformers
from fauxkube.client.loop import Requeue, is_namespace_terminating
from fauxkube.controllers import all_controllers
from fauxkube.controllers.controller import Context, Controller
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import ManualClock
from fauxkube.machinery.status import conflict, forbidden, not_found, unavailable
from support.documents import text_of
from support.fake_api import FakeApi

GONE = forbidden("pods", "a", "no", causes=[{"reason": "NamespaceTerminating", "message": "", "field": ""}])


class Scripted(Controller):
    """Raises what the script says, one after the other, then succeeds."""

    name = "scripted-controller"
    script: ClassVar[list[BaseException]] = []

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.seen: list[str] = []
        self.errors = list(self.script)

    async def reconcile(self, key: str) -> None:
        self.seen.append(key)
        if self.errors:
            raise self.errors.pop(0)


def context_of(api: FakeApi, clock: ManualClock) -> Context:
    chance = Chance(1)

    def recorder(component: str) -> EventRecorder:
        return EventRecorder(api, component, clock, chance)

    return Context(api, SharedInformers(api, clock), clock, chance, recorder)


async def _turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def runs(controller_type: type[Scripted], pauses: list[float]) -> int:
    """How often "a" is reconciled when the clock moves by these pauses."""

    async def main() -> int:
        clock = ManualClock()
        controller = controller_type(context_of(FakeApi(clock), clock))
        controller.start()
        controller.queue.add("a")
        await _turns()
        for pause in pauses:
            clock.advance(pause)
            await _turns()
        assert controller.idle
        await controller.close()
        return len(controller.seen)

    return asyncio.run(main())


def scripted(*errors: BaseException) -> type[Scripted]:
    return type("Scripted", (Scripted,), {"script": list(errors)})


@pytest.mark.parametrize("error", [conflict("pods", "a", "changed"), not_found("pods", "a")])
def test_stale_answers_are_tried_again_without_a_word(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert runs(scripted(error), []) == 1
        assert runs(scripted(error), [0.005]) == 2
    assert not caplog.records


@pytest.mark.parametrize("error", [unavailable("no"), ValueError("bug")])
def test_failures_are_logged_and_tried_again(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    assert runs(scripted(error, error), [0.005, 0.01]) == 3
    assert {record.name for record in caplog.records} == {"fauxkube.scripted-controller"}
    assert len(caplog.records) == 2


def test_a_key_of_a_terminating_namespace_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    assert runs(scripted(GONE), [10]) == 1
    assert not caplog.records
    assert not is_namespace_terminating(forbidden("pods", "a", "quota"))


def test_requeue_comes_after_its_time_and_is_no_failure() -> None:
    assert runs(scripted(Requeue(3)), [2.9]) == 1
    assert runs(scripted(Requeue(3)), [2.9, 0.2]) == 2
    assert runs(scripted(unavailable("x"), Requeue(3), unavailable("x")), [0.005, 3, 0.005]) == 4


def test_requeue_without_a_time_comes_after_the_back_off() -> None:
    assert runs(scripted(Requeue(), Requeue()), [0.005, 0.009]) == 2
    assert runs(scripted(Requeue(), Requeue()), [0.005, 0.01]) == 3


def test_close_ends_a_reconcile_under_way_and_run_returns() -> None:
    class Endless(Controller):
        name = "endless-controller"
        ended = False

        async def reconcile(self, key: str) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                self.ended = True

    async def main() -> None:
        clock = ManualClock()
        controller = Endless(context_of(FakeApi(clock), clock))
        controller.start()
        controller.queue.add("a")
        await _turns()
        assert not controller.idle
        await controller.close()
        await controller.close()
        assert controller.ended

    asyncio.run(main())


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (None, {"metadata": {"name": "a", "namespace": "b"}}, "b/a"),
        ({"metadata": {"name": "a"}}, None, "a"),
    ],
)
def test_enqueue_names_the_changed_object(
    old: dict[str, object] | None, new: dict[str, object] | None, key: str
) -> None:
    async def main() -> str | None:
        clock = ManualClock()
        controller = Scripted(context_of(FakeApi(clock), clock))
        controller.enqueue(old, new)
        return controller.queue.take()

    assert asyncio.run(main()) == key


def test_a_reconcile_that_never_waits_leaves_the_loop_its_turn() -> None:
    async def main() -> int:
        clock = ManualClock()
        controller = Scripted(context_of(FakeApi(clock), clock))
        for number in range(1000):
            controller.queue.add(str(number))
        controller.start()
        await _turns()
        done = len(controller.seen)
        await controller.close()
        return done

    assert 0 < asyncio.run(main()) < 1000


def test_every_controller_is_held_apart_from_the_others() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (apart,) = [each["modules"] for each in contracts if each["type"] == "independence"]
    assert apart == sorted({each.__module__ for each in all_controllers()})

"""Owned background tasks."""

from __future__ import annotations

import asyncio
import logging

import pytest

from fauxkube.kit.tasks import Tasks


async def _for_ever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")


def test_close_cancels_and_awaits_every_task() -> None:
    async def main() -> None:
        ended: list[str] = []
        tasks = Tasks("test")
        running = [tasks.spawn(_for_ever(ended), name=str(number)) for number in range(3)]
        await asyncio.sleep(0)
        await tasks.close()
        assert all(task.cancelled() for task in running)
        assert len(ended) == 3

    asyncio.run(main())


def test_close_may_be_called_again_and_by_a_task_of_its_own() -> None:
    async def main() -> None:
        tasks = Tasks("test")

        async def closer() -> str:
            await tasks.close()
            return "closed"

        assert await tasks.spawn(closer(), name="closer") == "closed"
        await tasks.close()

    asyncio.run(main())


def test_nothing_starts_once_closed() -> None:
    async def main() -> None:
        tasks = Tasks("test")
        await tasks.close()
        with pytest.raises(RuntimeError, match="closed"):
            tasks.spawn(_for_ever([]), name="late")

    asyncio.run(main())


def test_a_failure_is_logged_with_the_names_of_task_and_owner(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise ValueError("no")

    async def main() -> None:
        tasks = Tasks("test")
        await asyncio.wait([tasks.spawn(fails(), name="worker")])
        await tasks.close()

    with caplog.at_level(logging.ERROR):
        asyncio.run(main())
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("fauxkube.test", "task test/worker failed")
    ]

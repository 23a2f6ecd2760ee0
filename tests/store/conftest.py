"""Every contract test runs against every backend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from fauxkube.store.log import Log, NullLog
from fauxkube.store.sql import SqlLog
from fauxkube.store.store import Store

Opened = Callable[..., AbstractAsyncContextManager[Store]]


@asynccontextmanager
async def opened(log: Log, *, history: int = 16_384) -> AsyncIterator[Store]:
    store = Store(log, history=history)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(params=["memory", "sqlite"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Opens a fresh store of the backend under test; a second call with sqlite opens the same data."""
    kind = request.param
    return lambda **options: opened(NullLog() if kind == "memory" else SqlLog(tmp_path / "data.db"), **options)


@pytest.fixture
def data_file(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


@pytest.fixture
def open_data(data_file: Path) -> Opened:
    """Opens a store on the same data file each time."""
    return lambda **options: opened(SqlLog(data_file), **options)

"""A log in a SQL database, behind one writer thread.

Every use of the database happens on that thread, and its queue is the lock. The event loop hands over a batch and is
told when it is on the disk; meanwhile what arrives makes up the next batch. The database's libraries are imported on
the thread too, when the log is opened.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from typing import TYPE_CHECKING

from fauxkube.store.log import Done, Index, Record, Recovered

if TYPE_CHECKING:
    from fauxkube.store.database import Database

_logger = logging.getLogger("fauxkube.store")


class SqlLog:
    """Keeps records in the SQLite file at `path`, which is made when it is not there."""

    instant = False

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = path
        self._thread: ThreadPoolExecutor | None = None
        self._database: Database | None = None

    async def open(self, index: Index) -> Recovered:
        """Open, or make, the file and read it; raises DataInUse, ForeignData, SchemaTooNew or LogFailed."""
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fauxkube-log")
        try:
            return await self._loop.run_in_executor(self._thread, self._recover, index)
        except BaseException:
            await self.close()
            raise

    def commit(self, batch: Sequence[Record], done: Done) -> None:
        assert self._thread is not None, "the log is not open"
        self._thread.submit(self._commit, batch, done)

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            await self._loop.run_in_executor(thread, self._disconnect)
            thread.shutdown()

    # On the thread

    def _recover(self, index: Index) -> Recovered:
        from fauxkube.store.database import Database

        self._database = Database(self._path)
        return self._database.recover(index)

    def _commit(self, batch: Sequence[Record], done: Done) -> None:
        assert self._database is not None
        failure: Exception | None = None
        try:
            self._database.append(batch)
        except Exception as error:
            _logger.error("%s: could not keep %d changes: %s", self._path, len(batch), error)
            failure = error
        self._loop.call_soon_threadsafe(done, failure)
        self._compact(self._database)

    def _compact(self, database: Database) -> None:
        try:
            database.compact()
        except Exception:
            _logger.exception("%s: could not compact", self._path)

    def _disconnect(self) -> None:
        if self._database is not None:
            self._database.close()

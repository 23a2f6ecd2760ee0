"""What a cluster's control plane logs, kept for those who ask; other clusters in the same process have their own.

A context variable says whose logs a task's are: tasks hand it on to those they start. Every record still goes where
the process's logging sends it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice

#: How many records are kept.
LIMIT = 1000

_current: ContextVar[Logs | None] = ContextVar("logs", default=None)


class Logs:
    """The newest records of one cluster."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._records: deque[logging.LogRecord] = deque(maxlen=limit)
        logging.getLogger("fauxkube").addHandler(_SORTER)

    def records(self, limit: int = 0) -> list[logging.LogRecord]:
        """The newest `limit` records (0: all that are kept), the oldest of them first."""
        skipped = max(0, len(self._records) - limit) if limit else 0
        return list(islice(self._records, skipped, None))

    def add(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self._records.append(record)

    def enter(self) -> None:
        """Let what the current task and those that it starts log be kept here."""
        _current.set(self)

    @contextmanager
    def capturing(self) -> Iterator[None]:
        """The same, until the block ends; the tasks started within go on."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


class _Sorter(logging.Handler):
    """Puts each record to its cluster's, and shows it where nobody has set up logging, as Python itself would."""

    def emit(self, record: logging.LogRecord) -> None:
        if (logs := _current.get()) is not None:
            logs.add(record)
        last = logging.lastResort
        if last is not None and not logging.root.handlers and record.levelno >= last.level:
            last.handle(record)


#: One for all clusters: adding it again changes nothing.
_SORTER = _Sorter()

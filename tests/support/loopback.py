"""The loopback addresses that a first server of a machine has, 127.0.10.1 and up: for one test at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from support.binaries import CACHE, locked


@contextmanager
def loopback_addresses() -> Iterator[None]:
    """While it is held, no other test has a data plane."""
    with locked(CACHE.parent / "loopback.lock"):
        yield

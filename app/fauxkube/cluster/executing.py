"""A program in a pod's container, run to its end for somebody who waits for all that it prints."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fauxkube.kinds.gvrs import PODS
from fauxkube.kit.containers import Terminal
from fauxkube.machinery import status
from fauxkube.server.control import Executed
from fauxkube.server.streaming.locating import check_assigned, container_of, not_running

if TYPE_CHECKING:
    from fauxkube.cluster.cluster import Cluster

#: What is printed beyond that (bytes) ends the program.
LIMIT = 8 * 1024 * 1024
#: How long a program may take (real seconds).
PATIENCE = 60.0


class _Given:
    """A reader of what is there."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self) -> bytes:
        data, self._data = self._data, b""
        return data


class _Kept:
    """A writer that keeps what it takes, up to a limit."""

    def __init__(self) -> None:
        self._data = bytearray()

    async def write(self, data: bytes) -> None:
        if len(self._data) + len(data) > LIMIT:
            raise BrokenPipeError
        self._data += data

    async def close(self) -> None:
        """Nothing follows."""

    def text(self) -> str:
        """What was written."""
        return self._data.decode(errors="replace")


async def execute(
    cluster: Cluster, pod: str, command: Sequence[str], *, namespace: str, container: str, stdin: bytes
) -> Executed:
    """What became of the program; StatusError when it cannot be run."""
    found = await cluster.client.get(PODS, pod, namespace)
    name = container_of(found, container or str(found["spec"]["containers"][0]["name"]))
    check_assigned(found)
    if problem := not_running(found, name):
        raise status.bad_request(problem)
    out, err = _Kept(), _Kept()
    try:
        async with asyncio.timeout(PATIENCE):
            code = await cluster.workloads.containers.run(found, name, command, Terminal(_Given(stdin), out, err))
    except TimeoutError:
        raise status.timed_out(f"the program did not end within {PATIENCE:g} seconds", ()) from None
    return Executed(out.text(), err.text(), code)

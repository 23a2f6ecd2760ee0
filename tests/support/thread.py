"""A cluster served from a thread of this process: a real socket, no process to start."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fauxkube.cluster.host import Host
from fauxkube.cluster.settings import Settings
from fauxkube.server.listener import Listener


@contextmanager
def served_cluster(settings: Settings | None = None) -> Iterator[str]:
    """Run a cluster and yield its URL."""
    started = threading.Event()
    failure: list[BaseException] = []
    state: dict[str, object] = {}

    async def run() -> None:
        stopped = asyncio.Event()
        state["stop"] = stopped
        state["loop"] = asyncio.get_running_loop()
        host = Host(settings or Settings())
        listener = Listener(host.application, host="127.0.0.1", port=0)
        await listener.bind()
        await host.start()
        await listener.serve()
        state["url"] = listener.url
        started.set()
        await stopped.wait()
        await listener.stop()
        await host.close()

    def main() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            failure.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=main, name="served-cluster")
    thread.start()
    started.wait()
    try:
        if failure:
            raise failure[0]
        yield str(state["url"])
    finally:
        loop, stopped = state.get("loop"), state.get("stop")
        if isinstance(loop, asyncio.AbstractEventLoop) and isinstance(stopped, asyncio.Event) and not loop.is_closed():
            loop.call_soon_threadsafe(stopped.set)
        thread.join(timeout=20)
        if failure:
            raise failure[0]

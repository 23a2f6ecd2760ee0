"""An event loop in a thread of its own, for programs that are not asynchronous or have a loop that must not wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Runner(Protocol):
    """Runs a coroutine in the loop that it is meant for, and waits for what comes of it."""

    def __call__(self, coroutine: Coroutine[Any, Any, T]) -> T: ...


class LoopThread:
    """Runs coroutines in a daemon thread from `start` to `stop`; any other thread may ask it to."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def start(self) -> None:
        """Start the thread; returns once its loop runs."""
        running = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(running,), name=self._name, daemon=True)
        self._thread.start()
        running.wait()

    @property
    def is_running(self) -> bool:
        """Whether it has been started and not stopped."""
        return self._loop is not None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What comes of `coroutine`, waited for; whatever ends the waiting ends the coroutine.

        RuntimeError when the loop does not run, or is what is asking: it would wait for itself.
        """
        if self._loop is None or threading.current_thread() is self._thread:
            coroutine.close()
            problem = "waits for nobody in its own thread" if self._loop else "is not running"
            raise RuntimeError(f"{self._name} {problem}")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    def stop(self) -> None:
        """End what is still running there, then the thread; harmless when called again."""
        loop, thread, stopping = self._loop, self._thread, self._stopping
        if loop is not None and thread is not None and stopping is not None:
            self._loop = None
            loop.call_soon_threadsafe(stopping.set)
            thread.join()

    def _main(self, running: threading.Event) -> None:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            self._loop = runner.get_loop()
            runner.run(self._until_stopped(running))

    async def _until_stopped(self, running: threading.Event) -> None:
        self._stopping = asyncio.Event()
        running.set()
        await self._stopping.wait()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is to be had (not on Windows)."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory

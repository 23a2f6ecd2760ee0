"""`fauxkube up` in a process of its own, as a user runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_READY = re.compile(r"fauxkube is ready at (http://\S+?),?(?:\s|$)")
_SOURCES = Path(__file__).parents[2] / "app"


class Server:
    """A running `fauxkube up`: its URL and its process."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Send the signal and wait; answers the exit code and what was written to standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.communicate()


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(_SOURCES), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}


def fauxkube(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "fauxkube", *args]
    return subprocess.run(
        command, env=_environment() | environment, check=False, capture_output=True, text=True, timeout=30
    )


@contextmanager
def fauxkube_up(*args: str) -> Iterator[Server]:
    """Start on a free port of the loopback address, wait for the ready line, and end it afterwards."""
    command = [sys.executable, "-m", "fauxkube", "up", "--port", "0", *args]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
        start_new_session=True,
    )
    try:
        yield Server(process, _wait_until_ready(process))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _wait_until_ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := _READY.search(line):
            return found[1]
    _, errors = process.communicate()
    raise AssertionError(f"fauxkube up did not become ready (exit {process.returncode}): {errors}")

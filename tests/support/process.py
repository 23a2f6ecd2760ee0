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


class Initialized(Server):
    """A running `fauxkube init`, with what it printed and the arguments that nodes join with."""

    def __init__(self, process: subprocess.Popen[str], printed: str) -> None:
        self.printed = printed
        self.join = tuple(printed[printed.rindex("fauxkube join") :].replace("\\", "").split()[1:])
        super().__init__(process, f"http://{self.join[1]}")


@contextmanager
def fauxkube_up(*args: str) -> Iterator[Server]:
    """Start on a free port of the loopback address, wait for the ready line, and end it afterwards."""
    with _running("up", *args) as process:
        yield Server(process, _wait_until_ready(process))


@contextmanager
def fauxkube_init(*args: str) -> Iterator[Initialized]:
    """Initialize a cluster on a free port, wait for the command that nodes join with, and end it afterwards."""
    with _running("init", *args) as process:
        yield Initialized(process, _read_until(process, "--discovery-token-ca-cert-hash"))


@contextmanager
def _running(command: str, *args: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "fauxkube", command, "--port", "0", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _read_until(process: subprocess.Popen[str], word: str) -> str:
    """What is printed up to the line with that word, and with it."""
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if word in line:
            return printed
    _, errors = process.communicate()
    raise AssertionError(f"the process ended (exit {process.returncode}): {printed}{errors}")


def _wait_until_ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := _READY.search(line):
            return found[1]
    _, errors = process.communicate()
    raise AssertionError(f"fauxkube up did not become ready (exit {process.returncode}): {errors}")

"""A server in a child process, which ends when the process that started it does, however that ends.

Run as a module it is that server: it says its URL and serves until its standard input is closed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import fauxkube
from fauxkube.testing.remote import RemoteServer

#: Seconds that the child gets to be ready, and to end.
_END_SECONDS = 10.0


class ChildServer(RemoteServer):
    """A `servers.Server` in a process that was started here."""

    def __init__(self) -> None:
        super().__init__("")
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        root = str(Path(fauxkube.__file__).parents[1])
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fauxkube.testing.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        self.url = self._process.stdout.readline().strip() if self._process.stdout else ""
        if not self.url:
            self._end()
            raise RuntimeError("the server in the child process did not start; it says why above")
        super().start()

    def stop(self) -> None:
        super().stop()
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with process:
            if process.stdin:
                process.stdin.close()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def main() -> None:
    """Serve until standard input is closed."""
    from fauxkube.cluster.host import LIMIT
    from fauxkube.cluster.serving import Announced, serve
    from fauxkube.cluster.settings import Settings

    def ended() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    def announce(ready: Announced) -> None:
        print(ready.url, flush=True)  # noqa: T201 - how the parent learns of it
        threading.Thread(target=ended, name="parent", daemon=True).start()

    serve(Settings(), host="127.0.0.1", port=0, clusters=LIMIT, announce=announce)


if __name__ == "__main__":
    main()

"""kubectl as a test drives it: a version, a server, and what it printed."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.binaries import binary


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def table(self) -> list[dict[str, str]]:
        """The rows of a printed table, by its header; columns are set apart by three spaces or more."""
        header, *lines = self.out.splitlines()
        names = [name for name in header.split("  ") if name.strip()]
        starts = []
        position = 0
        for name in names:
            position = header.index(name.strip(), position)
            starts.append(position)
            position += len(name.strip())
        ends = [*starts[1:], None]
        return [
            {name.strip(): line[start:end].strip() for name, start, end in zip(names, starts, ends, strict=True)}
            for line in lines
            if line.strip()
        ]


class Kubectl:
    """One kubectl version pointed at one server, with a home of its own so that caches are not shared."""

    def __init__(self, minor: int, url: str, home: Path) -> None:
        self.minor = minor
        self.path = binary("kubectl", minor)
        self._url = url
        self._home = home

    def __call__(self, *args: str, stdin: str | None = None, ok: bool = True) -> Ran:
        """Run it; with `ok` a failure of the command fails the test."""
        ran = self.start(*args, stdin=stdin)
        assert not ok or ran.code == 0, f"kubectl {' '.join(args)}: exit {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def json(self, *args: str) -> Any:
        """What it prints with `-o json`."""
        return json.loads(self(*args, "-o", "json").out)

    def start(self, *args: str, stdin: str | None = None) -> Ran:
        done = subprocess.run(
            self.command(*args),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=self.environment,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def command(self, *args: str) -> list[str]:
        """The whole command line, for tests that need the process itself."""
        return [str(self.path), "--server", self._url, *args]

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
        return kept | {"HOME": str(self._home), "KUBECONFIG": str(self._home / "none"), "EDITOR": "true"}

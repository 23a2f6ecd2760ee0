"""kubectl as a test drives it: a version, a server, and what it printed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

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


class Follow:
    """What a command that goes on prints, line by line."""

    def __init__(self, output: IO[str]) -> None:
        self._output = output

    def line(self) -> str:
        """The next line, without spaces at its end; the test's time limit bounds the wait."""
        return self._output.readline().rstrip()

    def until(self, found: Callable[[str], bool]) -> list[str]:
        """The lines up to the first that is `found`, with it."""
        lines = [self.line()]
        while lines[-1] and not found(lines[-1]):
            lines.append(self.line())
        return lines


class Kubectl:
    """One kubectl version pointed at one server, with a home of its own so that caches are not shared."""

    def __init__(
        self,
        minor: int,
        url: str,
        home: Path,
        *,
        namespace: str = "default",
        editor: str = "true",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.minor = minor
        self.path = binary("kubectl", minor)
        self.namespace = namespace
        self._url = url
        self._home = home
        self._editor = editor
        self.variables = dict(variables or {})

    def within(self, namespace: str) -> Kubectl:
        """The same, in a namespace."""
        return Kubectl(self.minor, self._url, self._home, namespace=namespace, editor=self._editor)

    def editing(self, name: str, script: str) -> Kubectl:
        """The same, with a shell script as the editor, called with the file to edit."""
        path = self._home / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return Kubectl(self.minor, self._url, self._home, namespace=self.namespace, editor=str(path))

    def __call__(self, *args: str, stdin: str | None = None, ok: bool = True) -> Ran:
        """Run it; with `ok` a failure of the command fails the test."""
        ran = self.start(*args, stdin=stdin)
        assert not ok or ran.code == 0, f"kubectl {' '.join(args)}: exit {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def refused(self, *args: str, stdin: str | None = None) -> str:
        """What it says when it fails, as it must."""
        ran = self(*args, stdin=stdin, ok=False)
        assert ran.code != 0, f"kubectl {' '.join(args)} did not fail\n{ran.out}\n{ran.err}"
        return ran.err.strip()

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
        return [str(self.path), "--server", self._url, "--namespace", self.namespace, *args]

    @contextmanager
    def following(self, *args: str) -> Iterator[Follow]:
        """Run one that goes on (`get --watch`) beside what the caller does."""
        process = subprocess.Popen(
            self.command(*args),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
        )
        assert process.stdout is not None
        try:
            yield Follow(process.stdout)
        finally:
            process.terminate()
            process.communicate(timeout=10)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
        return (
            kept
            | {"HOME": str(self._home), "KUBECONFIG": str(self._home / "none"), "EDITOR": self._editor}
            | self.variables
        )

"""curl as a test drives it: what it printed, and how it ended."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

#: Printed after the body, so that both can be told apart.
_MARK = "\n=== %{http_code} %{content_type}"


@dataclass(frozen=True)
class Answer:
    """A response as curl prints it."""

    code: int
    content_type: str
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Curl:
    """curl with one server's URL put before every path."""

    def __init__(self, url: str) -> None:
        found = shutil.which("curl")
        if found is None:
            pytest.skip("there is no curl here")
        self._path = found
        self._url = url

    def __call__(self, path: str, *args: str, stdin: str | None = None) -> Answer:
        """Fetch a path."""
        command = self._command(path, "--write-out", _MARK, *args)
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=30, check=True)
        body, _, told = done.stdout.rpartition("\n=== ")
        code, _, content_type = told.partition(" ")
        return Answer(int(code), content_type, body)

    @contextmanager
    def streaming(self, path: str, *args: str) -> Iterator[Iterator[Any]]:
        """The JSON lines of a response as they arrive; curl ends with the block."""
        command = self._command(path, "--no-buffer", *args)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield map(json.loads, process.stdout)
            finally:
                process.terminate()

    def _command(self, path: str, *args: str) -> list[str]:
        return [self._path, "--silent", "--show-error", "--max-time", "20", *args, self._url + path]

"""Programs that use the store in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import fauxkube

_ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(fauxkube.__file__).parents[1])}


def run(program: str, *args: object) -> str:
    """What `program` printed, once it has ended well."""
    command = [sys.executable, "-c", program, *map(str, args)]
    return subprocess.run(command, env=_ENVIRONMENT, check=True, text=True, stdout=subprocess.PIPE).stdout


@contextmanager
def running(program: str, *args: object) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """`program` and what it prints; killed, with `kill -9`, at the end if not before."""
    command = [sys.executable, "-c", program, *map(str, args)]
    with subprocess.Popen(command, env=_ENVIRONMENT, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout
        finally:
            process.kill()

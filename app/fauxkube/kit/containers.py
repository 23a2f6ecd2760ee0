"""What is handed over with a program of a container, or a log: by whoever asks for it, to whoever has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fauxkube.kit.streams import Reader, Writer


class Resizes(Protocol):
    """The sizes that a terminal takes, one after the other."""

    async def next(self) -> tuple[int, int] | None:
        """The next width and height in characters; None when there will be no more."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a program reads and writes; with `tty` its errors go to `stdout`, which is a terminal's."""

    stdin: Reader
    stdout: Writer
    stderr: Writer
    tty: bool = False
    resizes: Resizes | None = None


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which part of a log is wanted, as in `PodLogOptions`: `since` in seconds, `since_time` as in RFC 3339."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since: int | None = None
    since_time: str = ""

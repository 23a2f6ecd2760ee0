"""What the API's side hands over with a program or a log that is wanted (`server.containers` has the values)."""

from __future__ import annotations

from typing import Protocol

from fauxkube.kit.streams import Reader, Writer


class Terminal(Protocol):
    """What a program reads and writes; with `tty` its errors go to `stdout`, which is a terminal's."""

    @property
    def stdin(self) -> Reader:
        """What it reads."""

    @property
    def stdout(self) -> Writer:
        """What it prints."""

    @property
    def stderr(self) -> Writer:
        """What it complains of."""

    @property
    def tty(self) -> bool:
        """Whether this is a terminal."""


class LogOptions(Protocol):
    """Which part of a log is wanted, as in `PodLogOptions`."""

    @property
    def follow(self) -> bool:
        """Whether it is to go on."""

    @property
    def previous(self) -> bool:
        """Whether the run before this one is meant."""

    @property
    def timestamps(self) -> bool:
        """Whether each line begins with its time."""

    @property
    def tail_lines(self) -> int | None:
        """How many lines at most."""

    @property
    def limit_bytes(self) -> int | None:
        """How many bytes at most."""

    @property
    def since(self) -> int | None:
        """Of the last so many seconds."""

    @property
    def since_time(self) -> str:
        """Since that moment."""

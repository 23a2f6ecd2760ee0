"""What a file system is made of: files, folders, symbolic links, and files whose content is made when they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

#: When whatever comes with an image was made.
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class File:
    """A regular file; `program` names the command that it is, for what can be run and has no text."""

    content: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    modified: datetime = LONG_AGO
    program: str = ""


@dataclass(slots=True)
class Live:
    """A file that nobody writes to: what it holds is made anew each time it is read."""

    make: Callable[[], bytes]
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    modified: datetime = LONG_AGO

    @property
    def content(self) -> bytes:
        """What it holds now."""
        return self.make()


@dataclass(slots=True)
class Device:
    """A character device by its name: `null`, `zero`, `stdin`, `stdout`, `stderr`, `tty`."""

    name: str
    mode: int = 0o666
    uid: int = 0
    gid: int = 0
    modified: datetime = LONG_AGO
    content: bytes = b""


@dataclass(slots=True)
class Link:
    """A symbolic link."""

    target: str
    mode: int = 0o777
    uid: int = 0
    gid: int = 0
    modified: datetime = LONG_AGO


@dataclass(slots=True)
class Folder:
    """A folder; its entries by name."""

    entries: dict[str, Node] = field(default_factory=dict)
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    modified: datetime = LONG_AGO


Node: TypeAlias = File | Live | Device | Link | Folder

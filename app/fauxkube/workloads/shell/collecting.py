"""What commands print, kept: for command substitution."""

from __future__ import annotations

from fauxkube.workloads.process import decoded
from fauxkube.workloads.shell.state import ShellError

#: As much as a substitution may print, in bytes.
LIMIT = 1024 * 1024


class Collector:
    """A writer that keeps what it takes, up to a limit."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    async def write(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > LIMIT:
            raise ShellError(f"fauxkube: a command substitution prints more than {LIMIT} bytes")

    async def close(self) -> None:
        """Nothing follows."""

    def text(self) -> str:
        """What was written, without line ends at its end, and without zero bytes."""
        return decoded(b"".join(self._chunks).replace(b"\0", b"")).rstrip("\n")

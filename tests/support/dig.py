"""dig as a test drives it: what it asked a DNS server, and what it was answered."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Answered:
    """An answer as dig prints it: the status and flags, and the records of each section."""

    status: str
    flags: list[str]
    sections: dict[str, list[str]]
    text: str

    @property
    def answer(self) -> list[str]:
        return self.sections.get("ANSWER", [])


class Dig:
    """dig with one server's address put before every question."""

    def __init__(self, host: str, port: int) -> None:
        found = shutil.which("dig")
        if found is None:
            pytest.fail("there is no dig here: install bind9-dnsutils")
        self._command = [found, f"@{host}", "-p", str(port), "+tries=3", "+time=10"]

    def __call__(self, name: str, *args: str) -> Answered:
        """Ask for a name."""
        text = self.run(name, *args)
        head = re.search(r"status: (\w+),.*?flags: ([\w ]+);", text, re.DOTALL)
        assert head is not None, text
        return Answered(head[1], head[2].split(), _sections(text), text)

    def short(self, name: str, *args: str) -> list[str]:
        """The values of the answer's records alone."""
        return self.run(name, "+short", *args).split()

    def run(self, name: str, *args: str) -> str:
        """What dig prints."""
        command = [*self._command, *args, name]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def _sections(text: str) -> dict[str, list[str]]:
    """The records by the section that they are in, their fields a space apart."""
    found: dict[str, list[str]] = {}
    for part in re.finditer(r";; (\w+) SECTION:\n(.*?)\n\n", text, re.DOTALL):
        found[part[1]] = [" ".join(line.split()) for line in part[2].splitlines()]
    return found

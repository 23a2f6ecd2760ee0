"""The repository's documents, taken apart: code blocks, sections, links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


class Block(NamedTuple):
    """A fenced block and its language."""

    language: str
    text: str


def text_of(name: str) -> str:
    """A document by its path in the repository."""
    return (ROOT / name).read_text()


def blocks(text: str) -> list[Block]:
    """The fenced blocks, in order."""
    return [Block(*found) for found in _BLOCK.findall(text)]


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    headings = list(_HEADING.finditer(text))
    for index, found in enumerate(headings):
        if found[1] == heading:
            end = headings[index + 1].start() if index + 1 < len(headings) else len(text)
            return text[found.end() : end]
    raise AssertionError(f"there is no heading {heading!r}")


def linked_files(text: str) -> list[str]:
    """The targets of links that do not lead out of the repository."""
    return [target for target in _LINK.findall(text) if "://" not in target]

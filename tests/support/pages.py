"""The documentation's pages as programs: what their fenced blocks mean, in order.

- A block with a `title="..."` is a file of that name.
- A `console` block is a terminal: `$ ` begins a command (`> ` goes on with it), what follows is what it prints, where
  `...` stands for anything, and a line of it alone for any lines. A command shown without output may print what it
  likes. `fauxkube up` goes on in the background until the page ends.
- `<!-- not run: reason -->` above a block says why it is not run here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

_TITLE = re.compile(r'title="([^"]+)"')
_NOT_RUN = re.compile(r"<!-- not run: (.+?) -->")


@dataclass(frozen=True)
class File:
    """A file that the reader makes."""

    name: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """A command that the reader types, and what is printed (None: whatever)."""

    text: str
    printed: str | None
    line: int


@dataclass(frozen=True)
class Unchecked:
    """A block that means nothing to run: its language, and the reason given, if one is."""

    language: str
    reason: str
    line: int


Step = File | Command | Unchecked


def steps_of(page: Path) -> Iterator[Step]:
    """What the page has its reader do, from top to bottom."""
    reason = ""
    for token in MarkdownIt().parse(page.read_text()):
        if token.type == "html_block":
            found = _NOT_RUN.search(token.content)
            reason = found[1] if found else ""
        elif token.type == "fence":
            yield from _block(token, reason)
            reason = ""
        elif token.nesting == 1:
            reason = ""


def _block(token: Token, reason: str) -> Iterator[Step]:
    assert token.map is not None
    language, line = token.info.partition(" ")[0], token.map[0] + 1
    title = _TITLE.search(token.info)
    if reason:
        yield Unchecked(language, reason, line)
    elif title:
        yield File(title[1], token.content, line)
    elif language == "console":
        yield from _commands(token.content, line + 1)
    else:
        yield Unchecked(language, "", line)


def _commands(text: str, line: int) -> Iterator[Command]:
    """The commands of a terminal's text, each with what is printed up to the next."""
    command, printed, began = "", "", line
    for number, each in enumerate(text.splitlines(keepends=True), start=line):
        if each.startswith("$ "):
            if command:
                yield Command(command, printed or None, began)
            command, printed, began = each[2:], "", number
        elif each.startswith("> ") and not printed:
            command += each[2:]
        else:
            printed += each
    if command:
        yield Command(command, printed or None, began)


def pattern_of(printed: str) -> re.Pattern[str]:
    """What output is as it should be: `...` stands for anything in a line, and alone on a line for any lines."""
    lines = []
    for line in printed.rstrip().splitlines():
        if line.strip() == "...":
            lines.append(r"(?:.*\n)*?")
        else:
            # Columns are as wide as their widest value, which is not the same on every run.
            words = [r"[^\n]*?".join(map(re.escape, word.split("..."))) for word in line.split()]
            indent = re.escape(line[: len(line) - len(line.lstrip())])
            lines.append(indent + r"[ \t]+".join(words) + r"[ \t]*\n")
    return re.compile("".join(lines) + r"\s*")

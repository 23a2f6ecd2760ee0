"""The documentation's pages as programs: what their fenced blocks mean, in order.

- A block with a `title="..."` is a file of that name.
- A `console` block is a terminal: `$ ` begins a command (`> ` goes on with it), what follows is what it prints, where
  `...` stands for anything, and a line of it alone for any lines. A command shown without output may print what it
  likes. `fauxkube up` and `fauxkube init` go on in the background until the page ends.
- `<!-- not run: reason -->` above a block says why it is not run here.
- `<!-- needs: javac -->` above a block: it is for those who have that program, or that package of npm's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

_TITLE = re.compile(r'title="([^"]+)"')
_REMARK = re.compile(r"<!-- (not run|needs): (.+?) -->")


@dataclass(frozen=True)
class File:
    """A file that the reader makes; `needs` says what one must have for it to be of use."""

    name: str
    text: str
    line: int
    needs: str = ""


@dataclass(frozen=True)
class Command:
    """A command that the reader types, and what is printed (None: whatever); `needs` says what one must have."""

    text: str
    printed: str | None
    line: int
    needs: str = ""


@dataclass(frozen=True)
class Unchecked:
    """A block that means nothing to run: its language, and the reason given, if one is."""

    language: str
    reason: str
    line: int


Step = File | Command | Unchecked


def steps_of(page: Path) -> Iterator[Step]:
    """What the page has its reader do, from top to bottom."""
    return steps_in(page.read_text())


def steps_in(text: str) -> Iterator[Step]:
    """The same of a page's text."""
    remarks: dict[str, str] = {}
    for token in MarkdownIt().parse(text):
        if token.type == "html_block":
            remarks = dict(_REMARK.findall(token.content))
        elif token.type == "fence":
            yield from _block(token, remarks)
            remarks = {}
        elif token.nesting == 1:
            remarks = {}


def _block(token: Token, remarks: dict[str, str]) -> Iterator[Step]:
    assert token.map is not None
    language, line = token.info.partition(" ")[0], token.map[0] + 1
    title, needs = _TITLE.search(token.info), remarks.get("needs", "")
    if reason := remarks.get("not run"):
        yield Unchecked(language, reason, line)
    elif title:
        yield File(title[1], token.content, line, needs)
    elif language == "console":
        yield from (replace(command, needs=needs) for command in _commands(token.content, line + 1))
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

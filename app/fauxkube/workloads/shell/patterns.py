"""Patterns of the shell (`*`, `?`, `[...]`), of which quoted characters stand for themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fauxkube.workloads.expressions import BadExpressionError, compiled
from fauxkube.workloads.files.filesystem import FileSystem, joined
from fauxkube.workloads.files.nodes import Folder
from fauxkube.workloads.shell.state import ShellError

#: Characters with the mark whether they are quoted.
Marked = Sequence[tuple[str, bool]]
_SPECIAL = frozenset("*?[")
#: More paths than this are not looked for.
_MOST = 10_000
#: Longer texts are not matched.
_LONGEST = 65_536


def has_pattern(marked: Marked) -> bool:
    """Whether anything in it is special."""
    return any(not quoted and char in _SPECIAL for char, quoted in marked)


def expression(marked: Marked) -> str:
    """The regular expression that matches the same."""
    return "".join(_pieces(marked))


def _pieces(marked: Marked, many: str = "(?s:.*)") -> list[str]:
    """The same, element by element; `many` stands for what `*` matches."""
    out: list[str] = []
    at = 0
    while at < len(marked):
        char, quoted = marked[at]
        if not quoted and char == "[" and (bracket := _bracket(marked, at)) is not None:
            found, at = bracket
            out.append(found)
            continue
        at += 1
        if quoted or char not in "*?":
            out.append(re.escape(char))
        else:
            out.append(many if char == "*" else "(?s:.)")
    return out


def _bracket(marked: Marked, start: int) -> tuple[str, int] | None:
    end = start + 1
    if end < len(marked) and marked[end][0] in "!^":
        end += 1
    end += 1
    while end < len(marked) and marked[end][0] != "]":
        end += 1
    if end >= len(marked):
        return None
    body = "".join(char for char, _ in marked[start + 1 : end])
    negated = body[:1] in {"!", "^"}
    inside = (body[1:] if negated else body).replace("\\", "\\\\").replace("[", "\\[")
    found = f"[{'^' if negated else ''}{inside}]"
    try:
        compiled(found)
    except BadExpressionError:
        return None
    return found, end + 1


def matches(marked: Marked, text: str) -> bool:
    """Whether the pattern matches the whole text."""
    return compiled(expression(marked)).fullmatch(_bounded(text)) is not None


def trimmed(marked: Marked, text: str, operator: str) -> str:
    """The text without what the pattern matches at its start (`#`, `##`) or end (`%`, `%%`); doubled: the longest.

    The end is looked at from behind, so that both are prefixes; there the first match of a pattern whose stars take as
    little, or as much, as they can is the shortest, or the longest.
    """
    pieces = _pieces(marked, "(?s:.*)" if len(operator) == 2 else "(?s:.*?)")
    if operator[0] == "#":
        found = compiled("".join(pieces)).match(_bounded(text))
        return text[found.end() :] if found else text
    found = compiled("".join(reversed(pieces))).match(_bounded(text)[::-1])
    return text[: len(text) - found.end()] if found else text


def replaced(marked: Marked, text: str, by: str, *, every: bool) -> str:
    """The text with what the pattern matches replaced: the first time, or every time."""
    if not marked:
        return text
    pattern = compiled(expression(marked))
    return pattern.replaced(lambda match: by if match[0] else "", _bounded(text), every=every)[0]


def _bounded(text: str) -> str:
    if len(text) > _LONGEST:
        raise ShellError(f"fauxkube matches no text of more than {_LONGEST} characters")
    return text


def paths(marked: Marked, files: FileSystem, folder: str) -> list[str]:
    """The paths that the pattern matches, in order; names that begin with a dot only by a pattern that does."""
    segments: list[list[tuple[str, bool]]] = [[]]
    for char, quoted in marked:
        if char == "/":
            segments.append([])
        else:
            segments[-1].append((char, quoted))
    found = [""]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        found = [each for before in found for each in _below(before, segment, files, folder, last=last)][:_MOST]
    return sorted(found)


def _below(before: str, segment: Marked, files: FileSystem, folder: str, *, last: bool) -> list[str]:
    """The paths that go on from `before`, which is empty or ends with a slash."""
    end = "" if last else "/"
    if not has_pattern(segment):
        path = before + "".join(char for char, _ in segment)
        known = not path or not last or files.find(joined(folder, path), follow=False) is not None
        return [path + end] if known else []
    try:
        entries = files.entries(joined(folder, before or "."))
    except OSError:
        return []
    hidden = segment[0][0] == "."
    names = [name for name in entries if name.startswith(".") == hidden and matches(segment, name)]
    if not last:
        names = [name for name in names if isinstance(files.find(joined(folder, before + name)), Folder)]
    return [before + name + end for name in names]

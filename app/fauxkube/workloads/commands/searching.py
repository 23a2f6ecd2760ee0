"""`grep` and `sed`: lines by regular expressions, as POSIX writes them.

Python's expressions do the work: what both write alike is taken as it is, the rest is rewritten. Long patterns and
lines are refused, and those that take too long to match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fauxkube.workloads import expressions
from fauxkube.workloads.commands.options import Options, read_options
from fauxkube.workloads.expressions import BadExpressionError, Expression
from fauxkube.workloads.files.errors import words_of
from fauxkube.workloads.files.filesystem import walk
from fauxkube.workloads.files.nodes import Folder
from fauxkube.workloads.lines import lines
from fauxkube.workloads.process import Process, UsageError, decoded, encoded

_LONGEST_PATTERN = 500
_LONGEST_LINE = 20_000
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}
_BETWEEN = r"(?:\\.|(?!(?P=d)).)*"
_command = re.compile(rf"[^;\ns]*s(?P<d>[^\w\s;]){_BETWEEN}(?P=d){_BETWEEN}(?P=d)[a-zA-Z0-9]*|[^;\n]+", re.DOTALL)
_substitution = re.compile(
    rf"s(?P<d>[^\w\s])(?P<from>{_BETWEEN})(?P=d)(?P<to>{_BETWEEN})(?P=d)(?P<flags>[gpiI]*)", re.DOTALL
).fullmatch
#: Characters that basic expressions write with a backslash and extended ones without.
_SWAPPED = frozenset("(){}+?|")


def rewritten(text: str, *, extended: bool) -> str:
    """The expression as Python writes it."""
    out: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "[":
            bracket, at = _bracket(text, at)
            out.append(bracket)
            continue
        following = text[at + 1 : at + 2]
        if char == "\\" and following:
            special = following in _SWAPPED
            out.append(
                following if special and not extended else {"<": r"\b", ">": r"\b"}.get(following, char + following)
            )
            at += 2
            continue
        starts = not out or out[-1] in {"(", "|"}
        if (
            (char in _SWAPPED and not extended)
            or (char == "*" and starts)
            or (char == "^" and not starts and not extended)
        ):
            out.append(f"\\{char}")
        else:
            out.append(char)
        at += 1
    return "".join(out)


def _bracket(text: str, start: int) -> tuple[str, int]:
    end = start + 1
    negated = text[end : end + 1] == "^"
    end += negated
    body: list[str] = []
    while end < len(text):
        if text[end] == "]" and body:
            return f"[{'^' if negated else ''}{''.join(body)}]", end + 1
        match = re.compile(r"\[:([a-z]+):\]").match(text, end)
        if match is not None and match[1] in _CLASSES:
            body.append(_CLASSES[match[1]])
            end = match.end()
            continue
        body.append(f"\\{text[end]}" if text[end] in "\\[]&~|" else text[end])
        end += 1
    raise UsageError("bad regex: Unmatched [, [^, [:, [., or [=", 2)


def compiled(patterns: list[str], letters: frozenset[str]) -> Expression:
    """The patterns as one; the letters are `grep`'s."""
    if sum(map(len, patterns)) > _LONGEST_PATTERN:
        raise UsageError("fauxkube takes no regular expression that long", 2)
    texts = [re.escape(each) if "F" in letters else rewritten(each, extended="E" in letters) for each in patterns]
    text = "|".join(f"(?:{each})" for each in texts)
    text = rf"(?<!\w)(?:{text})(?!\w)" if "w" in letters else text
    text = rf"^(?:{text})$" if "x" in letters else text
    try:
        return expressions.compiled(text, any_case="i" in letters)
    except BadExpressionError as error:
        raise UsageError(f"bad regex '{patterns[0]}': {error}", 2) from None


@dataclass(frozen=True, slots=True)
class Search:
    """What `grep` looks for and how it tells; `names` when it tells in which file."""

    pattern: Expression
    options: Options
    names: bool

    @property
    def most(self) -> int:
        """How many lines of a file are wanted."""
        return self.options.number("m", 1 << 40)

    @property
    def shows_names(self) -> bool:
        """Whether lines begin with their file's name."""
        return ("H" in self.options or self.names) and "h" not in self.options


async def run(process: Process, search: Search, paths: list[str]) -> int:
    """`grep` over the files, or over the standard input."""
    recursive = bool({"r", "R"} & search.options.values.keys())
    failed = found = False
    if not paths and not recursive:
        return int(not await _stream(process, search))
    for path in _expanded(process, paths or ["."], recursive=recursive):
        try:
            data = await process.content(path)
        except OSError as error:
            failed = True
            if "s" not in search.options:
                await process.complain(f"{path}: {words_of(error)}")
            continue
        found = await _one(process, search, path if path != "-" else "(standard input)", data) or found
        if found and "q" in search.options:
            return 0
    return 0 if found and not failed else 2 if failed else 1


def _expanded(process: Process, paths: list[str], *, recursive: bool) -> list[str]:
    if not recursive:
        return paths
    found: list[str] = []
    for path in paths:
        base = process.path(path)
        inner = (each for each in walk(process.files, base) if not isinstance(process.files.find(each), Folder))
        found.extend(path.rstrip("/") + each[len(base.rstrip("/")) :] for each in inner)
    return found


async def _stream(process: Process, search: Search) -> bool:
    """The standard input, line by line as it comes, so that `grep` can follow what goes on."""
    count = number = 0
    options = search.options
    while count < search.most and (line := await process.stdin.line()):
        number += 1
        text = decoded(line).removesuffix("\n")
        if not _is_meant(search, text):
            continue
        count += 1
        if "q" in options:
            return True
        if not {"c", "l", "L"} & options.values.keys():
            await process.write(_told(search, "(standard input)", number, text))
    await _tell_count(process, search, "(standard input)", count)
    return count > 0


async def _one(process: Process, search: Search, path: str, data: bytes) -> bool:
    found: list[tuple[int, str]] = []
    at = 0
    async for line in lines(process, data):
        at += 1
        if len(found) < search.most and _is_meant(search, line):
            found.append((at, line))
    if not {"c", "l", "L", "q"} & search.options.values.keys():
        await process.write("".join(_told(search, path, at, line) for at, line in found))
    await _tell_count(process, search, path, len(found))
    return bool(found)


def _is_meant(search: Search, line: str) -> bool:
    if len(line) > _LONGEST_LINE:
        raise UsageError(f"fauxkube searches no line of more than {_LONGEST_LINE} characters", 2)
    return (search.pattern.search(line) is None) == ("v" in search.options)


def _told(search: Search, path: str, number: int, line: str) -> str:
    prefix = (f"{path}:" if search.shows_names else "") + (f"{number}:" if "n" in search.options else "")
    if "o" not in search.options:
        return f"{prefix}{line}\n"
    return "".join(f"{prefix}{match[0]}\n" for match in search.pattern.every(line) if match[0])


async def _tell_count(process: Process, search: Search, path: str, count: int) -> None:
    options = search.options
    if "q" in options:
        return
    if ("l" in options and count) or ("L" in options and not count):
        await process.write(f"{path}\n")
    elif "c" in options and "l" not in options and "L" not in options:
        await process.write(f"{path}:{count}\n" if search.shows_names else f"{count}\n")


# sed


@dataclass(frozen=True, slots=True)
class Edit:
    """`s/pattern/by/flags`, `d` or `p`, for the lines of an address if there is one: a number, `$`, or a pattern."""

    command: str
    address: str = ""
    matching: Expression | None = None
    pattern: Expression | None = None
    by: str = ""
    flags: str = ""

    def applies(self, line: str, number: int, *, last: bool) -> bool:
        """Whether the line is meant."""
        if self.matching is not None:
            return self.matching.search(line) is not None
        return not self.address or (last if self.address == "$" else number == int(self.address))


async def edit(process: Process) -> int:
    """`sed`: `s`, `d` and `p` with one address; everything else is refused."""
    options = read_options(process.arguments[1:], "nEre:i")
    scripts, paths = options.every("e"), list(options.arguments)
    if not scripts:
        if not paths:
            raise UsageError("usage: sed [-i] [-nE] [-e CMD]... [FILE]...")
        scripts = [paths.pop(0)]
    extended = bool({"E", "r"} & options.values.keys())
    edits = [_edit(part.strip(), extended=extended) for each in scripts for part in _commands(each)]
    found, code = await process.contents(paths, "{path}: {error}")
    for path, data in found:
        text = await _edited(process, data, edits, quiet="n" in options)
        if "i" in options and paths:
            process.files.write(process.path(path), encoded(text), process.container.user.owner)
        else:
            await process.write(text)
    return code


def _commands(script: str) -> list[str]:
    """The commands between semicolons and line ends that are not within a substitution."""
    return [match[0] for match in _command.finditer(script) if match[0].strip()]


def _edit(text: str, *, extended: bool) -> Edit:
    match = re.fullmatch(r"(?P<address>[0-9]+|\$|/(?:\\.|[^/])*/)?\s*(?P<rest>.*)", text, re.DOTALL)
    assert match is not None
    address, rest = match["address"] or "", match["rest"]
    letters = frozenset("E") if extended else frozenset()
    matching = compiled([address[1:-1].replace("\\/", "/")], letters) if address.startswith("/") else None
    number = "" if matching else address
    if rest in {"d", "p"}:
        return Edit(rest, number, matching)
    found = _substitution(rest)
    if found is None:
        raise UsageError(f"fauxkube's sed knows s, d and p only, not '{text}'")
    mark = found["d"]
    letters = letters | (frozenset("i") if set("iI") & set(found["flags"]) else frozenset())
    pattern = compiled([found["from"].replace(f"\\{mark}", mark)], letters)
    return Edit("s", number, matching, pattern, _replacement(found["to"].replace(f"\\{mark}", mark)), found["flags"])


def _replacement(text: str) -> str:
    """`&` and `\\1` as Python writes them."""

    def one(match: re.Match[str]) -> str:
        if match[0] == "&":
            return r"\g<0>"
        if match[1] is not None and match[1].isdigit():
            return rf"\g<{match[1]}>"
        return {"n": "\n", "t": "\t"}.get(match[1], match[1].replace("\\", r"\\"))

    return re.sub(r"\\(.)|&", one, text, flags=re.DOTALL)


async def _edited(process: Process, data: bytes, edits: list[Edit], *, quiet: bool) -> str:
    out: list[str] = []
    count = data.count(b"\n") + (not data.endswith(b"\n"))
    number = 0
    async for original in lines(process, data):
        line, number = original, number + 1
        if len(line) > _LONGEST_LINE:
            raise UsageError(f"fauxkube edits no line of more than {_LONGEST_LINE} characters")
        deleted = False
        for each in edits:
            if deleted or not each.applies(line, number, last=number == count):
                continue
            line, prints, deleted = _applied(each, line)
            if prints:
                out.append(f"{line}\n")
        if not quiet and not deleted:
            out.append(f"{line}\n")
    return "".join(out)


def _applied(each: Edit, line: str) -> tuple[str, bool, bool]:
    """The line, whether it is printed at once, and whether it is deleted."""
    if each.command == "d":
        return line, False, True
    if each.command == "p" or each.pattern is None:
        return line, True, False
    try:
        changed, count = each.pattern.replaced(each.by, line, every="g" in each.flags)
    except BadExpressionError:
        raise UsageError("invalid reference in the replacement") from None
    return changed, bool(count) and "p" in each.flags, False

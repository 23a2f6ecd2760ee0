"""Programs that read text and print some of it: cat, head, tail, wc, sort, uniq, tr, cut, tee."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fauxkube.workloads.commands import searching, translation
from fauxkube.workloads.commands.options import Options, read_options, whole
from fauxkube.workloads.files.errors import words_of
from fauxkube.workloads.lines import in_order, lines, taking_turns
from fauxkube.workloads.process import Process, Program, UsageError, decoded, encoded

_CANNOT_OPEN = "can't open '{path}': {error}"
_PLAIN = "{path}: {error}"
#: How many characters `tr` changes at once.
_AT_ONCE = 8_192


async def _cat(process: Process) -> int:
    options = read_options(process.arguments[1:], "nue")
    code, number = 0, 1
    for path in options.arguments or ["-"]:
        if path == "-" and "n" not in options:
            while chunk := await process.stdin.read():
                await process.stdout.write(chunk)
            continue
        try:
            data = await process.content(path)
        except OSError as error:
            words = "read error: Is a directory" if error.errno == 21 else ""
            code = await process.fail(words or f"can't open '{path}': {words_of(error)}")
            continue
        if "n" in options:
            numbered: list[bytes] = []
            async for line in lines(process, data):
                numbered.append(b"%6d\t%s" % (number, encoded(line)))
                number += 1
            data = b"\n".join(numbered) + (b"\n" if data.endswith(b"\n") else b"")
        await process.stdout.write(data)
    return code


async def _head(process: Process) -> int:
    words = [re.sub(r"^-([0-9]+)$", r"-n\1", word) for word in process.arguments[1:]]
    options = read_options(words, "n:c:qv")
    paths = options.arguments
    if not paths and not (options.last("c") or options.last("n")).startswith("-"):
        return await _head_of_input(process, options)
    found, code = await process.contents(paths, _PLAIN)
    for index, (path, data) in enumerate(found):
        await _title(process, path, index, shown=len(paths) > 1 and "q" not in options)
        size = options.last("c") or options.last("n", "10")
        fewer = size.startswith("-")
        count = whole(size.lstrip("-"))
        if "c" in options:
            await process.stdout.write(data[: len(data) - count] if fewer else data[:count])
        else:
            all_lines = data.splitlines(keepends=True)
            wanted = all_lines[: max(0, len(all_lines) - count)] if fewer else all_lines[:count]
            await process.stdout.write(b"".join(wanted))
    return code


async def _head_of_input(process: Process, options: Options) -> int:
    """Read no more than is wanted, so that the rest is left for others."""
    if "c" in options:
        left = whole(options.last("c"))
        while left and (chunk := await process.stdin.read()):
            await process.stdout.write(chunk[:left])
            left -= len(chunk[:left])
        return 0
    for _ in range(whole(options.last("n", "10"))):
        line = await process.stdin.line()
        if not line:
            break
        await process.stdout.write(line)
    return 0


async def _tail(process: Process) -> int:
    words = [re.sub(r"^([-+][0-9]+)$", r"-n\1", word) for word in process.arguments[1:]]
    options = read_options([re.sub(r"^-n-", "-n", word) for word in words], "n:c:fFq")
    found, code = await process.contents(options.arguments, _PLAIN)
    for index, (path, data) in enumerate(found):
        await _title(process, path, index, shown=len(options.arguments) > 1 and "q" not in options)
        size = options.last("c") or options.last("n", "10")
        count = whole(size.lstrip("+-"))
        if "c" in options:
            part = (
                data[max(0, count - 1) :]
                if size.startswith("+")
                else data[len(data) - count if count < len(data) else 0 :]
            )
            await process.stdout.write(part)
            continue
        lines = data.splitlines(keepends=True)
        lines = lines[max(0, count - 1) :] if size.startswith("+") else lines[max(0, len(lines) - count) :]
        await process.stdout.write(b"".join(lines))
    if {"f", "F"} & options.values.keys() and options.arguments:
        await _follow(process, options.arguments[-1])
    return code


async def _follow(process: Process, path: str) -> None:
    """Print what is added to a file, until somebody ends it."""
    shown = len(await process.content(path))
    while True:
        await process.clock.real.sleep(0.5)
        node = process.files.find(process.path(path))
        data = await process.content(path) if node is not None else b""
        if len(data) > shown:
            await process.stdout.write(data[shown:])
        shown = len(data)


async def _title(process: Process, path: str, index: int, *, shown: bool) -> None:
    if shown:
        await process.write(f"{chr(10) if index else ''}==> {path} <==\n")


async def _wc(process: Process) -> int:
    options = read_options(process.arguments[1:], "clwm")
    wanted = [each for each in "lwc" if each in options or (each == "c" and "m" in options)] or ["l", "w", "c"]
    found, code = await process.contents(options.arguments, _PLAIN)
    totals = [0, 0, 0]
    lines: list[str] = []
    for path, data in found:
        counts = [data.count(b"\n"), len(data.split()), len(data)]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        lines.append(_counted(wanted, counts, path if options.arguments else ""))
    if len(options.arguments) > 1:
        lines.append(_counted(wanted, totals, "total"))
    await process.write("".join(f"{line}\n" for line in lines))
    return code


def _counted(wanted: list[str], counts: list[int], name: str) -> str:
    shown = [count for letter, count in zip("lwc", counts, strict=True) if letter in wanted]
    text = str(shown[0]) if len(shown) == 1 else " ".join(f"{count:9d}" for count in shown)
    return f"{text} {name}" if name else text


async def _sort(process: Process) -> int:
    options = read_options(process.arguments[1:], "nrufhk:t:o:sV")
    found, code = await process.contents(options.arguments, _PLAIN)
    unordered = [line for _, data in found async for line in lines(process, data)]
    separator = options.last("t") or None
    field = options.last("k")
    if field and not re.fullmatch(r"[0-9]+(,[0-9]+)?[nr]*", field):
        raise UsageError(f"fauxkube's sort does not know the key {field}")
    first, last = _field_range(field)

    def key(line: str) -> tuple[float, str]:
        part = line
        if field:
            parts = line.split(separator)
            part = (separator or " ").join(parts[first - 1 : last])
        text = part.lower() if "f" in options else part
        return (_leading_number(text) if "n" in options or "h" in options or "n" in field else 0.0, text)

    ordered = await in_order(process, unordered, key, reverse="r" in options or "r" in field)
    if "u" in options:
        ordered = list({key(line): line for line in reversed(ordered)}.values())[::-1]
    text = "".join(f"{line}\n" for line in ordered)
    if "o" in options:
        process.files.write(process.path(options.last("o")), encoded(text), process.container.user.owner)
    else:
        await process.write(text)
    return code


def _field_range(field: str) -> tuple[int, int | None]:
    first, _, last = field.rstrip("nr").partition(",")
    return int(first or 1), int(last) if last else None


def _leading_number(text: str) -> float:
    match = re.match(r"\s*(-?[0-9]+(?:\.[0-9]+)?)([KMGT]?)", text)
    return float(match[1]) * 1024.0 ** " KMGT".index(match[2] or " ") if match else 0.0


async def _uniq(process: Process) -> int:
    options = read_options(process.arguments[1:], "cdui")
    found, code = await process.contents(options.arguments[:1], _CANNOT_OPEN)
    runs: list[tuple[str, int]] = []
    async for line in (line for _, data in found async for line in lines(process, data)):
        same = runs and (runs[-1][0].lower() == line.lower() if "i" in options else runs[-1][0] == line)
        if same:
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((line, 1))
    shown = [
        (line, count)
        for line, count in runs
        if not ("d" in options and count < 2) and not ("u" in options and count > 1)
    ]
    await process.write("".join(f"{count:7d} {line}\n" if "c" in options else f"{line}\n" for line, count in shown))
    return code


async def _tr(process: Process) -> int:
    options = read_options(process.arguments[1:], "cCds")
    change = translation.translator(options.arguments, frozenset(options.values))
    while chunk := await process.stdin.read():
        text = decoded(chunk)
        pieces = (text[at : at + _AT_ONCE] for at in range(0, len(text), _AT_ONCE))
        async for piece in taking_turns(process, pieces):
            await process.write(change(piece))
    return 0


async def _cut(process: Process) -> int:
    options = read_options(process.arguments[1:], "d:f:c:b:s")
    given = next((each for each in ("f", "c", "b") if each in options), "")
    if not given:
        raise UsageError("expected a list of bytes, characters, or fields")
    ranges = translation.ranges(options.last(given))
    delimiter = options.last("d", "\t")
    found, code = await process.contents(options.arguments, _PLAIN)
    async for line in (line for _, data in found async for line in lines(process, data)):
        if given != "f":
            await process.write("".join(translation.chosen(list(line), ranges)) + "\n")
        elif delimiter in line:
            await process.write(delimiter.join(translation.chosen(line.split(delimiter), ranges)) + "\n")
        elif "s" not in options:
            await process.write(f"{line}\n")
    return code


async def _tee(process: Process) -> int:
    options = read_options(process.arguments[1:], "ai")
    owner = process.container.user.owner
    code = 0
    paths = [process.path(path) for path in options.arguments]
    for path in list(paths):
        try:
            process.files.write(path, b"", owner, append="a" in options)
        except OSError as error:
            paths.remove(path)
            code = await process.fail(f"{path}: {words_of(error)}")
    while chunk := await process.stdin.read():
        for path in paths:
            process.files.write(path, chunk, owner, append=True)
        await process.stdout.write(chunk)
    return code


async def _rev(process: Process) -> int:
    found, code = await process.contents(process.arguments[1:], _CANNOT_OPEN)
    reversed_lines = [f"{line[::-1]}\n" for _, data in found async for line in lines(process, data)]
    await process.write("".join(reversed_lines))
    return code


async def _grep(process: Process) -> int:
    words = list(process.arguments[1:])
    options = read_options(words, "HhnlLcoqvsrRiwxFEm:A:B:C:e:", {"color": "color", "include": "include:"}, code=2)
    if {"A", "B", "C", "include"} & options.values.keys():
        raise UsageError("fauxkube's grep shows no lines around a match and includes no files by name", 2)
    given = options.every("e")
    paths = list(options.arguments)
    if not given:
        if not paths:
            raise UsageError("usage: grep [-HhnlLoqvsrRiwFE] [-m N] PATTERN [FILE]...", 2)
        given = [paths.pop(0)]
    pattern = searching.compiled([line for each in given for line in each.split("\n")], frozenset(options.values))
    search = searching.Search(pattern, options, names=len(paths) > 1 or bool({"r", "R"} & options.values.keys()))
    return await searching.run(process, search, paths)


async def _sed(process: Process) -> int:
    return await searching.edit(process)


PROGRAMS: Mapping[str, Program] = {
    "cat": _cat,
    "cut": _cut,
    "grep": _grep,
    "head": _head,
    "rev": _rev,
    "sed": _sed,
    "sort": _sort,
    "tail": _tail,
    "tee": _tee,
    "tr": _tr,
    "uniq": _uniq,
    "wc": _wc,
}

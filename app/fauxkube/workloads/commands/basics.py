"""The small programs that scripts are made of: echo, printf, test, env, sleep, seq, date and the like."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from fauxkube.workloads.commands import conditions, formats
from fauxkube.workloads.commands.options import Options, read_options, seconds, whole
from fauxkube.workloads.lines import taking_turns
from fauxkube.workloads.process import Process, Program, UsageError, decoded
from fauxkube.workloads.programs import find_path, find_program

#: How many lines are written at once.
_LINES = 1000


async def _true(process: Process) -> int:
    return 0


async def _false(process: Process) -> int:
    return 1


async def _echo(process: Process) -> int:
    words = process.arguments[1:]
    ends, escapes = "\n", False
    while words and len(words[0]) > 1 and words[0][0] == "-" and set(words[0][1:]) <= set("neE"):
        option = words.pop(0)
        ends = "" if "n" in option else ends
        escapes = "e" in option or (escapes and "E" not in option)
    text = " ".join(words)
    if escapes:
        text, goes_on = formats.unescaped(text)
        ends = ends if goes_on else ""
    await process.write(text + ends)
    return 0


async def _printf(process: Process) -> int:
    if len(process.arguments) < 2:
        raise UsageError("usage: printf FORMAT [ARG]...", 2)
    words = process.arguments[1:]
    words = words[1:] if words[0] == "--" else words
    text, problem = formats.formatted(words[0], words[1:])
    await process.write(text)
    return await process.fail(problem) if problem else 0


async def _test(process: Process) -> int:
    words = process.arguments[1:]
    if process.name == "[":
        if not words or words[-1] != "]":
            raise UsageError("missing ]", 2)
        words = words[:-1]
    return 0 if conditions.holds(words, process) else 1


async def _env(process: Process) -> int:
    options = read_options(process.arguments[1:], "iu:", {"unset": "u:", "ignore-environment": "i"}, stops=True)
    environment = {} if "i" in options else dict(process.environment)
    for name in options.every("u"):
        environment.pop(name, None)
    words = options.arguments
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if not words:
        await process.write("".join(f"{name}={value}\n" for name, value in environment.items()))
        return 0
    return await run_command(replace(process, environment=environment), words)


async def run_command(process: Process, words: list[str]) -> int:
    """Run another program in place of this one; its exit code, or 126 and 127 as usual."""
    inner = process.with_arguments(*words)
    try:
        program = find_program(inner)
    except PermissionError:
        return await process.fail(f"can't execute '{words[0]}': Permission denied", 126)
    except FileNotFoundError:
        return await process.fail(f"can't execute '{words[0]}': No such file or directory", 127)
    return await program(inner)


async def _printenv(process: Process) -> int:
    names = process.arguments[1:]
    if not names:
        return await _env(process)
    found = [process.environment[name] for name in names if name in process.environment]
    await process.write("".join(f"{value}\n" for value in found))
    return int(len(found) < len(names))


async def _sleep(process: Process) -> int:
    words = process.arguments[1:]
    if not words:
        raise UsageError("missing operand")
    if words == ["infinity"]:
        await asyncio.get_running_loop().create_future()
    await process.clock.sleep(sum(seconds(word) for word in words))
    return 0


async def _seq(process: Process) -> int:
    options = read_options(_negatives(process.arguments[1:]), "ws:")
    numbers = [formats.number(word.removeprefix("\\")) for word in options.arguments]
    if not 1 <= len(numbers) <= 3:
        raise UsageError("usage: seq [-w] [-s SEP] [FIRST [INC]] LAST")
    first, step, last = {1: (1, 1, numbers[0]), 2: (numbers[0], 1, numbers[-1])}.get(len(numbers)) or numbers
    if step == 0:
        raise UsageError("invalid increment '0'")
    await _write_sequence(process, options, first, step, last)
    return 0


async def _write_sequence(process: Process, options: Options, first: float, step: float, last: float) -> None:
    between = options.last("s", "\n")
    width = max(len(formats.shown(first)), len(formats.shown(last))) if "w" in options else 0
    lines: list[str] = []
    index, started = 0, False
    while (first + index * step - last) * (1 if step > 0 else -1) <= 0:
        lines.append(formats.shown(first + index * step).rjust(width, "0"))
        index += 1
        if len(lines) == _LINES:
            await process.write((between if started else "") + between.join(lines))
            lines, started = [], True
            await asyncio.sleep(0)
    text = between.join(lines)
    if text or started:
        await process.write((between if started and text else "") + text + "\n")


def _negatives(words: list[str]) -> list[str]:
    """The words with negative numbers marked, so that they are no options."""
    return [f"\\{word}" if word[:1] == "-" and word[1:2].isdigit() else word for word in words]


async def _yes(process: Process) -> int:
    text = " ".join(process.arguments[1:]) or "y"
    lines = f"{text}\n" * max(1, 8192 // (len(text) + 1))
    while True:
        await process.write(lines)
        await process.clock.real.sleep(0.001)


async def _date(process: Process) -> int:
    options = read_options(process.arguments[1:], "uRI:d:", {"utc": "u"})
    if "d" in options:
        raise UsageError("fauxkube's date shows the cluster's time only: -d is not served")
    now = process.clock.now()
    pattern = "%a %b %e %H:%M:%S UTC %Y"
    if "R" in options:
        pattern = "%a, %d %b %Y %H:%M:%S +0000"
    elif "I" in options:
        pattern = "%Y-%m-%d" if options.last("I") == "date" else "%Y-%m-%dT%H:%M:%S+00:00"
    for word in options.arguments:
        if not word.startswith("+"):
            raise UsageError("can't set date: Operation not permitted")
        pattern = word[1:]
    await process.write(f"{formats.time_text(now, pattern)}\n")
    return 0


async def _timeout(process: Process) -> int:
    options = read_options(process.arguments[1:], "s:k:t:", stops=True)
    words = options.arguments
    limit = options.last("t")
    if not limit and words:
        limit = words.pop(0)
    if not words:
        raise UsageError("usage: timeout [-s SIG] [-k KILL_SECS] SECS PROG ARGS")
    running = asyncio.ensure_future(run_command(process, words))
    timer = process.clock.call_later(seconds(limit), lambda: _cancel(running))
    try:
        return await running
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        return 143
    finally:
        timer.cancel()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _cancel(running: asyncio.Future[int]) -> None:
    running.cancel()


async def _time(process: Process) -> int:
    begun = process.clock.monotonic()
    code = await run_command(process, process.arguments[1:]) if len(process.arguments) > 1 else 0
    minutes, rest = divmod(process.clock.monotonic() - begun, 60)
    await process.stderr.write(f"real\t{int(minutes)}m {rest:.2f}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n".encode())
    return code


async def _which(process: Process) -> int:
    found = [find_path(process, name) for name in process.arguments[1:]]
    await process.write("".join(f"{path}\n" for path in found if path is not None))
    return int(None in found)


async def _expr(process: Process) -> int:
    value = conditions.expression(process.arguments[1:])
    await process.write(f"{value}\n")
    return int(value in {"", "0"})


async def _basename(process: Process) -> int:
    words = process.arguments[1:]
    if not words:
        raise UsageError("usage: basename FILE [SUFFIX]")
    name = words[0].rstrip("/").rpartition("/")[2] or "/"
    suffix = words[1] if len(words) > 1 else ""
    await process.write(f"{name if name == suffix else name.removesuffix(suffix)}\n")
    return 0


async def _dirname(process: Process) -> int:
    if len(process.arguments) != 2:
        raise UsageError("usage: dirname FILENAME")
    head, slash, _ = process.arguments[1].rstrip("/").rpartition("/")
    await process.write(f"{head.rstrip('/') or ('/' if slash or process.arguments[1].startswith('/') else '.')}\n")
    return 0


async def _xargs(process: Process) -> int:
    options = read_options(process.arguments[1:], "n:I:r", stops=True)
    words = options.arguments or ["echo"]
    text = decoded(await process.stdin.all())
    items = text.splitlines() if "I" in options else text.split()
    if not items and "r" in options:
        return 0
    code = 0
    if "I" in options:
        mark = options.last("I")
        async for item in taking_turns(process, items):
            code = (await run_command(process, [word.replace(mark, item) for word in words]) and 123) or code
        return code
    count = whole(options.last("n")) if "n" in options else max(1, len(items))
    async for start in taking_turns(process, range(0, max(1, len(items)), max(1, count))):
        code = (await run_command(process, [*words, *items[start : start + count]]) and 123) or code
    return code


async def _clear(process: Process) -> int:
    await process.write("\x1b[H\x1b[J")
    return 0


PROGRAMS: Mapping[str, Program] = {
    "[": _test,
    "basename": _basename,
    "clear": _clear,
    "date": _date,
    "dirname": _dirname,
    "echo": _echo,
    "env": _env,
    "expr": _expr,
    "false": _false,
    "printenv": _printenv,
    "printf": _printf,
    "seq": _seq,
    "sleep": _sleep,
    "test": _test,
    "time": _time,
    "timeout": _timeout,
    "true": _true,
    "which": _which,
    "xargs": _xargs,
    "yes": _yes,
}

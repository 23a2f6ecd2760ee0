"""What a shell does itself (POSIX 2.14 and what ash adds): what changes the shell, and the smallest programs."""

from __future__ import annotations

import errno
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from fauxkube.workloads.files.errors import failure, words_of
from fauxkube.workloads.files.filesystem import joined, may, normal
from fauxkube.workloads.files.nodes import Folder
from fauxkube.workloads.process import Bytes, Input, UsageError, decoded, encoded
from fauxkube.workloads.shell.parser import parse
from fauxkube.workloads.shell.scanner import ShellSyntaxError
from fauxkube.workloads.shell.state import Exit, LoopJump, Return, ShellError, State

if TYPE_CHECKING:
    from fauxkube.workloads.shell.interpreter import Shell

Builtin: TypeAlias = "Callable[[Shell, list[str]], Awaitable[int]]"

#: Those before which assignments last.
SPECIAL = frozenset(
    {":", ".", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "unset"}
)

_is_name = re.compile(r"[A-Za-z_][A-Za-z_0-9]*").fullmatch
_OPTIONS = {"e": "errexit", "u": "nounset", "x": "xtrace", "f": "noglob", "a": "allexport", "P": "pipefail"}
#: The letters of the options that have names.
LONG_OPTIONS = {name: letter for letter, name in _OPTIONS.items()}
#: Taken for the sake of scripts that begin with them: what they ask for is so anyway, or has no bearing here.
_IDLE_OPTIONS = frozenset({"posix", "vi", "emacs"})


async def _nothing(shell: Shell, arguments: list[str]) -> int:
    return 0


async def _cd(shell: Shell, arguments: list[str]) -> int:
    state = shell.state
    target = arguments[0] if arguments else state.variables.get("HOME", "/")
    if target == "-":
        target = state.variables.get("OLDPWD", state.folder)
        await shell.writer(1).write(encoded(f"{target}\n"))
    path = normal(joined(state.folder, target))
    files = state.process.files
    try:
        node = files.node(path)
        if not isinstance(node, Folder):
            raise failure(errno.ENOTDIR, path)
        if not may(node, state.process.container.user.owner, 1):
            raise failure(errno.EACCES, path)
    except OSError as error:
        await shell.complain(f"cd: can't cd to {target}: {words_of(error)}")
        return 2
    state.variables["OLDPWD"], state.variables["PWD"], state.folder = state.folder, path, path
    return 0


async def _pwd(shell: Shell, arguments: list[str]) -> int:
    await shell.writer(1).write(encoded(f"{shell.state.folder}\n"))
    return 0


async def _exit(shell: Shell, arguments: list[str]) -> int:
    raise Exit(_number(arguments, shell.state.status, "exit"))


async def _return(shell: Shell, arguments: list[str]) -> int:
    raise Return(_number(arguments, shell.state.status, "return"))


async def _break(shell: Shell, arguments: list[str]) -> int:
    if shell.state.loops:
        raise LoopJump(max(1, _number(arguments, 1, "break")), goes_on=False)
    return 0


async def _continue(shell: Shell, arguments: list[str]) -> int:
    if shell.state.loops:
        raise LoopJump(max(1, _number(arguments, 1, "continue")), goes_on=True)
    return 0


async def _export(shell: Shell, arguments: list[str]) -> int:
    state = shell.state
    if not arguments or arguments == ["-p"]:
        lines = [f"export {name}={_quoted(state.variables.get(name, ''))}\n" for name in sorted(state.exported)]
        await shell.writer(1).write(encoded("".join(lines)))
        return 0
    for each in arguments:
        name, equals, value = each.partition("=")
        _check_name(name, "export")
        if equals:
            state.set(name, value)
        state.exported.add(name)
    return 0


async def _readonly(shell: Shell, arguments: list[str]) -> int:
    for each in arguments:
        name, equals, value = each.partition("=")
        _check_name(name, "readonly")
        if equals:
            shell.state.set(name, value)
        shell.state.read_only.add(name)
    return 0


async def _unset(shell: Shell, arguments: list[str]) -> int:
    state = shell.state
    functions = arguments[:1] == ["-f"]
    for name in arguments[1:] if arguments[:1] in (["-f"], ["-v"]) else arguments:
        if functions:
            state.functions.pop(name, None)
        elif name in state.read_only:
            raise ShellError(f"unset: {name}: is read only")
        else:
            state.variables.pop(name, None)
            state.exported.discard(name)
    return 0


async def _local(shell: Shell, arguments: list[str]) -> int:
    state = shell.state
    if not state.locals:
        raise ShellError("local: not in a function")
    for each in arguments:
        name, equals, value = each.partition("=")
        _check_name(name, "local")
        state.locals[-1].setdefault(name, state.variables.get(name))
        if equals:
            state.set(name, value)
    return 0


def restore(state: State, kept: dict[str, str | None]) -> None:
    """Give variables that were local their values back."""
    for name, value in kept.items():
        if value is None:
            state.variables.pop(name, None)
        else:
            state.variables[name] = value


async def _set(shell: Shell, arguments: list[str]) -> int:
    state = shell.state
    if not arguments:
        lines = [f"{name}={_quoted(value)}\n" for name, value in sorted(state.variables.items())]
        await shell.writer(1).write(encoded("".join(lines)))
        return 0
    rest = list(arguments)
    while rest and rest[0][:1] in {"-", "+"} and len(rest[0]) > 1:
        word = rest.pop(0)
        if word == "--":
            state.positional = rest
            return 0
        if word in {"-o", "+o"}:
            _set_option(state, rest.pop(0) if rest else "", on=word == "-o")
            continue
        for letter in word[1:]:
            if letter == "o":
                _set_option(state, rest.pop(0) if rest else "", on=word[0] == "-")
            else:
                _set_letter(state, letter, on=word[0] == "-")
    if rest:
        state.positional = rest
    return 0


def _set_option(state: State, name: str, *, on: bool) -> None:
    if name in _IDLE_OPTIONS:
        return
    letter = LONG_OPTIONS.get(name, "")
    if not letter:
        raise ShellError(f"set: illegal option -o {name}")
    _set_letter(state, letter, on=on)


def _set_letter(state: State, letter: str, *, on: bool) -> None:
    if letter not in _OPTIONS:
        raise ShellError(f"set: illegal option -{letter}")
    if on:
        state.options.add(letter)
    else:
        state.options.discard(letter)


async def _shift(shell: Shell, arguments: list[str]) -> int:
    count = _number(arguments, 1, "shift")
    if count > len(shell.state.positional):
        raise ShellError("shift: can't shift that many")
    del shell.state.positional[:count]
    return 0


async def _eval(shell: Shell, arguments: list[str]) -> int:
    return await _run_text(shell, " ".join(arguments))


async def _source(shell: Shell, arguments: list[str]) -> int:
    state = shell.state
    if not arguments:
        raise ShellError(".: filename argument required")
    try:
        text = decoded(state.process.files.read(joined(state.folder, arguments[0])))
    except OSError as error:
        words = "not found" if error.errno == errno.ENOENT else words_of(error)
        raise ShellError(f".: can't open '{arguments[0]}': {words}") from None
    try:
        return await _run_text(shell, text)
    except Return as end:
        return end.code


async def _run_text(shell: Shell, text: str) -> int:
    state = shell.state
    try:
        script = parse(text)
    except ShellSyntaxError as error:
        raise ShellError(str(error)) from None
    state.depth += 1
    try:
        if state.depth > 40:
            raise ShellError("fauxkube: too many shells and functions within each other")
        state.status = 0
        return await shell.run(script)
    finally:
        state.depth -= 1


async def _exec(shell: Shell, arguments: list[str]) -> int:
    if arguments:
        raise Exit(await shell.program(arguments))
    return 0


async def _read(shell: Shell, arguments: list[str]) -> int:
    state = shell.state
    raw = False
    names = list(arguments)
    while names and names[0].startswith("-"):
        option = names.pop(0)
        if option == "-p" and names:
            await shell.writer(2).write(encoded(names.pop(0)))
        elif option == "-r":
            raw = True
        else:
            raise ShellError(f"read: illegal option {option}")
    for name in names:
        _check_name(name, "read")
    line = decoded(await shell.input.line())
    text = line.removesuffix("\n")
    while not raw and text.endswith("\\") and line:
        line = decoded(await shell.input.line())
        text = text[:-1] + line.removesuffix("\n")
    if not raw:
        text = re.sub(r"\\(.)", r"\1", text)
    _assign_fields(state, names or ["REPLY"], text)
    return int(not line.endswith("\n"))


def _assign_fields(state: State, names: list[str], text: str) -> None:
    """The first field for the first name and so on; the last has what is left."""
    separators = state.variables.get("IFS", " \t\n")
    if not separators:
        state.set(names[0], text)
        return
    blank = "".join(char for char in separators if char in " \t\n")
    rest = text.strip(blank) if blank else text
    pattern = re.compile(
        f"[{re.escape(blank)}]*[{re.escape(separators)}][{re.escape(blank)}]*"
        if blank
        else f"[{re.escape(separators)}]"
    )
    for name in names[:-1]:
        match = pattern.search(rest)
        state.set(name, rest[: match.start()] if match else rest)
        rest = rest[match.end() :] if match else ""
    state.set(names[-1], rest)


async def _type(shell: Shell, arguments: list[str]) -> int:
    status = 0
    for name in arguments:
        where = _where(shell, name)
        status = status if where else 127
        await shell.writer(1).write(encoded(f"{name}: not found\n" if not where else f"{name} is {where[1]}\n"))
    return status


async def _command(shell: Shell, arguments: list[str]) -> int:
    if arguments[:1] in (["-v"], ["-V"]):
        found = [where[0] for name in arguments[1:] if (where := _where(shell, name)) is not None]
        await shell.writer(1).write(encoded("".join(f"{each}\n" for each in found)))
        return 0 if len(found) == len(arguments) - 1 else 127
    if not arguments:
        return 0
    if arguments[0] in BUILTINS:
        return await BUILTINS[arguments[0]](shell, arguments[1:])
    return await shell.program(arguments)


def _where(shell: Shell, name: str) -> tuple[str, str] | None:
    """How a name is found: for `command -v`, and in words."""
    from dataclasses import replace

    from fauxkube.workloads.programs import find_path

    state = shell.state
    if name in state.functions:
        return name, "a function"
    if name in BUILTINS:
        return name, "a shell builtin"
    path = find_path(replace(state.process, environment=state.environment(), folder=state.folder), name)
    return (path, path) if path is not None else None


async def _trap(shell: Shell, arguments: list[str]) -> int:
    raise ShellError("fauxkube's shell knows no trap: nothing here sends signals")


def _program(name: str) -> Builtin:
    """A built-in that is the program of the same name."""

    async def run(shell: Shell, arguments: list[str]) -> int:
        from dataclasses import replace

        from fauxkube.workloads.commands import COMMANDS

        process = replace(
            shell.state.process,
            arguments=[name, *arguments],
            environment=shell.state.variables,
            folder=shell.state.folder,
            stdin=shell.streams[0] if isinstance(shell.streams.get(0), Input) else Input(Bytes()),  # type: ignore[arg-type]
            stdout=shell.writer(1),
            stderr=shell.writer(2),
        )
        try:
            return await COMMANDS[name](process)
        except UsageError as error:
            return await process.fail(str(error), error.code)

    return run


def _number(arguments: list[str], otherwise: int, name: str) -> int:
    if not arguments:
        return otherwise
    if not re.fullmatch(r"-?[0-9]{1,10}", arguments[0]):
        raise ShellError(f"{name}: Illegal number: {arguments[0]}")
    return int(arguments[0])


def _check_name(name: str, builtin: str) -> None:
    if not _is_name(name):
        raise ShellError(f"{builtin}: {name}: bad variable name")


def _quoted(text: str) -> str:
    inner = text.replace("'", "'\\''")
    return f"'{inner}'"


BUILTINS: dict[str, Builtin] = {
    ":": _nothing,
    ".": _source,
    "source": _source,
    "break": _break,
    "cd": _cd,
    "command": _command,
    "continue": _continue,
    "eval": _eval,
    "exec": _exec,
    "exit": _exit,
    "export": _export,
    "local": _local,
    "pwd": _pwd,
    "read": _read,
    "readonly": _readonly,
    "return": _return,
    "set": _set,
    "shift": _shift,
    "trap": _trap,
    "type": _type,
    "unset": _unset,
    "wait": _nothing,
    **{name: _program(name) for name in ("[", "echo", "false", "printf", "test", "true")},
}

"""`sh`, `ash` and `bash`: the same shell under three names."""

from __future__ import annotations

from collections.abc import Mapping

from fauxkube.workloads.files.errors import words_of
from fauxkube.workloads.process import Process, Program, UsageError, decoded
from fauxkube.workloads.shell.builtins import LONG_OPTIONS
from fauxkube.workloads.shell.interpreter import Shell, shell_process
from fauxkube.workloads.shell.parser import parse
from fauxkube.workloads.shell.scanner import ShellSyntaxError
from fauxkube.workloads.shell.sessions import read_and_run
from fauxkube.workloads.shell.state import ShellError

#: bash's, which change nothing here.
_LONG = frozenset({"--login", "--norc", "--noprofile", "--posix"})
_LETTERS = frozenset("euxfaP")


async def _sh(process: Process) -> int:
    try:
        shell = shell_process(process)
    except ShellError as error:
        return await process.fail(str(error), error.code)
    letters, words = _options(process.arguments[1:])
    shell.state.options |= letters & _LETTERS
    if "c" in letters:
        return await _run_command(shell, words)
    if words:
        return await _run_file(shell, words)
    return await read_and_run(shell, interactive="i" in letters or process.tty)


def _options(words: list[str]) -> tuple[set[str], list[str]]:
    """The letters that are given as options, and the words after them."""
    letters: set[str] = set()
    rest = list(words)
    while rest and rest[0][:1] in {"-", "+"} and len(rest[0]) > 1:
        word = rest.pop(0)
        if word == "--":
            break
        if word in _LONG:
            continue
        for letter in word[1:]:
            if letter == "o":
                name = rest.pop(0) if rest else ""
                if name not in LONG_OPTIONS:
                    raise UsageError(f"illegal option -o {name}", 2)
                letters.add(LONG_OPTIONS[name])
            elif letter not in {"c", "i", "l", "s", *_LETTERS}:
                raise UsageError(f"illegal option -{letter}", 2)
            letters.add(letter)
    return letters, rest[1:] if rest[:1] == ["-"] else rest


async def _run_command(shell: Shell, words: list[str]) -> int:
    if not words:
        await shell.complain("-c requires an argument")
        return 2
    if len(words) > 1:
        shell.state.name = words[1]
        shell.state.positional = words[2:]
    return await _run_text(shell, words[0])


async def _run_file(shell: Shell, words: list[str]) -> int:
    process = shell.state.process
    try:
        text = decoded(process.files.read(process.path(words[0]), process.container.user.owner))
    except OSError as error:
        await shell.complain(f"can't open '{words[0]}': {words_of(error)}")
        return 2
    shell.state.name, shell.state.positional = words[0], words[1:]
    return await _run_text(shell, text)


async def _run_text(shell: Shell, text: str) -> int:
    try:
        script = parse(text)
    except ShellSyntaxError as error:
        await shell.complain(str(error))
        return 2
    return await shell.run_to_exit(script)


PROGRAMS: Mapping[str, Program] = {"ash": _sh, "bash": _sh, "sh": _sh}

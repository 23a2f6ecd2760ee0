"""A shell that reads its commands one by one: from a script on its input, or from somebody at a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from fauxkube.workloads.process import decoded, encoded
from fauxkube.workloads.shell.interpreter import Shell
from fauxkube.workloads.shell.parser import parse
from fauxkube.workloads.shell.scanner import ShellSyntaxError
from fauxkube.workloads.shell.state import Exit, LoopJump, Return, ShellError
from fauxkube.workloads.terminal import Interrupted

_LONGEST_COMMAND = 1024 * 1024


async def read_and_run(shell: Shell, *, interactive: bool) -> int:
    """Run what the input says until it ends or the shell exits; the exit code."""
    lines: list[str] = []
    while True:
        try:
            if interactive:
                await shell.writer(1).write(encoded(_prompt(shell, begun=bool(lines))))
            line = decoded(await shell.input.line())
        except Interrupted:
            lines.clear()
            shell.state.status = 130
            continue
        if not line:
            return await _end(shell, lines, interactive=interactive)
        lines.append(line)
        if sum(map(len, lines)) > _LONGEST_COMMAND:
            await shell.complain("fauxkube: the command is too long")
            return 2
        code = await _try(shell, "".join(lines), lines, interactive=interactive)
        if code is not None:
            return code


async def _try(shell: Shell, text: str, lines: list[str], *, interactive: bool) -> int | None:
    """Run the lines once they are whole; the exit code when the shell ends."""
    try:
        script = parse(text)
    except ShellSyntaxError as error:
        if error.incomplete:
            return None
        lines.clear()
        await shell.complain(str(error))
        shell.state.status = 2
        return None if interactive else 2
    lines.clear()
    try:
        await _interruptible(shell, shell.run(script), interactive=interactive)
    except Exit as end:
        return end.code
    except (Return, LoopJump):
        pass
    except ShellError as error:
        await shell.complain(str(error))
        shell.state.status = error.code
        return None if interactive else error.code
    except BrokenPipeError:
        raise
    return None


async def _interruptible(shell: Shell, running: Awaitable[int], *, interactive: bool) -> None:
    """Run until it ends, or until somebody presses Ctrl-C at the terminal."""
    line = shell.state.process.terminal
    if not interactive or line is None:
        await running
        return
    task = asyncio.ensure_future(running)
    with line.interrupting(task):
        try:
            await task
        except (asyncio.CancelledError, Interrupted):
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            shell.state.status = 130
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _end(shell: Shell, lines: list[str], *, interactive: bool) -> int:
    if lines:
        try:
            parse("".join(lines))
        except ShellSyntaxError as error:
            await shell.complain(str(error))
            return 2
    if interactive and shell.state.process.tty:
        await shell.writer(1).write(b"\n" if not shell.state.name.endswith("bash") else b"exit\n")
    return shell.state.status


def _prompt(shell: Shell, *, begun: bool) -> str:
    state = shell.state
    if begun:
        return state.variables.get("PS2", "> ")
    container = state.process.container
    mark = "#" if container.user.uid == 0 else "$"
    home = state.variables.get("HOME", "")
    folder = state.folder
    if home and home != "/" and (folder == home or folder.startswith(f"{home}/")):
        folder = f"~{folder[len(home) :]}"
    if "PS1" in state.variables:
        name, host = container.user.name or "I have no name!", container.hostname.partition(".")[0]
        text = state.variables["PS1"].replace("\\u", name).replace("\\h", host).replace("\\w", folder)
        return text.replace("\\$", mark)
    if state.name.endswith("bash"):
        name = container.user.name or "I have no name!"
        return f"{name}@{container.hostname.partition('.')[0]}:{folder}{mark} "
    return f"{folder} {mark} "

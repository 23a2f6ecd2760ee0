"""Programs started in a container from outside (`pods/exec`), and its own, watched and read (`attach`, `log`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from typing import TypeAlias

from fauxkube.kinds.core.node_network import installed
from fauxkube.kinds.gvrs import NODES
from fauxkube.kit.containers import LogOptions, Terminal
from fauxkube.kit.tasks import Tasks
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object, key_of
from fauxkube.machinery.status import StatusError
from fauxkube.machinery.times import moment_or
from fauxkube.workloads.attended import attended_command, ends_with_it
from fauxkube.workloads.container import Container, spec_of, status_of
from fauxkube.workloads.files.nodes import Folder
from fauxkube.workloads.logs import Line, Log, first_line, rendered, selected
from fauxkube.workloads.process import Input, Process, Program
from fauxkube.workloads.programs import find_program
from fauxkube.workloads.runs import Run, Runs
from fauxkube.workloads.surroundings import Surroundings
from fauxkube.workloads.terminal import Interrupted, LineDiscipline, TerminalWriter

_KILLED, _INTERRUPTED, _BROKEN_PIPE = 137, 130, 141


#: Has a container of a pod end with an exit code.
End: TypeAlias = Callable[[Object, str, int], Awaitable[None]]


class Programs:
    """The programs of one cluster's containers, whose runs are `runs`; `end` ends one with its own program."""

    def __init__(self, surroundings: Surroundings, runs: Runs, end: End | None = None) -> None:
        self._surroundings = surroundings
        self._runs = runs
        self._end = end
        self._tasks = Tasks("containers")

    async def close(self) -> None:
        """Kill whatever runs; harmless when called again."""
        self._runs.close()
        await self._tasks.close()

    # Programs started from outside

    async def run(self, pod: Object, name: str, command: Sequence[str], terminal: Terminal) -> int:
        """Run a program in a running container until it ends; its exit code."""
        run = self._runs.of(pod, name)
        await run.container.look()
        run.container.write_hosts_file()
        process = self._process(run.container, command, terminal)
        program = self._program(process)
        return await self._supervised(run, program, process, terminal)

    def _process(self, container: Container, command: Sequence[str], terminal: Terminal) -> Process:
        environment = container.environment(tty=terminal.tty)
        if not terminal.tty:
            return Process(
                container,
                list(command),
                environment,
                container.folder,
                Input(terminal.stdin),
                terminal.stdout,
                terminal.stderr,
            )
        discipline = LineDiscipline(terminal.stdin, terminal.stdout)
        screen = TerminalWriter(terminal.stdout)
        return Process(
            container,
            list(command),
            environment,
            container.folder,
            Input(discipline),
            screen,
            screen,
            tty=True,
            terminal=discipline,
        )

    def _program(self, process: Process) -> Program:
        """The program that is meant; StatusError in the runtime's words when there is none."""
        name = process.arguments[0] if process.arguments else ""
        try:
            if process.files.find(process.folder) is None:
                process.files.make_folder(process.folder, process.container.user.owner)
            return find_program(process)
        except PermissionError:
            is_folder = isinstance(process.files.find(process.path(name)), Folder)
            problem = "is a directory" if is_folder else "permission denied"
        except OSError:
            problem = f"stat {name}: no such file or directory" if "/" in name else "executable file not found in $PATH"
        raise self._refused(f'exec: "{name}": {problem}')

    def _refused(self, problem: str) -> StatusError:
        chance = self._surroundings.chance
        name = f"{chance.number(256):064x}"
        return status.internal(
            f'error executing command in container: failed to exec in container: failed to start exec "{name}": '
            f"OCI runtime exec failed: exec failed: unable to start container process: {problem}: unknown"
        )

    async def _supervised(self, run: Run, program: Program, process: Process, terminal: Terminal) -> int:
        """Run the program until it ends, the container does, or Ctrl-C ends it."""
        running = asyncio.ensure_future(_ended(program, process))
        run.programs.add(running)
        typing: asyncio.Task[None] | None = None
        try:
            if process.terminal is not None:
                typing = self._tasks.spawn(process.terminal.run(), name="terminal")
                with nullcontext() if _reads_commands(process) else process.terminal.interrupting(running):
                    return await running
            return await running
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            return _KILLED if run.ended.is_set() else _INTERRUPTED
        finally:
            run.programs.discard(running)
            running.cancel()
            if typing is not None:
                typing.cancel()
            await asyncio.gather(running, *([typing] if typing else []), return_exceptions=True)

    # The container's own program

    async def attach(self, pod: Object, name: str, terminal: Terminal) -> int:
        """Print what the container's own program writes from now on, until it ends; its exit code.

        A program that is there for whoever attaches is run now.
        """
        if command := attended_command(spec_of(pod, name)):
            with suppress(StatusError):
                code = await self.run(pod, name, command, terminal)
                if self._end is not None and ends_with_it(pod):
                    await self._end(pod, name, code)
                return code
        run = self._runs.of(pod, name)
        writer = TerminalWriter(terminal.stdout) if terminal.tty else terminal.stdout
        async for line in run.log.following():
            await writer.write(rendered(line, timestamps=False))
        return run.exit_code

    def _last_words(self, pod: Object, own: Object) -> list[Line]:
        """What the agent of a network add-on has said as it ended, as its node keeps it."""
        ended = (own.get("state") or {}).get("terminated") or (own.get("lastState") or {}).get("terminated") or {}
        node = self._surroundings.objects.find(NODES, "", str(pod["spec"].get("nodeName") or ""))
        if node is None or not ended.get("exitCode"):
            return []
        at = moment_or(ended.get("finishedAt"), self._surroundings.clock.now())
        return [Line(at, each.error) for each in installed(node) if each.error and each.agent == key_of(pod)]

    async def log(self, pod: Object, name: str, options: LogOptions) -> AsyncIterator[bytes]:
        """The lines of the container's log, as they are sent."""
        now = self._surroundings.clock.now()
        own = status_of(pod, name)
        log, started = self._runs.of(pod, name).log, _started(own)
        if options.previous:
            log, started = self._runs.log_before(pod, name) or Log(), _started_before(own)
        elif "running" not in (own.get("state") or {}):
            started = _started_before(own) if "terminated" not in (own.get("state") or {}) else started
            before = self._runs.log_before(pod, name)
            log = before if before is not None else log
        spec = spec_of(pod, name)
        first = [] if attended_command(spec) else [first_line(pod, spec, started, now)]
        left = options.limit_bytes
        following = log.following() if options.follow and not options.previous else None
        last = [] if "running" in (own.get("state") or {}) and not options.previous else self._last_words(pod, own)
        for line in selected([*first, *log.held(), *last], options, now):
            data, left = _cut(rendered(line, timestamps=options.timestamps), left)
            if data:
                yield data
        if following is None or "running" not in (own.get("state") or {}):
            return
        async for line in following:
            data, left = _cut(rendered(line, timestamps=options.timestamps), left)
            if not data:
                return
            yield data


async def _ended(program: Program, process: Process) -> int:
    try:
        return await program(process)
    except BrokenPipeError:
        return _BROKEN_PIPE
    except Interrupted:
        return _INTERRUPTED


def _reads_commands(process: Process) -> bool:
    """Whether the program is a shell that somebody types commands to: it takes Ctrl-C itself."""
    return process.name in {"sh", "ash", "bash"} and "-c" not in process.arguments


def _started(own: Object) -> str:
    state = own.get("state") or {}
    return str((state.get("running") or state.get("terminated") or {}).get("startedAt") or "")


def _started_before(own: Object) -> str:
    return str(((own.get("lastState") or {}).get("terminated") or {}).get("startedAt") or "")


def _cut(data: bytes, left: int | None) -> tuple[bytes, int | None]:
    """As much of the data as may be sent, and how much may be after it."""
    return (data, None) if left is None else (data[:left], left - len(data[:left]))

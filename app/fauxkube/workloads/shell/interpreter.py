"""Runs what a script says: programs, functions, built-ins, pipelines, redirections.

It yields to others regularly, and a script that only computes is slowed down, so that no loop keeps the process busy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from fauxkube.kit.streams import Pipe, Writer
from fauxkube.workloads.process import Bytes, Input, Process, encoded
from fauxkube.workloads.programs import find_program
from fauxkube.workloads.shell import builtins, redirects
from fauxkube.workloads.shell.collecting import Collector
from fauxkube.workloads.shell.expansion import Expander
from fauxkube.workloads.shell.patterns import matches
from fauxkube.workloads.shell.state import Exit, LoopJump, Return, ShellError, State, Streams
from fauxkube.workloads.shell.syntax import (
    AndOr,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Pipeline,
    Redirect,
    Redirected,
    Script,
    Simple,
    Substitution,
    While,
)

#: How deep shells, functions and substitutions may call each other.
DEEPEST = 40
#: How many subshells may run in a container at the same time, as a limit of its processes would have it.
MOST = 256
#: A rest of so many seconds after so many commands.
_REST, _COMMANDS = 0.002, 50

_BROKEN_PIPE = 141


class Shell:
    """One shell; `streams` are those that its commands begin with."""

    def __init__(self, state: State) -> None:
        if state.depth > DEEPEST:
            raise ShellError("fauxkube: too many shells and functions within each other")
        self.state = state
        self.expander = Expander(state, self._substitute)
        process = state.process
        self.streams: Streams = {0: process.stdin, 1: process.stdout, 2: process.stderr}
        self._commands = 0

    async def run(self, script: Script) -> int:
        """Run it in this shell, to the status of its last command; `Exit` and the like pass through."""
        for each in script.lists:
            await self._and_or(each)
        return self.state.status

    async def run_to_exit(self, script: Script) -> int:
        """The exit code of a shell that runs this and nothing else."""
        try:
            return await self.run(script)
        except Exit as end:
            return end.code
        except (Return, LoopJump):
            return self.state.status
        except ShellError as error:
            await self.complain(str(error))
            return error.code

    async def complain(self, message: str) -> None:
        """Say something on the standard error."""
        await self.writer(2).write(encoded(f"{self.state.name.rpartition('/')[2]}: {message}\n"))

    def writer(self, number: int) -> Writer:
        """What a descriptor writes to."""
        found = self.streams.get(number)
        if found is None or isinstance(found, Input):
            raise ShellError(f"{number}: Bad file descriptor")
        return found

    @property
    def input(self) -> Input:
        """The standard input."""
        found = self.streams.get(0)
        return found if isinstance(found, Input) else Input(Bytes())

    # Lists and pipelines

    async def _and_or(self, each: AndOr) -> None:
        last = len(each.rest)
        await self._pipeline(each.first, looked_at=last > 0)
        for index, (operator, pipeline) in enumerate(each.rest, start=1):
            if (self.state.status == 0) == (operator == "&&"):
                await self._pipeline(pipeline, looked_at=index < last)

    async def _pipeline(self, pipeline: Pipeline, *, looked_at: bool) -> None:
        state = self.state
        begun = state.process.clock.monotonic()
        quiet = looked_at or pipeline.negated
        state.looked_at += quiet
        try:
            if len(pipeline.commands) == 1:
                await self.command(pipeline.commands[0])
            else:
                state.status = await self._piped(pipeline.commands)
        finally:
            state.looked_at -= quiet
        if pipeline.negated:
            state.status = int(not state.status)
        if pipeline.timed:
            await self._tell_time(state.process.clock.monotonic() - begun)
        if state.status and not quiet and not state.looked_at and "e" in state.options:
            raise Exit(state.status)

    async def _tell_time(self, seconds: float) -> None:
        minutes, rest = divmod(seconds, 60)
        text = f"real\t{int(minutes)}m {rest:.2f}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n"
        await self.writer(2).write(text.encode())

    async def _piped(self, commands: tuple[Command, ...]) -> int:
        pipes = [Pipe() for _ in commands[1:]]
        codes = [0] * len(commands)

        async def stage(index: int) -> None:
            streams = dict(self.streams)
            if index > 0:
                streams[0] = Input(pipes[index - 1])
            if index < len(pipes):
                streams[1] = pipes[index]
            try:
                codes[index] = await self._in_subshell(lambda shell: shell.command(commands[index]), streams)
            finally:
                if index > 0:
                    pipes[index - 1].break_off()
                if index < len(pipes):
                    await pipes[index].close()

        async with asyncio.TaskGroup() as group:
            for index in range(len(commands)):
                group.create_task(stage(index))
        if "P" in self.state.options:
            return next((code for code in reversed(codes) if code), 0)
        return codes[-1]

    async def _in_subshell(self, work: Callable[[Shell], Awaitable[None]], streams: Streams) -> int:
        """The exit code of a copy of this shell that does this, if another one may run."""
        container = self.state.process.container
        try:
            if container.subshells >= MOST:
                raise ShellError("can't fork: Resource temporarily unavailable")
            shell = Shell(self.state.copy())
        except ShellError as error:
            await self.complain(str(error))
            return error.code
        shell.streams = streams
        container.subshells += 1
        try:
            return await shell.run_apart(work)
        finally:
            container.subshells -= 1

    async def run_apart(self, work: Callable[[Shell], Awaitable[None]]) -> int:
        """The exit code of this shell, which does this and nothing else."""
        try:
            await work(self)
        except Exit as end:
            return end.code
        except (Return, LoopJump):
            pass
        except ShellError as error:
            await self.complain(str(error))
            return error.code
        except BrokenPipeError:
            return _BROKEN_PIPE
        return self.state.status

    async def _substitute(self, script: Script) -> str:
        collector = Collector()

        async def run(shell: Shell) -> None:
            await shell.run(script)

        self.state.status = await self._in_subshell(run, {**self.streams, 1: collector})
        return collector.text()

    # Commands

    async def command(self, command: Command) -> None:
        """Run one command; its status is the shell's then."""
        await self._breathe()
        if isinstance(command, Simple):
            await self._simple(command)
        elif isinstance(command, Redirected):
            await self._redirected(command)
        elif isinstance(command, Group):
            await self._group(command)
        elif isinstance(command, If):
            await self._if(command)
        elif isinstance(command, While):
            await self._while(command)
        elif isinstance(command, For):
            await self._for(command)
        elif isinstance(command, Case):
            await self._case(command)
        else:
            self._define(command)

    def _define(self, function: Function) -> None:
        self.state.functions[function.name] = function.body
        self.state.status = 0

    async def _breathe(self) -> None:
        """Let others run."""
        self._commands += 1
        if self._commands % _COMMANDS:
            await asyncio.sleep(0)
        else:
            await self.state.process.clock.real.sleep(_REST)

    async def _group(self, group: Group) -> None:
        if not group.subshell:
            await self.run(group.body)
            return

        async def run(shell: Shell) -> None:
            await shell.run(group.body)

        self.state.status = await self._in_subshell(run, self.streams)
        if self.state.status and not self.state.looked_at and "e" in self.state.options:
            raise Exit(self.state.status)

    async def _if(self, command: If) -> None:
        for condition, body in command.branches:
            if await self._holds(condition):
                await self.run(body)
                return
        self.state.status = 0
        if command.otherwise is not None:
            await self.run(command.otherwise)

    async def _holds(self, condition: Script) -> bool:
        self.state.looked_at += 1
        try:
            return await self.run(condition) == 0
        finally:
            self.state.looked_at -= 1

    async def _while(self, command: While) -> None:
        status = 0
        self.state.loops += 1
        try:
            while await self._holds(command.condition) != command.negated:
                if not await self._round(command.body):
                    status = self.state.status
                    break
                status = self.state.status
        except LoopJump as jump:
            # The condition itself jumps.
            self._pass_on(jump)
        finally:
            self.state.loops -= 1
        self.state.status = status

    async def _for(self, command: For) -> None:
        words = command.words
        values = list(self.state.positional) if words is None else await self.expander.fields(words)
        self.state.status = 0
        self.state.loops += 1
        try:
            for value in values:
                self.state.set(command.name, value)
                if not await self._round(command.body):
                    break
        finally:
            self.state.loops -= 1

    async def _round(self, body: Script) -> bool:
        """Go through a loop's body once; False when the loop is to end."""
        await self._breathe()
        try:
            await self.run(body)
        except LoopJump as jump:
            self.state.status = 0
            return self._pass_on(jump)
        return True

    def _pass_on(self, jump: LoopJump) -> bool:
        """Whether this loop goes on after the jump, which an outer one takes if it is meant for that."""
        if jump.levels > 1 and self.state.loops > 1:
            raise LoopJump(jump.levels - 1, goes_on=jump.goes_on) from None
        return jump.goes_on

    async def _case(self, command: Case) -> None:
        text = await self.expander.text(command.word)
        self.state.status = 0
        for words, body in command.branches:
            for word in words:
                if matches(await self.expander.pattern(word), text):
                    await self.run(body)
                    return

    async def _redirected(self, command: Redirected) -> None:
        streams = await self._redirect(command.redirects)
        if streams is None:
            return
        before, self.streams = self.streams, streams
        try:
            await self.command(command.command)
        finally:
            self.streams = before

    async def _redirect(self, wanted: tuple[Redirect, ...]) -> Streams | None:
        """The streams with these redirections; None when one fails, which is the command's failure."""
        streams = dict(self.streams)
        for each in wanted:
            target = await self.expander.text(each.target)
            try:
                if self.state.name.endswith("bash") and target.startswith("/dev/tcp/"):
                    await redirects.connect(streams, each, target, self.state)
                else:
                    redirects.apply(streams, each, target, self.state)
            except OSError as error:
                for problem in redirects.problems(each, target, error):
                    await self.complain(problem)
                self.state.status = 1
                return None
        return streams

    # Simple commands

    async def _simple(self, command: Simple) -> None:
        self_status = self.state.status
        words = await self.expander.fields(command.words)
        streams = await self._redirect(command.redirects)
        if streams is None:
            return
        if not words:
            if not _substitutes(command):
                self.state.status = 0 if command.assignments or command.redirects else self_status
            await self._assign(command)
            return
        if "x" in self.state.options:
            await self.writer(2).write(encoded(f"+ {' '.join(words)}\n"))
        await self._call(command, words, streams)

    async def _assign(self, command: Simple) -> None:
        for each in command.assignments:
            self.state.set(each.name, await self.expander.text(each.word))

    async def _call(self, command: Simple, words: list[str], streams: Streams) -> None:
        name = words[0]
        function, builtin = self.state.functions.get(name), builtins.BUILTINS.get(name)
        before, self.streams = self.streams, streams
        try:
            if builtin is not None and name in builtins.SPECIAL:
                await self._assign(command)
                self.state.status = await builtin(self, words[1:])
            elif function is not None or builtin is not None:
                await self._with_assigned(command, lambda: self._own(words, function, builtin))
            else:
                assigned = {each.name: await self.expander.text(each.word) for each in command.assignments}
                self.state.status = await self.program(words, assigned)
        finally:
            if name != "exec" or len(words) > 1:
                self.streams = before

    async def _own(self, words: list[str], function: Command | None, builtin: builtins.Builtin | None) -> None:
        if function is not None:
            await self._function(function, words[1:])
        elif builtin is not None:
            self.state.status = await builtin(self, words[1:])

    async def _with_assigned(self, command: Simple, run: Callable[[], Awaitable[None]]) -> None:
        """Run something with variables that are as before afterwards."""
        state = self.state
        kept = {
            each.name: (state.variables.get(each.name), each.name in state.exported) for each in command.assignments
        }
        await self._assign(command)
        state.exported |= kept.keys()
        try:
            await run()
        finally:
            for name, (value, exported) in kept.items():
                if value is None:
                    state.variables.pop(name, None)
                else:
                    state.variables[name] = value
                if not exported:
                    state.exported.discard(name)

    async def _function(self, body: Command, arguments: list[str]) -> None:
        state = self.state
        state.depth += 1
        if state.depth > DEEPEST:
            raise ShellError("fauxkube: too many shells and functions within each other")
        before, state.positional = state.positional, arguments
        loops, state.loops = state.loops, 0
        state.calls += 1
        state.locals.append({})
        try:
            await self.command(body)
        except Return as end:
            state.status = end.code
        finally:
            builtins.restore(state, state.locals.pop())
            state.positional, state.loops = before, loops
            state.calls -= 1
            state.depth -= 1

    async def program(self, words: list[str], assigned: dict[str, str] | None = None) -> int:
        """Run a program by name or path, with variables of its own; its exit code."""
        state = self.state
        environment = state.environment(assigned)
        process = replace(
            state.process,
            arguments=words,
            environment=environment,
            folder=state.folder,
            stdin=self.input,
            stdout=self.writer(1),
            stderr=self.writer(2),
            depth=state.depth + 1,
        )
        try:
            found = find_program(process)
        except PermissionError:
            await self.complain(f"{words[0]}: Permission denied")
            return 126
        except FileNotFoundError:
            await self._not_found(words[0])
            return 127
        if process.depth > DEEPEST:
            raise ShellError("fauxkube: too many shells and functions within each other")
        return await found(process)

    async def _not_found(self, name: str) -> None:
        if self.state.name.endswith("bash"):
            words = "No such file or directory" if "/" in name else "command not found"
            await self.complain(f"{name}: {words}")
        else:
            await self.complain(f"{name}: not found")


def _substitutes(command: Simple) -> bool:
    """Whether the status is that of a command substitution."""
    return any(isinstance(part, Substitution) for each in command.assignments for part in each.word.parts)


def shell_process(process: Process) -> Shell:
    """A shell that a process is."""
    return Shell(State.of(process))

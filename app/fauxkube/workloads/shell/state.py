"""What a shell knows: variables, functions, parameters, options, and where its commands read and write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from fauxkube.kit.streams import Writer
from fauxkube.workloads.process import Input, Process
from fauxkube.workloads.shell.syntax import Command

#: What a command reads and writes, by the number of the descriptor.
Streams: TypeAlias = Mapping[int, Input | Writer]

#: How many characters all variables of a shell may hold.
VARIABLES_LIMIT = 8 * 1024 * 1024


class Exit(Exception):
    """The shell ends."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code & 255


class Return(Exception):
    """A function, or a script that was sourced, ends."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code & 255


class LoopJump(Exception):
    """`break` and `continue`: out of so many loops."""

    def __init__(self, levels: int, *, goes_on: bool) -> None:
        super().__init__(levels)
        self.levels = levels
        self.goes_on = goes_on


class ShellError(Exception):
    """What a shell that is not interactive ends for, with code 2 unless another is given."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class State:
    """A shell's; a subshell has a copy."""

    process: Process
    variables: dict[str, str]
    exported: set[str]
    folder: str
    name: str = "sh"
    positional: list[str] = field(default_factory=list)
    functions: dict[str, Command] = field(default_factory=dict)
    options: set[str] = field(default_factory=set)
    read_only: set[str] = field(default_factory=set)
    status: int = 0
    depth: int = 0
    #: How much the variables that were set hold.
    size: int = 0
    #: How many loops and functions there are around what runs.
    loops: int = 0
    calls: int = 0
    #: Greater than 0 where a failure is looked at, so that `set -e` ends nothing.
    looked_at: int = 0
    #: What `local` has put aside, for each function that runs.
    locals: list[dict[str, str | None]] = field(default_factory=list)

    @classmethod
    def of(cls, process: Process) -> State:
        """A new shell's: whatever is in its environment is exported."""
        variables = dict(process.environment)
        exported = set(variables)
        variables.setdefault("IFS", " \t\n")
        variables["PWD"] = process.folder
        return cls(process, variables, exported | {"PWD"}, process.folder, process.name, depth=process.depth)

    def copy(self) -> State:
        """A subshell's."""
        return replace(
            self,
            variables=dict(self.variables),
            exported=set(self.exported),
            positional=list(self.positional),
            functions=dict(self.functions),
            options=set(self.options),
            read_only=set(self.read_only),
            depth=self.depth + 1,
            loops=0,
            locals=[dict(each) for each in self.locals],
        )

    def set(self, name: str, value: str) -> None:
        """Give a variable a value; ShellError when it may not change."""
        if name in self.read_only:
            raise ShellError(f"{name}: is read only")
        self.size += len(value) - len(self.variables.get(name, ""))
        if self.size > VARIABLES_LIMIT:
            raise ShellError(f"fauxkube: the variables hold more than {VARIABLES_LIMIT} characters")
        self.variables[name] = value
        if "a" in self.options:
            self.exported.add(name)

    def environment(self, assigned: Mapping[str, str] | None = None) -> dict[str, str]:
        """What programs are given."""
        return {name: self.variables[name] for name in self.variables if name in self.exported} | dict(assigned or {})

    def value(self, name: str) -> str | None:
        """A parameter's value; None when it is not set."""
        if name.isdigit():
            number = int(name)
            return self.name if number == 0 else self.positional[number - 1] if number <= len(self.positional) else None
        special = {
            "?": str(self.status),
            "#": str(len(self.positional)),
            "$": "1" if self.depth == 0 else str(6 + self.process.depth),
            "-": "".join(sorted(self.options)),
            "!": "",
        }
        if name == "RANDOM":
            return str(self.process.container.surroundings.chance.number(15))
        return special[name] if name in special else self.variables.get(name)

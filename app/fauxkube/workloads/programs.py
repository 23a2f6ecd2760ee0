"""Which program a command line means: looked for as the kernel and the shell look for it."""

from __future__ import annotations

from fauxkube.workloads.files.filesystem import may
from fauxkube.workloads.files.nodes import File
from fauxkube.workloads.process import Process, Program

#: Where programs are looked for when nothing says where.
_PATH = "/sbin:/usr/sbin:/bin:/usr/bin"


def find_program(process: Process) -> Program:
    """The program that the first argument names; FileNotFoundError or PermissionError when there is none to run."""
    path = find_path(process, process.arguments[0])
    if path is None:
        raise FileNotFoundError(process.arguments[0])
    node = process.files.node(path)
    if not isinstance(node, File) or not may(node, process.container.user.owner, 1):
        raise PermissionError(process.arguments[0])
    return program_of(node, path)


def find_path(process: Process, name: str) -> str | None:
    """Where the program of that name is: a path as it is, a bare name in the folders of `PATH`."""
    if "/" in name:
        path = process.path(name)
        return path if process.files.find(path) is not None else None
    for folder in process.environment.get("PATH", _PATH).split(":"):
        path = process.path(f"{folder or '.'}/{name}")
        node = process.files.find(path)
        if isinstance(node, File) and may(node, process.container.user.owner, 1):
            return path
    return None


def program_of(node: File, path: str) -> Program:
    """What runs when the file is run: a command of ours, or a script by the shell."""
    from fauxkube.workloads.commands import COMMANDS

    if node.program in COMMANDS:
        return COMMANDS[node.program]
    shell = COMMANDS["sh"]

    async def run(process: Process) -> int:
        return await shell(process.with_arguments("sh", path, *process.arguments[1:]))

    return run

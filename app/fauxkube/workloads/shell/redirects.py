"""Redirections: what the descriptors of a command are before it runs."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from fauxkube.kit.streams import Writer
from fauxkube.workloads.files.errors import failure, words_of
from fauxkube.workloads.files.filesystem import FileSystem, Owner, joined, may
from fauxkube.workloads.files.nodes import Device, Folder
from fauxkube.workloads.process import Bytes, Input, Nowhere, encoded
from fauxkube.workloads.sending.dialling import connect as sending
from fauxkube.workloads.sending.lookups import UnknownNameError, addresses_of
from fauxkube.workloads.shell.state import ShellError, State
from fauxkube.workloads.shell.syntax import Redirect


class FileWriter:
    """Appends to a file."""

    def __init__(self, files: FileSystem, path: str, owner: Owner) -> None:
        self._files = files
        self._path = path
        self._owner = owner

    async def write(self, data: bytes) -> None:
        self._files.write(self._path, data, self._owner, append=True)

    async def close(self) -> None:
        """Nothing follows."""


def problems(redirect: Redirect, target: str, error: OSError) -> Iterator[str]:
    """What the shell says of a redirection that failed."""
    opens = redirect.operator in {"<", "<&", "<>"}
    words = words_of(error)
    if error.errno == errno.ENOENT:
        words = "no such file" if opens else "nonexistent directory"
    elif target.startswith("/dev/tcp/"):
        yield f"connect: {words}"
    yield f"can't {'open' if opens else 'create'} {target}: {words}"


def apply(streams: dict[int, Input | Writer], redirect: Redirect, target: str, state: State) -> None:
    """Change the streams as the redirection says; OSError when its file cannot be had."""
    if redirect.operator == "<<":
        streams[redirect.fd] = Input(Bytes(encoded(target)))
    elif redirect.operator in {">&", "<&"}:
        _duplicate(streams, redirect, target, state)
    elif redirect.operator == "<":
        streams[redirect.fd] = _reading(streams, joined(state.folder, target), state)
    elif redirect.operator == "<>":
        raise ShellError("fauxkube's shell knows no <>")
    else:
        append = redirect.operator == ">>"
        streams[redirect.fd] = _writing(streams, joined(state.folder, target), state, append=append)


async def connect(streams: dict[int, Input | Writer], redirect: Redirect, target: str, state: State) -> None:
    """bash's /dev/tcp/HOST/PORT: whether somebody takes a connection; nothing is read from it or sent."""
    host, _, port = target.removeprefix("/dev/tcp/").partition("/")
    if not port.isdigit() or not 0 < int(port) < 65536 or redirect.operator not in {"<", ">", ">>"}:
        raise ShellError(f"fauxkube's shell reads and writes no {target}")
    try:
        address = (await addresses_of(state.process, host))[0]
    except UnknownNameError:
        raise ShellError(f"{host}: Name or service not known", 1) from None
    await sending(state.process, address, int(port))
    streams[redirect.fd] = Input(Bytes()) if redirect.operator == "<" else Nowhere()


def _duplicate(streams: dict[int, Input | Writer], redirect: Redirect, target: str, state: State) -> None:
    if target == "-":
        streams.pop(redirect.fd, None)
        if redirect.fd in {1, 2}:
            streams[redirect.fd] = Nowhere()
    elif target.isdigit() and int(target) in streams:
        streams[redirect.fd] = streams[int(target)]
    elif target.isdigit():
        raise ShellError(f"{target}: Bad file descriptor")
    elif redirect.operator == ">&" and redirect.fd == 1:
        writer = _writing(streams, joined(state.folder, target), state, append=False)
        streams[1] = streams[2] = writer
    else:
        raise ShellError("syntax error: bad fd number")


def _reading(streams: dict[int, Input | Writer], path: str, state: State) -> Input:
    process = state.process
    node = process.files.node(path) if path else None
    if isinstance(node, Device):
        held = streams.get(0)
        return held if node.name in {"stdin", "tty"} and isinstance(held, Input) else Input(Bytes())
    if isinstance(node, Folder):
        raise failure(errno.EISDIR, path)
    return Input(Bytes(process.files.read(path, process.container.user.owner)))


def _writing(streams: dict[int, Input | Writer], path: str, state: State, *, append: bool) -> Writer:
    process = state.process
    owner = process.container.user.owner
    node = process.files.find(path)
    if isinstance(node, Device):
        number = {"stdout": 1, "stderr": 2, "tty": 1}.get(node.name)
        held = streams.get(number) if number is not None else None
        return held if held is not None and not isinstance(held, Input) else Nowhere()
    if append and node is not None:
        if not isinstance(node, Folder) and not may(node, owner, 2):
            raise failure(errno.EACCES, path)
        process.files.write(path, b"", owner, append=True)
    else:
        process.files.write(path, b"", owner)
    return FileWriter(process.files, path, owner)

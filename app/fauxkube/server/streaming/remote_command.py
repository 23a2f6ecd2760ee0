"""A program's streams, whichever protocol carries them, and how its end is told.

Version 4 of the protocols and later tell it as a `Status` (exit codes as a cause `ExitCode`), earlier ones as a line
of text, and only when something went wrong. Mirrors `kubelet/pkg/cri/streaming/remotecommand` and, for version 5,
`apiserver/pkg/util/proxy`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import orjson

from fauxkube.kit.containers import Terminal
from fauxkube.kit.streams import Reader, Writer
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.server import errors

V1, V2, V3, V4, V5 = (
    "channel.k8s.io",
    "v2.channel.k8s.io",
    "v3.channel.k8s.io",
    "v4.channel.k8s.io",
    "v5.channel.k8s.io",
)

#: Runs to its end and gives an exit code, which is 0 for what has none to tell.
Program: TypeAlias = Callable[[Terminal], Awaitable[int]]

_SUCCESS: Object = {"metadata": {}, "status": "Success"}


class Sizes:
    """The sizes of a terminal, as a client sends them: JSON objects, one after the other."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._text = b""

    async def next(self) -> tuple[int, int] | None:
        while data := await self._reader.read():
            sizes, _, self._text = (self._text + data).rpartition(b"}")
            if (size := _last_size(sizes + b"}")) is not None:
                return size
        return None


def _last_size(text: bytes) -> tuple[int, int] | None:
    """The last size in the text; None where there is none, or what is there makes no sense."""
    try:
        size = orjson.loads(text[text.rindex(b"{") :])
        return int(size["Width"]), int(size["Height"])
    except (KeyError, TypeError, ValueError):
        return None


async def perform(program: Program, terminal: Terminal, report: Writer, *, version: str, command: str) -> None:
    """Run a program to its end, and tell that."""
    outcome = await _outcome(program, terminal, version=version, command=command)
    await terminal.stdout.close()
    await terminal.stderr.close()
    if version in (V4, V5):
        await report.write(orjson.dumps(outcome))
    elif outcome["status"] != "Success":
        await report.write(outcome["message"].encode())
    await report.close()


async def _outcome(program: Program, terminal: Terminal, *, version: str, command: str) -> Object:
    try:
        code = await program(terminal)
    except StatusError as error:
        return _bare(error)
    except BrokenPipeError:
        return _exited(version, command, 141)
    except Exception as error:
        return _bare(errors.as_status(error, doing=f"the program {command}"))
    return _exited(version, command, code) if code else _SUCCESS


def _bare(error: StatusError) -> Object:
    """A `Status` without its kind, as Go encodes it by itself."""
    return {key: value for key, value in error.to_object().items() if key not in ("kind", "apiVersion")}


def _exited(version: str, command: str, code: int) -> Object:
    """How a program's failure is told; the API server, which translates version 5, words it in its own way."""
    if version == V5:
        problem = f"command terminated with exit code {code}"
    else:
        problem = f"error executing command {command}, exit code {code}"
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {problem}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }

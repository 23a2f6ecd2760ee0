"""Programs that tell of files without changing any: sizes, sums, what they are, base64."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

from fauxkube.workloads.commands.folders import human, mode_text, size_of
from fauxkube.workloads.commands.options import read_options
from fauxkube.workloads.files.errors import words_of
from fauxkube.workloads.files.filesystem import walk
from fauxkube.workloads.files.nodes import Folder, Link
from fauxkube.workloads.process import Process, Program, UsageError, decoded
from fauxkube.workloads.users import GROUPS, USERS


async def _du(process: Process) -> int:
    options = read_options(process.arguments[1:], "shk")
    for path in options.arguments or ["."]:
        sizes = [
            size_of(node) for each in walk(process.files, process.path(path)) if (node := process.files.find(each))
        ]
        total = sum(sizes)
        await process.write(f"{human(total) if 'h' in options else -(-total // 1024)}\t{path}\n")
    return 0


async def _df(process: Process) -> int:
    lines = ["Filesystem           1K-blocks      Used Available Use% Mounted on\n"]
    limit = 16 * 1024
    for path, mount in (("/", None), *process.files.mounts.items()):
        used = -(-mount.budget.used // 1024) if mount is not None else 0
        name = "overlay" if mount is None else "tmpfs"
        lines.append(f"{name:<20s} {limit:9d} {used:9d} {limit - used:9d} {used * 100 // limit:3d}% {path}\n")
    await process.write("".join(lines))
    return 0


def _summed(name: str) -> Program:
    async def run(process: Process) -> int:
        paths = read_options(process.arguments[1:], "b").arguments
        found, code = await process.contents(paths, "can't open '{path}': {error}")
        for path, data in found:
            await process.write(f"{hashlib.new(name, data, usedforsecurity=False).hexdigest()}  {path}\n")
        return code

    return run


async def _base64(process: Process) -> int:
    options = read_options(process.arguments[1:], "dw:", {"decode": "d", "wrap": "w:"})
    found, code = await process.contents(options.arguments[:1], "can't open '{path}': {error}")
    data = b"".join(each for _, each in found)
    if "d" in options:
        try:
            await process.stdout.write(base64.b64decode(re.sub(rb"\s", b"", data), validate=True))
        except ValueError:
            return await process.fail("truncated input")
        return code
    text = decoded(base64.b64encode(data))
    width = options.number("w", 76)
    lines = [text[start : start + width] for start in range(0, len(text), width)] if width else [text]
    await process.write("".join(f"{line}\n" for line in lines) if width else text)
    return code


async def _stat(process: Process) -> int:
    options = read_options(process.arguments[1:], "c:L")
    if "c" in options:
        raise UsageError("fauxkube's stat knows no formats")
    code = 0
    for path in options.arguments:
        try:
            node = process.files.node(process.path(path), follow="L" in options)
        except OSError as error:
            code = await process.fail(f"cannot stat '{path}': {words_of(error)}")
            continue
        kind = (
            "directory" if isinstance(node, Folder) else "symbolic link" if isinstance(node, Link) else "regular file"
        )
        user, group = USERS.get(node.uid, "UNKNOWN"), GROUPS.get(node.gid, "UNKNOWN")
        await process.write(
            f"  File: {path}\n  Size: {size_of(node):<10d}\t{kind}\n"
            f"Access: ({node.mode:04o}/{mode_text(node)})  "
            f"Uid: ({node.uid:5d}/{user:>8s})   Gid: ({node.gid:5d}/{group:>8s})\n"
            f"Modify: {node.modified:%Y-%m-%d %H:%M:%S.%f}000 +0000\n"
        )
    return code


PROGRAMS: Mapping[str, Program] = {
    "base64": _base64,
    "df": _df,
    "du": _du,
    "md5sum": _summed("md5"),
    "sha1sum": _summed("sha1"),
    "sha256sum": _summed("sha256"),
    "stat": _stat,
}

"""`tar`, which `kubectl cp` runs on this side: archives on the standard streams or in files, not compressed."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime

from fauxkube.workloads.commands.options import Options, read_options
from fauxkube.workloads.files.errors import words_of
from fauxkube.workloads.files.filesystem import joined, walk
from fauxkube.workloads.files.nodes import Device, Folder, Link
from fauxkube.workloads.process import Process, Program, UsageError

_LETTERS = "cxtf:C:mvpozh"
_LONG = {
    "no-same-permissions": "o",
    "no-same-owner": "o",
    "create": "c",
    "extract": "x",
    "list": "t",
    "file": "f:",
    "directory": "C:",
}


async def _tar(process: Process) -> int:
    words = process.arguments[1:]
    if words and not words[0].startswith("-"):
        words = [f"-{words[0]}", *words[1:]]
    options = read_options(words, _LETTERS, _LONG)
    if "z" in options:
        raise UsageError("fauxkube's tar does not compress")
    modes = {"c", "x", "t"} & options.values.keys()
    if len(modes) != 1:
        raise UsageError("you must specify one of -c, -x, -t")
    base = process.path(options.last("C", "."))
    if not process.files.is_folder(base):
        return await process.fail(f"can't change directory to '{options.last('C')}': No such file or directory")
    if "c" in modes:
        return await _create(process, options, base)
    return await _extract(process, options, base, only_list="t" in modes)


async def _create(process: Process, options: Options, base: str) -> int:
    code = 0
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in options.arguments:
            top = joined(base, path)
            if process.files.find(top, follow=False) is None:
                code = await process.fail(f"{path}: No such file or directory")
                continue
            if path.startswith("/"):
                await process.complain("removing leading '/' from member names")
            for each in walk(process.files, top):
                _add(process, archive, each, (path + each[len(top) :]).lstrip("/"))
    name = options.last("f", "-")
    if name == "-":
        await process.stdout.write(data.getvalue())
    else:
        process.files.write(process.path(name), data.getvalue(), process.container.user.owner)
    return code


def _add(process: Process, archive: tarfile.TarFile, path: str, name: str) -> None:
    node = process.files.node(path, follow=False)
    if isinstance(node, Device):
        return
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid, info.mtime = node.mode, node.uid, node.gid, int(node.modified.timestamp())
    if isinstance(node, Folder):
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
    elif isinstance(node, Link):
        info.type, info.linkname = tarfile.SYMTYPE, node.target
        archive.addfile(info)
    else:
        content = node.content
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))


async def _extract(process: Process, options: Options, base: str, *, only_list: bool) -> int:
    try:
        data = await process.content(options.last("f", "-"))
    except OSError as error:
        return await process.fail(f"can't open '{options.last('f')}': {words_of(error)}")
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                if only_list or "v" in options:
                    await process.write(f"{member.name}\n")
                if not only_list:
                    _put(process, archive, member, base)
    except tarfile.TarError:
        return await process.fail("invalid tar magic")
    except OSError as error:
        return await process.fail(f"can't create '{error.filename}': {words_of(error)}")
    return 0


def _put(process: Process, archive: tarfile.TarFile, member: tarfile.TarInfo, base: str) -> None:
    """Make what the member is; names that lead upwards stay below the folder."""
    files, owner = process.files, process.container.user.owner
    parts = [part for part in member.name.split("/") if part not in {"", ".", ".."}]
    path = base.rstrip("/")
    for part in parts[:-1] if not member.isdir() else parts:
        path = f"{path}/{part}"
        if not files.is_folder(path):
            files.make_folder(path, owner)
    if member.isdir() or not parts:
        return
    path = f"{path}/{parts[-1]}"
    if member.issym():
        if files.find(path, follow=False) is not None:
            files.remove(path, owner)
        files.link(member.linkname, path, owner)
        return
    content = archive.extractfile(member)
    if content is None:
        return
    files.write(path, content.read(), owner)
    node = files.node(path)
    node.mode = member.mode & 0o777
    if member.mtime:
        node.modified = datetime.fromtimestamp(member.mtime, UTC)


PROGRAMS: Mapping[str, Program] = {"tar": _tar}

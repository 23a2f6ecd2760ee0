"""Programs on files and folders: ls, mkdir, rm, cp, mv, touch, ln, chmod, find and others."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator, Mapping

from fauxkube.workloads.commands.options import read_options
from fauxkube.workloads.files.errors import failure, words_of
from fauxkube.workloads.files.filesystem import FileSystem, Owner, joined, normal, walk
from fauxkube.workloads.files.nodes import Device, Folder, Link, Node
from fauxkube.workloads.process import Process, Program, UsageError
from fauxkube.workloads.shell import patterns
from fauxkube.workloads.users import GROUPS, USERS


async def _pwd(process: Process) -> int:
    await process.write(f"{normal(process.folder)}\n")
    return 0


async def _ls(process: Process) -> int:
    options = read_options(process.arguments[1:], "1aAlhdFrtRnpiL", {"color": "color", "full-time": "full"})
    code = 0
    files: list[tuple[str, Node]] = []
    folders: list[str] = []
    follows = "L" in options or not {"l", "d"} & options.values.keys()
    for path in options.arguments or ["."]:
        try:
            node = process.files.node(process.path(path), follow=follows or path.endswith("/"))
        except OSError as error:
            code = await process.fail(f"{path}: {words_of(error)}")
            continue
        if isinstance(node, Folder) and "d" not in options:
            folders.append(path)
        else:
            files.append((path, node))
    if files:
        await _print_entries(process, files, frozenset(options.values))
    several = len(options.arguments) > 1 or "R" in options
    for index, path in enumerate(folders):
        if several:
            await process.write(f"{chr(10) if files or index else ''}{path}:\n")
        entries = _listed(process, path, frozenset(options.values))
        if "l" in options:
            await process.write(
                f"total {4 * sum(isinstance(node, Folder) or bool(size_of(node)) for _, node in entries)}\n"
            )
        await _print_entries(process, entries, frozenset(options.values))
        if "R" in options:
            inner = [f"{path.rstrip('/')}/{name}" for name, node in entries if _is_inner(name, node)]
            folders[index + 1 : index + 1] = inner
    return code


def _is_inner(name: str, node: Node) -> bool:
    return isinstance(node, Folder) and name not in {".", ".."}


def _listed(process: Process, path: str, letters: frozenset[str]) -> list[tuple[str, Node]]:
    base = process.path(path)
    entries = list(process.files.entries(base).items())
    if "L" in letters:
        entries = [(name, process.files.find(joined(base, name)) or node) for name, node in entries]
    if "a" in letters:
        own: list[tuple[str, Node]] = [(".", process.files.node(base)), ("..", process.files.node(f"{base}/.."))]
        return own + _ordered(entries, letters)
    return _ordered([each for each in entries if "A" in letters or not each[0].startswith(".")], letters)


def _ordered(entries: list[tuple[str, Node]], letters: frozenset[str]) -> list[tuple[str, Node]]:
    if "t" in letters:
        entries = sorted(entries, key=lambda each: each[1].modified, reverse=True)
    return entries[::-1] if "r" in letters else entries


async def _print_entries(process: Process, entries: list[tuple[str, Node]], letters: frozenset[str]) -> None:
    if "l" in letters:
        await process.write("".join(f"{_long(process, name, node, letters)}\n" for name, node in entries))
    elif process.tty and "1" not in letters:
        await process.write(_in_columns([_marked(name, node, letters) for name, node in entries]))
    else:
        await process.write("".join(f"{_marked(name, node, letters)}\n" for name, node in entries))


def _in_columns(names: list[str], width: int = 80) -> str:
    """The names from top to bottom, column by column, as they fit into a terminal's width."""
    if not names:
        return ""
    column = max(map(len, names)) + 2
    count = max(1, width // column)
    rows = -(-len(names) // count)
    lines = ("".join(name.ljust(column) for name in names[row::rows]).rstrip() for row in range(rows))
    return "".join(f"{line}\n" for line in lines)


def _marked(name: str, node: Node, letters: frozenset[str]) -> str:
    if "F" not in letters and "p" not in letters:
        return name
    return f"{name}/" if isinstance(node, Folder) else f"{name}@" if isinstance(node, Link) and "F" in letters else name


def _long(process: Process, name: str, node: Node, letters: frozenset[str]) -> str:
    count = 2 + sum(isinstance(each, Folder) for each in node.entries.values()) if isinstance(node, Folder) else 1
    user, group = USERS.get(node.uid, str(node.uid)), GROUPS.get(node.gid, str(node.gid))
    if "n" in letters:
        user, group = str(node.uid), str(node.gid)
    now = process.clock.now()
    age = abs((now - node.modified).total_seconds())
    when = f"{node.modified:%b} {node.modified.day:2d} {node.modified:%H:%M}"
    if age > 182 * 86400:
        when = f"{node.modified:%b} {node.modified.day:2d}  {node.modified.year}"
    size = human(size_of(node)) if "h" in letters else str(size_of(node))
    target = f" -> {node.target}" if isinstance(node, Link) else ""
    return (
        f"{mode_text(node)} {count:4d} {user:<8s} {group:<8s} {size:>9s} {when} {_marked(name, node, letters)}{target}"
    )


def mode_text(node: Node) -> str:
    """`drwxr-xr-x`."""
    kind = (
        "d" if isinstance(node, Folder) else "l" if isinstance(node, Link) else "c" if isinstance(node, Device) else "-"
    )
    bits = "".join(letter if node.mode >> (8 - index) & 1 else "-" for index, letter in enumerate("rwxrwxrwx"))
    if node.mode & 0o1000:
        bits = bits[:-1] + ("t" if bits[-1] == "x" else "T")
    return kind + bits


def size_of(node: Node) -> int:
    """The size that is shown of it."""
    if isinstance(node, Folder):
        return 4096
    return len(node.target) if isinstance(node, Link) else len(node.content)


def human(size: int) -> str:
    """A size with its unit."""
    return f"{size / 1024 / 1024:.1f}M" if size >= 1024 * 1024 else f"{size / 1024:.1f}K" if size >= 1024 else str(size)


def _on_each(
    words: str, letters: str, act: Callable[[Process, str, frozenset[str]], None], *, quiet: str = ""
) -> Program:
    """A program that does the same with each of its arguments; `words` is what it says of one that fails.

    With the option `quiet` those that are not there are passed over.
    """

    async def run(process: Process) -> int:
        options = read_options(process.arguments[1:], letters)
        if not options.arguments and not (quiet and quiet in options):
            raise UsageError(
                f"usage: {process.name} [-{letters}] FILE..." if letters else f"usage: {process.name} FILE..."
            )
        code = 0
        for path in options.arguments:
            try:
                act(process, path, frozenset(options.values))
            except OSError as error:
                if quiet and quiet in options and error.errno == errno.ENOENT:
                    continue
                code = await process.fail(words.format(path=path, error=words_of(error)))
        return code

    return run


def _make_folder(process: Process, path: str, letters: frozenset[str]) -> None:
    owner = process.container.user.owner
    if "p" not in letters:
        process.files.make_folder(process.path(path), owner)
        return
    done = "/"
    for part in process.path(path).split("/"):
        done = joined(done, part) if part else done
        if part and not process.files.is_folder(done):
            process.files.make_folder(done, owner)


def _remove_folder(process: Process, path: str, letters: frozenset[str]) -> None:
    if not isinstance(process.files.node(process.path(path), follow=False), Folder):
        raise failure(errno.ENOTDIR, path)
    process.files.remove(process.path(path), process.container.user.owner)


def _remove(process: Process, path: str, letters: frozenset[str]) -> None:
    files, target, owner = process.files, process.path(path), process.container.user.owner
    if not isinstance(files.node(target, follow=False), Folder):
        files.remove(target, owner)
        return
    if not {"r", "R"} & letters:
        raise failure(errno.EISDIR, path)
    for each in reversed(list(walk(files, target))):
        files.remove(each, owner)


def _touch(process: Process, path: str, letters: frozenset[str]) -> None:
    if "c" not in letters or process.files.find(process.path(path)) is not None:
        process.files.touch(process.path(path), process.container.user.owner)


async def _copy(process: Process) -> int:
    options = read_options(process.arguments[1:], "rRapfLdi")
    return await _to_target(
        process, options.arguments, lambda *each: _copied(process, *each, letters=frozenset(options.values))
    )


def _copied(process: Process, source: str, target: str, *, letters: frozenset[str]) -> None:
    files, owner = process.files, process.container.user.owner
    node = files.node(source)
    if not isinstance(node, Folder):
        files.write(target, files.read(source, owner), owner)
        if "p" in letters or "a" in letters or node.mode & 0o111:
            files.change_mode(target, node.mode, owner)
        return
    if not {"r", "R", "a"} & letters:
        raise OSError(errno.EISDIR, "omitting directory", source)
    if f"{normal(target)}/".startswith(f"{normal(source)}/"):
        raise failure(errno.EINVAL, source)
    if not files.is_folder(target):
        files.make_folder(target, owner)
    for name in files.entries(source):
        _copied(process, joined(source, name), joined(target, name), letters=letters)


async def _move(process: Process) -> int:
    options = read_options(process.arguments[1:], "fin")
    files, owner = process.files, process.container.user.owner
    return await _to_target(process, options.arguments, lambda source, target: files.move(source, target, owner))


async def _to_target(process: Process, arguments: list[str], act: Callable[[str, str], None]) -> int:
    """Do something with each source and its target: the last argument, or an entry of it when it is a folder."""
    if len(arguments) < 2:
        raise UsageError(f"usage: {process.name} SOURCE... DEST")
    *sources, last = arguments
    target = process.path(last)
    into = process.files.is_folder(target)
    if len(sources) > 1 and not into:
        return await process.fail(f"target '{last}': No such file or directory")
    code = 0
    for source in sources:
        name = source.rstrip("/").rpartition("/")[2]
        try:
            act(process.path(source), joined(target, name) if into else target)
        except OSError as error:
            verb = "omitting directory '{}'" if error.strerror == "omitting directory" else None
            about = verb.format(source) if verb else f"can't {_VERBS[process.name]} '{source}': {words_of(error)}"
            code = await process.fail(about)
    return code


_VERBS = {"cp": "stat", "mv": "rename"}


async def _link(process: Process) -> int:
    options = read_options(process.arguments[1:], "sfn")
    if "s" not in options or len(options.arguments) != 2:
        raise UsageError("fauxkube knows symbolic links only: ln -s TARGET LINK")
    target, path = options.arguments
    where, owner = process.path(path), process.container.user.owner
    if process.files.is_folder(where) and "n" not in options:
        where = joined(where, target.rstrip("/").rpartition("/")[2])
    try:
        if "f" in options and process.files.find(where, follow=False) is not None:
            process.files.remove(where, owner)
        process.files.link(target, where, owner)
    except OSError as error:
        return await process.fail(f"{path}: {words_of(error)}")
    return 0


async def _chmod(process: Process) -> int:
    options = [word for word in process.arguments[1:] if word in {"-R", "-v", "-f"}]
    words = [word for word in process.arguments[1:] if word not in options]
    if len(words) < 2:
        raise UsageError("usage: chmod [-R] MODE FILE...")
    code = 0
    for path in words[1:]:
        try:
            for each in walk(process.files, process.path(path)) if "-R" in options else [process.path(path)]:
                node = process.files.node(each)
                process.files.change_mode(each, _mode(words[0], node), process.container.user.owner)
        except OSError as error:
            code = await process.fail(f"{path}: {words_of(error)}")
    return code


def _mode(text: str, node: Node) -> int:
    if re.fullmatch(r"[0-7]{1,4}", text):
        return int(text, 8)
    mode = node.mode
    for part in text.split(","):
        match = re.fullmatch(r"([ugoa]*)([-+=])([rwxX]*)", part)
        if match is None:
            raise UsageError(f"invalid mode '{text}'")
        who = match[1].replace("a", "ugo") or "ugo"
        bits = sum({"r": 4, "w": 2, "x": 1, "X": 1}[letter] for letter in set(match[3]))
        mask = sum(bits << {"u": 6, "g": 3, "o": 0}[each] for each in set(who))
        everything = sum(7 << {"u": 6, "g": 3, "o": 0}[each] for each in set(who))
        mode = mode | mask if match[2] == "+" else mode & ~mask if match[2] == "-" else mode & ~everything | mask
    return mode


async def _find(process: Process) -> int:
    words = process.arguments[1:]
    starts = []
    while words and not words[0].startswith("-"):
        starts.append(words.pop(0))
    tests = dict(_tests(words))
    depth = int(tests.get("-maxdepth", "1000"))
    code = 0
    for start in starts or ["."]:
        base = process.path(start)
        if process.files.find(base, follow=False) is None:
            code = await process.fail(f"{start}: No such file or directory")
            continue
        for each in walk(process.files, base):
            below = each[len(base.rstrip("/")) :]
            shown = start.rstrip("/") + below if below else start
            if below.count("/") <= depth and _passes(process.files, each, tests):
                await process.write(f"{shown}\n")
    return code


def _tests(words: list[str]) -> Iterator[tuple[str, str]]:
    while words:
        name = words.pop(0)
        if name == "-print":
            continue
        if name not in {"-name", "-type", "-maxdepth"} or not words:
            raise UsageError(f"fauxkube's find knows -name, -type, -maxdepth and -print only, not {name}")
        value = words.pop(0)
        if name == "-maxdepth" and not value.isdigit():
            raise UsageError(f"invalid number '{value}'")
        yield name, value


def _passes(files: FileSystem, path: str, tests: dict[str, str]) -> bool:
    node = files.find(path, follow=False)
    kind = "d" if isinstance(node, Folder) else "l" if isinstance(node, Link) else "f"
    if "-type" in tests and tests["-type"] != kind:
        return False
    pattern = tests.get("-name")
    return pattern is None or patterns.matches([(char, False) for char in pattern], path.rpartition("/")[2])


async def _readlink(process: Process) -> int:
    options = read_options(process.arguments[1:], "f")
    for path in options.arguments:
        try:
            node = process.files.node(process.path(path), follow=False)
            real = process.files.real_path(process.path(path))
        except OSError:
            return 1
        if "f" in options or process.name == "realpath":
            await process.write(f"{real}\n")
        elif isinstance(node, Link):
            await process.write(f"{node.target}\n")
        else:
            return 1
    return 0


_SCRATCH = "/tmp"  # noqa: S108


async def _mktemp(process: Process) -> int:
    options = read_options(process.arguments[1:], "dp:qt")
    chance = process.container.surroundings.chance
    path = joined(options.last("p", _SCRATCH), f"tmp.{chance.suffix(6)}")
    owner: Owner = process.container.user.owner
    if "d" in options:
        process.files.make_folder(path, owner)
    else:
        process.files.write(path, b"", owner)
    await process.write(f"{path}\n")
    return 0


PROGRAMS: Mapping[str, Program] = {
    "chmod": _chmod,
    "cp": _copy,
    "find": _find,
    "ln": _link,
    "ls": _ls,
    "mkdir": _on_each("can't create directory '{path}': {error}", "pm:", _make_folder),
    "mktemp": _mktemp,
    "mv": _move,
    "pwd": _pwd,
    "readlink": _readlink,
    "realpath": _readlink,
    "rm": _on_each("can't remove '{path}': {error}", "rRfi", _remove, quiet="f"),
    "rmdir": _on_each("'{path}': {error}", "p", _remove_folder),
    "touch": _on_each("{path}: {error}", "cam", _touch),
}

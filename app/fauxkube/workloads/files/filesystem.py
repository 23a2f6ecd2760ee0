"""A small file system in memory: one tree, others mounted into it, paths resolved as a kernel does.

Nothing here waits: trees are small, and bounded by a `Budget`. Failures are `OSError`s with the C library's words.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from fauxkube.workloads.files.errors import failure
from fauxkube.workloads.files.nodes import Device, File, Folder, Link, Node

_MOST_LINKS = 40
_LONGEST_NAME = 255
_LONGEST_PATH = 4095
#: What an entry counts for beside its content, in bytes.
_ENTRY = 256


@dataclass(slots=True)
class Budget:
    """How much may be written: `limit` bytes in all."""

    limit: int
    used: int = 0

    def take(self, size: int, path: str) -> None:
        """Use up so many bytes more, or give them back when it is negative; ENOSPC when there are not enough."""
        if size > 0 and self.used + size > self.limit:
            raise failure(errno.ENOSPC, path)
        self.used = max(0, self.used + size)


@dataclass(frozen=True, slots=True)
class Mount:
    """What is mounted: `root` gives its tree, or a single file, as it is now."""

    root: Callable[[], Node]
    budget: Budget
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Owner:
    """Who opens files."""

    uid: int = 0
    gids: frozenset[int] = field(default_factory=lambda: frozenset({0}))


@dataclass(frozen=True, slots=True)
class Found:
    """A place in the file system: the entry `name` of `folder`, which is there unless `node` is None."""

    path: str
    folder: Folder
    name: str
    node: Node | None
    mount: Mount


class FileSystem:
    """What one container sees. Paths are absolute; `now` stamps what is written."""

    def __init__(self, root: Mount, mounts: dict[str, Mount], now: Callable[[], datetime]) -> None:
        self._root = root
        #: By path, without the root's.
        self._mounts = mounts
        self._now = now

    @property
    def mounts(self) -> dict[str, Mount]:
        """What is mounted, by path."""
        return self._mounts

    # Looking

    def find(self, path: str, *, follow: bool = True) -> Node | None:
        """What is at the path; None when nothing is, or nothing can be."""
        try:
            return self._walk(path, follow=follow).node
        except OSError:
            return None

    def node(self, path: str, *, follow: bool = True) -> Node:
        """What is at the path, or ENOENT and the like."""
        found = self._walk(path, follow=follow)
        if found.node is None:
            raise failure(errno.ENOENT, path)
        return found.node

    def real_path(self, path: str) -> str:
        """The path without links."""
        return self._walk(path).path

    def read(self, path: str, owner: Owner | None = None) -> bytes:
        """What a file holds."""
        node = self.node(path)
        if isinstance(node, Folder):
            raise failure(errno.EISDIR, path)
        if owner is not None and not may(node, owner, 4):
            raise failure(errno.EACCES, path)
        assert not isinstance(node, Link)
        return node.content

    def entries(self, path: str) -> dict[str, Node]:
        """What a folder holds, by name in order, what is mounted there among it."""
        found = self._walk(path)
        if found.node is None:
            raise failure(errno.ENOENT, path)
        if not isinstance(found.node, Folder):
            raise failure(errno.ENOTDIR, path)
        entries = dict(found.node.entries)
        prefix = found.path.rstrip("/") + "/"
        for where, mount in self._mounts.items():
            if where.startswith(prefix) and "/" not in where[len(prefix) :]:
                entries[where[len(prefix) :]] = mount.root()
        return dict(sorted(entries.items()))

    def is_folder(self, path: str) -> bool:
        """Whether a folder is at the path."""
        return isinstance(self.find(path), Folder)

    # Changing

    def write(self, path: str, content: bytes, owner: Owner, *, append: bool = False) -> None:
        """Put this into a file, which is made if need be."""
        found = self._walk(path)
        node = found.node
        if isinstance(node, Folder):
            raise failure(errno.EISDIR, path)
        if isinstance(node, Device):
            return
        if node is None:
            self._may_change(found, owner)
            found.mount.budget.take(len(content) + _ENTRY, path)
            found.folder.entries[found.name] = self._made(content, owner)
            return
        if found.mount.read_only:
            raise failure(errno.EROFS, path)
        if not isinstance(node, File) or not may(node, owner, 2):
            raise failure(errno.EACCES, path)
        found.mount.budget.take(len(content) - (0 if append else len(node.content)), path)
        node.content = node.content + content if append else content
        node.modified = self._now()

    def touch(self, path: str, owner: Owner) -> None:
        """Make an empty file, or mark one as written to."""
        node = self._walk(path).node
        if node is None:
            self.write(path, b"", owner)
        elif isinstance(node, File | Folder):
            node.modified = self._now()

    def make_folder(self, path: str, owner: Owner) -> None:
        """Make a folder in one that is there."""
        found = self._walk(path)
        if found.node is not None:
            raise failure(errno.EEXIST, path)
        self._may_change(found, owner)
        found.mount.budget.take(_ENTRY, path)
        found.folder.entries[found.name] = Folder(uid=owner.uid, gid=_gid(owner), modified=self._now())

    def link(self, target: str, path: str, owner: Owner) -> None:
        """Make a symbolic link at the path."""
        found = self._walk(path, follow=False)
        if found.node is not None:
            raise failure(errno.EEXIST, path)
        self._may_change(found, owner)
        found.mount.budget.take(_ENTRY + len(target), path)
        found.folder.entries[found.name] = Link(target, uid=owner.uid, gid=_gid(owner), modified=self._now())

    def change_mode(self, path: str, mode: int, owner: Owner) -> None:
        """Set the permission bits."""
        found = self._walk(path)
        if found.node is None:
            raise failure(errno.ENOENT, path)
        if found.mount.read_only:
            raise failure(errno.EROFS, path)
        if owner.uid not in {0, found.node.uid}:
            raise failure(errno.EPERM, path)
        found.node.mode = mode

    def remove(self, path: str, owner: Owner) -> None:
        """Take away a file, or a folder that is empty."""
        found = self._walk(path, follow=False)
        if found.node is None:
            raise failure(errno.ENOENT, path)
        if found.path in self._mounts or found.path == "/":
            raise failure(errno.EBUSY, path)
        if isinstance(found.node, Folder) and (found.node.entries or self._holds_mounts(found.path)):
            raise failure(errno.ENOTEMPTY, path)
        self._may_change(found, owner)
        held = len(found.node.content) if isinstance(found.node, File) else 0
        found.mount.budget.take(-held - _ENTRY, path)
        del found.folder.entries[found.name]
        found.folder.modified = self._now()

    def move(self, source: str, target: str, owner: Owner) -> None:
        """Give what is at `source` another place, in the same tree or another."""
        old, new = self._walk(source, follow=False), self._walk(target, follow=False)
        if old.node is None:
            raise failure(errno.ENOENT, source)
        if old.path in self._mounts or new.path in self._mounts:
            raise failure(errno.EBUSY, source)
        if isinstance(old.node, Folder) and f"{new.path}/".startswith(f"{old.path}/"):
            raise failure(errno.EINVAL, source)
        self._may_change(old, owner)
        self._may_change(new, owner)
        new.folder.entries[new.name] = old.node
        if (old.folder, old.name) != (new.folder, new.name):
            del old.folder.entries[old.name]

    def _made(self, content: bytes, owner: Owner) -> File:
        return File(content, uid=owner.uid, gid=_gid(owner), modified=self._now())

    def _may_change(self, found: Found, owner: Owner) -> None:
        """Whether the folder takes changes to its entries."""
        if found.mount.read_only:
            raise failure(errno.EROFS, found.path)
        if not may(found.folder, owner, 2):
            raise failure(errno.EACCES, found.path)
        if len(found.name.encode()) > _LONGEST_NAME:
            raise failure(errno.ENAMETOOLONG, found.path)

    def _holds_mounts(self, path: str) -> bool:
        return any(where.startswith(f"{path}/") for where in self._mounts)

    # Walking

    def _walk(self, path: str, *, follow: bool = True) -> Found:
        """The place at the path; errors when what leads there is missing, no folder, or links in circles."""
        if len(path) > _LONGEST_PATH:
            raise failure(errno.ENAMETOOLONG, path)
        if not path:
            raise failure(errno.ENOENT, path)
        parts = _parts(path)
        must_be_folder = path.endswith(("/", "/."))
        links = 0
        root = self._root.root()
        assert isinstance(root, Folder)
        trail: list[Found] = [Found("/", root, "", root, self._root)]
        while parts:
            part = parts.pop(0)
            here = trail[-1]
            if not isinstance(here.node, Folder):
                raise failure(errno.ENOENT if here.node is None else errno.ENOTDIR, path)
            if part == "..":
                trail = trail[:-1] or trail
                continue
            found = self._step(here, here.node, part)
            if isinstance(found.node, Link) and (follow or parts or must_be_folder):
                links += 1
                if links > _MOST_LINKS:
                    raise failure(errno.ELOOP, path)
                parts = [*_parts(found.node.target), *parts]
                trail = trail[:1] if found.node.target.startswith("/") else trail
                continue
            trail.append(found)
        last = trail[-1]
        if must_be_folder and last.node is not None and not isinstance(last.node, Folder):
            raise failure(errno.ENOTDIR, path)
        return last

    def _step(self, here: Found, folder: Folder, part: str) -> Found:
        path = f"{here.path.rstrip('/')}/{part}"
        mount = self._mounts.get(path)
        if mount is not None:
            return Found(path, folder, part, mount.root(), mount)
        return Found(path, folder, part, folder.entries.get(part), here.mount)


def may(node: Node, owner: Owner, bit: int) -> bool:
    """Whether the owner may read (4), write (2) or run (1) it."""
    if owner.uid == 0:
        return bit != 1 or isinstance(node, Folder) or bool(node.mode & 0o111)
    if node.uid == owner.uid:
        return bool(node.mode >> 6 & bit)
    if node.gid in owner.gids:
        return bool(node.mode >> 3 & bit)
    return bool(node.mode & bit)


def walk(files: FileSystem, path: str) -> Iterator[str]:
    """The path and everything below it, folders before what they hold."""
    yield path
    if isinstance(files.find(path, follow=False), Folder):
        for name in files.entries(path):
            yield from walk(files, f"{path.rstrip('/')}/{name}")


def joined(folder: str, path: str) -> str:
    """The path as seen from a folder."""
    return path if path.startswith("/") else f"{folder.rstrip('/')}/{path}"


def normal(path: str) -> str:
    """An absolute path without `.` and `..`, whatever is there."""
    parts: list[str] = []
    for part in _parts(path):
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return "/" + "/".join(parts)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def _gid(owner: Owner) -> int:
    return 0 if owner.uid == 0 else min(owner.gids, default=0)

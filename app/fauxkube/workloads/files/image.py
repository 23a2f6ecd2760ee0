"""What every simulated container's image holds, whichever image that is: programs, /etc, /proc, places to write to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fauxkube.workloads.files.nodes import Device, File, Folder, Link, Live, Node
from fauxkube.workloads.users import GROUP_FILE, USER_FILE

OS_RELEASE = """\
NAME="fauxkube"
ID=fauxkube
PRETTY_NAME="fauxkube's simulated container"
"""

#: The programs that do not belong to busybox, and lie in /usr/bin.
_IN_USR = frozenset({"bash", "curl", "dig", "getent", "env", "id", "whoami"})


def image(programs: Iterable[str], live: Mapping[str, Callable[[], bytes]]) -> Folder:
    """The root of a new container: a command file for each program; `live` gives the files made when they are read."""
    root = Folder()
    for path in ("/bin", "/dev", "/etc", "/home", "/proc", "/run", "/sys", "/usr/bin", "/usr/local/bin", "/usr/sbin"):
        folder_at(root, path)
    folder_at(root, "/root").mode = 0o700
    for path in ("/tmp", "/var/tmp"):  # noqa: S108
        folder_at(root, path).mode = 0o1777
    folder_at(root, "/var/log")
    put(root, "/var/run", Link("/run"))
    put(root, "/proc/self", Link("1"))
    for name in sorted(programs):
        folder = "/usr/bin" if name in _IN_USR else "/bin"
        put(root, f"{folder}/{name}", File(mode=0o755, program=name))
    for name in ("null", "zero", "stdin", "stdout", "stderr", "tty"):
        put(root, f"/dev/{name}", Device(name))
    for path, text in {"/etc/passwd": USER_FILE, "/etc/group": GROUP_FILE, "/etc/os-release": OS_RELEASE}.items():
        put(root, path, File(text.encode()))
    for path, make in live.items():
        put(root, path, Live(make))
    return root


def folder_at(root: Folder, path: str) -> Folder:
    """The folder at an absolute path, made with its parents where they are missing."""
    folder = root
    for part in path.split("/"):
        if part:
            below = folder.entries.setdefault(part, Folder())
            if isinstance(below, Link):
                below = folder_at(root, below.target)
            if not isinstance(below, Folder):
                below = folder.entries[part] = Folder()
            folder = below
    return folder


def put(root: Folder, path: str, node: Node) -> None:
    """Put something at an absolute path, in place of what is there."""
    parent, _, name = path.rpartition("/")
    folder_at(root, parent).entries[name] = node

"""Sockets to listen on: at the address and port that are wanted, else as near to them as can be had."""

from __future__ import annotations

import errno
import os
import socket
import sys
from dataclasses import dataclass

_HERE = "127.0.0.1"
#: Linux's and most others' words are for programmers.
_PROBLEMS = {
    errno.EADDRINUSE: "is in use by another program",
    errno.EACCES: "may be opened by root only",
    errno.EADDRNOTAVAIL: "is an address that this machine does not have",
}
_BACKLOG = 1024
#: Ports below are root's; each is looked for this much higher too, so that it is found there again after a restart.
_PRIVILEGED, _HIGHER = 1024, 10_000


@dataclass(frozen=True, slots=True)
class Opened:
    """A bound socket, where it listens, and why that is not where it was wanted (empty when it is)."""

    socket: socket.socket
    host: str
    port: int
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def open_socket(host: str, port: int, protocol: str) -> Opened:
    """A socket there, else at another port of that address, else at one of 127.0.0.1; OSError when none can be had.

    The other port of a low one, such as 80, is 10080 if that is free.
    """
    problem = ""
    ports = (port, port + _HIGHER, 0) if 0 < port < _PRIVILEGED else (port, 0)
    for place in (*((host, each) for each in ports), (_HERE, 0)):
        try:
            made = _bound(place[0], place[1], protocol)
        except OSError as error:
            problem = problem or _told(host, port, error)
            last = error
            if error.errno not in _PROBLEMS:
                break
        else:
            return Opened(made, place[0], made.getsockname()[1], problem)
    raise OSError(last.errno, problem)


def _bound(host: str, port: int, protocol: str) -> socket.socket:
    kind = socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM
    made = socket.socket(socket.AF_INET, kind)
    try:
        if made.fileno() >= _most():
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        if protocol == "TCP":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setblocking(False)
        made.bind((host, port))
        if protocol == "TCP":
            made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _told(host: str, port: int, error: OSError) -> str:
    return f"{host}:{port} {_PROBLEMS.get(error.errno or 0) or error.strerror or error}"


def _most() -> int:
    """From which number on descriptors are for connections, the API's too, and not for listeners."""
    try:
        import resource
    except ImportError:
        return sys.maxsize
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft // 2


def raise_limit() -> None:
    """Allow as many open files as the system lets this process have: every listener is one."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 65_536) if hard != resource.RLIM_INFINITY else 65_536
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            return

"""Which process of this machine stands behind a pod's port, as the pod's annotations say.

    fauxkube.io/local-port: "9000"                   every port that the pod listens on leads to 127.0.0.1:9000
    fauxkube.io/local-port.8080: "9000"              its port 8080 does, whatever the others do
    fauxkube.io/local-port.53: "127.0.0.1:5353"      the same with the address, which has to be a loopback address

A value that means nothing counts as left out, and is told by a `Warning` event.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import NamedTuple

from fauxkube.machinery.objects import Object

LOCAL_PORT = "fauxkube.io/local-port"
_LOOPBACK = "127.0.0.1"


class LocalPort(NamedTuple):
    """A port of this machine."""

    host: str
    port: int


def local_port_of(pod: Object, port: int) -> LocalPort | None:
    """What stands behind the pod's port; None when nothing of this machine does."""
    annotations = pod["metadata"].get("annotations")
    if not annotations:
        return None
    own = annotations.get(f"{LOCAL_PORT}.{port}")
    return read_local_port(str(own if own is not None else annotations.get(LOCAL_PORT, "")))


def read_local_port(text: str) -> LocalPort | None:
    """`9000`, `127.0.0.1:9000` or `[::1]:9000`; None for anything else."""
    host, _, number = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or _LOOPBACK
    if host == "localhost":
        host = _LOOPBACK
    if not (number.isascii() and number.isdigit() and 0 < int(number) < 65536 and _is_loopback(host)):
        return None
    return LocalPort(host, int(number))


def local_port_problems(pod: Object) -> Iterator[str]:
    """What is wrong with the annotations that name local ports."""
    for name, value in (pod["metadata"].get("annotations") or {}).items():
        prefix, _, port = name.partition(f"{LOCAL_PORT}.")
        if name != LOCAL_PORT and (prefix or not port):
            continue
        if read_local_port(value) is None:
            yield f'annotation {name}: must be a port of this machine such as 9000 or 127.0.0.1:9000, not "{value}"'
        elif port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            yield f'annotation {name}: must end in the number of a port of the pod, not "{port}"'


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""The programs of every simulated container, by name: each as busybox has it, or as the tool of that name does."""

from __future__ import annotations

from collections.abc import Mapping

from fauxkube.workloads.commands import (
    archives,
    basics,
    curl,
    folders,
    interfaces,
    names,
    packets,
    shells,
    sockets,
    system,
    telling,
    text,
    wget,
)
from fauxkube.workloads.commands.guard import guarded
from fauxkube.workloads.process import Program

_GROUPS = (archives, basics, curl, folders, interfaces, names, packets, shells, sockets, system, telling, text, wget)

COMMANDS: Mapping[str, Program] = {
    name: guarded(program) for group in _GROUPS for name, program in group.PROGRAMS.items()
}

"""The programs of every simulated container, by name: each as busybox has it, or as the tool of that name does."""

from __future__ import annotations

from collections.abc import Mapping

from fauxkube.workloads.commands import basics, folders, shells, system, text
from fauxkube.workloads.commands.guard import guarded
from fauxkube.workloads.process import Program

COMMANDS: Mapping[str, Program] = {
    name: guarded(program)
    for group in (basics.PROGRAMS, folders.PROGRAMS, shells.PROGRAMS, system.PROGRAMS, text.PROGRAMS)
    for name, program in group.items()
}

"""`/version`: what the server says it is."""

from __future__ import annotations

import platform
from functools import cache

from fauxkube.machinery.objects import Object

_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}


@cache
def version_info(kubernetes_version: str) -> Object:
    """The document of a server that behaves as `kubernetes_version` (`1.36` or `1.36.2`); shared, not to be changed."""
    major, minor, patch = [*kubernetes_version.split("."), "0"][:3]
    machine = platform.machine()
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": f"v{major}.{minor}.{patch}",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": platform.python_implementation(),
        "platform": f"{platform.system().lower()}/{_MACHINES.get(machine, machine)}",
    }

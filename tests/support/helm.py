"""helm as a test drives it: a version, a server, a namespace, and what it printed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from support.binaries import binary
from support.kubectl import Ran

#: The helm that ships with each Kubernetes minor version's kubectl.
MAJORS = {32: 3, 36: 4}


class Helm:
    """One helm version pointed at one namespace of one server, with a home of its own."""

    def __init__(self, minor: int, url: str, namespace: str, home: Path) -> None:
        self.major = MAJORS[minor]
        self._path = binary("helm", minor)
        self._options = ["--kube-apiserver", url, "--namespace", namespace]
        self._home = home

    @property
    def client_side(self) -> list[str]:
        """What makes this helm apply by itself; version 4 leaves that to the server unless told otherwise."""
        return ["--server-side=false"] if self.major > 3 else []

    def __call__(self, *args: str, ok: bool = True) -> Ran:
        """Run it; with `ok` a failure of the command fails the test."""
        command = [str(self._path), *args, *self._options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=self._environment)
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert not ok or ran.code == 0, f"helm {' '.join(args)}: exit {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def json(self, *args: str) -> Any:
        """What it prints with `-o json`."""
        return json.loads(self(*args, "-o", "json").out)

    @property
    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
        return kept | {"HOME": str(self._home), "KUBECONFIG": str(self._home / "none")}

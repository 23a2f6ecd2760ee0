"""Running kubectl on a cluster, by the kubeconfig of whoever it is run as."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Seconds that kubectl gets unless told otherwise.
SECONDS = 60.0


class KubectlError(RuntimeError):
    """kubectl is not there, or failed; the message says how it was called and what it said."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How kubectl was run, and what came of it; as text, what it printed."""

    args: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """What it printed, parsed: ask for it with `-o json`."""
        return json.loads(self.stdout)

    def __str__(self) -> str:
        return self.stdout


def run_kubectl(
    args: tuple[str, ...],
    *,
    kubeconfig: str,
    path: str = "",
    input: str | None = None,
    check: bool = True,
    timeout: float = SECONDS,
) -> Ran:
    """Run the kubectl at `path`, or the one on the PATH; KubectlError unless it is there and, if `check`, succeeds."""
    program = path or shutil.which("kubectl")
    if not program:
        raise KubectlError("there is no kubectl on the PATH: install it, or say where it is by path=")
    command = [program, f"--cache-dir={Path(kubeconfig).parent / 'cache'}", *args]
    environment = {**os.environ, "KUBECONFIG": kubeconfig}
    try:
        ended = subprocess.run(  # noqa: S603 - what the caller asks for
            command, env=environment, input=input, capture_output=True, text=True, timeout=timeout, check=False
        )
    except OSError as error:
        raise KubectlError(f"cannot run {program}: {error.strerror or error}") from None
    ran = Ran(("kubectl", *args), ended.returncode, ended.stdout, ended.stderr)
    if check and ran.returncode:
        raise KubectlError(f"{' '.join(ran.args)} ended with {ran.returncode}\n{(ran.stderr or ran.stdout).rstrip()}")
    return ran

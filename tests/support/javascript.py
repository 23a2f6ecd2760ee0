"""The official JavaScript client for the tests, installed once by npm into `.cache/clients` of the working tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from support.binaries import CACHE

CLIENT = "@kubernetes/client-node"
_VERSION = "1.4.0"


def client_modules() -> Path | None:
    """The `node_modules` that hold the client; None where there is no Node.js or no npm."""
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    target = CACHE / f"client-node-{_VERSION}"
    if not target.exists():
        _install(target)
    return target / "node_modules"


def _install(target: Path) -> None:
    """Install next to the target and move it there: whoever is late finds it in place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        folder = Path(scratch) / "installed"
        folder.mkdir()
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run([*command, f"{CLIENT}@{_VERSION}"], check=True, stdout=subprocess.DEVNULL)
        if not target.exists():
            os.replace(folder, target)

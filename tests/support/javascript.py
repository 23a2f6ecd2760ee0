"""The official JavaScript client, fetched once from the npm registry into `.cache/clients` of the working tree."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.binaries import CACHE, locked

CLIENT = "@kubernetes/client-node"
#: The last that runs on Node.js 18 and 20.
PACKAGE = f"{CLIENT}@1.4.0"


def run_script(script: str, folder: Path, kubeconfig: str) -> str:
    """What a module prints that has imported the client, and finds its kubeconfig in `KUBECONFIG`."""
    node = _tool("node")
    modules = client_modules()
    (folder / "node_modules").symlink_to(modules)
    (folder / "kubeconfig").write_text(kubeconfig)
    (folder / "script.mjs").write_text(script)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "KUBECONFIG": str(folder / "kubeconfig")}
    ran = subprocess.run(
        [node, "script.mjs"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, f"exit {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here: the JavaScript client needs Node.js and npm")
    return found


def client_modules() -> Path:
    """The `node_modules` that the client is in."""
    folder = CACHE / "javascript"
    done = folder / "node_modules" / CLIENT
    if not done.exists():
        with locked(CACHE / "javascript.lock"):
            if not done.exists():
                _install(folder)
    return folder / "node_modules"


def _install(folder: Path) -> None:
    """Into a folder beside, which takes the place of the other once it is whole."""
    partial = folder.with_name("javascript.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    command = [_tool("npm"), "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(partial), PACKAGE]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)

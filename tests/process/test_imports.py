"""What is not imported before it is needed: start-up time and memory depend on it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import fauxkube

HEAVY = {
    "alembic",
    "cryptography",
    "dns",
    "fastapi",
    "httpx",
    "jsonpatch",
    "pydantic",
    "regex",
    "rich",
    "sqlalchemy",
    "sqlmodel",
    "starlette",
    "websockets",
    "yaml",
}
#: Later versions of Typer judge options by pydantic: there is no way around it where such a one is installed.
BY_TYPER = {"pydantic"} if find_spec("typer._adapters") else set()
#: What keeping the state in a file needs.
FOR_DATA = {"pydantic", "sqlalchemy", "sqlmodel"}

#: What only those clusters need that begin with something or have kinds of their users' making.
RARE = {
    "fauxkube.cluster.beginnings.starting",
    "fauxkube.cluster.beginnings.loading",
    "fauxkube.cluster.beginnings.snapshots",
    "fauxkube.kinds.apiextensions.custom_resource",
    "fauxkube.kinds.apiextensions.structural",
    "fauxkube.machinery.json_schema",
    "fauxkube.machinery.jsonpath",
}

#: Runs the command; once it is ready, prints which modules are there and stops as if told to.
PROGRAM = """
import os, signal, sys
from fauxkube.cluster import serving

real = serving.serve

def serve(settings, *, announce, **options):
    def ready(*args):
        print(" ".join(sorted(sys.modules)), flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
    real(settings, announce=ready, **options)

serving.serve = serve
sys.argv[0] = "fauxkube"
from fauxkube.cli import main
main()
"""


def imported(*args: str) -> set[str]:
    """The modules that are there once `fauxkube up` with those arguments is ready."""
    command = [sys.executable, "-c", PROGRAM, "up", "--port", "0", *args]
    environment = {"PYTHONPATH": str(Path(fauxkube.__file__).parents[1]), "PATH": ""}
    ended = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=30)
    return set(ended.stdout.split())


def test_nothing_heavy_is_imported_to_be_ready_in_memory() -> None:
    assert imported() & HEAVY <= BY_TYPER


@pytest.mark.parametrize("existing", [False, True], ids=["fresh", "existing"])
def test_only_what_the_file_needs_is_imported_to_keep_the_state(tmp_path: Path, *, existing: bool) -> None:
    data = ("--data", str(tmp_path / "state.db"))
    if existing:
        imported(*data)
    assert imported(*data) & HEAVY <= FOR_DATA


def test_what_few_clusters_need_is_imported_once_they_do(tmp_path: Path) -> None:
    assert not imported() & RARE
    (tmp_path / "manifest.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: loaded}}")
    assert imported("--load", str(tmp_path)) >= {
        "fauxkube.cluster.beginnings.starting",
        "fauxkube.cluster.beginnings.loading",
    }

"""A seed fixes everything: names, UIDs, addresses, ports, nodes, and the order in which it all came to be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[1] / "support" / "seeded_run.py"
SOURCES = Path(__file__).parents[2] / "app"


def started(seed: int, hash_seed: int) -> subprocess.Popen[bytes]:
    """A run of its own, in which sets and dictionaries of strings have an order of their own."""
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(SOURCES)}
    return subprocess.Popen([sys.executable, str(SCRIPT), str(seed)], stdout=subprocess.PIPE, env=environment)


def outcomes(*runs: tuple[int, int]) -> list[dict[str, Any]]:
    processes = [started(*run) for run in runs]
    texts = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(runs)
    return [json.loads(text) for text in texts]


def uids(objects: dict[str, Any]) -> set[str]:
    return {obj["metadata"]["uid"] for obj in objects.values()}


def test_two_runs_of_a_seed_make_the_same_objects_and_another_seed_makes_others() -> None:
    one, same, other = outcomes((7, 0), (7, 4711), (8, 0))
    assert one == same
    assert list(one) == list(same)
    assert not uids(one) & uids(other)
    pods = [obj for key, obj in one.items() if key.startswith("pods/shop/")]
    assert len(pods) > 12
    assert all(pod["status"]["phase"] == "Running" for pod in pods)

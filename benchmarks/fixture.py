"""What a cluster in a test costs: the first, further ones, a hundred tests, a fork of a large one.

    python benchmarks/fixture.py                 in this process
    python benchmarks/fixture.py --process       on a server in a child process
    python benchmarks/fixture.py --url URL       on a server that runs, such as another version's: side by side

Prints figures and never fails for being slow: machines differ, so compare the rows of one run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import fauxkube
from fauxkube import Cluster

#: What a test of the hundred does; it stands in a file of its own, so that pytest runs it as anybody's.
TESTS = """
import pytest

LABELS = {"app": "web"}
POD = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {"replicas": 3, "selector": {"matchLabels": LABELS}, "template": POD},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": LABELS, "ports": [{"port": 80}]},
}


@pytest.mark.parametrize("turn", range(100))
def test_endpoints(fauxkube, turn):
    fauxkube.apply([DEPLOYMENT, SERVICE])
    fauxkube.expect("service/web").to_have_endpoints(3)
"""

FIRST = """
import time
started = time.perf_counter()
from fauxkube import Cluster
Cluster({where}).start()
print(time.perf_counter() - started)
"""


def row(what: str, figure: str, wanted: str = "") -> None:
    """A line of the table."""
    print(f"{what:<58} {figure:>12}  {wanted}", flush=True)


def timed(call: Callable[[], Any]) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def environment() -> dict[str, str]:
    """That of a process that finds fauxkube where this one does."""
    return {**os.environ, "PYTHONPATH": str(Path(fauxkube.__file__).parents[1])}


def first(where: dict[str, Any]) -> None:
    """The first cluster of a process, from before the import on."""
    program = FIRST.format(where=", ".join(f"{name}={value!r}" for name, value in where.items()))
    runs = [
        float(
            subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True, check=True).stdout
        )
        for _ in range(3)
    ]
    row("first cluster is ready, with the import (best of 3)", f"{min(runs):.2f} s", "< 1.0 s")


def further(where: dict[str, Any], count: int = 100) -> None:
    """More clusters beside it: their time, and what they weigh in this process."""
    with Cluster(**where):
        Cluster(**where).start().stop()
        before = resident()
        clusters = [Cluster(**where) for _ in range(count)]
        seconds = [timed(cluster.start) for cluster in clusters]
        weight = (resident() - before) / count
        row(f"a further cluster is ready (median of {count})", f"{statistics.median(seconds) * 1000:.1f} ms", "< 5 ms")
        if not any(where.values()):
            row("a further cluster weighs", f"{weight / 1e6:.2f} MB", "< 1 MB")
        ended = [timed(cluster.stop) for cluster in clusters]
        row("a cluster is dropped (median)", f"{statistics.median(ended) * 1000:.1f} ms")


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def hundred(where: dict[str, Any]) -> None:
    """A hundred tests of pytest's, from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_endpoints.py").write_text(TESTS)
        ini = "[pytest]\n" + "".join(f"fauxkube_{name} = {value}\n" for name, value in where.items() if value)
        Path(folder, "pytest.ini").write_text(ini)
        plugin = [] if "fauxkube" in installed_plugins() else ["-p", "fauxkube.testing.plugin"]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin]
        seconds = timed(lambda: subprocess.run(command, cwd=folder, env=environment(), capture_output=True, check=True))
    row("100 tests: 3 replicas, a service, its endpoints, dropped", f"{seconds:.1f} s", "< 8 s")


def installed_plugins() -> set[str]:
    """The names of pytest's plugins that are installed."""
    from importlib.metadata import entry_points

    return {each.name for each in entry_points(group="pytest11")}


def forks(where: dict[str, Any], objects: int = 5_000) -> None:
    """Forks of a large cluster."""
    with Cluster(**where) as cluster:
        names = (f"object-{number}" for number in range(objects))
        cluster.apply([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in names])
        cluster.settle()
        seconds = []
        for _ in range(20):
            started = time.perf_counter()
            other = cluster.fork()
            seconds.append(time.perf_counter() - started)
            other.stop()
    row(
        f"a fork of a cluster of {objects:,} objects (median)", f"{statistics.median(seconds) * 1000:.1f} ms", "< 30 ms"
    )


def empty(plugin: bool) -> float:
    """Seconds that pytest takes to collect one empty test, with the plugin or without; the best of five."""
    chosen = ["-p", "fauxkube.testing.plugin"] if plugin else []
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *chosen]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_empty.py").write_text("def test_it(): pass\n")
        run = partial(subprocess.run, command, cwd=folder, env=environment(), capture_output=True, check=True)
        return min(timed(run) for _ in range(5))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--process", action="store_true", help="make clusters on a server in a child process")
    parser.add_argument("--url", default="", help="make clusters on the server that runs there")
    where = vars(parser.parse_args())
    first(where)
    further(where)
    hundred(where)
    forks(where)
    if "fauxkube" not in installed_plugins():
        row("collecting an empty test takes longer by", f"{(empty(plugin=True) - empty(plugin=False)) * 1000:.0f} ms")


if __name__ == "__main__":
    main()

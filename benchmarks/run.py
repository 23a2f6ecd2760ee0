"""The figures of the README's table, against a server of its own or against any other (`--server URL`).

    python benchmarks/run.py                    a fresh fauxkube, in memory and then with --data
    python benchmarks/run.py --server URL       whatever answers there (a real API server without TLS, say)

Prints figures and never fails for being slow: machines differ, so compare the rows of one run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from http_load import Address, Connection, call, load

NAMESPACE = "benchmark"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_READY = re.compile(r"ready at (http://[^\s,]+)")


def pod(name: str, labels: dict[str, str] | None = None) -> bytes:
    """A pod as a user would write it."""
    spec = {"containers": [{"name": "web", "image": "nginx:1.29", "ports": [{"containerPort": 80}]}]}
    metadata = {"name": name, "labels": labels or {"app": "load"}}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}).encode()


class Report:
    """The rows as they come."""

    def __init__(self, title: str) -> None:
        print(f"\n## {title}\n")
        print("| what | figure |\n| --- | --- |", flush=True)

    def row(self, what: str, figure: str) -> None:
        print(f"| {what} | {figure} |", flush=True)


@contextmanager
def server(*args: str) -> Iterator[tuple[str, float, subprocess.Popen[str]]]:
    """A fauxkube of our own: its URL, the seconds from its start to the first `/readyz`, and its process."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "fauxkube", "up", "--port", "0", *args],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "app"), "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if found := _READY.search(line):
            break
    else:
        raise RuntimeError("the server did not start")
    asyncio.run(readiness(Address.of(found[1])))
    try:
        yield found[1], time.perf_counter() - begun, process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


async def readiness(address: Address) -> None:
    connection = await Connection.open(address)
    code, _ = await connection.request("GET", "/readyz")
    connection.close()
    if code != 200:
        raise RuntimeError(f"/readyz answered {code}")


def memory_of(process: subprocess.Popen[str]) -> str:
    """The process's resident memory."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return "unknown"
    kilobytes = int(re.findall(r"VmRSS:\s+(\d+)", status.read_text())[0])
    return f"{kilobytes / 1024:.0f} MB"


async def measure(url: str, report: Report, *, pods: int) -> None:
    """Every row that only needs an API server."""
    address = Address.of(url)
    await call(address, "POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    await creates(address, report, pods=pods)
    await reads(address, report)
    await watchers(address, report)


async def creates(address: Address, report: Report, *, pods: int) -> None:
    total = 0
    for connections, share in ((1, 0.1), (16, 0.4), (64, 0.5)):
        count = max(1, int(pods * share))
        rate = await load(
            address,
            connections,
            count,
            lambda number, connections=connections: ("POST", PODS, pod(f"load-{connections}-{number}")),  # type: ignore[misc]
            201,
        )
        total += count
        begun = time.perf_counter()
        running = await until_running(address, total)
        report.row(
            f"pod creates, {connections} connection{'s' * (connections > 1)}",
            f"{rate.per_second:,.0f}/s (median {rate.percentile(0.5):.1f} ms, p99 {rate.percentile(0.99):.1f} ms); "
            f"all {running} Running {time.perf_counter() - begun:.1f} s later",
        )


async def until_running(address: Address, count: int) -> int:
    """Wait (two minutes at most) until `count` pods run, where there is anything that runs them."""
    deadline = time.perf_counter() + 120
    running = 0
    while time.perf_counter() < deadline:
        listed = await call(address, "GET", f"{PODS}?fieldSelector=status.phase%3DRunning&limit=1")
        running = len(listed["items"]) + listed["metadata"].get("remainingItemCount", 0)
        if not listed["items"] or "remainingItemCount" not in listed["metadata"]:
            running = len((await call(address, "GET", f"{PODS}?fieldSelector=status.phase%3DRunning"))["items"])
        if running >= count:
            break
        await asyncio.sleep(0.1)
    return running


async def reads(address: Address, report: Report) -> None:
    for connections in (1, 16):
        rate = await load(address, connections, 12_000, lambda _: ("GET", f"{PODS}/load-1-0", b""), 200)
        report.row(f"GET of one pod, {connections} connection{'s' * (connections > 1)}", f"{rate.per_second:,.0f}/s")
    connection = await Connection.open(address)
    seconds: list[float] = []
    for _ in range(5):
        begun = time.perf_counter()
        _, body = await connection.request("GET", PODS)
        seconds.append(time.perf_counter() - begun)
    connection.close()
    count = len(json.loads(body)["items"])
    report.row(f"LIST of {count:,} pods ({len(body) / 1e6:.1f} MB)", f"{min(seconds):.3f} s")


async def watchers(address: Address, report: Report, *, count: int = 1000) -> None:
    """How long a change takes to reach all of many watchers."""
    revision = (await call(address, "GET", "/api/v1/configmaps?limit=1"))["metadata"]["resourceVersion"]
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps?watch=1&resourceVersion={revision}"
    watches = [await Connection.open(address) for _ in range(count)]
    for watch in watches:
        await watch.stream(path)
    seconds = []
    for number in range(3):
        begun = time.perf_counter()
        waiting = [asyncio.create_task(watch.read_until(f"shout-{number}".encode())) for watch in watches]
        await asyncio.sleep(0)
        body = {"metadata": {"name": f"shout-{number}"}, "data": {"k": "v"}}
        await call(address, "POST", f"/api/v1/namespaces/{NAMESPACE}/configmaps", body)
        await asyncio.gather(*waiting)
        seconds.append(time.perf_counter() - begun)
    for watch in watches:
        watch.close()
    report.row(f"a change reaches {count:,} watchers", f"{min(seconds):.3f} s")


async def endpoints(url: str, report: Report) -> None:
    """How long after a pod turns ready its service's endpoints name it, with all the benchmark's pods there."""
    address = Address.of(url)
    service = {"metadata": {"name": "late"}, "spec": {"selector": {"app": "late"}, "ports": [{"port": 80}]}}
    await call(address, "POST", f"/api/v1/namespaces/{NAMESPACE}/services", service)
    listed = await call(address, "GET", f"{PODS}?limit=1")
    revision = listed["metadata"]["resourceVersion"]
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"
    pods_watch, slices_watch = await Connection.open(address), await Connection.open(address)
    await pods_watch.stream(f"{PODS}?watch=1&resourceVersion={revision}&labelSelector=app%3Dlate")
    await slices_watch.stream(f"{slices}?watch=1&resourceVersion={revision}")
    seconds = []
    for number in range(20):
        name = f"late-{number}"
        ready = asyncio.create_task(pods_watch.read_until(b'"phase":"Running"'))
        named = asyncio.create_task(slices_watch.read_until(f'"name":"{name}"'.encode()))
        connection = await Connection.open(address)
        await connection.request("POST", PODS, pod(name, {"app": "late"}))
        connection.close()
        await ready
        begun = time.perf_counter()
        await named
        seconds.append(time.perf_counter() - begun)
    pods_watch.close()
    slices_watch.close()
    report.row("endpoints name a pod after it turned ready", f"median {sorted(seconds)[10] * 1000:.1f} ms")


def scale(report: Report) -> None:
    """What a bare uvicorn does on this machine, with the same load generator: figures are to be compared with it."""
    port = 18_997
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(Path(__file__).parent), "bare_app:app"]
    command += ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    process = subprocess.Popen([*command, "--log-level", "error"])
    address = Address("127.0.0.1", port)
    try:
        asyncio.run(until_listening(address))
        for what, make, code in (("POST", ("POST", "/", pod("x")), 201), ("GET", ("GET", "/", b""), 200)):
            rate = asyncio.run(load(address, 16, 8_000, lambda _, make=make: make, code))  # type: ignore[misc]
            report.row(f"bare uvicorn: {what} echoed, 16 connections", f"{rate.per_second:,.0f}/s")
    finally:
        process.terminate()
        process.wait()


async def until_listening(address: Address) -> None:
    for _ in range(200):
        try:
            (await Connection.open(address)).close()
        except OSError:
            await asyncio.sleep(0.05)
        else:
            return
    raise RuntimeError("nothing listens")


def own(title: str, pods: int, *args: str) -> None:
    """All rows against a fauxkube of our own."""
    report = Report(title)
    with server("--nodes", "50", "--node-prefix", "23", "--cluster-cidr", "10.128.0.0/14", *args) as (url, _, process):
        asyncio.run(measure(url, report, pods=pods))
        asyncio.run(endpoints(url, report))
        report.row(f"memory with {pods:,} pods and their events", memory_of(process))


def starts(report: Report, *args: str) -> None:
    seconds = []
    for number in range(5):
        with tempfile.TemporaryDirectory() as folder:
            extra = ["--data", f"{folder}/{number}.db"] if args else []
            with server(*extra) as (_, elapsed, process):
                seconds.append(elapsed)
                memory = memory_of(process)
    kind = "with --data" if args else "in memory"
    report.row(f"process start to /readyz, {kind}", f"{min(seconds):.2f} s (idle memory {memory})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", help="measure this server instead of a fauxkube of our own")
    parser.add_argument("--pods", type=int, default=5000, help="pods to create in all (default 5000)")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    if arguments.server:
        asyncio.run(measure(arguments.server, Report(arguments.server), pods=arguments.pods))
        return
    report = Report("Starting, and the machine")
    starts(report)
    starts(report, "--data")
    scale(report)
    own("In memory", arguments.pods)
    with tempfile.TemporaryDirectory() as folder:
        own("With --data (SQLite, synchronous=FULL)", arguments.pods, "--data", f"{folder}/bench.db")


if __name__ == "__main__":
    main()

"""What further clusters cost: new ones, forks of a large one, snapshots of it.

    python benchmarks/forks.py [--objects 5000] [--clusters 100]

All in one process, without HTTP: a cluster counts as there once it has answered a read. "Settled" adds the time until
its control loops have looked at everything. Prints figures and never fails for being slow.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))

from fauxkube.cluster.beginnings.snapshots import cluster_of, load, save
from fauxkube.cluster.beginnings.template import Templates
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import CONFIG_MAPS, DEPLOYMENTS, NODES, SERVICES

#: Of a set of these come a replica set, three pods, endpoints and a slice: eight objects, and a dozen events.
_PER_SET = 8
_TIMES = 5


def deployment(name: str) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx:1.29"}]}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def service(name: str) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


class Timings:
    """What was measured, by what it is; the figure is the median."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[float]] = {}

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self._seconds.setdefault(what, []).append(time.perf_counter() - begun)

    def report(self) -> None:
        for what, seconds in self._seconds.items():
            print(f"| {what} | {statistics.median(seconds) * 1000:.1f} ms |", flush=True)


def resident() -> float:
    """The megabytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def new_clusters(count: int) -> None:
    timings = Timings()
    with timings.of("template, once for all clusters with the same settings"):
        template = await Templates().of(Settings())
    gc.collect()
    before, clusters = resident(), []
    for _ in range(count):
        with timings.of("new cluster, until it has answered"):
            cluster = template.new_cluster()
            await cluster.start()
            await cluster.client.get(NODES, "node-1")
        with timings.of("new cluster, settled after another"):
            await cluster.time.settle()
        clusters.append(cluster)
    gc.collect()
    memory = (resident() - before) / count
    for cluster in clusters:
        with timings.of("cluster closed"):
            await cluster.close()
    timings.report()
    print(f"| memory of a new cluster, one of {count} | {memory:.2f} MB |", flush=True)


async def filled(objects: int) -> Cluster:
    """A settled cluster with so many objects, events aside."""
    sets = max(1, objects // _PER_SET)
    cluster = Cluster(Settings(nodes=max(3, sets * 3 // 100 + 1)))
    await cluster.start()
    for number in range(sets):
        await cluster.client.create(DEPLOYMENTS, deployment(f"web-{number}"), namespace="default")
        await cluster.client.create(SERVICES, service(f"web-{number}"), namespace="default")
    await cluster.time.settle(timeout=600)
    return cluster


async def forks(source: Cluster) -> None:
    timings = Timings()
    for _ in range(_TIMES):
        gc.collect()
        with timings.of("fork of it, until it has answered"):
            fork = source.fork()
            await fork.start()
            await fork.client.get(DEPLOYMENTS, "web-0", "default")
        with timings.of("first write to the fork"):
            first = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "first"}}
            await fork.client.create(CONFIG_MAPS, first, namespace="default")
        with timings.of("fork of it, settled after another"):
            await fork.time.settle()
        await fork.close()
    timings.report()


async def snapshots(source: Cluster) -> None:
    timings, data = Timings(), b""
    for _ in range(_TIMES):
        gc.collect()
        with timings.of("snapshot of it saved"):
            data = save(source)
        with timings.of("snapshot of it loaded, until it has answered"):
            cluster = cluster_of(load(data))
            await cluster.start()
            await cluster.client.get(DEPLOYMENTS, "web-0", "default")
        await cluster.close()
    timings.report()
    print(f"| size of its snapshot | {len(data) / 1e6:.2f} MB |", flush=True)


async def measure(objects: int, clusters: int) -> None:
    print("\n## Further clusters\n\n| what | figure |\n| --- | --- |", flush=True)
    await new_clusters(clusters)
    source = await filled(objects)
    events = source.store.count("events/")
    print(f"| a large cluster: objects, and events beside | {source.store.count('') - events}, {events} |", flush=True)
    await forks(source)
    await snapshots(source)
    await source.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=5000, help="how many objects the large cluster has")
    parser.add_argument("--clusters", type=int, default=100, help="how many new clusters are made")
    options = parser.parse_args()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    asyncio.run(measure(options.objects, options.clusters))


if __name__ == "__main__":
    main()

"""Endpoints, slices and kube-proxy's rules while the pods of many services come and go.

    python benchmarks/churn.py [--services 1000] [--pods 10] [--nodes 100] [--changes 2000]

All in one process, without HTTP. Pods are deleted, made, relabelled and lose their readiness, as fast as writes are
taken. Prints how long it takes until all that follows from it is right, and fails when something never is.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.core.pod_status import is_ready, pod_ip_of
from fauxkube.kinds.gvrs import ENDPOINTS, PODS, SERVICES
from fauxkube.machinery.objects import copy_of, is_terminating, labels_of, name_of
from fauxkube.machinery.status import StatusError
from fauxkube.network.proxy import ports_of

NAMESPACE = "default"


def pod(name: str, app: str) -> dict[str, Any]:
    container = {"name": "web", "image": "nginx", "ports": [{"containerPort": 8080}]}
    metadata = {"name": name, "namespace": NAMESPACE, "labels": {"app": app}}
    return {"metadata": metadata, "spec": {"containers": [container]}}


def service(app: str) -> dict[str, Any]:
    spec = {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"metadata": {"name": app, "namespace": NAMESPACE}, "spec": spec}


def expected(cluster: Cluster) -> dict[str, set[str]]:
    """The addresses that should be ready, by service."""
    found = defaultdict(set)
    for each in cluster.informers.of(PODS).items():
        if pod_ip_of(each) and is_ready(each) and not is_terminating(each):
            found[labels_of(each)["app"]].add(pod_ip_of(each))
    return found


def in_endpoints(cluster: Cluster, app: str) -> set[str]:
    endpoints = cluster.informers.of(ENDPOINTS).get(f"{NAMESPACE}/{app}") or {}
    subsets = endpoints.get("subsets") or ()
    return {each["ip"] for subset in subsets for each in subset.get("addresses") or ()}


async def wrong(cluster: Cluster, apps: list[str]) -> int:
    """For how many services the endpoints, or what the rules send to, are not as they should be."""
    wanted, topology = expected(cluster), await cluster.network.topology()
    count = 0
    for app in apps:
        (port,) = ports_of(topology.services.by_key[f"{NAMESPACE}/{app}"])
        rules = {each.address for each in topology.slices.endpoints(port) if each.ready}
        count += not (wanted[app] == rules == in_endpoints(cluster, app))
    return count


async def settled(cluster: Cluster, apps: list[str]) -> float:
    """Seconds until the cluster has nothing left to do; then all of it has to be right."""
    began = time.perf_counter()
    await cluster.time.settle(timeout=300)
    seconds = time.perf_counter() - began
    if count := await wrong(cluster, apps):
        sys.exit(f"{count} services are wrong in a settled cluster")
    return seconds


async def change(cluster: Cluster, chance: random.Random, number: int, apps: list[str]) -> None:
    client = cluster.client
    chosen = chance.choice(list(cluster.informers.of(PODS).items()))
    name = name_of(chosen)
    with suppress(StatusError):  # it may have gone
        match chance.choice(("replace", "relabel", "unready")):
            case "replace":
                await client.delete(PODS, name, namespace=NAMESPACE)
                await client.create(PODS, pod(f"more-{number}", chance.choice(apps)))
            case "relabel":
                labels = {"app": chance.choice(apps)}
                await client.patch(PODS, name, {"metadata": {"labels": labels}}, namespace=NAMESPACE)
            case _:
                changed = copy_of(chosen)
                del changed["metadata"]["resourceVersion"]
                for condition in changed.get("status", {}).get("conditions") or ():
                    if condition["type"] == "Ready":
                        condition["status"] = "False"
                await client.update(PODS, changed, subresource="status")


async def run(services: int, pods: int, nodes: int, changes: int) -> None:
    cluster = Cluster(Settings(nodes=nodes, seed=1))
    await cluster.start()
    apps = [f"app-{number}" for number in range(services)]
    began = time.perf_counter()
    for app in apps:
        await cluster.client.create(SERVICES, service(app))
        for number in range(pods):
            await cluster.client.create(PODS, pod(f"{app}-{number}", app))
    made = time.perf_counter() - began
    print(f"{services:,} services of {pods} pods on {nodes} nodes made in {made:.1f} s", flush=True)
    print(f"  all of it ready, and endpoints and rules right, {await settled(cluster, apps):.1f} s later", flush=True)
    chance, began = random.Random(1), time.perf_counter()
    for number in range(changes):
        await change(cluster, chance, number, apps)
    seconds = time.perf_counter() - began
    print(f"{changes:,} changes in {seconds:.1f} s, {changes / seconds:,.0f} a second", flush=True)
    print(f"  endpoints and rules right {await settled(cluster, apps):.2f} s after the last", flush=True)
    latencies = []
    for number in range(50):
        began = time.perf_counter()
        await change(cluster, chance, changes + number, apps)
        changed = time.perf_counter() - began
        latencies.append(changed + await settled(cluster, apps))
    print(f"  one change and all that follows from it: {sorted(latencies)[25] * 1000:.1f} ms", flush=True)
    await cluster.close()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--pods", type=int, default=10, help="of each service")
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--changes", type=int, default=2000)
    asked = parser.parse_args()
    asyncio.run(run(asked.services, asked.pods, asked.nodes, asked.changes))


if __name__ == "__main__":
    main()

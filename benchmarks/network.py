"""What the network's model costs: indexing a cluster, tracing through it, checking it.

    python benchmarks/network.py [--services 1000] [--pods 10] [--nodes 100]

Prints figures and never fails for being slow: machines differ, so compare the rows of one run.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import orjson

from fauxkube.kit.chance import Chance
from fauxkube.network.check import check
from fauxkube.network.choice import ByChance
from fauxkube.network.topology import Namespaces, Nodes, Pods, Services, Slices, Topology
from fauxkube.network.trace import trace

READY = {"type": "Ready", "status": "True"}
PORTS = [{"name": "", "port": 8080, "protocol": "TCP"}]


def row(what: str, seconds: float, wanted: str = "") -> None:
    """A line of the table."""
    print(f"{what:<58} {seconds * 1000:>9.3f} ms  {wanted}", flush=True)


def median(call: Callable[[], Any], times: int) -> float:
    """Seconds that a call takes, mostly."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def node(number: int) -> dict[str, Any]:
    return {
        "metadata": {"name": f"node-{number}"},
        "spec": {"podCIDR": f"10.{128 + number // 256}.{number % 256}.0/24"},
        "status": {"addresses": [{"type": "InternalIP", "address": f"172.18.1.{number}"}], "conditions": [READY]},
    }


def pod(number: int, service: int, nodes: int) -> dict[str, Any]:
    on, last = number % nodes, number // nodes
    container = {"name": "web", "ports": [{"containerPort": 8080}]}
    return {
        "metadata": {"name": f"pod-{number}", "namespace": "default", "labels": {"app": f"app-{service}"}},
        "spec": {"nodeName": f"node-{on}", "containers": [container]},
        "status": {
            "phase": "Running",
            "podIPs": [{"ip": f"10.{128 + on // 256}.{on % 256}.{2 + last}"}],
            "conditions": [READY],
        },
    }


def service(number: int) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": 8080, "protocol": "TCP"}]
    return {
        "metadata": {"name": f"app-{number}", "namespace": "default"},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": f"10.96.{number // 250}.{1 + number % 250}",
            "selector": {"app": f"app-{number}"},
            "ports": ports,
        },
    }


def endpoint_slice(number: int, pods: list[dict[str, Any]]) -> dict[str, Any]:
    endpoints = [
        {"addresses": [each["status"]["podIPs"][0]["ip"]], "nodeName": each["spec"]["nodeName"]} for each in pods
    ]
    labels = {"kubernetes.io/service-name": f"app-{number}"}
    return {
        "metadata": {"name": f"app-{number}-1", "namespace": "default", "labels": labels},
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": PORTS,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--pods", type=int, default=10, help="of each service")
    parser.add_argument("--nodes", type=int, default=100)
    asked = parser.parse_args()
    services, behind, nodes = asked.services, asked.pods, asked.nodes
    pods = [pod(number, number // behind, nodes) for number in range(services * behind)]
    slices = [endpoint_slice(number, pods[number * behind : (number + 1) * behind]) for number in range(services)]
    namespaces = Namespaces([{"metadata": {"name": "default"}}])
    hosts, made = Nodes(map(node, range(nodes))), [service(number) for number in range(services)]

    def indexed() -> Topology:
        return Topology(hosts, Pods(pods), Services(made), Slices(slices), namespaces=namespaces)

    print(f"{services:,} services of {behind} pods on {nodes} nodes\n")
    row("index all of it", median(indexed, 5))
    topology, choice = indexed(), ByChance(Chance(1))

    def traced() -> bytes:
        found = trace(topology, "pod/pod-0", f"http://app-{services // 2}", choice=choice)
        assert found.reached
        return orjson.dumps(found)

    row("trace pod -> name -> service -> pod, as JSON", median(traced, 500), "< 2 ms")
    other = f"default/app-{services // 2}"

    def changed() -> None:
        topology.pods.put("default/pod-0", pods[0])
        topology.services.put(other, topology.services.by_key[other])
        topology.slices.put(f"{other}-1", slices[services // 2])
        traced()

    row("the same after a pod, a service and a slice changed", median(changed, 500), "< 2 ms")
    row("prove the requirements for all pairs", median(lambda: check(topology), 3))


if __name__ == "__main__":
    main()

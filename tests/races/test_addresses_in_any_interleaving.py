"""No address is ever had twice, whatever is created, deleted and restarted in whichever order and at the same time."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.core.pod_status import is_terminal
from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.kinds.gvrs import NODES, PODS, SERVICES
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.status import StatusError
from fauxkube.registry.pools import Ranges

NAMESPACE = "default"
#: Blocks of five addresses for pods (eight without the network's, the bridge's and the broadcast's), so that they run
#: out, and are given back and taken again.
SINGLE = Ranges(cluster_cidr="10.244.0.0/27", node_prefix=29, service_cidr="10.96.0.0/28")
DUAL = Ranges(
    cluster_cidr="10.244.0.0/27,fd00:244::/122",
    node_prefix=29,
    node_prefix_v6=125,
    service_cidr="10.96.0.0/28,fd00:96::/124",
)


class Step(NamedTuple):
    """What is done: with which of a few names, so that they are used again."""

    verb: str
    number: int


def _steps() -> st.SearchStrategy[Step]:
    made = st.builds(Step, st.sampled_from(("run", "run", "run", "delete", "finish")), st.integers(0, 9))
    services = st.builds(Step, st.sampled_from(("expose", "hide")), st.integers(0, 3))
    nodes = st.builds(Step, st.sampled_from(("drop-node", "add-node")), st.integers(1, 4))
    return st.one_of(made, made, made, services, nodes)


#: Bursts, each done at the same time; after each the cluster may settle, or be started again in the middle of it all.
BURSTS = st.lists(st.tuples(st.lists(_steps(), min_size=1, max_size=12), st.sampled_from(("on", "settle", "restart"))))


def _pod(number: int) -> Object:
    metadata = {"name": f"web-{number}", "namespace": NAMESPACE}
    containers = [{"name": "web", "image": "nginx"}]
    return {"metadata": metadata, "spec": {"nodeName": f"node-{1 + number % 4}", "containers": containers}}


def _service(number: int) -> Object:
    metadata = {"name": f"shop-{number}", "namespace": NAMESPACE}
    spec = {
        "type": "NodePort",
        "ipFamilyPolicy": "PreferDualStack",
        "selector": {"app": "web"},
        "ports": [{"port": 80}],
    }
    return {"metadata": metadata, "spec": spec}


async def _do(cluster: Cluster, step: Step) -> None:
    client, number = cluster.client, step.number
    with suppress(StatusError):  # it is there already, or is not, or there is no room
        match step.verb:
            case "run":
                await client.create(PODS, _pod(number))
            case "delete":
                await client.delete(PODS, f"web-{number}", namespace=NAMESPACE)
            case "finish":
                pod = await client.get(PODS, f"web-{number}", NAMESPACE)
                status = {**pod["status"], "phase": "Succeeded"}
                await client.update(PODS, {**pod, "status": status}, subresource="status")
            case "expose":
                await client.create(SERVICES, _service(number))
            case "hide":
                await client.delete(SERVICES, f"shop-{number}", namespace=NAMESPACE)
            case "add-node":
                await client.create(NODES, {"metadata": {"name": f"node-{number}"}})
            case _:
                await client.delete(NODES, f"node-{number}")


async def _all(tasks: Iterable[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*tasks)


def _had_twice(values: Iterable[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


async def _check(cluster: Cluster) -> None:
    """Judge what is stored, which is what everybody sees."""
    pods = [pod for pod in (await cluster.client.list(PODS)).items if not is_terminal(pod)]
    addresses = [each["ip"] for pod in pods for each in pod.get("status", {}).get("podIPs") or ()]
    assert _had_twice(addresses) == []
    services = (await cluster.client.list(SERVICES)).items
    assert _had_twice(address for service in services for address in cluster_ips(service)) == []
    ports = [str(port["nodePort"]) for service in services for port in service["spec"]["ports"] if "nodePort" in port]
    assert _had_twice(ports) == []


async def _check_settled(cluster: Cluster) -> None:
    """What is held is had by somebody who is there: nothing leaks."""
    await cluster.time.settle()
    await _check(cluster)
    pods = [pod for pod in (await cluster.client.list(PODS)).items if not is_terminal(pod)]
    had = {
        (each["ip"], f"pods/{NAMESPACE}/{name_of(pod)}")
        for pod in pods
        for each in pod.get("status", {}).get("podIPs") or ()
    }
    held = {
        (each.value, each.owner)
        for use in cluster.inspection.pools()
        if use.name.startswith("pods/")
        for each in use.allocations
    }
    assert held <= had


@pytest.mark.parametrize("ranges", [SINGLE, DUAL], ids=["one-family", "two-families"])
@given(bursts=BURSTS)
@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_address_is_had_twice(ranges: Ranges, bursts: Sequence[tuple[Sequence[Step], str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Settings(nodes=2, ranges=ranges, data=Path(folder) / "cluster.db")

        async def run() -> None:
            cluster = Cluster(made)
            await cluster.start()
            try:
                for steps, then in bursts:
                    await _all(_do(cluster, step) for step in steps)
                    await _check(cluster)
                    if then == "settle":
                        await _check_settled(cluster)
                    elif then == "restart":
                        await cluster.close()
                        cluster = Cluster(made)
                        await cluster.start()
                        await _check(cluster)
                await _check_settled(cluster)
            finally:
                await cluster.close()

        asyncio.run(run())

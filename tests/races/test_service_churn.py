"""A service of a thousand pods stays right while pods come, go, change their labels and lose their readiness."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.core.pod_status import is_ready, pod_ip_of
from fauxkube.kinds.gvrs import ENDPOINT_SLICES, ENDPOINTS, PODS, SERVICES
from fauxkube.machinery.objects import copy_of, is_terminating, labels_of, name_of
from fauxkube.machinery.status import StatusError

NAMESPACE = "default"
#: As many as Endpoints holds; beyond that they are cut off.
PODS_AT_FIRST = 1000
CHANGES = 400
SELECTOR = {"app": "web"}


def _pod(number: int, app: str = "web") -> dict[str, Any]:
    return {
        "metadata": {"name": f"web-{number}", "namespace": NAMESPACE, "labels": {"app": app}},
        "spec": {"containers": [{"name": "web", "image": "nginx", "ports": [{"name": "http", "containerPort": 80}]}]},
    }


def _expected(cluster: Cluster) -> tuple[set[str], set[str]]:
    """The addresses that should be ready, and those that should not."""
    ready, not_ready = set[str](), set[str]()
    for pod in cluster.informers.of(PODS).items():
        if labels_of(pod).get("app") == "web" and pod_ip_of(pod) and not is_terminating(pod):
            (ready if is_ready(pod) else not_ready).add(pod_ip_of(pod))
    return ready, not_ready


def _in_endpoints(cluster: Cluster) -> tuple[set[str], set[str]]:
    endpoints = cluster.informers.of(ENDPOINTS).get(f"{NAMESPACE}/web") or {}
    found = {"addresses": set[str](), "notReadyAddresses": set[str]()}
    for subset in endpoints.get("subsets") or ():
        for kind, addresses in found.items():
            addresses.update(each["ip"] for each in subset.get(kind) or ())
    return found["addresses"], found["notReadyAddresses"]


def _in_slices(cluster: Cluster) -> tuple[set[str], set[str]]:
    ready, not_ready = set[str](), set[str]()
    for each in cluster.informers.of(ENDPOINT_SLICES).items():
        if labels_of(each).get("kubernetes.io/service-name") != "web":
            continue
        assert len(each["endpoints"]) <= 100
        for endpoint in each["endpoints"]:
            (ready if endpoint["conditions"]["ready"] else not_ready).update(endpoint["addresses"])
    return ready, not_ready


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - it comes about in other tasks of this loop
            await asyncio.sleep(0.02)


def _is_right(cluster: Cluster) -> bool:
    return _in_endpoints(cluster) == _expected(cluster) == _in_slices(cluster)


async def _change_something(cluster: Cluster, chance: random.Random, number: int) -> None:
    client = cluster.client
    pods = list(cluster.informers.of(PODS).items())
    pod = chance.choice(pods)
    name = name_of(pod)
    kinds = ["delete", "relabel", "unready"] + ["create"] * (len(pods) < PODS_AT_FIRST)
    match chance.choice(kinds):
        case "create":
            await client.create(PODS, _pod(PODS_AT_FIRST + number))
        case "delete":
            with suppress(StatusError):
                await client.delete(PODS, name, namespace=NAMESPACE)
        case "relabel":
            app = chance.choice(("web", "other"))
            with suppress(StatusError):
                await client.patch(PODS, name, {"metadata": {"labels": {"app": app}}}, namespace=NAMESPACE)
        case _:
            pod = copy_of(pod)
            for condition in pod.get("status", {}).get("conditions") or ():
                if condition["type"] == "Ready":
                    condition["status"] = "False"
            del pod["metadata"]["resourceVersion"]
            with suppress(StatusError):  # it may have gone
                await client.update(PODS, pod, subresource="status")


def test_endpoints_and_slices_are_right_after_any_churn() -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed: {seed}")  # noqa: T201 - to run the same interleaving again

    async def scenario() -> None:
        cluster = Cluster(Settings(nodes=12, seed=seed))
        await cluster.start()
        try:
            service = {
                "metadata": {"name": "web", "namespace": NAMESPACE},
                "spec": {"selector": SELECTOR, "ports": [{"port": 80, "targetPort": "http"}]},
            }
            await cluster.client.create(SERVICES, service)
            for number in range(PODS_AT_FIRST):
                await cluster.client.create(PODS, _pod(number))
            await _until(lambda: len(_expected(cluster)[0]) == PODS_AT_FIRST)
            await _until(lambda: _is_right(cluster))
            chance = random.Random(seed)
            for number in range(CHANGES):
                await _change_something(cluster, chance, number)
            await _until(lambda: _is_right(cluster))
        finally:
            await cluster.close()

    asyncio.run(scenario())

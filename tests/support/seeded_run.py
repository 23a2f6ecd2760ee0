"""A cluster with a seed and a frozen clock, driven over HTTP; prints all that came to be, for one run to be compared
with another: `python seeded_run.py SEED`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

import httpx

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.cluster.time import Time
from fauxkube.server.listener import Listener

START = datetime(2026, 1, 1, tzinfo=UTC)

Steps = list[tuple[str, str, Any]]


def labelled(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "app:1"}]}}
    body = {"selector": {"matchLabels": labels}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": body}


def service(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": [{"port": 80}], **spec}}


def steps() -> Steps:
    apps, core = "/apis/apps/v1/namespaces/shop", "/api/v1/namespaces/shop"
    web, newer = f"{apps}/deployments/web", {"containers": [{"name": "main", "image": "app:2"}]}
    pod = {"metadata": {"generateName": "lone-"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return [
        ("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}}),
        ("POST", f"{apps}/deployments", labelled("Deployment", "web", replicas=5)),
        ("POST", f"{core}/services", service("web")),
        ("POST", f"{apps}/daemonsets", labelled("DaemonSet", "agent")),
        ("POST", f"{core}/services", service("agent", type="NodePort")),
        ("POST", f"{core}/services", service("front", type="LoadBalancer")),
        *[("POST", f"{core}/pods", pod)] * 3,
        ("PATCH", web, {"spec": {"replicas": 2}}),
        ("POST", "/api/v1/nodes", {"metadata": {"name": "extra"}}),
        ("PATCH", web, {"spec": {"replicas": 9}}),
        ("PATCH", web, {"spec": {"template": {"spec": newer}}}),
        ("POST", f"{apps}/replicasets", labelled("ReplicaSet", "plain", replicas=4)),
        ("DELETE", f"{apps}/replicasets/plain", None),
        ("DELETE", "/api/v1/nodes/node-2", None),
        ("POST", "/api/v1/namespaces", {"metadata": {"name": "gone"}}),
        ("POST", "/apis/apps/v1/namespaces/gone/deployments", labelled("Deployment", "old", replicas=3)),
        ("DELETE", "/api/v1/namespaces/gone", None),
    ]


async def drive(cluster: Cluster, http: httpx.Client) -> None:
    """Take every step from another thread, as a client of its own would, and let the cluster settle after each."""
    time = Time(cluster)
    for number, (method, path, body) in enumerate(steps()):
        kind = "application/strategic-merge-patch+json" if method == "PATCH" else "application/json"
        content, headers = None if body is None else json.dumps(body), {"Content-Type": kind}
        answer = await asyncio.to_thread(http.request, method, path, content=content, headers=headers)
        assert answer.is_success, (method, path, answer.text)
        await time.settle()
        await time.advance(number)
    await time.advance(120)


def dump(cluster: Cluster) -> dict[str, Any]:
    """Every object, by its key."""
    return {entry.key: json.loads(entry.value) for entry in cluster.store.page("").entries}


async def run(seed: int) -> dict[str, Any]:
    """What a cluster of that seed comes to."""
    cluster = Cluster(Settings(seed=seed, clock_start=START, clock_rate=0))
    listener = Listener(cluster.application, host="127.0.0.1", port=0)
    await listener.bind()
    await cluster.start()
    await listener.serve()
    try:
        with httpx.Client(base_url=listener.url, trust_env=False) as http:
            await drive(cluster, http)
        return dump(cluster)
    finally:
        await listener.stop()
        await cluster.close()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(run(int(sys.argv[1])))))

"""Pods that go wrong as kubectl shows them, in a cluster whose time is moved by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from fauxkube.cluster.settings import Settings
from support.kubectl import Kubectl
from support.thread import served_cluster

BAD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "bad", "annotations": {"fauxkube.io/exit-code": "1"}},
    "spec": {"containers": [{"name": "web", "image": "nginx:1"}]},
}
JOB = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "job", "annotations": {"fauxkube.io/run-seconds": "20"}},
    "spec": {"restartPolicy": "Never", "containers": [{"name": "work", "image": "busybox:1"}]},
}


@pytest.fixture(scope="module")
def shared_frozen_server() -> Iterator[str]:
    """A cluster whose clock stands still, a while ago, so that nothing seems to lie in kubectl's future."""
    ago = datetime.now(UTC) - timedelta(hours=1)
    with served_cluster(Settings(nodes=1, clock_start=ago, clock_rate=0)) as url:
        yield url


@pytest.fixture(scope="module")
def shared_time(shared_frozen_server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{shared_frozen_server}/fauxkube/v1", timeout=30) as client:
        yield client


@pytest.fixture(params=[32, 36], ids=["kubectl-1.32", "kubectl-1.36"])
def shared_frozen(request: pytest.FixtureRequest, shared_frozen_server: str, tmp_path: Path) -> Iterator[Kubectl]:
    """Each kubectl in turn; what it makes goes afterwards."""
    kubectl = Kubectl(request.param, shared_frozen_server, tmp_path)
    yield kubectl
    kubectl("delete", "pods", "--all", "--wait=false")


def advance(time: httpx.Client, seconds: float) -> None:
    assert time.post("/clock/advance", json={"seconds": seconds}).status_code == 200


def section(text: str, name: str) -> list[str]:
    """The lines that a description has under a heading."""
    lines = text.splitlines()
    start = next(index for index, line in enumerate(lines) if line.strip() == f"{name}:") + 1
    depth = len(lines[start]) - len(lines[start].lstrip())
    inside = []
    for line in lines[start:]:
        if len(line) - len(line.lstrip()) < depth:
            break
        inside.append(" ".join(line.split()))
    return inside


def test_a_container_that_crashes_again_and_again(shared_frozen: Kubectl, shared_time: httpx.Client) -> None:
    shared_frozen("create", "-f", "-", stdin=json.dumps(BAD))
    advance(shared_time, 30)
    advance(shared_time, 10)
    (row,) = shared_frozen("get", "pods").table
    assert (row["READY"], row["STATUS"], row["RESTARTS"]) == ("0/1", "CrashLoopBackOff", "3 (10s ago)")
    text = shared_frozen("describe", "pod", "bad").out
    lines = [line for line in section(text, "web") if not line.startswith(("Started:", "Finished:"))]
    assert lines[5:13] == [
        "State: Waiting",
        "Reason: CrashLoopBackOff",
        "Last State: Terminated",
        "Reason: Error",
        "Exit Code: 1",
        "Ready: False",
        "Restart Count: 3",
        "Environment: <none>",
    ]
    assert "Status:           Running" in text
    uid = shared_frozen.json("get", "pod", "bad")["metadata"]["uid"]
    last = section(text, "Events")[-1]
    assert last.startswith("Warning BackOff ")
    assert last.endswith(f"Back-off restarting failed container web in pod bad_default({uid})")
    assert "(x3 over " in last


def test_an_image_that_cannot_be_pulled(shared_frozen: Kubectl, shared_time: httpx.Client) -> None:
    match = {"image": "shop:*"}
    fault = shared_time.post("/faults", json={"kind": "pod", "match": match, "effect": "image-pull-error"}).json()
    shared_frozen("run", "shop", f"--image=shop:{shared_frozen.minor}")
    advance(shared_time, 1)
    (row,) = shared_frozen("get", "pods").table
    assert (row["READY"], row["STATUS"], row["RESTARTS"]) == ("0/1", "ImagePullBackOff", "0")
    text = shared_frozen("describe", "pod", "shop").out
    assert section(text, "shop")[5:9] == [
        "State: Waiting",
        "Reason: ImagePullBackOff",
        "Ready: False",
        "Restart Count: 0",
    ]
    told = [line.partition(" kubelet ")[2] for line in section(text, "Events")]
    name = f"shop:{shared_frozen.minor}"
    full = f"docker.io/library/{name}"
    why = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{full}": '
        f'failed to resolve reference "{full}": {full}: not found'
    )
    assert [line.rpartition("{shop}: ")[2] for line in told if line] == [
        f'Pulling image "{name}"',
        f'Failed to pull image "{name}": {why}',
        "Error: ErrImagePull",
        f'Back-off pulling image "{name}"',
        "Error: ImagePullBackOff",
    ]
    assert shared_time.delete(f"/faults/{fault['id']}").status_code == 204
    advance(shared_time, 20)
    assert shared_frozen("get", "pods").table[0]["STATUS"] == "Running"


def test_a_pod_that_does_its_work_completes(shared_frozen: Kubectl, shared_time: httpx.Client) -> None:
    shared_frozen("create", "-f", "-", stdin=json.dumps(JOB))
    advance(shared_time, 19)
    assert shared_frozen("get", "pods").table[0]["STATUS"] == "Running"
    advance(shared_time, 1)
    (row,) = shared_frozen("get", "pods").table
    assert (row["READY"], row["STATUS"], row["RESTARTS"]) == ("0/1", "Completed", "0")
    shared_frozen("wait", "pod/job", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=5s")


def test_a_node_that_is_off(shared_frozen: Kubectl, shared_time: httpx.Client) -> None:
    spec = {"kind": "node", "match": {"name": "node-1"}, "effect": "down", "for": "5m"}
    assert shared_time.post("/faults", json=spec).status_code == 201
    advance(shared_time, 70)
    (row,) = shared_frozen("get", "nodes").table
    assert row["STATUS"] == "NotReady"
    text = shared_frozen("describe", "node", "node-1").out
    assert "Kubelet stopped posting node status." in text
    assert "node.kubernetes.io/unreachable:NoExecute" in text
    advance(shared_time, 300)
    assert shared_frozen("get", "nodes").table[0]["STATUS"] == "Ready"

"""The status that `kubectl get pods` prints, case by case as upstream's printer has it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.core import pod_table
from fauxkube.machinery.objects import Object

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
RUNNING: Object = {"running": {}}
DONE = {"terminated": {"exitCode": 0, "reason": "Completed"}}
CREATING = {"waiting": {"reason": "ContainerCreating"}}
INITIALISING = {"waiting": {"reason": "PodInitializing"}}


def status(name: str, state: Object, *, ready: bool = False, restarts: int = 0, **more: object) -> Object:
    return {"name": name, "state": state, "ready": ready, "restartCount": restarts, **more}


def pod(**more: Any) -> Object:
    metadata = {"name": "web", "creationTimestamp": "2026-01-01T00:00:00Z", **more.pop("metadata", {})}
    spec = {"containers": [{"name": "c"}], **more.pop("spec", {})}
    return {"metadata": metadata, "spec": spec, "status": {"phase": "Running", **more}}


INIT = {"initContainers": [{"name": "i"}, {"name": "j"}]}
SIDECAR = {"initContainers": [{"name": "s", "restartPolicy": "Always"}]}
GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
READY = [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize(
    ("obj", "ready", "shown"),
    [
        pytest.param(pod(phase="Pending"), "0/1", "Pending", id="nothing known yet"),
        pytest.param(pod(containerStatuses=[status("c", CREATING)]), "0/1", "ContainerCreating", id="creating"),
        pytest.param(pod(containerStatuses=[status("c", RUNNING, ready=True)]), "1/1", "Running", id="running"),
        pytest.param(
            pod(containerStatuses=[status("c", {"waiting": {"reason": "CrashLoopBackOff"}})]),
            "0/1",
            "CrashLoopBackOff",
            id="crashing",
        ),
        pytest.param(pod(phase="Succeeded", containerStatuses=[status("c", DONE)]), "0/1", "Completed", id="done"),
        pytest.param(
            pod(containerStatuses=[status("c", {"terminated": {"exitCode": 3}})]), "0/1", "ExitCode:3", id="exit code"
        ),
        pytest.param(
            pod(containerStatuses=[status("c", {"terminated": {"exitCode": 1, "signal": 9}})]),
            "0/1",
            "Signal:9",
            id="signal",
        ),
        pytest.param(pod(phase="Failed", reason="Evicted"), "0/1", "Evicted", id="the pod's own reason"),
        pytest.param(
            pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}], phase="Pending"),
            "0/1",
            "SchedulingGated",
            id="gated",
        ),
        pytest.param(
            pod(spec=INIT, initContainerStatuses=[status("i", DONE), status("j", RUNNING)]),
            "0/1",
            "Init:1/2",
            id="second init container",
        ),
        pytest.param(
            pod(spec=INIT, initContainerStatuses=[status("i", INITIALISING)]), "0/1", "Init:0/2", id="initialising"
        ),
        pytest.param(
            pod(spec=INIT, initContainerStatuses=[status("i", {"terminated": {"exitCode": 1, "reason": "Error"}})]),
            "0/1",
            "Init:Error",
            id="init container failed",
        ),
        pytest.param(
            pod(spec=INIT, initContainerStatuses=[status("i", {"waiting": {"reason": "CrashLoopBackOff"}})]),
            "0/1",
            "Init:CrashLoopBackOff",
            id="init container crashing",
        ),
        pytest.param(
            pod(
                spec=SIDECAR,
                initContainerStatuses=[status("s", RUNNING, ready=True, started=True)],
                containerStatuses=[status("c", RUNNING, ready=True)],
            ),
            "2/2",
            "Running",
            id="sidecars count",
        ),
        pytest.param(
            pod(
                spec={"containers": [{"name": "c"}, {"name": "d"}]},
                containerStatuses=[status("c", DONE), status("d", RUNNING, ready=True)],
                conditions=READY,
            ),
            "1/2",
            "Running",
            id="one done and one running, ready",
        ),
        pytest.param(
            pod(
                spec={"containers": [{"name": "c"}, {"name": "d"}]},
                containerStatuses=[status("c", DONE), status("d", RUNNING, ready=True)],
            ),
            "1/2",
            "NotReady",
            id="one done and one running, not ready",
        ),
        pytest.param(
            pod(metadata=GOING, containerStatuses=[status("c", RUNNING, ready=True)]), "1/1", "Terminating", id="going"
        ),
        pytest.param(pod(metadata=GOING, reason="NodeLost"), "0/1", "Unknown", id="node lost"),
        pytest.param(pod(metadata=GOING, phase="Succeeded"), "0/1", "Succeeded", id="over and going"),
    ],
)
def test_status_and_readiness_are_printed_as_upstream_does(obj: Object, ready: str, shown: str) -> None:
    assert pod_table.row(obj, NOW)[1:3] == [ready, shown]


def test_restarts_name_the_time_since_the_latest() -> None:
    ended = {"terminated": {"finishedAt": "2026-01-01T00:03:00Z"}}
    obj = pod(containerStatuses=[status("c", RUNNING, ready=True, restarts=2, lastState=ended)])
    assert pod_table.row(obj, NOW)[3:5] == ["2 (2m ago)", "5m"]


def test_wide_cells_name_what_is_not_there() -> None:
    assert pod_table.row(pod(), NOW)[5:] == ["<none>"] * 4


def test_wide_cells_show_address_node_and_gates() -> None:
    gates = [{"conditionType": "example.com/a"}, {"conditionType": "example.com/b"}]
    conditions = [{"type": "example.com/a", "status": "True"}]
    obj = pod(
        spec={"nodeName": "node-1", "readinessGates": gates}, podIPs=[{"ip": "10.244.1.2"}], conditions=conditions
    )
    assert pod_table.row(obj, NOW)[5:] == ["10.244.1.2", "node-1", "<none>", "1/2"]


def test_there_is_a_cell_for_every_column() -> None:
    assert len(pod_table.row(pod(), NOW)) == len(pod_table.COLUMNS)

"""A pod's phase by what its containers do, and the pauses between restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.nodes.pod_phase import phase_of_containers
from fauxkube.nodes.restarts import Pause, next_pause, pause_of, runs_again

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def own(name: str, state: str) -> Object:
    """A status in one word: `new`, `running`, `0` or `1` (ended so), `back-off` after an end with 1."""
    if state == "running":
        return {"name": name, "state": {"running": {}}, "started": True}
    if state == "new":
        return {"name": name, "state": {"waiting": {"reason": "ContainerCreating"}}, "lastState": {}}
    if state == "back-off":
        waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
        return {"name": name, "state": waiting, "lastState": {"terminated": {"exitCode": 1}}}
    return {"name": name, "state": {"terminated": {"exitCode": int(state)}}}


def pod(policy: str, main: str, init: str = "") -> tuple[Object, Object]:
    """A pod and its status: containers in these states, sidecars among those of init with a `+`."""
    spec: Object = {"restartPolicy": policy, "containers": []}
    status: dict[str, Any] = {"containerStatuses": [], "initContainerStatuses": []}
    for index, state in enumerate(main.split()):
        spec["containers"].append({"name": f"c{index}"})
        status["containerStatuses"].append(own(f"c{index}", state))
    for index, state in enumerate(init.split()):
        sidecar = {"restartPolicy": "Always"} if state.startswith("+") else {}
        spec.setdefault("initContainers", []).append({"name": f"i{index}"} | sidecar)
        status["initContainerStatuses"].append(own(f"i{index}", state.removeprefix("+")))
    return {"spec": spec}, status


@pytest.mark.parametrize(
    ("policy", "main", "init", "phase"),
    [
        ("Always", "new", "", "Pending"),
        ("Always", "running new", "", "Pending"),
        ("Always", "running", "", "Running"),
        ("Always", "0", "", "Running"),
        ("Always", "back-off back-off", "", "Running"),
        ("OnFailure", "0 back-off", "", "Running"),
        ("OnFailure", "1", "", "Running"),
        ("OnFailure", "0 0", "", "Succeeded"),
        ("Never", "0 running", "", "Running"),
        ("Never", "0 0", "", "Succeeded"),
        ("Never", "0 1", "", "Failed"),
        ("Never", "new", "running", "Pending"),
        ("Never", "new", "0 new", "Pending"),
        ("Never", "new", "1", "Failed"),
        ("OnFailure", "new", "1", "Pending"),
        ("Always", "new", "back-off", "Pending"),
        ("Always", "running", "0 +running", "Running"),
        ("Always", "new", "+new", "Pending"),
        ("Always", "running", "+back-off", "Running"),
        ("Never", "0", "+running", "Succeeded"),
        ("Always", "", "", "Pending"),
    ],
)
def test_the_phase_follows_from_the_containers(policy: str, main: str, init: str, phase: str) -> None:
    assert phase_of_containers(*pod(policy, main, init)) == phase


@pytest.mark.parametrize(
    ("policy", "own_policy", "is_init", "after_success", "after_failure"),
    [
        ("Always", None, False, True, True),
        ("OnFailure", None, False, False, True),
        ("Never", None, False, False, False),
        ("Always", None, True, False, True),
        ("Never", None, True, False, False),
        ("Never", "Always", True, True, True),
        ("Never", "OnFailure", False, False, True),
        (None, None, False, True, True),
    ],
)
def test_what_has_ended_runs_again_by_its_policy(
    policy: str | None, own_policy: str | None, is_init: bool, after_success: bool, after_failure: bool
) -> None:
    given = {"spec": {"restartPolicy": policy}}
    container = {"name": "c"} | ({"restartPolicy": own_policy} if own_policy else {})
    assert runs_again(given, container, 0, is_init=is_init) is after_success
    assert runs_again(given, container, 1, is_init=is_init) is after_failure


def test_pauses_double_up_to_five_minutes_and_start_afresh_after_ten() -> None:
    pause, now, seconds = None, NOW, []
    for _ in range(8):
        pause = next_pause(pause, now, now)
        seconds.append(pause.seconds)
        now = pause.ends(now)
    assert seconds == [10, 20, 40, 80, 160, 300, 300, 300]
    assert pause is not None
    later = pause.since + timedelta(seconds=600)
    assert pause.ends(later) == later + timedelta(seconds=300)
    later += timedelta(seconds=1)
    assert pause.ends(later) == later
    assert next_pause(pause, later, later) == Pause(10, later)


@pytest.mark.parametrize(("restarts", "seconds"), [(1, 10), (2, 20), (6, 300), (5000, 300)])
def test_the_pause_that_was_reached_can_be_told_from_the_status(restarts: int, seconds: int) -> None:
    end = {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:05Z"}
    for state, last in (
        ({"waiting": {}}, {"terminated": end}),
        ({"terminated": end}, {}),
        ({"running": {"startedAt": end["startedAt"]}}, {"terminated": {"startedAt": "2025-12-31T00:00:00Z"}}),
    ):
        assert pause_of({"restartCount": restarts, "state": state, "lastState": last}) == Pause(seconds, NOW)

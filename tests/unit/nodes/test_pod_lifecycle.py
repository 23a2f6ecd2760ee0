"""The statuses that a pod goes through, from one pure step to the next."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.kinds.core.pod_status import condition
from fauxkube.machinery.objects import Object, copy_of
from fauxkube.nodes import containers, lifecycle

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"
CONDITIONS = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]


def pod(**spec: Any) -> Object:
    return {
        "metadata": {"name": "web", "namespace": "default", "uid": "u", "generation": 1},
        "spec": {"containers": [{"name": "nginx", "image": "nginx"}]} | spec,
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    }


def with_status(pod: Object, status: Object | None, now: str = NOW) -> Object:
    """The pod as it is once that status is reported."""
    assert status is not None
    return pod | {"status": lifecycle.reported(pod, status, now)}


def created(given: Object) -> Object:
    return with_status(given, lifecycle.created(given, ["172.18.0.3"], NOW))


def running(given: Object) -> Object:
    ahead = created(given)
    ahead = with_status(ahead, lifecycle.networked(ahead, ["10.244.1.2"]))
    while step := lifecycle.next_containers(ahead):
        ahead = started(ahead, *step)
    return ahead


def started(given: Object, *step: Object) -> Object:
    """The pod once these containers have been started, and those of init have ended well."""
    moved = {}
    for container in step:
        own = containers.running(given, container, NOW, lifecycle.status_of(given, container))
        if lifecycle.is_init(given, container):
            own = containers.ended(own, 0, "Completed", NOW, ready=True)
        moved[container["name"]] = own
    return with_status(given, lifecycle.with_containers(given, moved, NOW))


def verdicts(pod: Object) -> dict[str, tuple[str, str, str]]:
    return {
        each["type"]: (each["status"], each.get("reason", ""), each.get("message", ""))
        for each in pod["status"]["conditions"]
    }


def test_a_new_pod_is_container_creating() -> None:
    given = created(pod())
    status = given["status"]
    assert (status["phase"], status["startTime"], status["qosClass"]) == ("Pending", NOW, "Burstable")
    assert (status["hostIP"], status["hostIPs"]) == ("172.18.0.3", [{"ip": "172.18.0.3"}])
    assert status["observedGeneration"] == 1
    assert "podIP" not in status
    assert status["containerStatuses"] == [
        {
            "name": "nginx",
            "image": "nginx",
            "imageID": "",
            "lastState": {},
            "ready": False,
            "restartCount": 0,
            "started": False,
            "state": {"waiting": {"reason": "ContainerCreating"}},
        }
    ]
    assert list(verdicts(given)) == CONDITIONS
    unready = ("False", "ContainersNotReady", "containers with unready status: [nginx]")
    assert verdicts(given) == {
        "PodReadyToStartContainers": ("False", "", ""),
        "Initialized": ("True", "", ""),
        "Ready": unready,
        "ContainersReady": unready,
        "PodScheduled": ("True", "", ""),
    }


def test_a_pod_with_an_address_can_start_its_containers() -> None:
    given = created(pod())
    status = with_status(given, lifecycle.networked(given, ["10.244.1.2", "fd00::2"]), LATER)["status"]
    assert (status["podIP"], status["podIPs"]) == ("10.244.1.2", [{"ip": "10.244.1.2"}, {"ip": "fd00::2"}])
    first = status["conditions"][0]
    assert (first["type"], first["status"], first["lastTransitionTime"]) == (CONDITIONS[0], "True", LATER)


def test_a_running_pod_says_all_that_a_kubelet_says() -> None:
    resources = {"requests": {"cpu": "100m"}, "limits": {"cpu": "1"}}
    mounts = [
        {"name": "data", "mountPath": "/data"},
        {"name": "token", "mountPath": "/token", "readOnly": True},
        {"name": "deep", "mountPath": "/deep", "readOnly": True, "recursiveReadOnly": "IfPossible"},
    ]
    container = {"name": "nginx", "image": "nginx:1.27", "resources": resources, "volumeMounts": mounts}
    security = {"runAsUser": 7, "fsGroup": 9, "supplementalGroups": [8]}
    given = running(pod(containers=[container], securityContext=security))
    (status,) = given["status"]["containerStatuses"]
    assert given["status"]["phase"] == "Running"
    assert status["image"] == "docker.io/library/nginx:1.27"
    assert status["imageID"].startswith("docker.io/library/nginx@sha256:")
    assert status["containerID"].startswith("containerd://")
    assert len(status["containerID"]) == len("containerd://") + 64
    assert status["state"] == {"running": {"startedAt": NOW}}
    assert (status["ready"], status["started"], status["restartCount"]) == (True, True, 0)
    assert (status["resources"], status["allocatedResources"]) == (resources, {"cpu": "100m"})
    assert status["user"] == {"linux": {"uid": 7, "gid": 0, "supplementalGroups": [0, 8, 9]}}
    assert status["volumeMounts"] == [
        {"name": "data", "mountPath": "/data"},
        {"name": "token", "mountPath": "/token", "readOnly": True, "recursiveReadOnly": "Disabled"},
        {"name": "deep", "mountPath": "/deep", "readOnly": True, "recursiveReadOnly": "Enabled"},
    ]
    assert {name: status for name, (status, *_) in verdicts(given).items()} == dict.fromkeys(CONDITIONS, "True")


def test_init_containers_end_one_after_the_other_and_sidecars_stay() -> None:
    init = [
        {"name": "first", "image": "busybox"},
        {"name": "proxy", "image": "envoy", "restartPolicy": "Always"},
        {"name": "second", "image": "busybox"},
    ]
    given = created(pod(initContainers=init))
    assert given["status"]["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert verdicts(given)["Initialized"] == (
        "False",
        "ContainersNotInitialized",
        "containers with incomplete status: [first proxy second]",
    )
    order = []
    while step := lifecycle.next_containers(given):
        order.append([each["name"] for each in step])
        given = started(given, *step)
    assert order == [["first"], ["proxy"], ["second"], ["nginx"]]
    first, proxy, second = given["status"]["initContainerStatuses"]
    for each in (first, second):
        assert each["state"]["terminated"]["reason"] == "Completed"
        assert (each["ready"], each["started"]) == (True, False)
    assert (proxy["ready"], proxy["started"]) == (True, True)
    assert "running" in proxy["state"]
    assert verdicts(given)["Initialized"][0] == "True"


def test_a_sidecar_that_is_not_ready_yet_keeps_the_pod_unready() -> None:
    given = created(pod(initContainers=[{"name": "proxy", "image": "envoy", "restartPolicy": "Always"}]))
    assert verdicts(given)["ContainersReady"][2] == "containers with unready status: [nginx proxy]"


GATE = "example.com/open"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (None, ("False", "ReadinessGatesNotReady",
                f'corresponding condition of pod readiness gate "{GATE}" does not exist.')),
        ("False", ("False", "ReadinessGatesNotReady",
                   f'the status of pod readiness gate "{GATE}" is not "True", but False')),
        ("True", ("True", "", "")),
    ],
)  # fmt: skip
def test_a_readiness_gate_holds_ready_back(status: str | None, verdict: tuple[str, str, str]) -> None:
    given = running(pod(readinessGates=[{"conditionType": GATE}]))
    assert verdicts(given)["Ready"][1] == "ReadinessGatesNotReady"
    assert verdicts(given)["ContainersReady"][0] == "True"
    given = copy_of(given)
    if status:
        given["status"]["conditions"].append({"type": GATE, "status": status})
    after = lifecycle.refreshed(given, LATER)
    assert verdicts(given if after is None else with_status(given, after))["Ready"] == verdict
    if after is not None:
        assert condition(with_status(given, after), GATE) is not None


def test_a_running_pod_that_says_the_right_thing_is_left_alone() -> None:
    assert lifecycle.refreshed(running(pod()), LATER) is None
    assert lifecycle.refreshed(running(pod(readinessGates=[{"conditionType": GATE}])), LATER) is None


def test_what_a_user_wrote_into_a_running_pods_status_stays() -> None:
    given = copy_of(running(pod()))
    given["status"]["containerStatuses"][0]["ready"] = False
    given["status"]["conditions"][2]["status"] = "False"
    assert lifecycle.refreshed(given, LATER) is None


def test_a_new_image_restarts_its_container_only() -> None:
    containers = [{"name": "a", "image": "nginx:1"}, {"name": "b", "image": "redis"}]
    given = copy_of(running(pod(containers=containers)))
    given["spec"]["containers"][0]["image"] = "nginx:2"
    given["metadata"]["generation"] = 2
    assert [each["name"] for each in lifecycle.redefined(given)] == ["a"]
    after = with_status(given, lifecycle.refreshed(given, LATER))
    a, b = after["status"]["containerStatuses"]
    assert (a["restartCount"], a["image"]) == (1, "docker.io/library/nginx:2")
    assert a["state"] == {"running": {"startedAt": LATER}}
    assert a["lastState"]["terminated"]["finishedAt"] == LATER
    assert a["containerID"] != a["lastState"]["terminated"]["containerID"]
    assert b == given["status"]["containerStatuses"][1]
    assert after["status"]["observedGeneration"] == 2
    assert lifecycle.redefined(after) == []


def test_a_stopped_pod_has_succeeded_and_keeps_its_address() -> None:
    given = running(pod())
    after = with_status(given, lifecycle.stopped(given, LATER))
    (status,) = after["status"]["containerStatuses"]
    assert after["status"]["phase"] == "Succeeded"
    assert after["status"]["podIP"] == "10.244.1.2"
    assert status["state"] == {
        "terminated": {
            "containerID": status["containerID"],
            "exitCode": 0,
            "reason": "Completed",
            "startedAt": NOW,
            "finishedAt": LATER,
        }
    }
    assert (status["ready"], status["started"]) == (False, False)
    assert verdicts(after) == {
        "PodReadyToStartContainers": ("False", "", ""),
        "Initialized": ("True", "PodCompleted", ""),
        "Ready": ("False", "PodCompleted", ""),
        "ContainersReady": ("False", "PodCompleted", ""),
        "PodScheduled": ("True", "", ""),
    }


@pytest.mark.parametrize("seen", [True, False])
def test_a_pod_that_was_stopped_before_it_ran_has_failed(seen: bool) -> None:
    given = created(pod()) if seen else pod()
    after = with_status(given, lifecycle.stopped(given, LATER))
    ended = after["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (after["status"]["phase"], ended["exitCode"], ended["reason"]) == ("Failed", 137, "ContainerStatusUnknown")
    assert verdicts(after)["Ready"] == ("False", "PodFailed", "")


def test_no_step_changes_the_pod_that_it_was_given() -> None:
    given = running(pod(initContainers=[{"name": "first", "image": "busybox"}]))
    before = copy_of(given)
    lifecycle.stopped(given, LATER)
    lifecycle.refreshed(given, LATER)
    lifecycle.networked(given, ["10.0.0.1"])
    assert given == before

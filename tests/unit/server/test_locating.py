"""Which container is meant, and what the kubelet says of it, from the pod alone."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.server.streaming import locating

RUNNING = {"state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}
ENDED = {"terminated": {"exitCode": 1, "containerID": "containerd://1"}}
CHOOSE = "a container name must be specified for pod web, choose one of:"
NEVER_RAN = {"terminated": {"exitCode": 1}}


def pod(*containers: str, init: tuple[str, ...] = (), **statuses: Object) -> Object:
    """A pod with these containers, and what it says of those that are named."""
    spec: Object = {"containers": [{"name": name} for name in containers]}
    if init:
        spec["initContainers"] = [{"name": name} for name in init]
    told = [{"name": name} | status for name, status in statuses.items()]
    return {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
        "status": {
            "containerStatuses": [each for each in told if each["name"] in containers],
            "initContainerStatuses": [each for each in told if each["name"] in init],
        },
    }


@pytest.mark.parametrize(
    ("of", "asked", "found"),
    [
        (pod("a"), "", "a"),
        (pod("a", "b"), "b", "b"),
        (pod("a", init=("i",)), "i", "i"),
        (pod("a", init=("i",)), "", "a"),
        (pod("a"), "x", "container x is not valid for pod web"),
        (pod("a", "b"), "", f"{CHOOSE} [a b]"),
        (
            pod("a", "b", init=("i", "j")),
            "",
            f"{CHOOSE} [a b] or one of the init containers: [i j]",
        ),
    ],
)
def test_the_container_is_the_one_that_is_asked_for_or_the_only_one(of: Object, asked: str, found: str) -> None:
    if " " not in found:
        assert locating.container_of(of, asked) == found
        return
    with pytest.raises(StatusError) as refused:
        locating.container_of(of, asked)
    assert (refused.value.code, refused.value.message) == (400, found)


@pytest.mark.parametrize(
    ("status", "previous", "refusal"),
    [
        (RUNNING, False, ""),
        ({"state": ENDED}, False, ""),
        ({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ENDED}, False, ""),
        (RUNNING | {"lastState": ENDED}, True, ""),
        (RUNNING, True, 'previous terminated container "a" in pod "web" not found'),
        ({"state": NEVER_RAN}, False, 'container "a" in pod "web" is terminated'),
        ({"state": {"waiting": {"reason": "PodInitializing"}}}, False, "is waiting to start: PodInitializing"),
        ({"state": {"waiting": {"reason": "ContainerCreating"}}}, False, "is waiting to start: ContainerCreating"),
        ({"state": {"waiting": {"reason": "ErrImagePull"}}}, False, "is waiting to start: image can't be pulled"),
        (
            {"state": {"waiting": {"reason": "ImagePullBackOff"}}},
            False,
            "is waiting to start: trying and failing to pull image",
        ),
        ({}, False, "is waiting to start - no logs yet"),
    ],
)
def test_a_log_is_there_once_a_container_has_run(status: Any, previous: bool, refusal: str) -> None:
    of = pod("a", a=status)
    if not refusal:
        locating.check_logged(of, "a", previous=previous)
        return
    with pytest.raises(StatusError) as refused:
        locating.check_logged(of, "a", previous=previous)
    assert refused.value.code == 400
    assert refused.value.message.endswith(refusal)


def test_a_container_of_which_nothing_is_known_has_no_log() -> None:
    with pytest.raises(StatusError, match='container "a" in pod "web" is not available'):
        locating.check_logged(pod("a"), "a", previous=False)


def test_programs_run_in_containers_that_run() -> None:
    of = pod("a", "b", init=("i",), a=RUNNING, b={"state": ENDED}, i=RUNNING)
    assert [locating.not_running(of, name) for name in ("a", "b", "i")] == ["", 'container not found ("b")', ""]


def test_ports_are_forwarded_to_pods_that_run() -> None:
    assert locating.not_there(pod("a", "b", a=RUNNING)) == ""
    assert locating.not_there(pod("a", a={"state": ENDED})) == 'pod not found ("web_shop")'

"""Containers that end: by their annotations, restarted as their policy says, with pauses that grow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fauxkube.kinds.core.pod_status import condition, is_ready
from fauxkube.kinds.gvrs import EVENTS, PODS
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import OBJECT_MODIFIED, conflict
from support.simulated_nodes import SimulatedNodes

RUN, EXIT = "fauxkube.io/run-seconds", "fauxkube.io/exit-code"
CRASH = {"kind": "pod", "effect": {"type": "crash", "repeat": True}}


def run(body: Callable[[SimulatedNodes], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        async with SimulatedNodes(**({"count": 1} | settings)) as nodes:
            await nodes.settle()
            await body(nodes)

    asyncio.run(main())


def own(nodes: SimulatedNodes, name: str = "web", container: int = 0, kind: str = "containerStatuses") -> Object:
    status: Object = nodes.pod(name)["status"][kind][container]
    return status


def state(status: Object) -> str:
    """In one word or two: `running`, `Completed 0`, `CrashLoopBackOff`."""
    ((kind, details),) = status["state"].items()
    if kind == "terminated":
        return f"{details['reason']} {details['exitCode']}"
    return str(details.get("reason", kind))


def states(nodes: SimulatedNodes, name: str = "web", kind: str = "containerStatuses") -> list[str]:
    """What a watcher saw become of a pod's first container."""
    pods = [pod for pod in nodes.seen if pod["metadata"]["name"] == name]
    seen = [state(pod["status"][kind][0]) for pod in pods if pod["status"].get(kind)]
    return [after for before, after in zip([None, *seen], seen, strict=False) if before != after]


def verdict(pod: Object, type: str) -> tuple[str, str]:
    found = condition(pod, type) or {}
    return found["status"], found.get("reason", "")


@pytest.mark.parametrize(("code", "phase", "ended"), [("0", "Succeeded", "Completed 0"), ("3", "Failed", "Error 3")])
def test_a_pod_that_is_not_restarted_runs_its_time_and_ends(code: str, phase: str, ended: str) -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(metadata={"annotations": {RUN: "30", EXIT: code}}, restartPolicy="Never")
        await nodes.settle()
        assert is_ready(nodes.pod())
        await nodes.advance(29)
        assert nodes.pod()["status"]["phase"] == "Running"
        await nodes.advance(1)
        assert (nodes.pod()["status"]["phase"], state(own(nodes))) == (phase, ended)
        assert states(nodes) == ["ContainerCreating", "running", ended]
        reason = "PodCompleted" if phase == "Succeeded" else "PodFailed"
        assert verdict(nodes.pod(), "Ready") == verdict(nodes.pod(), "ContainersReady") == ("False", reason)
        end = own(nodes)["state"]["terminated"]
        assert (end["startedAt"], end["finishedAt"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:00:30Z")
        await nodes.advance(3600)
        assert own(nodes)["restartCount"] == 0
        assert nodes.pools["node-1"].used == 0

    run(body)


def test_a_container_that_fails_is_restarted_until_it_ends_well() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(metadata={"annotations": {EXIT: "1,1,0"}}, restartPolicy="OnFailure")
        await nodes.settle()
        assert (state(own(nodes)), own(nodes)["restartCount"]) == ("CrashLoopBackOff", 1)
        assert nodes.pod()["status"]["phase"] == "Running"
        await nodes.advance(10)
        assert (state(own(nodes)), own(nodes)["restartCount"]) == ("Completed 0", 2)
        assert nodes.pod()["status"]["phase"] == "Succeeded"

    run(body)


def test_a_container_that_always_fails_comes_back_after_pauses_that_grow() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(metadata={"annotations": {EXIT: "1"}})
        await nodes.settle()
        assert states(nodes) == [
            "ContainerCreating", "running", "Error 1", "running", "Error 1", "CrashLoopBackOff",
        ]  # fmt: skip
        pod = nodes.pod()
        of = f"web_default({pod['metadata']['uid']})"
        assert own(nodes)["state"]["waiting"] == {
            "reason": "CrashLoopBackOff",
            "message": f"back-off 10s restarting failed container=nginx pod={of}",
        }
        last = own(nodes)["lastState"]["terminated"]
        assert (last["exitCode"], last["reason"], last["containerID"]) == (1, "Error", own(nodes)["containerID"])
        assert (own(nodes)["ready"], own(nodes)["started"]) == (False, False)
        assert pod["status"]["phase"] == "Running"
        assert verdict(pod, "Ready") == verdict(pod, "ContainersReady") == ("False", "ContainersNotReady")
        assert nodes.told()[-1] == ("BackOff", f"Back-off restarting failed container nginx in pod {of}")
        for restarts, pause in enumerate((10, 20, 40, 80, 160, 300, 300), start=2):
            assert own(nodes)["restartCount"] == restarts - 1
            await nodes.advance(pause - 1)
            assert own(nodes)["restartCount"] == restarts - 1
            await nodes.advance(1)
            assert own(nodes)["restartCount"] == restarts

    run(body)


def test_the_pauses_start_afresh_after_ten_minutes_of_running() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(metadata={"annotations": {RUN: "700", EXIT: "1"}})
        await nodes.settle()
        for restarts in range(1, 4):
            await nodes.advance(700)
            assert (own(nodes)["restartCount"], state(own(nodes))) == (restarts, "running")

    run(body)


def test_a_restarted_container_is_another_one_and_says_so() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(metadata={"annotations": {RUN: "60", EXIT: "7"}})
        await nodes.settle()
        first = own(nodes)
        await nodes.advance(60)
        again = own(nodes)
        assert (state(again), again["ready"], again["restartCount"]) == ("running", True, 1)
        assert again["containerID"] != first["containerID"] == again["lastState"]["terminated"]["containerID"]
        assert is_ready(nodes.pod())
        (pulled,) = [each for each in nodes.api.all(EVENTS) if each["reason"] == "Started"]
        assert pulled["count"] == 2

    run(body)


def test_one_container_of_several_ends_alone() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        containers = [{"name": "a", "image": "nginx"}, {"name": "b", "image": "nginx"}]
        annotations = {f"{RUN}.b": "5", f"{EXIT}.b": "0"}
        nodes.create_pod(metadata={"annotations": annotations}, containers=containers, restartPolicy="Never")
        await nodes.settle()
        await nodes.advance(5)
        assert [state(own(nodes, container=each)) for each in (0, 1)] == ["running", "Completed 0"]
        assert nodes.pod()["status"]["phase"] == "Running"
        assert condition(nodes.pod(), "Ready")["message"] == "containers with unready status: [b]"  # type: ignore[index]

    run(body)


def test_init_containers_take_their_time_fail_and_are_tried_again() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        annotations = {f"{RUN}.prepare": "5", f"{EXIT}.prepare": "1,1,0"}
        init = [{"name": "prepare", "image": "busybox"}]
        nodes.create_pod(metadata={"annotations": annotations}, initContainers=init)
        await nodes.settle()
        kind = "initContainerStatuses"
        assert (state(own(nodes, kind=kind)), nodes.pod()["status"]["phase"]) == ("running", "Pending")
        await nodes.advance(5)
        assert (state(own(nodes, kind=kind)), own(nodes, kind=kind)["restartCount"]) == ("running", 1)
        await nodes.advance(5)
        assert (state(own(nodes, kind=kind)), nodes.pod()["status"]["phase"]) == ("CrashLoopBackOff", "Pending")
        assert verdict(nodes.pod(), "Initialized") == ("False", "ContainersNotInitialized")
        await nodes.advance(10)
        await nodes.advance(5)
        assert state(own(nodes, kind=kind)) == "Completed 0"
        assert own(nodes, kind=kind)["ready"]
        assert nodes.pod()["status"]["phase"] == "Running"

    run(body)


def test_a_failed_init_container_fails_the_pod_that_is_never_restarted() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        init = [{"name": "prepare", "image": "busybox"}]
        annotations = {f"{EXIT}.prepare": "2"}
        nodes.create_pod(metadata={"annotations": annotations}, initContainers=init, restartPolicy="Never")
        await nodes.settle()
        assert nodes.pod()["status"]["phase"] == "Failed"
        assert state(own(nodes)) == "PodInitializing"
        assert states(nodes, kind="initContainerStatuses")[-1] == "Error 2"

    run(body)


def test_a_sidecar_is_restarted_always_and_stops_when_the_others_have_ended() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        init = [{"name": "proxy", "image": "envoy", "restartPolicy": "Always"}]
        annotations = {RUN: "100", f"{RUN}.proxy": "60", f"{EXIT}.proxy": "1"}
        nodes.create_pod(metadata={"annotations": annotations}, initContainers=init, restartPolicy="Never")
        await nodes.settle()
        kind = "initContainerStatuses"
        assert is_ready(nodes.pod())
        await nodes.advance(60)
        assert (state(own(nodes, kind=kind)), own(nodes, kind=kind)["restartCount"]) == ("running", 1)
        await nodes.advance(40)
        assert nodes.pod()["status"]["phase"] == "Succeeded"
        assert state(own(nodes, kind=kind)) == "Completed 0"

    run(body)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        (RUN, "soon", 'must be a number of seconds, not "soon"'),
        (RUN, "-1", 'must be a number of seconds, not "-1"'),
        (f"{EXIT}.nginx", "1,x", 'must be exit codes from 0 to 255, separated by commas, not "1,x"'),
        (EXIT, "256", 'must be exit codes from 0 to 255, separated by commas, not "256"'),
        ("fauxkube.io/local-port", "web", 'must be a port of this machine such as 9000 or 127.0.0.1:9000, not "web"'),
    ],
)
def test_an_annotation_without_meaning_is_told_and_left_out(name: str, value: str, says: str) -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(metadata={"annotations": {name: value}})
        await nodes.settle()
        assert ("InvalidAnnotation", f"annotation {name}: {says}") in nodes.told()
        assert state(own(nodes)) == "running"

    run(body)


def test_a_crash_comes_once_to_each_container_and_repeats_when_asked() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        nodes.create_pod("other")
        await nodes.settle()
        match = {"match": {"name": "web"}}
        fault = nodes.faults.add({"kind": "pod", "effect": {"type": "crash", "exitCode": 4}} | match)
        await nodes.settle()
        assert (state(own(nodes)), own(nodes)["restartCount"], fault.hits) == ("running", 1, 1)
        assert own(nodes)["lastState"]["terminated"]["exitCode"] == 4
        assert own(nodes, "other")["restartCount"] == 0
        nodes.faults.clear()
        again = nodes.faults.add(CRASH | match | {"count": 3})
        await nodes.settle()
        assert state(own(nodes)) == "CrashLoopBackOff"
        for _ in range(4):
            await nodes.advance(40)
        assert (state(own(nodes)), own(nodes)["restartCount"], again.state) == ("running", 4, "exhausted")

    run(body)


def test_a_container_crashes_after_it_has_run_for_a_while() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.faults.add({"kind": "pod", "effect": {"type": "oom-kill", "repeat": True, "runFor": "20s"}})
        nodes.create_pod()
        await nodes.settle()
        await nodes.advance(19)
        assert (state(own(nodes)), own(nodes)["restartCount"]) == ("running", 0)
        await nodes.advance(1)
        assert (state(own(nodes)), own(nodes)["restartCount"]) == ("running", 1)
        last = own(nodes)["lastState"]["terminated"]
        assert (last["reason"], last["exitCode"]) == ("OOMKilled", 137)

    run(body)


def test_a_crash_hits_init_containers_too() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.faults.add(CRASH | {"match": {"container": "prepare"}, "count": 2})
        nodes.create_pod(initContainers=[{"name": "prepare", "image": "busybox"}])
        await nodes.settle()
        assert state(own(nodes, kind="initContainerStatuses")) == "CrashLoopBackOff"
        await nodes.advance(10)
        assert nodes.pod()["status"]["phase"] == "Running"

    run(body)


def test_a_lost_write_counts_no_crash_and_no_pause_twice() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        await nodes.settle()
        lost = conflict("pods", "web", OBJECT_MODIFIED)
        nodes.api.fail("update/status", PODS, lost, lost, lost)
        fault = nodes.faults.add(CRASH | {"count": 2})
        for _ in range(6):
            await nodes.advance(1)
        assert (state(own(nodes)), own(nodes)["restartCount"], fault.hits) == ("CrashLoopBackOff", 1, 2)
        assert "back-off 10s" in own(nodes)["state"]["waiting"]["message"]

    run(body)


def test_an_image_that_cannot_be_pulled_is_tried_again_until_it_can() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        fault = nodes.faults.add({"kind": "pod", "match": {"image": "shop:*"}, "effect": "image-pull-error"})
        nodes.create_pod(containers=[{"name": "shop", "image": "shop:9", "imagePullPolicy": "IfNotPresent"}])
        await nodes.settle()
        assert states(nodes) == ["ContainerCreating", "ErrImagePull", "ImagePullBackOff"]
        name = "docker.io/library/shop:9"
        why = (
            f'rpc error: code = NotFound desc = failed to pull and unpack image "{name}": '
            f'failed to resolve reference "{name}": {name}: not found'
        )
        message = own(nodes)["state"]["waiting"]["message"]
        assert message == f'Back-off pulling image "shop:9": ErrImagePull: {why}'
        assert nodes.pod()["status"]["phase"] == "Pending"
        assert nodes.pod()["status"]["podIP"] == "10.244.1.2"
        assert nodes.told()[1:] == [
            ("Pulling", 'Pulling image "shop:9"'),
            ("Failed", f'Failed to pull image "shop:9": {why}'),
            ("Failed", "Error: ErrImagePull"),
            ("BackOff", 'Back-off pulling image "shop:9"'),
            ("Failed", "Error: ImagePullBackOff"),
        ]
        types = {each["reason"]: each["type"] for each in nodes.api.all(EVENTS)}
        assert (types["Failed"], types["BackOff"]) == ("Warning", "Normal")
        await nodes.advance(10)
        assert fault.hits == 2
        nodes.faults.clear()
        await nodes.advance(19)
        assert state(own(nodes)) == "ImagePullBackOff"
        await nodes.advance(1)
        assert (nodes.pod()["status"]["phase"], own(nodes)["restartCount"]) == ("Running", 0)

    run(body)


def test_an_image_that_is_on_the_node_need_not_be_pulled() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        container = {"name": "c", "image": "shop:9", "imagePullPolicy": "IfNotPresent"}
        nodes.create_pod("first", containers=[container])
        await nodes.settle()
        nodes.faults.add({"kind": "pod", "effect": {"type": "image-pull-error", "message": "no"}})
        nodes.create_pod("second", containers=[container])
        nodes.create_pod("third", containers=[container | {"imagePullPolicy": "Always"}])
        await nodes.settle()
        assert state(own(nodes, "second")) == "running"
        assert own(nodes, "third")["state"]["waiting"]["message"].endswith("ErrImagePull: no")

    run(body)


def test_a_readiness_probe_fails_and_succeeds_again() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(containers=[{"name": "c", "image": "i", "readinessProbe": {"tcpSocket": {"port": 80}}}])
        await nodes.settle()
        nodes.faults.add({"kind": "pod", "match": {"labels": "!canary"}, "effect": "unready", "for": "30s"})
        nodes.create_pod("later")
        await nodes.settle()
        for name in ("web", "later"):
            assert not own(nodes, name)["ready"]
            assert state(own(nodes, name)) == "running"
            assert verdict(nodes.pod(name), "Ready") == ("False", "ContainersNotReady")
        refused = "Readiness probe failed: dial tcp 10.244.1.2:80: connect: connection refused"
        assert nodes.told()[-1] == ("Unhealthy", refused)
        assert nodes.told("later")[-1][1] == "Readiness probe failed: HTTP probe failed with statuscode: 503"
        await nodes.advance(30)
        assert is_ready(nodes.pod())
        assert is_ready(nodes.pod("later"))

    run(body)


@pytest.mark.parametrize("policy", ["Always", "Never"])
def test_a_container_is_killed_when_its_liveness_probe_fails(policy: str) -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(restartPolicy=policy)
        await nodes.settle()
        nodes.faults.add({"kind": "pod", "effect": {"type": "unhealthy", "runFor": "5s"}})
        await nodes.settle()
        assert state(own(nodes)) == "running"
        await nodes.advance(5)
        assert states(nodes)[2] == "Error 143"
        again = policy == "Always"
        assert nodes.pod()["status"]["phase"] == ("Running" if again else "Failed")
        said = [each for each in nodes.told() if each[0] in {"Unhealthy", "Killing"}]
        assert said == [
            ("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503"),
            ("Killing", "Container nginx failed liveness probe" + (", will be restarted" if again else "")),
        ]

    run(body)


def test_a_container_starts_late() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.faults.add({"kind": "pod", "effect": {"type": "slow-start", "delay": "1m"}, "count": 1})
        nodes.create_pod()
        await nodes.settle()
        await nodes.advance(59)
        assert state(own(nodes)) == "ContainerCreating"
        await nodes.advance(1)
        assert state(own(nodes)) == "running"
        nodes.create_pod("other")
        await nodes.settle()
        assert state(own(nodes, "other")) == "running"

    run(body)


@pytest.mark.parametrize(("code", "phase"), [("0", "Succeeded"), ("1", "Failed")])
def test_a_pod_that_is_deleted_between_two_restarts_ended_as_its_container_did(code: str, phase: str) -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(metadata={"annotations": {EXIT: code}, "finalizers": ["example.com/hold"]})
        await nodes.settle()
        assert state(own(nodes)) == "CrashLoopBackOff"
        await nodes.api.delete(PODS, "web", namespace="default")
        await nodes.settle()
        assert nodes.pod()["status"]["phase"] == phase
        assert own(nodes)["state"]["terminated"]["exitCode"] == int(code)

    run(body)


def test_a_status_that_someone_else_wrote_in_fewer_words_is_understood() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        nodes.create_pod("ended")
        await nodes.settle()
        for name, said in (("web", {"running": {}}), ("ended", {"terminated": {"exitCode": 1}})):
            nodes.api.change(
                PODS, f"default/{name}", {"status": {"containerStatuses": [own(nodes, name) | {"state": said}]}}
            )
        nodes.faults.add({"kind": "pod", "match": {"name": "web"}, "effect": "crash"})
        await nodes.settle()
        assert [state(own(nodes, name)) for name in ("web", "ended")] == ["running", "running"]
        assert [own(nodes, name)["restartCount"] for name in ("web", "ended")] == [1, 1]

    run(body)

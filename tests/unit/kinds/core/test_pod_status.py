"""What others read of a pod: conditions, requests, QoS, ports, tolerations, template names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.kinds.core import pod_status
from fauxkube.machinery.objects import Object

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)


def container(name: str = "c", *, cpu: str = "", memory: str = "", **more: object) -> Object:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": name, "resources": {"requests": requests}, **more}


def test_a_condition_that_keeps_its_status_keeps_its_transition_time() -> None:
    pod: Object = {}
    assert pod_status.set_condition(pod, "Ready", "False", now=NOW, reason="A")
    assert pod_status.set_condition(pod, "Ready", "False", now=LATER, reason="B", message="")
    assert pod["status"]["conditions"] == [
        {"type": "Ready", "status": "False", "reason": "B", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    ]


def test_a_condition_that_turns_gets_the_new_time_and_loses_its_reason() -> None:
    pod: Object = {}
    pod_status.set_condition(pod, "Ready", "False", now=NOW, reason="A")
    pod_status.set_condition(pod, "Ready", "True", now=LATER)
    assert pod_status.condition(pod, "Ready") == {
        "type": "Ready",
        "status": "True",
        "lastTransitionTime": "2026-01-02T00:00:00Z",
    }
    assert pod_status.is_ready(pod)


def test_setting_the_same_condition_again_changes_nothing() -> None:
    pod: Object = {}
    pod_status.set_condition(pod, "Ready", "True", now=NOW)
    assert not pod_status.set_condition(pod, "Ready", "True", now=LATER)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            {"containers": [container(cpu="250m"), container(cpu="1")]}, {"cpu": 1250}, id="containers add up"
        ),
        pytest.param(
            {"containers": [container(cpu="1")], "initContainers": [container(cpu="3"), container(cpu="2")]},
            {"cpu": 3000},
            id="the largest init container counts",
        ),
        pytest.param(
            {
                "containers": [container(cpu="1")],
                "initContainers": [container(cpu="2", restartPolicy="Always"), container(cpu="3")],
            },
            {"cpu": 5000},
            id="an init container runs beside the sidecars before it",
        ),
        pytest.param(
            {
                "containers": [container(cpu="4")],
                "initContainers": [container(cpu="3"), container(cpu="2", restartPolicy="Always")],
            },
            {"cpu": 6000},
            id="a sidecar runs beside the containers",
        ),
        pytest.param(
            {"containers": [container(memory="1Ki")], "overhead": {"memory": "1Ki", "cpu": "10m"}},
            {"memory": 2048, "cpu": 10},
            id="overhead comes on top",
        ),
        pytest.param(
            {"containers": [container(cpu="1", memory="1Ki")], "resources": {"requests": {"cpu": "2"}}},
            {"cpu": 2000, "memory": 1024},
            id="pod-level requests stand in for the containers'",
        ),
    ],
)
def test_requests_are_reckoned_as_the_scheduler_needs_them(spec: Object, expected: dict[str, int]) -> None:
    assert pod_status.pod_requests({"spec": spec}) == {**expected, "pods": 1}


def limited(**amounts: str) -> Object:
    return {"name": "c", "resources": {"limits": amounts, "requests": amounts}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": [{"name": "c"}]}, "BestEffort"),
        ({"containers": [limited(cpu="0", memory="0")]}, "BestEffort"),
        ({"containers": [{"name": "c", "resources": {"requests": {"nvidia.com/gpu": "1"}}}]}, "BestEffort"),
        ({"containers": [container(cpu="1")]}, "Burstable"),
        ({"containers": [limited(cpu="1")]}, "Burstable"),
        ({"containers": [limited(cpu="1", memory="1Gi")]}, "Guaranteed"),
        ({"containers": [limited(cpu="1", memory="1Gi"), {"name": "d"}]}, "Burstable"),
        ({"containers": [limited(cpu="1", memory="1Gi")], "initContainers": [{"name": "i"}]}, "Burstable"),
        ({"containers": [{"name": "c"}], "resources": limited(cpu="1", memory="1Gi")["resources"]}, "Guaranteed"),
    ],
)
def test_qos_class_follows_cpu_and_memory(spec: Object, expected: str) -> None:
    assert pod_status.qos_class({"spec": spec}) == expected


@pytest.mark.parametrize(
    ("target", "protocol", "expected"),
    [(8080, "TCP", 8080), ("http", "TCP", 80), ("http", "UDP", None), ("side", "TCP", 90), ("init", "TCP", None)],
)
def test_a_service_port_means_a_number_or_a_named_container_port(
    target: int | str, protocol: str, expected: int | None
) -> None:
    def named(name: str, port: int) -> list[Object]:
        return [{"name": name, "containerPort": port, "protocol": "TCP"}]

    pod = {
        "spec": {
            "containers": [{"name": "a"}, {"name": "b", "ports": named("http", 80)}],
            "initContainers": [
                {"name": "i", "ports": named("init", 70)},
                {"name": "s", "ports": named("side", 90), "restartPolicy": "Always"},
            ],
        }
    }
    assert pod_status.find_port(pod, {"port": 1, "targetPort": target, "protocol": protocol}) == expected


TAINT = {"key": "k", "value": "v", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"}, True),
        ({"key": "k", "value": "v"}, True),
        ({"key": "k", "value": "other"}, False),
        ({"key": "k", "operator": "Exists"}, True),
        ({"key": "other", "operator": "Exists"}, False),
        ({"operator": "Exists"}, True),
        ({"operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_a_toleration_matches_by_key_value_and_effect(toleration: Object, expected: bool) -> None:
    assert pod_status.tolerates([toleration], TAINT) is expected
    assert not pod_status.tolerates([], TAINT)


@pytest.mark.parametrize(
    ("pod", "active", "terminal"),
    [
        ({"metadata": {}, "status": {"phase": "Running"}}, True, False),
        ({"metadata": {}}, True, False),
        ({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Running"}}, False, False),
        ({"metadata": {}, "status": {"phase": "Failed"}}, False, True),
    ],
)
def test_a_pod_is_active_until_it_ends_or_is_asked_to_go(pod: Object, active: bool, terminal: bool) -> None:
    assert pod_status.is_active(pod) is active
    assert pod_status.is_terminal(pod) is terminal


@given(st.dictionaries(st.text(max_size=5), st.integers(-9, 9), max_size=5), st.integers(0, 3))
def test_a_template_s_name_does_not_depend_on_the_order_of_its_fields(template: Object, count: int) -> None:
    turned = dict(reversed(template.items()))
    assert pod_status.hash_name(template, count) == pod_status.hash_name(turned, count)
    assert set(pod_status.hash_name(template, count)) <= set("bcdfghjklmnpqrstvwxz2456789")


def test_a_collision_gives_the_template_another_name() -> None:
    assert len({pod_status.hash_name({"spec": {}}, count) for count in range(20)}) == 20

"""Priority classes and the pods that name them, over HTTP."""

from __future__ import annotations

import httpx

from support.api import PODS, answered, fresh_name, made, pod, refused

CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"


def test_the_system_s_classes_are_there_and_stay(shared_http: httpx.Client) -> None:
    listed = {each["metadata"]["name"]: each["value"] for each in answered(shared_http.get(CLASSES))["items"]}
    assert listed["system-node-critical"] == 2_000_001_000
    assert listed["system-cluster-critical"] == 2_000_000_000
    refused(
        shared_http.delete(f"{CLASSES}/system-node-critical"),
        403,
        "Forbidden",
        'priorityclasses.scheduling.k8s.io "system-node-critical" is forbidden: this is a system priority class and '
        "cannot be deleted",
    )


def test_a_pod_has_its_class_s_priority(shared_http: httpx.Client) -> None:
    name = fresh_name()
    refused(
        shared_http.post(PODS, json=pod(name, priorityClassName=name)),
        403,
        "Forbidden",
        f'pods "{name}" is forbidden: no PriorityClass with name {name} was found',
    )
    made(shared_http, CLASSES, {"metadata": {"name": name}, "value": 42, "preemptionPolicy": "Never"})
    made(shared_http, PODS, pod(name, priorityClassName=name))
    spec = answered(shared_http.get(f"{PODS}/{name}"))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (42, "Never")


def test_a_pod_without_a_class_is_of_the_default_one(http: httpx.Client) -> None:
    made(http, CLASSES, {"metadata": {"name": "usual"}, "value": 5, "globalDefault": True})
    made(http, PODS, pod("p"))
    assert answered(http.get(f"{PODS}/p"))["spec"]["priorityClassName"] == "usual"

"""What pods and templates get when it is left out."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.kinds.core.pod import RESOURCE
from fauxkube.kinds.core.pod_defaults import canonical_amount, default_pod, pull_policy
from fauxkube.kinds.core.pod_template import default_pod_template
from fauxkube.machinery.objects import Object, copy_of


def pod_of(container: Object | None = None, **spec: Any) -> Object:
    return {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "nginx", **(container or {})}], **spec},
    }


def defaulted(container: Object | None = None, **spec: Any) -> Object:
    pod = pod_of(container, **spec)
    default_pod(pod)
    result: Object = pod["spec"]
    return result


def test_a_bare_pod_gets_every_default_of_upstream() -> None:
    assert defaulted() == {
        "containers": [
            {
                "name": "c",
                "image": "nginx",
                "imagePullPolicy": "Always",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }


def test_defaulting_again_changes_nothing() -> None:
    pod = pod_of({"resources": {"limits": {"cpu": "0.5"}}, "ports": [{"containerPort": 80}]}, volumes=[{"name": "v"}])
    default_pod(pod)
    once = copy_of(pod)
    default_pod(pod)
    assert pod == once


def test_a_template_is_not_given_what_only_pods_get() -> None:
    template = pod_of({"resources": {"limits": {"cpu": "1"}}, "ports": [{"containerPort": 80}]}, hostNetwork=True)
    default_pod_template(template)
    assert "enableServiceLinks" not in template["spec"]
    assert template["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}}
    assert template["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]


def test_what_go_clients_leave_out_is_left_out() -> None:
    empty = {"command": [], "stdin": False, "workingDir": "", "env": [{"name": "A", "value": ""}]}
    assert defaulted(empty, hostNetwork=False, nodeName="", nodeSelector={}, volumes=[]) == defaulted(
        {"env": [{"name": "A"}]}
    )


def test_false_is_kept_where_it_differs_from_nothing() -> None:
    assert defaulted(automountServiceAccountToken=False)["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry:5000/nginx", "Always"),
        ("registry:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:0123", "IfNotPresent"),
        ("nginx:latest@sha256:0123", "IfNotPresent"),
    ],
)
def test_the_pull_policy_follows_the_image_s_tag(image: str, policy: str) -> None:
    assert pull_policy(image) == policy


@pytest.mark.parametrize(
    ("given", "stored"),
    [("0.5", "500m"), (1, "1"), (0.25, "250m"), ("1024Mi", "1Gi"), ("0.1m", "1m"), ("1000m", "1"), ("100M", "100M")],
)
def test_amounts_are_stored_in_their_canonical_form(given: str | float, stored: str) -> None:
    assert canonical_amount(given) == stored


def test_a_limit_is_a_request_where_none_is_given() -> None:
    spec = defaulted({"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"}}})
    assert spec["containers"][0]["resources"]["requests"] == {"cpu": "100m", "memory": "1Gi"}


def test_pod_level_limits_make_pod_level_requests() -> None:
    container = {"resources": {"requests": {"cpu": "100m"}}}
    spec = defaulted(container, resources={"limits": {"cpu": "1", "memory": "1Gi"}})
    assert spec["resources"]["requests"] == {"cpu": "100m", "memory": "1Gi"}


def test_the_host_s_network_takes_the_container_s_ports() -> None:
    spec = defaulted({"ports": [{"containerPort": 80}]}, hostNetwork=True)
    assert spec["containers"][0]["ports"] == [{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]


@pytest.mark.parametrize("given", [{"serviceAccountName": "bot"}, {"serviceAccount": "bot"}])
def test_the_service_account_stands_under_both_names(given: Object) -> None:
    spec = defaulted(**given)
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("bot", "bot")


def test_probes_and_handlers_are_filled_in() -> None:
    spec = defaulted(
        {
            "livenessProbe": {"httpGet": {"port": 80}},
            "readinessProbe": {"grpc": {"port": 80}, "timeoutSeconds": 5},
            "lifecycle": {"preStop": {"httpGet": {"port": 80}}},
        }
    )
    counted = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    get = {"port": 80, "path": "/", "scheme": "HTTP"}
    container = spec["containers"][0]
    assert container["livenessProbe"] == {"httpGet": get, **counted}
    assert container["readinessProbe"] == {"grpc": {"port": 80, "service": ""}, **counted, "timeoutSeconds": 5}
    assert container["lifecycle"]["preStop"] == {"httpGet": get}


def test_references_into_the_pod_get_their_version() -> None:
    spec = defaulted({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]})
    assert spec["containers"][0]["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ({}, {"emptyDir": {}}),
        ({"secret": {"secretName": "s"}}, {"secret": {"secretName": "s", "defaultMode": 420}}),
        ({"configMap": {"name": "s"}}, {"configMap": {"name": "s", "defaultMode": 420}}),
        ({"configMap": {"name": "s", "defaultMode": 0}}, {"configMap": {"name": "s", "defaultMode": 0}}),
        ({"hostPath": {"path": "/"}}, {"hostPath": {"path": "/", "type": ""}}),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "projected": {
                    "defaultMode": 420,
                    "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                }
            },
        ),
        (
            {"downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            {
                "downwardAPI": {
                    "defaultMode": 420,
                    "items": [{"path": "n", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}],
                }
            },
        ),
        ({"image": {"reference": "a:1"}}, {"image": {"reference": "a:1", "pullPolicy": "IfNotPresent"}}),
    ],
)
def test_volume_sources_are_filled_in(volume: Object, expected: Object) -> None:
    assert defaulted(volumes=[{"name": "v", **volume}])["volumes"] == [{"name": "v", **expected}]


def test_a_new_pod_is_pending_with_its_qos_class_whatever_status_was_sent() -> None:
    pod = pod_of() | {"status": {"phase": "Running"}}
    RESOURCE.strategy.default(pod)
    RESOURCE.strategy.prepare_for_create(pod)
    assert pod["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_a_gated_pod_says_that_it_is_not_scheduled() -> None:
    pod = pod_of(schedulingGates=[{"name": "example.com/wait"}])
    RESOURCE.strategy.prepare_for_create(pod)
    (condition,) = pod["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "SchedulingGated")


def test_match_label_keys_are_merged_once_however_often_the_create_is_tried() -> None:
    constraint = {"topologyKey": "zone", "labelSelector": {}, "matchLabelKeys": ["app", "none"]}
    pod = pod_of(topologySpreadConstraints=[constraint])
    pod["metadata"]["labels"] = {"app": "shop"}
    for _ in range(2):
        RESOURCE.strategy.prepare_for_create(pod)
    assert constraint["labelSelector"] == {"matchExpressions": [{"key": "app", "operator": "In", "values": ["shop"]}]}


@pytest.mark.parametrize(
    ("spec", "phase", "asked", "seconds"),
    [
        ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, "Running", None, 30),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, "Running", 5, 5),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, "Running", 0, 0),
        ({"nodeName": "n", "terminationGracePeriodSeconds": -5}, "Running", None, 1),
        ({"terminationGracePeriodSeconds": 30}, "Pending", None, 0),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, "Succeeded", 10, 0),
    ],
)
def test_the_grace_period_is_what_was_asked_unless_no_kubelet_runs_the_pod(
    spec: Object, phase: str, asked: int | None, seconds: int
) -> None:
    assert RESOURCE.strategy.grace_period({"spec": spec, "status": {"phase": phase}}, asked) == seconds

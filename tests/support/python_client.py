"""Objects as users of the official Python client make them."""

from __future__ import annotations

import json
from typing import Any

from kubernetes import client

LABELS = {"app": "web"}


def pod(name: str, *, labels: dict[str, str] | None = None, **spec: Any) -> client.V1Pod:
    """A pod of one nginx container on port 80."""
    return client.V1Pod(
        metadata=client.V1ObjectMeta(name=name, labels=LABELS if labels is None else labels),
        spec=client.V1PodSpec(containers=[_nginx()], **spec),
    )


def config_map(name: str, **data: str) -> client.V1ConfigMap:
    """A config map."""
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)


def deployment(name: str, replicas: int = 2) -> client.V1Deployment:
    """A deployment of such pods, which roll within a second."""
    labels = {"app": name}
    return client.V1Deployment(
        metadata=client.V1ObjectMeta(name=name, labels=labels),
        spec=client.V1DeploymentSpec(
            replicas=replicas,
            selector=client.V1LabelSelector(match_labels=labels),
            template=client.V1PodTemplateSpec(
                metadata=client.V1ObjectMeta(labels=labels),
                spec=client.V1PodSpec(containers=[_nginx()], termination_grace_period_seconds=1),
            ),
        ),
    )


def service(name: str, **spec: Any) -> client.V1Service:
    """A service on port 80."""
    return client.V1Service(
        metadata=client.V1ObjectMeta(name=name),
        spec=client.V1ServiceSpec(ports=[client.V1ServicePort(port=80)], selector=LABELS, **spec),
    )


def is_running(core: client.CoreV1Api, namespace: str, name: str) -> bool:
    """Whether a pod runs."""
    return core.read_namespaced_pod_status(name, namespace).status.phase == "Running"


def status_of(error: client.ApiException) -> dict[str, Any]:
    """The `Status` that came with an error."""
    assert error.body is not None
    status: dict[str, Any] = json.loads(error.body)
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert status["code"] == error.status
    return status


def _nginx() -> client.V1Container:
    return client.V1Container(name="nginx", image="nginx", ports=[client.V1ContainerPort(container_port=80)])

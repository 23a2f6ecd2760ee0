"""What the official Python client gets for deletions: objects on their way out, statuses, and what goes with them."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client

from support.python_client import config_map, deployment, is_running, pod, status_of
from support.waiting import until


@pytest.mark.parametrize("as_body", [False, True])
def test_a_running_pod_comes_back_as_it_terminates(core: client.CoreV1Api, namespace: str, as_body: bool) -> None:
    core.create_namespaced_pod(namespace, pod("web"))
    until(lambda: is_running(core, namespace, "web"))
    grace = {"grace_period_seconds": 25}
    given: dict[str, Any] = {"body": client.V1DeleteOptions(**grace)} if as_body else grace
    going = core.delete_namespaced_pod("web", namespace, **given)
    assert isinstance(going, client.V1Pod)
    assert going.metadata.deletion_grace_period_seconds == 25
    assert going.metadata.deletion_timestamp is not None
    until(lambda: not core.list_namespaced_pod(namespace).items)


def test_a_pod_is_gone_at_once_without_grace(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_pod(namespace, pod("web"))
    until(lambda: is_running(core, namespace, "web"))
    assert core.delete_namespaced_pod("web", namespace, grace_period_seconds=0).metadata.name == "web"
    with pytest.raises(client.ApiException, match="404"):
        core.read_namespaced_pod("web", namespace)


def test_a_deleted_config_map_answers_with_a_status(python_api: client.ApiClient, namespace: str) -> None:
    core = client.CoreV1Api(python_api)
    created = core.create_namespaced_config_map(namespace, config_map("settings"))
    deleted = core.delete_namespaced_config_map("settings", namespace, body=client.V1DeleteOptions())
    status = deleted if isinstance(deleted, client.V1Status) else client.V1Status.from_dict(deleted)
    assert (status.status, status.details.kind, status.details.uid) == ("Success", "configmaps", created.metadata.uid)


def test_a_precondition_that_does_not_hold_keeps_the_object(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, config_map("settings"))
    options = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="another"))
    with pytest.raises(client.ApiException) as raised:
        core.delete_namespaced_config_map("settings", namespace, body=options)
    assert (raised.value.status, status_of(raised.value)["reason"]) == (409, "Conflict")
    assert core.read_namespaced_config_map("settings", namespace)


def test_a_finalizer_holds_an_object_until_it_is_taken_off(core: client.CoreV1Api, namespace: str) -> None:
    held = config_map("settings")
    held.metadata.finalizers = ["example.com/hold"]
    core.create_namespaced_config_map(namespace, held)
    core.delete_namespaced_config_map("settings", namespace)
    assert core.read_namespaced_config_map("settings", namespace).metadata.deletion_timestamp is not None
    core.patch_namespaced_config_map("settings", namespace, {"metadata": {"finalizers": None}})
    assert core.list_namespaced_config_map(namespace).items == []


def test_a_collection_is_deleted_by_its_selector(core: client.CoreV1Api, namespace: str) -> None:
    for name in ("a", "b", "c"):
        each = config_map(name)
        each.metadata.labels = {"go": str(name != "c").lower()}
        core.create_namespaced_config_map(namespace, each)
    answer = core.delete_collection_namespaced_config_map(namespace, label_selector="go=true")
    assert isinstance(answer, client.V1Status)
    assert [each.metadata.name for each in core.list_namespaced_config_map(namespace).items] == ["c"]


@pytest.mark.parametrize(("policy", "left"), [("Background", 0), ("Foreground", 0), ("Orphan", 1)])
def test_what_a_deployment_owns_goes_as_the_propagation_policy_says(
    core: client.CoreV1Api, apps: client.AppsV1Api, namespace: str, policy: str, left: int
) -> None:
    apps.create_namespaced_deployment(namespace, deployment("shop", replicas=1))
    until(lambda: apps.read_namespaced_deployment("shop", namespace).status.ready_replicas == 1)
    options = client.V1DeleteOptions(propagation_policy=policy)
    apps.delete_namespaced_deployment("shop", namespace, body=options)

    def owned() -> tuple[int, int, int]:
        deployments = apps.list_namespaced_deployment(namespace).items
        sets = apps.list_namespaced_replica_set(namespace).items
        return len(deployments), len(sets), len(core.list_namespaced_pod(namespace).items)

    until(lambda: owned() == (0, left, left))
    if left:
        until(lambda: apps.list_namespaced_replica_set(namespace).items[0].metadata.owner_references is None)


def test_a_deleted_namespace_takes_what_is_in_it(core: client.CoreV1Api) -> None:
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name="brief")))
    core.create_namespaced_config_map("brief", config_map("settings"))
    core.delete_namespace("brief")
    until(lambda: "brief" not in {each.metadata.name for each in core.list_namespace().items})
    with pytest.raises(client.ApiException, match="404"):
        core.read_namespaced_config_map("settings", "brief")

"""The official Python client's typed APIs: what they send is understood, what they get fits their models."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from kubernetes import client

from support.python_client import LABELS, config_map, deployment, is_running, pod, service, status_of
from support.waiting import until

# Create, read, replace, delete.


def test_a_created_pod_comes_back_with_its_identity_and_defaults(core: client.CoreV1Api, namespace: str) -> None:
    created = core.create_namespaced_pod(namespace, pod("web"))
    assert isinstance(created, client.V1Pod)
    assert (created.metadata.name, created.metadata.namespace, created.metadata.labels) == ("web", namespace, LABELS)
    assert abs((datetime.now(UTC) - created.metadata.creation_timestamp).total_seconds()) < 5
    assert (created.spec.restart_policy, created.spec.service_account_name) == ("Always", "default")
    assert created.spec.containers[0].ports[0].protocol == "TCP"
    assert core.read_namespaced_pod("web", namespace).metadata.uid == created.metadata.uid


def test_a_pod_gets_a_node_an_address_and_runs(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_pod(namespace, pod("web"))
    until(lambda: is_running(core, namespace, "web"))
    running = core.read_namespaced_pod("web", namespace)
    assert running.spec.node_name in {node.metadata.name for node in core.list_node().items}
    assert running.status.pod_ip == running.status.pod_ips[0].ip
    (container,) = running.status.container_statuses
    assert container.ready
    assert container.state.running.started_at >= running.status.start_time
    assert {each.type: each.status for each in running.status.conditions}["Ready"] == "True"


def test_a_replace_with_an_old_resource_version_conflicts(core: client.CoreV1Api, namespace: str) -> None:
    old = core.create_namespaced_config_map(namespace, config_map("settings", colour="red"))
    new = core.replace_namespaced_config_map("settings", namespace, config_map("settings", colour="blue"))
    assert new.data == {"colour": "blue"}
    with pytest.raises(client.ApiException) as raised:
        core.replace_namespaced_config_map("settings", namespace, old)
    assert (raised.value.status, raised.value.reason) == (409, "Conflict")
    status = status_of(raised.value)
    assert status["reason"] == "Conflict"
    assert "the object has been modified; please apply your changes to the latest version" in status["message"]


def test_secrets_are_written_as_text_and_read_as_base64(core: client.CoreV1Api, namespace: str) -> None:
    secret = client.V1Secret(metadata=client.V1ObjectMeta(generate_name="key-"), string_data={"password": "hunter2"})
    created = core.create_namespaced_secret(namespace, secret)
    assert created.metadata.name.startswith("key-")
    assert created.type == "Opaque"
    assert created.string_data is None
    assert base64.b64decode(created.data["password"]) == b"hunter2"


def test_nodes_can_be_added_cordoned_and_removed(core: client.CoreV1Api) -> None:
    core.create_node(client.V1Node(metadata=client.V1ObjectMeta(name="spare")))
    try:
        until(lambda: any(each.status == "True" for each in core.read_node("spare").status.conditions or []))
        assert core.read_node("spare").spec.pod_cidr
        assert core.patch_node("spare", {"spec": {"unschedulable": True}}).spec.unschedulable is True
    finally:
        core.delete_node("spare")


def test_a_lease_keeps_microseconds(python_api: client.ApiClient, namespace: str) -> None:
    leases = client.CoordinationV1Api(python_api)
    now = datetime(2026, 2, 3, 4, 5, 6, 789012, UTC)
    spec = client.V1LeaseSpec(holder_identity="me", lease_duration_seconds=15, acquire_time=now, renew_time=now)
    leases.create_namespaced_lease(namespace, client.V1Lease(metadata=client.V1ObjectMeta(name="lock"), spec=spec))
    assert leases.read_namespaced_lease("lock", namespace).spec.renew_time == now


# Patches.


@pytest.mark.parametrize(
    ("content_type", "patch"),
    [
        ("application/json-patch+json", [{"op": "add", "path": "/metadata/labels/tier", "value": "front"}]),
        ("application/merge-patch+json", {"metadata": {"labels": {"tier": "front"}}}),
        ("application/strategic-merge-patch+json", {"metadata": {"labels": {"tier": "front"}}}),
        (None, [{"op": "add", "path": "/metadata/labels/tier", "value": "front"}]),
        (None, {"metadata": {"labels": {"tier": "front"}}}),
    ],
)
def test_every_kind_of_patch_the_client_sends_is_applied(
    core: client.CoreV1Api, namespace: str, content_type: str | None, patch: Any
) -> None:
    core.create_namespaced_pod(namespace, pod("web"))
    chosen = {"_content_type": content_type} if content_type else {}
    patched = core.patch_namespaced_pod("web", namespace, patch, **chosen)
    assert isinstance(patched, client.V1Pod)
    assert patched.metadata.labels == LABELS | {"tier": "front"}


def test_a_model_serves_as_a_patch(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, config_map("settings", colour="red"))
    patched = core.patch_namespaced_config_map("settings", namespace, client.V1ConfigMap(data={"size": "9"}))
    assert patched.data == {"colour": "red", "size": "9"}


def test_a_strategic_patch_merges_containers_by_name(apps: client.AppsV1Api, namespace: str) -> None:
    apps.create_namespaced_deployment(namespace, deployment("shop", replicas=0))
    containers = [{"name": "nginx", "image": "nginx:2"}, {"name": "sidecar", "image": "envoy"}]
    patched = apps.patch_namespaced_deployment(
        "shop", namespace, {"spec": {"template": {"spec": {"containers": containers}}}}
    )
    found = {each.name: (each.image, each.ports) for each in patched.spec.template.spec.containers}
    assert found["nginx"][0] == "nginx:2"
    assert found["nginx"][1][0].container_port == 80
    assert found["sidecar"] == ("envoy", None)


def test_server_side_apply_is_refused_by_its_media_type(core: client.CoreV1Api, namespace: str) -> None:
    with pytest.raises(client.ApiException) as raised:
        core.patch_namespaced_config_map(
            "settings",
            namespace,
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}},
            field_manager="me",
            _content_type="application/apply-patch+yaml",
        )
    assert status_of(raised.value)["reason"] == "UnsupportedMediaType"


# Lists.


def test_a_list_is_read_in_pages(core: client.CoreV1Api, namespace: str) -> None:
    names = [f"part-{index}" for index in range(5)]
    for name in names:
        core.create_namespaced_config_map(namespace, config_map(name))
    first = core.list_namespaced_config_map(namespace, limit=2)
    assert (len(first.items), first.metadata.remaining_item_count) == (2, 3)
    core.create_namespaced_config_map(namespace, config_map("part-9"))
    found, more = [*first.items], first.metadata._continue
    while more:
        page = core.list_namespaced_config_map(namespace, limit=2, _continue=more)
        assert page.metadata.resource_version == first.metadata.resource_version
        found, more = [*found, *page.items], page.metadata._continue
    assert [each.metadata.name for each in found] == names


def test_selectors_narrow_a_list(core: client.CoreV1Api, namespace: str) -> None:
    for name, tier in (("a", "front"), ("b", "back"), ("c", "back")):
        core.create_namespaced_pod(namespace, pod(name, labels={"tier": tier}, node_selector={"no": "where"}))

    def names(**selectors: str) -> list[str]:
        return [each.metadata.name for each in core.list_namespaced_pod(namespace, **selectors).items]

    assert names(label_selector="tier=back") == ["b", "c"]
    assert names(label_selector="tier notin (back)") == ["a"]
    assert names(field_selector="metadata.name=b") == ["b"]
    assert names(field_selector="status.phase=Running") == []
    everywhere = core.list_pod_for_all_namespaces(label_selector="tier=front").items
    assert [(each.metadata.namespace, each.metadata.name) for each in everywhere] == [(namespace, "a")]


@pytest.mark.parametrize(
    ("api", "method", "model"),
    [
        ("CoreV1Api", "list_namespace", "V1NamespaceList"),
        ("CoreV1Api", "list_node", "V1NodeList"),
        ("CoreV1Api", "list_pod_for_all_namespaces", "V1PodList"),
        ("CoreV1Api", "list_service_for_all_namespaces", "V1ServiceList"),
        ("CoreV1Api", "list_endpoints_for_all_namespaces", "V1EndpointsList"),
        ("CoreV1Api", "list_config_map_for_all_namespaces", "V1ConfigMapList"),
        ("CoreV1Api", "list_secret_for_all_namespaces", "V1SecretList"),
        ("CoreV1Api", "list_service_account_for_all_namespaces", "V1ServiceAccountList"),
        ("CoreV1Api", "list_event_for_all_namespaces", "CoreV1EventList"),
        ("AppsV1Api", "list_deployment_for_all_namespaces", "V1DeploymentList"),
        ("AppsV1Api", "list_replica_set_for_all_namespaces", "V1ReplicaSetList"),
        ("AppsV1Api", "list_daemon_set_for_all_namespaces", "V1DaemonSetList"),
        ("AppsV1Api", "list_controller_revision_for_all_namespaces", "V1ControllerRevisionList"),
        ("DiscoveryV1Api", "list_endpoint_slice_for_all_namespaces", "V1EndpointSliceList"),
        ("CoordinationV1Api", "list_lease_for_all_namespaces", "V1LeaseList"),
    ],
)
def test_the_list_of_every_kind_deserialises(python_api: client.ApiClient, api: str, method: str, model: str) -> None:
    listed = getattr(getattr(client, api)(python_api), method)()
    assert type(listed).__name__ == model
    assert int(listed.metadata.resource_version) > 0


# Subresources.


def test_a_status_is_written_apart_from_its_object(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_service(namespace, service("web", type="LoadBalancer", load_balancer_class="example.com/lb"))
    ingress = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}}
    ignored = {"metadata": {"labels": {"tier": "front"}}, "spec": {"sessionAffinity": "ClientIP"}}
    written = core.patch_namespaced_service_status("web", namespace, ingress | ignored)
    assert written.status.load_balancer.ingress[0].ip == "192.0.2.7"
    assert written.spec.session_affinity == "None"
    through_main = core.patch_namespaced_service("web", namespace, {"status": {"loadBalancer": {"ingress": []}}})
    assert through_main.status.load_balancer.ingress[0].ip == "192.0.2.7"


def test_a_deployment_is_scaled_through_its_scale(
    core: client.CoreV1Api, apps: client.AppsV1Api, namespace: str
) -> None:
    apps.create_namespaced_deployment(namespace, deployment("shop", replicas=1))
    scale = apps.read_namespaced_deployment_scale("shop", namespace)
    assert isinstance(scale, client.V1Scale)
    assert (scale.spec.replicas, scale.status.selector) == (1, "app=shop")
    scale.spec.replicas = 2
    scale.metadata.resource_version = None
    assert apps.replace_namespaced_deployment_scale("shop", namespace, scale).spec.replicas == 2
    assert apps.patch_namespaced_deployment_scale("shop", namespace, {"spec": {"replicas": 3}}).spec.replicas == 3
    until(lambda: apps.read_namespaced_deployment_status("shop", namespace).status.ready_replicas == 3)
    assert len(core.list_namespaced_pod(namespace, label_selector="app=shop").items) == 3


@pytest.mark.parametrize("through", ["pods/binding", "bindings"])
def test_a_pod_is_bound_by_a_scheduler_of_the_users_own(core: client.CoreV1Api, namespace: str, through: str) -> None:
    core.create_namespaced_pod(namespace, pod("web", scheduler_name="mine"))
    binding = client.V1Binding(
        metadata=client.V1ObjectMeta(name="web"), target=client.V1ObjectReference(kind="Node", name="node-2")
    )
    # The API's description promises a Binding and the server answers with a Status: the client has no model for it.
    if through == "bindings":
        core.create_namespaced_binding(namespace, binding, _preload_content=False)
    else:
        core.create_namespaced_pod_binding("web", namespace, binding, _preload_content=False)
    until(lambda: is_running(core, namespace, "web"))
    assert core.read_namespaced_pod("web", namespace).spec.node_name == "node-2"


def test_an_evicted_pod_goes(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_pod(namespace, pod("web"))
    until(lambda: is_running(core, namespace, "web"))
    options = client.V1DeleteOptions(grace_period_seconds=0)
    eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name="web"), delete_options=options)
    core.create_namespaced_pod_eviction("web", namespace, eviction)
    until(lambda: not core.list_namespaced_pod(namespace).items)


def test_what_is_not_served_is_refused_by_name(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_pod(namespace, pod("web"))
    with pytest.raises(client.ApiException) as raised:
        core.patch_namespaced_pod_resize("web", namespace, {})
    assert (raised.value.status, status_of(raised.value)["message"]) == (501, "fauxkube does not serve pods/resize")


# Events.


def test_events_tell_what_became_of_a_pod(core: client.CoreV1Api, namespace: str) -> None:
    uid = core.create_namespaced_pod(namespace, pod("web")).metadata.uid

    def told() -> list[tuple[str, str]]:
        events = core.list_namespaced_event(namespace, field_selector=f"involvedObject.uid={uid}").items
        return [
            (each.type, each.reason) for each in sorted(events, key=lambda each: int(each.metadata.resource_version))
        ]

    reasons = ("Scheduled", "Pulling", "Pulled", "Created", "Started")
    until(lambda: told() == [("Normal", reason) for reason in reasons])


def test_an_event_is_one_object_in_both_groups(python_api: client.ApiClient, namespace: str) -> None:
    event = client.EventsV1Event(
        metadata=client.V1ObjectMeta(name="noted"),
        event_time=datetime(2026, 2, 3, 4, 5, 6, 789012, UTC),
        reporting_controller="example.com/me",
        reporting_instance="me-1",
        action="Noting",
        reason="Noted",
        type="Normal",
        note="something happened",
        regarding=client.V1ObjectReference(kind="Pod", name="web", namespace=namespace),
    )
    created = client.EventsV1Api(python_api).create_namespaced_event(namespace, event)
    assert isinstance(created, client.EventsV1Event)
    seen = client.CoreV1Api(python_api).read_namespaced_event("noted", namespace)
    assert (seen.message, seen.involved_object.name, seen.reporting_component) == (
        "something happened",
        "web",
        "example.com/me",
    )
    assert seen.event_time == event.event_time


# Errors and dry runs.


def test_reading_what_is_not_there_is_not_found(core: client.CoreV1Api, namespace: str) -> None:
    with pytest.raises(client.ApiException) as raised:
        core.read_namespaced_pod("absent", namespace)
    assert (raised.value.status, raised.value.reason) == (404, "Not Found")
    status = status_of(raised.value)
    assert (status["reason"], status["message"]) == ("NotFound", 'pods "absent" not found')
    assert status["details"] == {"name": "absent", "kind": "pods"}


def test_creating_what_is_there_conflicts(python_api: client.ApiClient, namespace: str) -> None:
    apps = client.AppsV1Api(python_api)
    apps.create_namespaced_deployment(namespace, deployment("shop", replicas=0))
    with pytest.raises(client.ApiException) as raised:
        apps.create_namespaced_deployment(namespace, deployment("shop", replicas=0))
    assert (raised.value.status, raised.value.reason) == (409, "Conflict")
    status = status_of(raised.value)
    assert (status["reason"], status["message"]) == ("AlreadyExists", 'deployments.apps "shop" already exists')
    assert status["details"] == {"name": "shop", "group": "apps", "kind": "deployments"}


def test_an_invalid_object_is_refused_with_the_cause_at_each_field(core: client.CoreV1Api, namespace: str) -> None:
    with pytest.raises(client.ApiException) as raised:
        core.create_namespaced_service(namespace, service("Web", type="Strange"))
    assert (raised.value.status, raised.value.reason) == (422, "Unprocessable Entity")
    status = status_of(raised.value)
    assert status["reason"] == "Invalid"
    causes = {cause["field"]: cause["reason"] for cause in status["details"]["causes"]}
    assert causes == {"metadata.name": "FieldValueInvalid", "spec.type": "FieldValueNotSupported"}


def test_nothing_is_kept_of_a_dry_run(core: client.CoreV1Api, namespace: str) -> None:
    assert core.create_namespaced_config_map(namespace, config_map("settings"), dry_run="All").metadata.uid
    assert core.list_namespaced_config_map(namespace).items == []


# Discovery.


def test_discovery_names_versions_groups_and_resources(python_api: client.ApiClient) -> None:
    version = client.VersionApi(python_api).get_code()
    assert version.git_version.startswith(f"v{version.major}.{version.minor}.")
    assert client.CoreApi(python_api).get_api_versions().versions == ["v1"]
    groups = {each.name for each in client.ApisApi(python_api).get_api_versions().groups}
    assert groups >= {"apps", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io"}
    pods = {each.name: each for each in client.CoreV1Api(python_api).get_api_resources().resources}
    assert pods["pods"].short_names == ["po"]
    assert pods["pods/eviction"].group == "policy"
    assert client.AppsApi(python_api).get_api_group().preferred_version.group_version == "apps/v1"

"""The official Python client's dynamic API and YAML loader, which know the server by its discovery alone."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, dynamic, utils
from kubernetes.dynamic.exceptions import DynamicApiError, NotFoundError, ResourceNotFoundError
from kubernetes.dynamic.resource import Resource

from support.waiting import until

DOCUMENTS = textwrap.dedent(
    """\
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: settings
    data:
      answer: "42"
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: shop
    spec:
      replicas: 2
      selector: {matchLabels: {app: shop}}
      template:
        metadata: {labels: {app: shop}}
        spec:
          containers: [{name: nginx, image: nginx, ports: [{name: web, containerPort: 80}]}]
    ---
    apiVersion: v1
    kind: List
    items:
    - apiVersion: v1
      kind: Service
      metadata: {name: shop}
      spec: {selector: {app: shop}, ports: [{port: 80, targetPort: web}]}
    - apiVersion: v1
      kind: Secret
      metadata: {name: key}
      stringData: {password: hunter2}
    """
)


@pytest.fixture(scope="module")
def cluster(python_api: client.ApiClient, tmp_path_factory: pytest.TempPathFactory) -> dynamic.DynamicClient:
    return dynamic.DynamicClient(python_api, cache_file=str(tmp_path_factory.mktemp("discovery") / "cache.json"))


@pytest.fixture(scope="module")
def config_maps(cluster: dynamic.DynamicClient) -> Resource:
    return cluster.resources.get(api_version="v1", kind="ConfigMap")


def settings(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data}


# Discovery.


@pytest.mark.parametrize(
    ("api_version", "kind", "plural", "namespaced"),
    [
        ("v1", "Pod", "pods", True),
        ("v1", "Node", "nodes", False),
        ("apps/v1", "DaemonSet", "daemonsets", True),
        ("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", True),
        ("coordination.k8s.io/v1", "Lease", "leases", True),
    ],
)
def test_kinds_are_discovered(
    cluster: dynamic.DynamicClient, api_version: str, kind: str, plural: str, namespaced: bool
) -> None:
    found = cluster.resources.get(api_version=api_version, kind=kind)
    assert (found.name, found.namespaced) == (plural, namespaced)
    assert {"create", "delete", "get", "list", "patch", "update", "watch"} <= set(found.verbs)


def test_short_names_and_subresources_are_discovered(cluster: dynamic.DynamicClient) -> None:
    assert cluster.resources.get(short_names=["deploy"]).kind == "Deployment"
    assert set(cluster.resources.get(api_version="apps/v1", kind="Deployment").subresources) == {"scale", "status"}


def test_a_kind_that_is_not_served_is_not_found(cluster: dynamic.DynamicClient) -> None:
    with pytest.raises(ResourceNotFoundError):
        cluster.resources.get(api_version="example.com/v1", kind="Widget")


def test_the_version_is_told(cluster: dynamic.DynamicClient) -> None:
    assert cluster.version["kubernetes"]["gitVersion"].startswith("v1.36.")


# Verbs.


def test_an_object_is_created_read_patched_replaced_and_deleted(config_maps: Resource, namespace: str) -> None:
    created = config_maps.create(body=settings(colour="red"), namespace=namespace)
    assert config_maps.get(name="settings", namespace=namespace).metadata.uid == created.metadata.uid
    patched = config_maps.patch(body={"data": {"size": "9"}}, name="settings", namespace=namespace)
    assert patched.data.to_dict() == {"colour": "red", "size": "9"}
    merged = config_maps.patch(
        body={"data": {"colour": None}},
        name="settings",
        namespace=namespace,
        content_type="application/merge-patch+json",
    )
    assert merged.data.to_dict() == {"size": "9"}
    assert config_maps.replace(body=settings(), namespace=namespace).data is None
    config_maps.delete(name="settings", namespace=namespace)
    with pytest.raises(NotFoundError, match='configmaps \\\\"settings\\\\" not found'):
        config_maps.get(name="settings", namespace=namespace)


def test_unknown_fields_are_dropped(config_maps: Resource, namespace: str) -> None:
    created = config_maps.create(body=settings() | {"dta": {}}, namespace=namespace)
    assert "dta" not in created.to_dict()


def test_a_collection_is_selected_watched_and_deleted(config_maps: Resource, namespace: str) -> None:
    since = config_maps.get(namespace=namespace).metadata.resourceVersion
    for name in ("a", "b"):
        body = settings() | {"metadata": {"name": name, "labels": {"kept": "no"}}}
        config_maps.create(body=body, namespace=namespace)
    listed = config_maps.get(namespace=namespace, label_selector="kept=no")
    assert [(each.kind, each.metadata.name) for each in listed.items] == [("ConfigMap", "a"), ("ConfigMap", "b")]
    config_maps.delete(namespace=namespace, label_selector="kept=no")
    events = config_maps.watch(namespace=namespace, resource_version=since, label_selector="kept=no", timeout=1)
    told = [(event["type"], event["object"].metadata.name) for event in events]
    assert told[:2] == [("ADDED", "a"), ("ADDED", "b")]
    assert sorted(told[2:]) == [("DELETED", "a"), ("DELETED", "b")]


def test_subresources_are_read_and_written(cluster: dynamic.DynamicClient, namespace: str) -> None:
    deployments = cluster.resources.get(api_version="apps/v1", kind="Deployment")
    utils.create_from_yaml(cluster.client, yaml_objects=_objects("Deployment"), namespace=namespace)
    patched = deployments.scale.patch(
        body={"spec": {"replicas": 1}},
        name="shop",
        namespace=namespace,
        content_type="application/merge-patch+json",
    )
    assert (patched.kind, patched.spec.replicas) == ("Scale", 1)
    until(lambda: deployments.status.get(name="shop", namespace=namespace).status.readyReplicas == 1)


def test_server_side_apply_is_refused(config_maps: Resource, namespace: str) -> None:
    with pytest.raises(DynamicApiError) as raised:
        config_maps.server_side_apply(body=settings(), namespace=namespace, field_manager="me")
    assert raised.value.status == 415


# YAML.


def test_a_file_of_documents_and_lists_is_created(
    cluster: dynamic.DynamicClient, namespace: str, tmp_path: Path
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(DOCUMENTS)
    made = utils.create_from_yaml(cluster.client, str(file), namespace=namespace)
    assert [type(each).__name__ for group in made for each in group] == [
        "V1ConfigMap",
        "V1Deployment",
        "V1Service",
        "V1Secret",
    ]
    core = client.CoreV1Api(cluster.client)

    def backends() -> int:
        found = core.list_namespaced_endpoints(namespace, field_selector="metadata.name=shop").items
        return sum(len(subset.addresses or []) for each in found for subset in each.subsets or [])

    until(lambda: backends() == 2)


def test_every_document_that_fails_is_told(cluster: dynamic.DynamicClient, namespace: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(DOCUMENTS)
    utils.create_from_yaml(cluster.client, str(file), namespace=namespace)
    with pytest.raises(utils.FailToCreateError) as raised:
        utils.create_from_yaml(cluster.client, str(file), namespace=namespace)
    assert [each.status for each in raised.value.api_exceptions] == [409] * 4


def _objects(kind: str) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(DOCUMENTS) if each["kind"] == kind]

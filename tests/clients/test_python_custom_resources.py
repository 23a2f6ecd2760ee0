"""The official Python client's APIs for custom resources: typed for definitions, generic and dynamic for the rest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes import client, dynamic, watch

from fauxkube.machinery.objects import Object
from support.custom_resources import GROUP, shop, shops, version
from support.waiting import until

PLACE = (GROUP, "v1", "default", "shops")


@pytest.fixture
def custom(python_api: client.ApiClient) -> Iterator[client.CustomObjectsApi]:
    """The generic API on a cluster that has shops, for as long as the test takes."""
    extensions = client.ApiextensionsV1Api(python_api)
    paths = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.open"}
    body = shops(version(subresources={"status": {}, "scale": paths}))
    made = extensions.create_custom_resource_definition(body)
    assert made.status.stored_versions == ["v1"]
    name = made.metadata.name

    def established() -> bool:
        conditions = extensions.read_custom_resource_definition(name).status.conditions or []
        return any(each.type == "Established" and each.status == "True" for each in conditions)

    until(established)
    yield client.CustomObjectsApi(python_api)
    extensions.delete_custom_resource_definition(name)
    until(lambda: name not in [each.metadata.name for each in extensions.list_custom_resource_definition().items])


def test_custom_objects_are_made_changed_scaled_and_deleted(custom: client.CustomObjectsApi) -> None:
    made = custom.create_namespaced_custom_object(*PLACE, shop())
    assert (made["kind"], made["spec"]["size"]) == ("Shop", 3)
    custom.patch_namespaced_custom_object(*PLACE, "corner", {"spec": {"owner": "joe"}})
    made = custom.get_namespaced_custom_object(*PLACE, "corner")
    made["spec"]["size"] = 5
    assert custom.replace_namespaced_custom_object(*PLACE, "corner", made)["metadata"]["generation"] == 3
    custom.patch_namespaced_custom_object_status(*PLACE, "corner", {"status": {"open": 2}})
    scale = custom.get_namespaced_custom_object_scale(*PLACE, "corner")
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (5, 2)
    custom.delete_namespaced_custom_object(*PLACE, "corner")
    assert custom.list_namespaced_custom_object(*PLACE)["items"] == []


def test_what_is_wrong_with_one_is_told(custom: client.CustomObjectsApi) -> None:
    with pytest.raises(client.ApiException) as caught:
        custom.create_namespaced_custom_object(*PLACE, shop(size=0))
    assert caught.value.status == 422
    assert "spec.size in body should be greater than or equal to 1" in str(caught.value.body)


def test_they_are_watched(custom: client.CustomObjectsApi) -> None:
    names = ("a", "b")
    for name in names:
        custom.create_namespaced_custom_object(*PLACE, shop(name))
    seen: list[Object] = []
    for event in watch.Watch().stream(custom.list_namespaced_custom_object, *PLACE, timeout_seconds=10):
        seen.append(event["object"])
        if len(seen) == len(names):
            break
    assert [each["metadata"]["name"] for each in seen] == list(names)


def test_the_dynamic_client_finds_them_by_discovery(
    custom: client.CustomObjectsApi, python_api: client.ApiClient
) -> None:
    resource = dynamic.DynamicClient(python_api).resources.get(api_version=f"{GROUP}/v1", kind="Shop")
    made = resource.create(body=shop("kiosk"), namespace="default")
    assert made.spec.size == 3
    assert [each.metadata.name for each in resource.get(namespace="default").items] == ["kiosk"]
    merge = "application/merge-patch+json"
    patched = resource.patch(body={"spec": {"size": 9}}, name="kiosk", namespace="default", content_type=merge)
    assert patched.spec.size == 9
    assert custom.get_namespaced_custom_object(*PLACE, "kiosk")["spec"]["size"] == 9

"""The fake API server keeps the promises that tests of control loops build on."""

from __future__ import annotations

import asyncio

import pytest

from fauxkube.kinds.gvrs import CONFIG_MAPS, NODES, PODS
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from support.fake_api import FakeApi


def pod(name: str = "web", **metadata: object) -> Object:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": {}}


def test_creates_fill_in_what_the_server_knows() -> None:
    async def main() -> None:
        api = FakeApi()
        created = await api.create(PODS, {**pod(""), "metadata": {"generateName": "web-"}}, namespace="shop")
        metadata = created["metadata"]
        assert metadata["name"].startswith("web-")
        assert (metadata["namespace"], metadata["resourceVersion"], metadata["generation"]) == ("shop", "1", 1)
        assert {"uid", "creationTimestamp"} <= metadata.keys()
        node = await api.create(NODES, {"metadata": {"name": "node-1"}})
        assert "namespace" not in node["metadata"]

    asyncio.run(main())


def test_a_write_based_on_an_older_version_is_refused() -> None:
    async def main() -> None:
        api = FakeApi()
        old = api.seed(PODS, pod())
        api.change(PODS, "default/web", {"metadata": {"labels": {"a": "b"}}})
        with pytest.raises(StatusError, match="the object has been modified"):
            await api.update(PODS, old)

    asyncio.run(main())


def test_a_write_that_changes_nothing_is_no_change() -> None:
    async def main() -> None:
        api = FakeApi()
        old = api.seed(PODS, pod())
        await api.update(PODS, old)
        assert api.revision == 1

    asyncio.run(main())


def test_status_and_the_rest_are_written_apart() -> None:
    async def main() -> None:
        api = FakeApi()
        api.seed(PODS, pod())
        both = {"spec": {"nodeName": "n"}, "status": {"phase": "Running"}}
        await api.patch(PODS, "web", both, namespace="default")
        found = api.find(PODS, "default/web")
        assert found is not None
        assert "status" not in found
        assert found["metadata"]["generation"] == 2
        await api.patch(PODS, "web", {**both, "spec": {"nodeName": "m"}}, namespace="default", subresource="status")
        found = api.find(PODS, "default/web")
        assert found is not None
        assert (found["spec"], found["status"]) == ({"nodeName": "n"}, {"phase": "Running"})

    asyncio.run(main())


def test_finalizers_hold_an_object_that_was_deleted() -> None:
    async def main() -> None:
        api = FakeApi()
        api.seed(CONFIG_MAPS, {"metadata": {"name": "a", "finalizers": ["x/y"]}})
        await api.delete(CONFIG_MAPS, "a", namespace="default")
        found = api.find(CONFIG_MAPS, "default/a")
        assert found is not None
        assert "deletionTimestamp" in found["metadata"]
        await api.patch(CONFIG_MAPS, "a", {"metadata": {"finalizers": None}}, namespace="default")
        assert api.find(CONFIG_MAPS, "default/a") is None

    asyncio.run(main())


def test_a_pod_with_a_node_goes_gracefully_and_one_without_at_once() -> None:
    async def main() -> None:
        api = FakeApi()
        api.seed(PODS, pod("a"))
        api.seed(PODS, pod("b"))
        target = {"metadata": {"name": "b"}, "target": {"kind": "Node", "name": "node-1"}}
        await api.create(PODS, target, namespace="default", subresource="binding", name="b")
        await api.delete(PODS, "a", namespace="default")
        await api.delete(PODS, "b", namespace="default")
        [left] = api.all(PODS)
        assert left["metadata"]["deletionGracePeriodSeconds"] == 30
        await api.delete(PODS, "b", namespace="default", grace_period_seconds=0)
        assert api.all(PODS) == []

    asyncio.run(main())


def test_a_delete_that_names_another_uid_is_refused() -> None:
    async def main() -> None:
        api = FakeApi()
        api.seed(PODS, pod())
        with pytest.raises(StatusError, match="UID"):
            await api.delete(PODS, "web", namespace="default", uid="another")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("labels", "fields", "names"),
    [
        ("", "", ["a", "b"]),
        ("v=1", "", ["a"]),
        ("v!=1", "", ["b"]),
        ("v,w", "", ["b"]),
        ("", "spec.nodeName=n", ["b"]),
        ("v=1", "spec.nodeName=n", []),
    ],
)
def test_lists_are_selected(labels: str, fields: str, names: list[str]) -> None:
    api = FakeApi()
    api.seed(PODS, pod("a", labels={"v": "1"}))
    api.seed(PODS, {**pod("b", labels={"v": "2", "w": "x"}), "spec": {"nodeName": "n"}})
    listed = asyncio.run(api.list(PODS, label_selector=labels, field_selector=fields))
    assert [obj["metadata"]["name"] for obj in listed.items] == names
    assert listed.resource_version == "2"

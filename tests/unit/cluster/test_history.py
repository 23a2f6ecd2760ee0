"""What objects were, and who changed what of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fauxkube.cluster.history import History
from fauxkube.kinds.gvrs import DEPLOYMENTS, NAMESPACES
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from support.registry_rig import Rig


def run(body: Callable[[Rig, History], Awaitable[None]], *, history: int = 1_000) -> None:
    async def main() -> None:
        rig = await Rig(history=history).open()
        await body(rig, History(rig.registry))

    asyncio.run(main())


def config_map(**data: str) -> Object:
    return {"metadata": {"name": "c"}, "data": data}


def deployment(image: str) -> Object:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}}
    return {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": labels}, "template": template}}


def refused(error: pytest.ExceptionInfo[StatusError]) -> tuple[int, str]:
    return error.value.code, error.value.reason


def test_a_history_says_who_changed_what_and_when() -> None:
    async def body(rig: Rig, history: History) -> None:
        await rig.create(config_map(a="1"), author="kubectl-create")
        rig.clock.advance(1.5)
        await rig.update(config_map(a="2", b="3"), author="kubectl-edit")
        assert await history.of("configmap", "c") == [
            {
                "revision": 1,
                "type": "ADDED",
                "at": "2026-01-01T00:00:00.000000Z",
                "author": "kubectl-create",
                "changes": [],
            },
            {
                "revision": 2,
                "type": "MODIFIED",
                "at": "2026-01-01T00:00:01.500000Z",
                "author": "kubectl-edit",
                "changes": [
                    {"path": "data.a", "before": "1", "after": "2"},
                    {"path": "data.b", "before": None, "after": "3"},
                ],
            },
        ]

    run(body)


def test_fields_are_told_by_the_schema_of_their_kind() -> None:
    async def body(rig: Rig, history: History) -> None:
        await rig.create(deployment("web:1"), DEPLOYMENTS)
        await rig.update(deployment("web:2"), DEPLOYMENTS)
        *_, last = await history.of("deploy", "web", "default")
        assert last["changes"] == [
            {"path": "metadata.generation", "before": 1, "after": 2},
            {"path": "spec.template.spec.containers[name=web].image", "before": "web:1", "after": "web:2"},
        ]

    run(body)


def test_a_history_outlives_the_object_and_goes_on_with_the_next_of_its_name() -> None:
    async def body(rig: Rig, history: History) -> None:
        await rig.create(config_map())
        await rig.delete("c", author="kubectl")
        told = await history.of("cm", "c")
        assert [(each["type"], each["author"]) for each in told] == [("ADDED", ""), ("DELETED", "kubectl")]
        await rig.create(config_map())
        assert [each["type"] for each in await history.of("cm", "c")] == ["ADDED", "DELETED", "ADDED"]

    run(body)


def test_the_oldest_changes_are_forgotten() -> None:
    async def body(rig: Rig, history: History) -> None:
        await rig.create(config_map(a="1"))
        await rig.update(config_map(a="2"))
        await rig.create({"metadata": {"name": "other"}})
        assert [each["type"] for each in await history.of("cm", "c")] == ["MODIFIED"]
        await rig.create({"metadata": {"name": "another"}})
        assert await history.of("cm", "c") == []

    run(body, history=2)


def test_what_never_was_has_no_history() -> None:
    async def body(rig: Rig, history: History) -> None:
        with pytest.raises(StatusError, match='configmaps "none" not found') as error:
            await history.of("cm", "none")
        assert refused(error) == (404, "NotFound")
        with pytest.raises(StatusError, match='the server doesn\'t have a resource type "nonsense"') as error:
            await history.of("nonsense", "c")
        assert refused(error) == (404, "NotFound")

    run(body)


def test_an_object_can_be_read_as_it_was() -> None:
    async def body(rig: Rig, history: History) -> None:
        first = await rig.create(config_map(a="1"))
        await rig.update(config_map(a="2"))
        await rig.delete("c")
        assert await history.past("configmaps", 1, name="c") == first
        assert (await history.past("configmaps", 2, name="c", namespace="default"))["data"] == {"a": "2"}
        with pytest.raises(StatusError) as error:
            await history.past("configmaps", 3, name="c")
        assert refused(error) == (404, "NotFound")

    run(body)


def test_a_list_can_be_read_as_it_was() -> None:
    async def body(rig: Rig, history: History) -> None:
        first = await rig.create(config_map(a="1"))
        second = await rig.create({"metadata": {"name": "d"}})
        await rig.delete("c")
        listed = await history.past("cm", 2, namespace="default")
        assert listed == {
            "kind": "ConfigMapList",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": "2"},
            "items": [first, second],
        }
        assert (await history.past("cm", 3))["items"] == [second]
        assert (await history.past("ns", 3))["items"] == []
        made = await rig.create({"metadata": {"name": "shop"}}, NAMESPACES)
        assert await history.past("ns", 4, name="shop", namespace="ignored") == made

    run(body)


@pytest.mark.parametrize("name", ["", "c"])
@pytest.mark.parametrize(
    ("revision", "code", "reason"),
    [(1, 410, "Expired"), (9, 504, "Timeout"), (0, 422, "Invalid"), (-1, 422, "Invalid")],
)
def test_a_revision_that_is_not_held_is_refused(name: str, revision: int, code: int, reason: str) -> None:
    async def body(rig: Rig, history: History) -> None:
        await rig.create(config_map(a="0"))
        for number in range(3):
            await rig.update(config_map(a=f"{number}1"))
        with pytest.raises(StatusError) as error:
            await history.past("cm", revision, name=name)
        assert refused(error) == (code, reason)

    run(body, history=2)

"""What one request to delete comes to, by what the object is like and what was asked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fauxkube.kinds.gvrs import CONFIG_MAPS, NAMESPACES, PODS
from fauxkube.machinery.objects import GVR, Object
from fauxkube.machinery.times import to_time
from support.api import config_map, pod
from support.registry_rig import Rig

HOLD = "example.com/hold"


def outcome(obj: Object, gvr: GVR, *requests: dict[str, Any], between: float = 0.0) -> list[tuple[str, Object]]:
    """Each request's outcome (`gone`, `changed` or `left`) and the metadata that it answers."""

    async def scenario() -> list[tuple[str, Object]]:
        rig = await Rig().open()
        await rig.create(obj, gvr)
        found = []
        for options in requests:
            before = rig.store.revision
            deleted = await rig.delete(obj["metadata"]["name"], gvr, **options)
            word = "gone" if deleted.gone else "changed" if rig.store.revision > before else "left"
            found.append((word, deleted.object["metadata"]))
            rig.clock.advance(between)
        return found

    return asyncio.run(scenario())


def words(found: list[tuple[str, Object]]) -> list[str]:
    return [word for word, _ in found]


def test_an_object_with_nothing_to_hold_it_goes_at_once() -> None:
    ((word, metadata),) = outcome(config_map("a"), CONFIG_MAPS, {})
    assert word == "gone"
    assert "deletionTimestamp" not in metadata


@pytest.mark.parametrize(
    ("finalizers", "options", "kept"),
    [
        ([HOLD], {}, [HOLD]),
        ([], {"propagation_policy": "Orphan"}, ["orphan"]),
        ([], {"propagation_policy": "Foreground"}, ["foregroundDeletion"]),
        ([], {"orphan_dependents": True}, ["orphan"]),
        ([HOLD], {"orphan_dependents": False}, [HOLD]),
        ([HOLD, "orphan"], {"propagation_policy": "Foreground"}, [HOLD, "foregroundDeletion"]),
        ([HOLD, "foregroundDeletion"], {"propagation_policy": "Background"}, [HOLD]),
        ([HOLD, "orphan"], {}, [HOLD, "orphan"]),
    ],
)
def test_finalizers_follow_the_policy(finalizers: list[str], options: dict[str, Any], kept: list[str]) -> None:
    ((word, metadata),) = outcome(config_map("a", finalizers=finalizers), CONFIG_MAPS, options)
    assert (word, metadata["finalizers"], metadata["deletionGracePeriodSeconds"]) == ("changed", kept, 0)


def test_the_garbage_collector_s_finalizer_alone_goes_with_the_policy() -> None:
    obj = config_map("a", finalizers=["foregroundDeletion"])
    assert words(outcome(obj, CONFIG_MAPS, {"propagation_policy": "Background"})) == ["gone"]


def test_a_second_request_changes_only_what_it_asks_to() -> None:
    obj = config_map("a", finalizers=[HOLD])
    foreground, background = ({"propagation_policy": policy} for policy in ("Foreground", "Background"))
    found = outcome(obj, CONFIG_MAPS, {}, {}, foreground, background)
    assert words(found) == ["changed", "left", "changed", "changed"]
    assert len({metadata["deletionTimestamp"] for _, metadata in found}) == 1


RUNNING = pod("p", nodeName="n", terminationGracePeriodSeconds=20)


@pytest.mark.parametrize(
    ("asked", "grace"), [({}, 20), ({"grace_period_seconds": 5}, 5), ({"grace_period_seconds": -7}, 1)]
)
def test_a_running_pod_gets_grace(asked: dict[str, Any], grace: int) -> None:
    ((word, metadata),) = outcome(RUNNING, PODS, asked)
    assert (word, metadata["deletionGracePeriodSeconds"], metadata["generation"]) == ("changed", grace, 2)


def test_no_grace_is_the_end() -> None:
    assert words(outcome(RUNNING, PODS, {"grace_period_seconds": 0})) == ["gone"]
    assert words(outcome(pod("p"), PODS, {})) == ["gone"]


def test_grace_only_shrinks_and_counts_from_the_first_request() -> None:
    requests: list[dict[str, Any]] = [{}, {}, {"grace_period_seconds": 30}, {"grace_period_seconds": 8},
                                      {"grace_period_seconds": -3}, {"grace_period_seconds": 0}]  # fmt: skip
    found = outcome(RUNNING, PODS, *requests, between=1.0)
    assert words(found) == ["changed", "left", "left", "changed", "changed", "gone"]
    ends = [metadata["deletionTimestamp"] for _, metadata in found]
    start = asyncio.run(Rig().open()).clock.now()
    assert ends[0] == ends[2] == to_time(start + timedelta(seconds=20))
    assert ends[3] == to_time(start + timedelta(seconds=8))
    assert found[4][1]["deletionGracePeriodSeconds"] == 1
    assert {metadata["generation"] for _, metadata in found} == {2}


def test_a_pod_with_a_finalizer_outlives_its_grace() -> None:
    obj = {**RUNNING, "metadata": {"name": "p", "finalizers": [HOLD]}}
    found = outcome(obj, PODS, {"grace_period_seconds": 0}, {"grace_period_seconds": 0})
    assert words(found) == ["changed", "left"]
    assert found[0][1]["deletionGracePeriodSeconds"] == 0


def test_a_namespace_terminates_until_it_is_finalized() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        await rig.create({"metadata": {"name": "n"}}, NAMESPACES)
        deleted = await rig.delete("n", NAMESPACES)
        assert not deleted.gone
        assert deleted.object["status"]["phase"] == "Terminating"
        assert "deletionGracePeriodSeconds" not in deleted.object["metadata"]
        finalized = deleted.object | {"spec": {"finalizers": []}}
        await rig.update(finalized, NAMESPACES, subresource="finalize")
        assert await rig.names(NAMESPACES) == []

    asyncio.run(scenario())

"""The patch of client-side apply: what kubectl would send, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery.objects import Object, copy_of
from fauxkube.machinery.patch import merge, strategic
from fauxkube.machinery.patch.three_way import three_way_patch
from fauxkube.machinery.schema import ObjectSchema, Schemas

SCHEMAS = Schemas()


def schema(kind: str = "Deployment", group: str = "apps") -> ObjectSchema:
    found = SCHEMAS.of(group, "v1", kind)
    assert found
    return found


def deployment(*containers: Object, **spec: Any) -> Object:
    return {"spec": {"template": {"spec": {"containers": list(containers)}}, **spec}}


def applied(original: Object, modified: Object, live: Object, kind: str = "Deployment", group: str = "apps") -> Object:
    """The live object after the patch, which says the same again as nothing to do."""
    patch = three_way_patch(original, modified, live, schema(kind, group))
    patched = strategic.apply(copy_of(live), patch, schema(kind, group))
    assert three_way_patch(modified, modified, patched, schema(kind, group)) == {}
    return patched


WEB, LOGS = {"name": "web", "image": "nginx:1"}, {"name": "logs", "image": "fluent"}


def test_what_is_there_already_needs_no_patch() -> None:
    live = deployment({**WEB, "imagePullPolicy": "Always"}, replicas=1, paused=True)
    assert three_way_patch({}, deployment(WEB, replicas=1), live, schema()) == {}


def test_what_is_wanted_is_set_and_what_others_set_is_left_alone() -> None:
    live = deployment({**WEB, "imagePullPolicy": "Always"}, replicas=5)
    wanted = deployment({**WEB, "image": "nginx:2"})
    assert applied(deployment(WEB), wanted, live) == deployment(
        {"name": "web", "image": "nginx:2", "imagePullPolicy": "Always"}, replicas=5
    )


def test_what_was_applied_and_is_no_longer_wanted_is_taken_away() -> None:
    live = deployment(WEB, LOGS, {"name": "injected"}, replicas=5, paused=True)
    after = applied(deployment(WEB, LOGS, paused=True), deployment(WEB), live)
    assert after == deployment(WEB, {"name": "injected"}, replicas=5)


def test_a_patch_of_a_list_tells_the_order_and_names_elements_by_their_key() -> None:
    live = deployment(WEB, LOGS)
    patch = three_way_patch(deployment(WEB, LOGS), deployment({**WEB, "image": "nginx:2"}), live, schema())
    assert patch["spec"]["template"]["spec"] == {
        "$setElementOrder/containers": [{"name": "web"}],
        "containers": [{"name": "web", "image": "nginx:2"}, {"$patch": "delete", "name": "logs"}],
    }


def test_another_order_is_asked_for_by_itself() -> None:
    assert applied({}, deployment(LOGS, WEB), deployment(WEB, LOGS)) == deployment(LOGS, WEB)


def test_a_union_keeps_only_the_keys_that_are_wanted() -> None:
    live = deployment(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}})
    after = applied({}, deployment(strategy={"type": "Recreate"}), live)
    assert after["spec"]["strategy"] == {"type": "Recreate"}


def test_a_volume_changes_from_one_source_to_another() -> None:
    live = {"spec": {"volumes": [{"name": "data", "emptyDir": {}}]}}
    wanted = {"spec": {"volumes": [{"name": "data", "configMap": {"name": "c"}}]}}
    assert applied({}, wanted, live, "Pod", "") == wanted


def test_elements_that_their_key_does_not_tell_apart_are_replaced_together() -> None:
    dns: list[Object] = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    live = {"spec": {"ports": [dns[0]]}}
    assert applied({}, {"spec": {"ports": dns}}, live, "Service", "") == {"spec": {"ports": dns}}


def test_a_list_of_plain_values_is_merged_where_the_schema_says_so() -> None:
    live = {"metadata": {"finalizers": ["a", "theirs"]}}
    original, wanted = {"metadata": {"finalizers": ["a"]}}, {"metadata": {"finalizers": ["b"]}}
    after = applied(original, wanted, live)
    assert sorted(after["metadata"]["finalizers"]) == ["b", "theirs"]


def test_other_lists_are_replaced() -> None:
    command = {**WEB, "command": ["a", "b"]}
    assert applied({}, deployment({**WEB, "command": ["c"]}), deployment(command)) == deployment(
        {**WEB, "command": ["c"]}
    )


@pytest.mark.parametrize("live", [{}, {"spec": None}, {"spec": {"old": 1}}, {"spec": {"list": [1]}}])
def test_without_a_schema_it_is_a_merge_patch(live: Object) -> None:
    original, wanted = {"spec": {"old": 1}}, {"spec": {"list": [{"name": "a"}], "gone": None}}
    after = merge.apply(live, three_way_patch(original, wanted, live, None))
    assert after == {"spec": {"list": [{"name": "a"}]}}

"""Strategic merge patch: merge keys, directives, and the order that comes out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.machinery.objects import Object, copy_of
from fauxkube.machinery.patch import PatchError, strategic
from fauxkube.machinery.schema import ObjectSchema, Schemas

SCHEMAS = Schemas()


def kind(group: str, name: str) -> ObjectSchema:
    schema = SCHEMAS.of(group, "v1", name)
    assert schema is not None
    return schema


POD, SERVICE, DEPLOYMENT, NODE = kind("", "Pod"), kind("", "Service"), kind("apps", "Deployment"), kind("", "Node")


def patched(doc: Object, patch: Object, schema: ObjectSchema = POD) -> Object:
    before = copy_of(patch)
    result = strategic.apply(copy_of(doc), patch, schema)
    assert patch == before
    return result


def containers(*names: str, **fields: Any) -> list[Object]:
    return [{"name": name} | fields for name in names]


def pod(*names: str, **fields: Any) -> Object:
    return {"spec": {"containers": containers(*names, **fields)}}


def names_in(result: Object) -> list[str]:
    return [each["name"] for each in result["spec"]["containers"]]


def test_maps_merge_and_null_removes() -> None:
    doc = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    patch = {"metadata": {"labels": {"b": None, "c": "3"}, "annotations": {"x": "y", "z": None}}}
    assert patched(doc, patch) == {"metadata": {"labels": {"a": "1", "c": "3"}, "annotations": {"x": "y"}}}


def test_elements_with_the_same_merge_key_are_merged() -> None:
    doc = pod("web", image="a", args=["1", "2"])
    patch = {"spec": {"containers": [{"name": "web", "image": "b", "args": ["3"]}]}}
    assert patched(doc, patch) == pod("web", image="b", args=["3"])


def test_lists_without_a_merge_strategy_are_replaced() -> None:
    doc = {"spec": {"tolerations": [{"key": "a"}]}}
    assert patched(doc, {"spec": {"tolerations": [{"key": "b"}]}}) == {"spec": {"tolerations": [{"key": "b"}]}}


def test_primitive_merge_lists_are_united() -> None:
    doc = {"metadata": {"finalizers": ["a/1", "b/2"]}}
    patch = {"metadata": {"finalizers": ["b/2", "c/3"]}}
    assert patched(doc, patch)["metadata"]["finalizers"] == ["a/1", "b/2", "c/3"]


@pytest.mark.parametrize(
    ("live", "patch", "result"),
    [
        (["a", "b"], ["c"], ["c", "a", "b"]),
        (["a", "b"], ["b", "a"], ["b", "a"]),
        (["a", "b", "c"], ["c"], ["a", "b", "c"]),
        (["a", "b", "c"], ["b", "d"], ["a", "b", "d", "c"]),
        (["a", "b", "c"], ["d", "b"], ["d", "a", "b", "c"]),
        ([], ["a"], ["a"]),
    ],
)
def test_patched_elements_keep_the_patchs_order_and_the_others_theirs(
    live: list[str], patch: list[str], result: list[str]
) -> None:
    assert names_in(patched(pod(*live), pod(*patch))) == result


@pytest.mark.parametrize(
    ("live", "patch", "order", "result"),
    [
        (["a", "b"], [], ["b", "a"], ["b", "a"]),
        (["a", "b"], ["c"], ["a", "b", "c"], ["a", "b", "c"]),
        (["a", "b"], ["c"], ["c", "a"], ["c", "a", "b"]),
        (["a", "server", "b"], ["c"], ["b", "c", "a"], ["server", "b", "c", "a"]),
        (["server", "a"], [], ["a"], ["server", "a"]),
        ([], ["a", "b"], ["a", "b"], ["a", "b"]),
    ],
)
def test_set_element_order_rules_over_the_patchs_order(
    live: list[str], patch: list[str], order: list[str], result: list[str]
) -> None:
    spec: Object = {"$setElementOrder/containers": containers(*order)}
    if patch:
        spec["containers"] = containers(*patch)
    doc = pod(*live) if live else {"spec": {}}
    assert names_in(patched(doc, {"spec": spec})) == result


def test_set_element_order_serves_primitive_lists_too() -> None:
    doc = {"metadata": {"finalizers": ["a/1", "b/2"]}}
    patch = {"metadata": {"$setElementOrder/finalizers": ["c/3", "b/2"], "finalizers": ["c/3"]}}
    assert patched(doc, patch)["metadata"]["finalizers"] == ["c/3", "a/1", "b/2"]


def test_a_patch_out_of_its_own_order_is_refused() -> None:
    patch = {"spec": {"$setElementOrder/containers": containers("a", "b"), "containers": containers("b", "a")}}
    with pytest.raises(PatchError) as caught:
        patched(pod("a"), patch)
    assert str(caught.value) == (
        "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n"
        "[map[name:a] map[name:b]]\n"
    )


def test_an_order_for_a_list_that_is_nowhere_does_nothing() -> None:
    assert patched({"spec": {}}, {"spec": {"$setElementOrder/volumes": [{"name": "a"}]}}) == {"spec": {}}


def test_an_element_is_deleted_by_its_merge_key() -> None:
    patch = {"spec": {"containers": [{"name": "b", "$patch": "delete"}, {"name": "c"}]}}
    assert names_in(patched(pod("a", "b"), patch)) == ["c", "a"]
    assert names_in(patched(pod("a"), patch)) == ["c", "a"]


def test_deletions_need_no_list_to_delete_from() -> None:
    patch = {"spec": {"containers": [{"name": "b", "$patch": "delete"}, {"name": "c"}]}}
    assert names_in(patched({"spec": {}}, patch)) == ["c"]


def test_a_merge_list_can_be_replaced_whole() -> None:
    patch = {"spec": {"containers": [{"name": "z"}, {"$patch": "replace"}]}}
    assert names_in(patched(pod("a", "b"), patch)) == ["z"]


def test_a_map_can_be_replaced_or_emptied_whole() -> None:
    doc = {"spec": {"securityContext": {"runAsUser": 1, "runAsGroup": 2}, "nodeSelector": {"a": "b"}}}
    patch = {"spec": {"securityContext": {"$patch": "replace", "runAsUser": 3}, "nodeSelector": {"$patch": "delete"}}}
    assert patched(doc, patch) == {"spec": {"securityContext": {"runAsUser": 3}, "nodeSelector": {}}}


def test_primitives_are_deleted_by_value() -> None:
    doc = {"metadata": {"finalizers": ["a/1", "b/2", "c/3"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b/2", "x/9"]}}
    assert patched(doc, patch)["metadata"]["finalizers"] == ["a/1", "c/3"]


def test_retain_keys_drops_what_it_does_not_list() -> None:
    doc = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert patched(doc, patch, DEPLOYMENT) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_a_volume_changes_its_source_by_retain_keys() -> None:
    doc = {"spec": {"volumes": [{"name": "data", "emptyDir": {}}]}}
    changed = {"name": "data", "hostPath": {"path": "/x"}}
    patch = {"spec": {"volumes": [changed | {"$retainKeys": ["name", "hostPath"]}]}}
    assert patched(doc, patch) == {"spec": {"volumes": [changed]}}


def test_service_ports_merge_by_port() -> None:
    doc = {"spec": {"ports": [{"port": 80, "nodePort": 30080}, {"port": 443}]}}
    patch = {"spec": {"ports": [{"port": 80, "targetPort": 8080}]}}
    assert patched(doc, patch, SERVICE)["spec"]["ports"] == [
        {"port": 80, "nodePort": 30080, "targetPort": 8080},
        {"port": 443},
    ]


def test_a_node_condition_is_patched_by_its_type() -> None:
    doc = {
        "status": {"conditions": [{"type": "Ready", "status": "False"}, {"type": "DiskPressure", "status": "False"}]}
    }
    patch = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    assert patched(doc, patch, NODE)["status"]["conditions"] == [
        {"type": "Ready", "status": "True"},
        {"type": "DiskPressure", "status": "False"},
    ]


def test_a_field_of_another_type_is_replaced() -> None:
    doc = {"spec": {"ports": [{"port": 80, "targetPort": 80}]}}
    patch = {"spec": {"ports": [{"port": 80, "targetPort": "http"}]}}
    assert patched(doc, patch, SERVICE)["spec"]["ports"] == [{"port": 80, "targetPort": "http"}]


@pytest.mark.parametrize(
    ("patch", "message", "code"),
    [
        ({"$patch": "eat"}, "unknown patch type: eat in map: map[$patch:eat]", 500),
        (
            {"spec": {"containers": [{"image": "x"}]}},
            "map: map[image:x] does not contain declared merge key: name",
            500,
        ),
        (
            {"spec": {"containers": [{"$patch": "delete"}]}},
            "map: map[$patch:delete] does not contain declared merge key: name",
            500,
        ),
        (
            {"spec": {"containers": [{"name": "a", "$patch": "merge"}]}},
            "merging lists cannot yet be specified in the patch",
            500,
        ),
        ({"spec": {"containers": [[1]]}}, "lists of lists are not supported", 422),
        ({"spec": {"containers": ["a"]}}, "list element types are not identical: [[map[name:a]] [a]]", 500),
        ({"spec": {"$setElementOrder": []}}, "invalid patch format of setElementOrder list", 400),
        ({"spec": {"$deleteFromPrimitiveListX/a": []}}, "invalid patch format of primitive list", 400),
        ({"spec": {"$setElementOrder/containers": 1}}, "expected a []interface {}, but received a int64", 500),
        ({"spec": {"$retainKeys": ["x"], "containers": []}}, "invalid patch format of retainKeys", 400),
        ({"spec": {"$retainKeys": "x"}}, "invalid patch format of retainKeys", 400),
        ([], "json: cannot unmarshal array into Go value of type map[string]interface {}", 400),
    ],
)
def test_a_faulty_patch_is_refused_in_upstreams_words(patch: Any, message: str, code: int) -> None:
    with pytest.raises(PatchError) as caught:
        patched(pod("a"), patch)
    assert (str(caught.value), caught.value.code) == (message, code)


NAMES = st.lists(st.sampled_from("abcdefg"), unique=True, max_size=5)


@given(NAMES, NAMES)
def test_merging_unites_and_keeps_both_orders(live: list[str], patch: list[str]) -> None:
    result = names_in(patched(pod(*live), pod(*patch)))
    assert sorted(result) == sorted({*live, *patch})
    assert [each for each in result if each in patch] == patch
    only_live = [each for each in live if each not in patch]
    assert [each for each in result if each not in patch] == only_live


@given(NAMES, NAMES)
def test_a_patch_applied_twice_changes_nothing_more(live: list[str], patch: list[str]) -> None:
    once = patched(pod(*live), pod(*patch, image="x"))
    assert patched(once, pod(*patch, image="x")) == once


@given(NAMES, st.data())
def test_the_order_asked_for_is_the_order_that_comes_out(live: list[str], data: st.DataObject) -> None:
    order = data.draw(st.permutations([*live, "z"]))
    patch = {"spec": {"$setElementOrder/containers": containers(*order), "containers": containers("z")}}
    assert names_in(patched(pod(*live), patch)) == order

"""Objects to bytes and back: where the revision goes, and what it never hits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object
from fauxkube.registry.codec import Indexer, at_revision, decode, draft_of, in_order, redraft

TEXT = st.text(max_size=12) | st.sampled_from(['"resourceVersion":"', '\\"resourceVersion\\":\\"5\\"', '"', "\\", "é"])


def resource() -> Resource:
    found = default_catalogue().find("", "v1", "configmaps")
    assert found is not None
    return found


@given(
    annotations=st.dictionaries(TEXT, TEXT, max_size=4),
    data=st.dictionaries(TEXT, TEXT, max_size=4),
    revision=st.integers(1, 2**62),
)
def test_the_revision_goes_into_the_object_s_own_field(
    annotations: dict[str, str], data: dict[str, str], revision: int
) -> None:
    obj: Object = {"metadata": {"annotations": annotations, "name": "a", "uid": "u", "namespace": "n"}, "data": data}
    ordered = in_order(resource(), obj)
    draft = draft_of(ordered)
    value = draft.at(revision)
    assert decode(value) == ordered
    assert ordered["metadata"]["resourceVersion"] == str(revision)
    assert ordered["metadata"].get("annotations", {}) == annotations
    later = at_revision(value, revision + 1)
    assert decode(later)["metadata"]["resourceVersion"] == str(revision + 1)
    assert redraft(later).at(revision) == value


def test_fields_come_in_the_api_s_order_and_empty_metadata_is_left_out() -> None:
    obj: Object = {
        "data": {"a": "b"},
        "metadata": {
            "labels": {},
            "finalizers": [],
            "deletionGracePeriodSeconds": 0,
            "uid": "u",
            "name": "a",
            "frob": "x",
            "generateName": "",
        },
        "kind": "Frob",
    }
    ordered = in_order(resource(), obj)
    assert list(ordered) == ["kind", "apiVersion", "metadata", "data"]
    assert list(ordered["metadata"]) == ["name", "uid", "resourceVersion", "deletionGracePeriodSeconds"]
    assert (ordered["kind"], ordered["apiVersion"]) == ("ConfigMap", "v1")


def test_bytes_of_a_kind_that_is_not_served_still_have_labels_and_a_name() -> None:
    index = Indexer(default_catalogue())
    value = b'{"kind":"Frob","apiVersion":"example.com/v1","metadata":{"name":"a","labels":{"x":"y"}}}'
    attributes = index("example.com/frobs/a", value)
    assert (attributes.labels, attributes.fields) == ({"x": "y"}, {"metadata.name": "a"})

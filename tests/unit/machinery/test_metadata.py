"""The rules on metadata."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery import metadata, names
from fauxkube.machinery.fields import FieldError, Path

AT = Path("metadata")
SOUND: dict[str, Any] = {"name": "web", "namespace": "shop", "labels": {"app": "web"}}
OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1"}


def judged(changes: dict[str, Any], *, namespaced: bool = True) -> list[FieldError]:
    meta = {key: value for key, value in (SOUND | changes).items() if value is not None}
    return metadata.validate_metadata(meta, AT, namespaced=namespaced, name_problems=names.dns_subdomain_problems)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"generateName": "web-"},
        {"annotations": {"Example.com/Note": "x" * 1000}},
        {"ownerReferences": [OWNER | {"controller": True}, OWNER | {"name": "other"}]},
        {"finalizers": ["kubernetes", "example.com/hold"]},
        {"managedFields": [{"operation": "Update", "manager": "kubectl", "fieldsType": "FieldsV1"}]},
    ],
)
def test_sound_metadata_has_no_errors(changes: dict[str, Any]) -> None:
    assert judged(changes) == []


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": None}, "metadata.name", "Required value: name or generateName is required"),
        ({"name": "Web"}, "metadata.name", 'Invalid value: "Web": a lowercase RFC 1123 subdomain'),
        ({"generateName": "Web-"}, "metadata.generateName", 'Invalid value: "Web-": a lowercase'),
        ({"namespace": None}, "metadata.namespace", "Required value"),
        ({"namespace": "a.b"}, "metadata.namespace", 'Invalid value: "a.b": must not contain dots'),
        ({"generation": -1}, "metadata.generation", "Invalid value: -1: must be greater than or equal to 0"),
        ({"labels": {"a b": "x"}}, "metadata.labels", 'Invalid value: "a b": name part must consist'),
        ({"labels": {"a": "x y"}}, "metadata.labels", 'Invalid value: "x y": a valid label must'),
        ({"annotations": {"a b": ""}}, "metadata.annotations", 'Invalid value: "a b": name part'),
        (
            {"annotations": {"a": "x" * 262144}},
            "metadata.annotations",
            "Too long: may not be more than 262144 bytes",
        ),
        (
            {"ownerReferences": [OWNER | {"uid": ""}]},
            "metadata.ownerReferences.uid",
            'Invalid value: "": must not be empty',
        ),
        (
            {"ownerReferences": [OWNER | {"apiVersion": ""}]},
            "metadata.ownerReferences.apiVersion",
            'Invalid value: "": version must not be empty',
        ),
        (
            {"finalizers": ["hold"]},
            "metadata.finalizers[0]",
            'Invalid value: "hold": name is neither a standard finalizer name nor is it fully qualified',
        ),
        (
            {"finalizers": ["orphan", "foregroundDeletion"]},
            "metadata.finalizers",
            'Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both',
        ),
        (
            {"managedFields": [{"operation": "Eat"}]},
            "metadata.managedFields[0].operation",
            'Invalid value: "Eat": must be `Apply` or `Update`',
        ),
    ],
)
def test_each_fault_is_reported_at_its_field(changes: dict[str, Any], field: str, message: str) -> None:
    (error,) = judged(changes)
    assert error.field == field
    assert error.message.startswith(message)


def test_cluster_scoped_objects_have_no_namespace() -> None:
    (error,) = judged({}, namespaced=False)
    assert error.message == "Forbidden: not allowed on this type"


def test_an_event_owns_nothing() -> None:
    (error,) = judged({"ownerReferences": [OWNER | {"apiVersion": "v1", "kind": "Event"}]})
    assert error.message.endswith("/v1, Kind=Event is disallowed from being an owner")


def test_only_one_owner_is_the_controller() -> None:
    owners = [OWNER | {"controller": True}, OWNER | {"name": "api", "controller": True}]
    (error,) = judged({"ownerReferences": owners})
    assert error.message.endswith('Found "true" in references for ReplicaSet/web and ReplicaSet/api')


@pytest.mark.parametrize(
    ("new", "old", "field", "message"),
    [
        ({"name": "b"}, {"name": "a"}, "metadata.name", 'Invalid value: "b": field is immutable'),
        ({"uid": "2"}, {"uid": "1"}, "metadata.uid", 'Invalid value: "2": field is immutable'),
        ({}, {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "metadata.deletionTimestamp", "Invalid value: null"),
        ({"generation": 1}, {"generation": 2}, "metadata.generation", "Invalid value: 1: must not be decremented"),
        (
            {"finalizers": ["b/c", "a/b"], "deletionTimestamp": "t"},
            {"finalizers": ["a/b"], "deletionTimestamp": "t"},
            "metadata.finalizers",
            (
                "Forbidden: no new finalizers can be added if the object is being deleted, "
                'found new finalizers []string{"b/c"}'
            ),
        ),
    ],
)
def test_what_may_not_change_is_reported(new: dict[str, Any], old: dict[str, Any], field: str, message: str) -> None:
    (error,) = metadata.validate_metadata_update(new, old, AT)
    assert error.field == field
    assert error.message.startswith(message)


def test_labels_and_finalizers_may_change_while_an_object_lives() -> None:
    assert metadata.validate_metadata_update(SOUND | {"finalizers": ["a/b"], "labels": {}}, SOUND, AT) == []


def test_finalizers_may_be_removed_from_a_terminating_object() -> None:
    old = SOUND | {"deletionTimestamp": "t", "finalizers": ["a/b"]}
    assert metadata.validate_metadata_update(SOUND | {"deletionTimestamp": "t"}, old, AT) == []


def test_a_field_managers_name_is_printable() -> None:
    (error,) = metadata.validate_field_manager("a\x07", Path("fieldManager"))
    assert error.message.endswith("invalid character U+0007 (at position 1)")

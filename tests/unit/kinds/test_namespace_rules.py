"""Namespaces: the label, the finalizer, the phase and how they end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fauxkube.kinds.core.namespace import RESOURCE
from fauxkube.machinery.objects import Object

STRATEGY = RESOURCE.strategy
FINALIZE = RESOURCE.subresource_strategies["finalize"]


def namespace(*, phase: str = "Active", finalizers: tuple[str, ...] = ("kubernetes",), deleted: str = "") -> Object:
    metadata: Object = {"name": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"}
    if deleted:
        metadata["deletionTimestamp"] = deleted
    return {"metadata": metadata, "spec": {"finalizers": list(finalizers)}, "status": {"phase": phase}}


def test_a_new_namespace_is_active_labelled_and_held_by_its_contents() -> None:
    obj: Object = {"metadata": {"name": "shop", "labels": {"team": "a"}}, "status": {"phase": "Terminating"}}

    STRATEGY.default(obj)
    STRATEGY.prepare_for_create(obj)

    assert obj["metadata"]["labels"] == {"team": "a", "kubernetes.io/metadata.name": "shop"}
    assert obj["spec"] == {"finalizers": ["kubernetes"]}
    assert obj["status"] == {"phase": "Active"}


def test_a_generated_name_gets_its_label_when_it_is_known() -> None:
    obj: Object = {"metadata": {"generateName": "shop-"}}

    STRATEGY.default(obj)
    assert "labels" not in obj["metadata"]

    obj["metadata"]["name"] = "shop-x"
    STRATEGY.prepare_for_create(obj)
    assert obj["metadata"]["labels"] == {"kubernetes.io/metadata.name": "shop-x"}


def test_a_clients_own_finalizers_are_kept_beside_kubernetes() -> None:
    obj: Object = {"metadata": {"name": "shop"}, "spec": {"finalizers": ["example.com/own"]}}

    STRATEGY.prepare_for_create(obj)

    assert obj["spec"]["finalizers"] == ["example.com/own", "kubernetes"]


def test_an_update_changes_neither_spec_nor_status() -> None:
    old, new = namespace(), namespace(phase="Terminating", finalizers=())

    STRATEGY.prepare_for_update(new, old)

    assert new == old


def test_finalize_changes_the_finalizers_and_not_the_status() -> None:
    old, new = namespace(phase="Terminating"), namespace(phase="Active", finalizers=())

    FINALIZE.prepare_for_update(new, old)

    assert new["spec"]["finalizers"] == []
    assert new["status"] == {"phase": "Terminating"}


def test_finalize_takes_a_body_without_a_spec_as_no_finalizers() -> None:
    new: Object = {"metadata": {"name": "shop"}}

    FINALIZE.prepare_for_update(new, namespace())

    assert not FINALIZE.holds_deletion(new)
    assert FINALIZE.validate(new) == []


def test_deletion_makes_it_terminating_and_is_held_until_its_finalizers_are_gone() -> None:
    obj = namespace()

    STRATEGY.begin_deletion(obj)

    assert obj["status"]["phase"] == "Terminating"
    assert STRATEGY.holds_deletion(obj)
    assert not STRATEGY.holds_deletion(namespace(finalizers=()))


@pytest.mark.parametrize(
    ("phase", "deleted", "message"),
    [
        ("Active", "", ""),
        ("Terminating", "2026-01-01T00:00:00Z", ""),
        (
            "Terminating",
            "",
            "Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty",
        ),
        (
            "Active",
            "2026-01-01T00:00:00Z",
            "Invalid value: \"Active\": may only be 'Terminating' if `deletionTimestamp` is not empty",
        ),
    ],
)
def test_the_phase_follows_the_deletion(phase: str, deleted: str, message: str) -> None:
    errors = STRATEGY.validate_status_update(namespace(phase=phase, deleted=deleted), namespace())

    assert [(error.field, error.message) for error in errors] == ([("status.Phase", message)] if message else [])


def test_a_finalizer_must_be_qualified() -> None:
    errors = STRATEGY.validate(namespace(finalizers=("own",)))

    assert errors[0].field == "spec.finalizers[0]"
    assert "neither a standard finalizer name nor is it fully qualified" in errors[0].message


def test_a_name_has_no_dots() -> None:
    assert list(STRATEGY.validate_name("a.b")) == ["must not contain dots"]
    assert list(STRATEGY.validate_name("a-b")) == []


def test_the_row_shows_the_phase() -> None:
    assert RESOURCE.row is not None

    assert RESOURCE.row(namespace(), datetime(2026, 1, 1, 0, 0, 42, tzinfo=UTC)) == ["shop", "Active", "42s"]
    assert RESOURCE.selectable_fields(namespace()) == {"metadata.name": "shop", "status.phase": "Active"}

"""Custom resource definitions: what is filled in, what is refused, what they make of their versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.apiextensions.custom_resource import resources_of
from fauxkube.kinds.apiextensions.custom_resource_definition import RESOURCE
from fauxkube.kinds.apiextensions.naming import FINALIZER, accept_names, is_established, tell_approval
from fauxkube.kinds.apiextensions.versions import priority
from fauxkube.machinery.objects import Object, copy_of

STRATEGY = RESOURCE.strategy
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
SPEC: Object = {
    "type": "object",
    "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
}


def version(name: str = "v1", *, schema: Object | None = None, **fields: Any) -> Object:
    return {
        "name": name,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": SPEC if schema is None else schema},
        **fields,
    }


def definition(*versions: Object, group: str = "example.com", plural: str = "shops", **spec: Any) -> Object:
    obj: Object = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "creationTimestamp": "2026-01-01T00:00:00Z", "uid": "1"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": "Shop"},
            "versions": copy_of({"all": versions or [version()]})["all"],
            **spec,
        },
    }
    STRATEGY.default(obj)
    STRATEGY.prepare_for_create(obj)
    return obj


def accepted(obj: Object, *others: Object) -> Object:
    told = copy_of(obj)
    accept_names(told, others, now=NOW)
    return told


def problems(obj: Object) -> list[tuple[str, str]]:
    return [(error.field, error.message) for error in [*STRATEGY.validate(obj), *STRATEGY.validate_create(obj)]]


def test_names_follow_from_the_kind_and_the_stored_version_is_noted() -> None:
    obj = definition(version("v1", storage=False), version("v2"))
    assert obj["spec"]["names"] == {"plural": "shops", "kind": "Shop", "singular": "shop", "listKind": "ShopList"}
    assert obj["spec"]["conversion"] == {"strategy": "None"}
    assert obj["status"]["storedVersions"] == ["v2"]
    assert problems(obj) == []


@pytest.mark.parametrize(
    ("obj", "field", "message"),
    [
        (
            definition(scope="Global"),
            "spec.scope",
            'Unsupported value: "Global": supported values: "Cluster", "Namespaced"',
        ),
        (
            definition(version(storage=False)),
            "spec.versions",
            'Invalid value: ["v1"]: must have exactly one version marked as storage version',
        ),
        (
            definition(version(), version(storage=False)),
            "spec.versions",
            'Invalid value: ["v1","v1"]: must contain unique version names',
        ),
        (
            definition(version(schema={})),
            "spec.versions[0].schema.openAPIV3Schema.type",
            "Required value: must not be empty at the root",
        ),
        (
            definition({"name": "v1", "served": True, "storage": True}),
            "spec.versions[0].schema.openAPIV3Schema",
            "Required value: schemas are required",
        ),
        (
            definition(conversion={"strategy": "Webhook"}),
            "spec.conversion.strategy",
            'Unsupported value: "Webhook": supported values: "None"',
        ),
        (
            definition(group="shops.k8s.io"),
            "metadata.annotations[api-approved.kubernetes.io]",
            (
                'Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see '
                "https://github.com/kubernetes/enhancements/pull/1111"
            ),
        ),
        (
            definition(version(additionalPrinterColumns=[{"name": "A", "type": "text", "jsonPath": ".spec.a"}])),
            "spec.versions[0].additionalPrinterColumns[0].type",
            'Invalid value: "text": must be one of boolean,date,integer,number,string',
        ),
        (
            definition(version(subresources={"scale": {"specReplicasPath": ".a", "statusReplicasPath": ".status.a"}})),
            "spec.versions[0].subresources.scale.specReplicasPath",
            'Invalid value: ".a": should be a json path under .spec',
        ),
        (
            definition(version(selectableFields=[{"jsonPath": ".spec.nope"}])),
            "spec.versions[0].selectableFields[0].jsonPath",
            'Invalid value: ".spec.nope": must point to a field of type string, boolean or integer',
        ),
    ],
)
def test_wrong_definitions_are_refused_in_upstreams_words(obj: Object, field: str, message: str) -> None:
    assert problems(obj) == [(field, message)]


def test_a_definition_is_called_by_its_plural_and_group() -> None:
    obj = definition()
    obj["metadata"]["name"] = "other.example.com"
    assert problems(obj) == [
        ("metadata.name", 'Invalid value: "other.example.com": must be spec.names.plural+"."+spec.group')
    ]


def of(**properties: Object) -> Object:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("schema", "field", "message"),
    [
        ({"type": "array", "items": {"type": "string"}}, "type", 'Invalid value: "array": must be object at the root'),
        (of(a={}), "properties[a].type", "Required value: must not be empty for specified object fields"),
        (of(a={"type": "array"}), "properties[a].items", "Required value: must be specified"),
        (
            of(a={"type": "array", "items": {}}),
            "properties[a].items.type",
            "Required value: must not be empty for specified array items",
        ),
        (of(a={"type": "text"}), "properties[a].type", None),
        (
            of(a={"type": "string", "anyOf": [{"type": "string"}]}),
            "properties[a].anyOf[0].type",
            "Forbidden: must be empty to be structural",
        ),
        (
            of(a={"type": "string", "default": 5}),
            "properties[a].default",
            'Invalid value: "integer":  in body must be of type string: "integer"',
        ),
        (
            of(a={**of(b={"type": "string"}), "additionalProperties": {"type": "string"}}),
            "properties[a].additionalProperties",
            "Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            of(a={"type": "string", "pattern": "("}),
            "properties[a].pattern",
            None,
        ),
        (
            of(metadata=of(labels={"type": "object"})),
            "properties[metadata]",
            (
                "Forbidden: must not specify anything other than name and generateName, "
                "but metadata is implicitly specified"
            ),
        ),
        (
            of(a={"type": "array", "items": of(), "x-kubernetes-list-type": "map"}),
            "properties[a].x-kubernetes-list-map-keys",
            "Required value: must not be empty if x-kubernetes-list-type is map",
        ),
    ],
)
def test_schemas_are_structural(schema: Object, field: str, message: str | None) -> None:
    ((found, told),) = problems(definition(version(schema=schema)))
    assert found == f"spec.versions[0].schema.openAPIV3Schema.{field}"
    assert message is None or told == message


@pytest.mark.parametrize(
    "schema",
    [
        of(a={"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}),
        of(a={"x-kubernetes-preserve-unknown-fields": True}),
        of(metadata=of(name={"type": "string", "maxLength": 3})),
        of(a={"type": "object", "additionalProperties": {"type": "string"}}),
        of(a={**of(b={"type": "string"}), "oneOf": [{"required": ["b"]}, {"properties": {"b": {"minLength": 1}}}]}),
    ],
)
def test_structural_schemas_are_taken(schema: Object) -> None:
    assert problems(definition(version(schema=schema))) == []


def test_what_is_established_keeps_its_kind_and_scope() -> None:
    old = accepted(definition())
    new = copy_of(old)
    new["spec"] |= {"scope": "Cluster", "names": {**new["spec"]["names"], "kind": "Store"}}
    assert [error.field for error in STRATEGY.validate_update(new, old)] == ["spec.scope", "spec.names.kind"]


def test_a_version_that_objects_may_be_stored_in_stays() -> None:
    old = accepted(definition(version("v1")))
    new = copy_of(old)
    new["spec"]["versions"] = [version("v2")]
    STRATEGY.prepare_for_update(new, old)
    (error,) = STRATEGY.validate_update(new, old)
    assert (new["status"]["storedVersions"], error.field) == (["v1", "v2"], "status.storedVersions[0]")


def test_rules_that_are_not_evaluated_are_warned_of() -> None:
    ruled = of(spec={**of(), "x-kubernetes-validations": [{"rule": "true"}]})
    assert STRATEGY.warnings(definition(version(schema=ruled)), None) == [
        "spec.versions[0].schema.openAPIV3Schema.properties[spec]: fauxkube does not evaluate x-kubernetes-validations"
    ]
    assert STRATEGY.warnings(definition(), None) == []


def test_a_definition_stays_until_its_finalizer_is_gone() -> None:
    obj = definition()
    assert STRATEGY.holds_deletion(obj)
    STRATEGY.begin_deletion(obj)
    obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert obj["metadata"]["finalizers"] == [FINALIZER]
    assert STRATEGY.holds_deletion(obj)
    obj["metadata"]["finalizers"] = []
    assert not STRATEGY.holds_deletion(obj)


def test_names_that_nobody_has_are_accepted() -> None:
    told = accepted(definition(names={"plural": "shops", "kind": "Shop", "shortNames": ["sh"]}))
    assert is_established(told)
    assert told["status"]["acceptedNames"]["shortNames"] == ["sh"]
    assert [(each["type"], each["reason"]) for each in told["status"]["conditions"]] == [
        ("NamesAccepted", "NoConflicts"),
        ("Established", "InitialNamesAccepted"),
    ]


@pytest.mark.parametrize(
    ("names", "reason", "message"),
    [
        ({"kind": "Shop"}, "ListKindConflict", '"ShopList" is already in use'),
        ({"kind": "Store", "shortNames": ["shop"]}, "ShortNamesConflict", '"shop" is already in use'),
        ({"kind": "Store", "singular": "shops"}, "SingularConflict", '"shops" is already in use'),
    ],
)
def test_names_that_another_definition_has_are_not(names: Object, reason: str, message: str) -> None:
    other = accepted(definition())
    told = accepted(definition(plural="stores", names={"plural": "stores", **names}), other)
    conditions = {each["type"]: each for each in told["status"]["conditions"]}
    assert (conditions["NamesAccepted"]["reason"], conditions["NamesAccepted"]["message"]) == (reason, message)
    assert conditions["Established"]["reason"] == "NotAccepted"
    assert not is_established(told)


def test_the_community_s_groups_say_whether_they_are_approved() -> None:
    for value, status in (("https://example.com/1", "True"), ("unapproved, a trial", "False")):
        obj = definition(group="shops.k8s.io")
        obj["metadata"]["annotations"] = {"api-approved.kubernetes.io": value}
        assert problems(obj) == []
        tell_approval(obj, now=NOW)
        assert obj["status"]["conditions"][0]["status"] == status


def test_versions_are_sorted_as_kubernetes_sorts_them() -> None:
    ordered = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"]
    mixed = sorted(ordered)
    assert mixed != ordered
    assert sorted(mixed, key=priority) == ordered


def names_of(obj: Object) -> Sequence[str]:
    return [f"{each.plural}.{each.version}" for each in resources_of(obj)]


def test_each_version_that_is_served_is_a_resource() -> None:
    obj = accepted(
        definition(version("v1beta1", storage=False), version("v1"), version("v0", storage=False, served=False))
    )
    assert names_of(obj) == ["shops.v1", "shops.v1beta1"]
    stable, beta = resources_of(obj)
    assert stable.conversion is None
    assert beta.conversion is not None
    assert beta.conversion.to_stored({"apiVersion": "example.com/v1beta1"}) == {"apiVersion": "example.com/v1"}
    assert stable.prefix == beta.prefix == "example.com/shops/"


def test_a_deprecated_version_says_what_is_newer() -> None:
    obj = accepted(definition(version("v1beta1", storage=False, deprecated=True), version("v1")))
    assert resources_of(obj)[1].deprecation == "example.com/v1beta1 Shop is deprecated; use example.com/v1 Shop"
    told = accepted(definition(version("v1", deprecated=True, deprecationWarning="Go away.")))
    assert resources_of(told)[0].deprecation == "Go away."


def test_the_table_has_the_columns_that_the_definition_names() -> None:
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Born", "type": "date", "jsonPath": ".spec.born"},
        {"name": "Tags", "type": "string", "jsonPath": ".spec.tags[0]", "priority": 1},
        {"name": "Open", "type": "boolean", "jsonPath": ".spec.open"},
    ]
    (resource,) = resources_of(accepted(definition(version(additionalPrinterColumns=columns))))
    assert resource.row is not None
    shop = {"metadata": {"name": "x"}, "spec": {"size": 3, "born": "2026-01-01T00:00:00Z", "tags": ["a"], "open": "no"}}
    assert resource.row(shop, NOW) == ["x", 3, "60s", "a", None]
    assert [(each.name, each.priority) for each in resource.columns] == [
        *(("Name", 0), ("Size", 0), ("Born", 0), ("Tags", 1), ("Open", 0))
    ]


def test_without_columns_the_age_is_shown() -> None:
    (resource,) = resources_of(accepted(definition()))
    assert resource.row is not None
    assert resource.row({"metadata": {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z"}}, NOW) == ["x", "60s"]


def test_selectable_fields_are_named_without_the_leading_dot() -> None:
    (resource,) = resources_of(accepted(definition(version(selectableFields=[{"jsonPath": ".spec.size"}]))))
    assert resource.field_names == ("spec.size",)
    assert resource.fields is not None
    assert resource.fields({"spec": {"size": 3}}) == {"spec.size": "3"}
    assert resource.fields({}) == {"spec.size": ""}


def test_every_change_but_to_metadata_raises_the_generation() -> None:
    (resource,) = resources_of(accepted(definition(version(subresources={"status": {}}))))
    old = {"metadata": {"name": "x"}, "spec": {"size": 1}, "status": {"a": 1}}
    new = {"metadata": {"name": "x", "labels": {"a": "b"}}, "spec": {"size": 1}, "status": {"a": 2}}
    resource.strategy.prepare_for_update(new, old)
    assert new["status"] == {"a": 1}
    assert not resource.strategy.raises_generation(new, old)
    assert resource.strategy.raises_generation({**new, "spec": {"size": 2}}, old)


def test_a_scale_is_where_the_definition_says() -> None:
    paths = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.now", "labelSelectorPath": ".status.who"}
    (resource,) = resources_of(accepted(definition(version(subresources={"scale": paths}))))
    scale = resource.projections["scale"]
    shop: Object = {"metadata": {"name": "x"}, "spec": {"size": 2}, "status": {"now": 1, "who": "a=b"}}
    shown = scale.read(shop)
    assert (shown["spec"], shown["status"]) == ({"replicas": 2}, {"replicas": 1, "selector": "a=b"})
    scale.write(shop, {"spec": {"replicas": 5}})
    assert shop["spec"] == {"size": 5}
    assert [error.field for error in resource.strategy.validate_create({**shop, "spec": {"size": -1}})] == [
        ".spec.size"
    ]

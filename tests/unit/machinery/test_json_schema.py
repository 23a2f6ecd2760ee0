"""Values by a structural schema: what is pruned, what is filled in, what is refused and how that is worded."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery.fields import Path
from fauxkube.machinery.json_schema import MISSING, fill_in, list_type_errors, prune, schema_errors
from fauxkube.machinery.objects import Object

TEXT: Object = {"type": "string"}
COUNT: Object = {"type": "integer"}


def of(**properties: Object) -> Object:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("schema", "given", "kept", "dropped"),
    [
        (of(a=TEXT), {"a": "x", "b": 1}, {"a": "x"}, ["b"]),
        (of(), {"apiVersion": "v1", "kind": "K", "metadata": {"x": 1}, "y": 1}, None, ["y"]),
        (of(s=of(a=TEXT)), {"s": {"a": "x", "b": {"c": 1}}}, {"s": {"a": "x"}}, ["s.b"]),
        (of(s=of(kind=TEXT)), {"s": {"metadata": 1}}, {"s": {}}, ["s.metadata"]),
        (of(s={"type": "object"}), {"s": {"a": 1}}, {"s": {}}, ["s.a"]),
        (of(s={**of(), "x-kubernetes-preserve-unknown-fields": True}), {"s": {"a": {"b": 1}}}, None, []),
        (
            of(s={**of(a=of(b=TEXT)), "x-kubernetes-preserve-unknown-fields": True}),
            {"s": {"z": 1, "a": {"b": "", "c": 1}}},
            {"s": {"z": 1, "a": {"b": ""}}},
            ["s.a.c"],
        ),
        (
            of(m={"type": "object", "additionalProperties": of(a=TEXT)}),
            {"m": {"k": {"b": 1}}},
            {"m": {"k": {}}},
            ["m.k.b"],
        ),
        (of(m={"type": "object", "additionalProperties": True}), {"m": {"k": {"b": 1}}}, None, []),
        (
            of(i={"type": "array", "items": of(a=TEXT)}),
            {"i": [{"a": ""}, {"b": 1}]},
            {"i": [{"a": ""}, {}]},
            ["i[1].b"],
        ),
        (
            of(e={**of(spec=of()), "x-kubernetes-embedded-resource": True}),
            {"e": {"kind": "Pod", "metadata": {"name": "x"}, "spec": {"a": 1}}},
            {"e": {"kind": "Pod", "metadata": {"name": "x"}, "spec": {}}},
            ["e.spec.a"],
        ),
    ],
)
def test_what_a_schema_does_not_specify_is_dropped(
    schema: Object, given: Object, kept: Object | None, dropped: list[str]
) -> None:
    expected = kept if kept is not None else {name: value for name, value in given.items() if name not in dropped}
    assert prune(given, schema) == dropped
    assert given == expected


@pytest.mark.parametrize(
    ("schema", "given", "filled"),
    [
        (of(a={**TEXT, "default": "x"}), {}, {"a": "x"}),
        (of(a={**TEXT, "default": "x"}), {"a": ""}, {"a": ""}),
        (of(a={**TEXT, "default": "x"}), {"a": None}, {"a": "x"}),
        (of(a={**TEXT, "default": "x", "nullable": True}), {"a": None}, {"a": None}),
        (of(a=TEXT), {"a": None}, {}),
        (of(a={**TEXT, "nullable": True}), {"a": None}, {"a": None}),
        (of(s={**of(a={**COUNT, "default": 1}), "default": {}}), {}, {"s": {"a": 1}}),
        (of(s=of(a={**COUNT, "default": 1})), {}, {}),
        (
            of(i={"type": "array", "items": of(a={**COUNT, "default": 1})}),
            {"i": [{}, {"a": 2}]},
            {"i": [{"a": 1}, {"a": 2}]},
        ),
        (
            of(m={"type": "object", "additionalProperties": of(a={**COUNT, "default": 1})}),
            {"m": {"k": {}}},
            {"m": {"k": {"a": 1}}},
        ),
    ],
)
def test_what_is_left_out_is_filled_in_and_wrong_nulls_go(schema: Object, given: Object, filled: Object) -> None:
    fill_in(given, schema)
    assert given == filled


def test_a_default_is_nobody_else_s() -> None:
    schema = of(s={"type": "array", "items": TEXT, "default": ["a"]})
    one: Object = {}
    fill_in(one, schema)
    one["s"].append("b")
    other: Object = {}
    fill_in(other, schema)
    assert other == {"s": ["a"]}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (TEXT, ""),
        (COUNT, 3),
        (COUNT, 3.0),
        ({"type": "number"}, 3),
        ({"type": "boolean"}, False),
        ({"x-kubernetes-int-or-string": True}, "80%"),
        ({"x-kubernetes-int-or-string": True}, 80),
        ({**TEXT, "nullable": True}, None),
        ({**TEXT, "pattern": "^a+$"}, "aaa"),
        ({**TEXT, "pattern": "b"}, "abc"),
        ({**TEXT, "pattern": "^[[:alpha:]_]+[[:digit:]]$"}, "a_b1"),
        ({**TEXT, "format": "unheard-of"}, "x"),
        ({**TEXT, "format": "date-time"}, "2026-01-01T00:00:00Z"),
        ({**TEXT, "format": "ipv4"}, "10.0.0.1"),
        ({**TEXT, "format": "cidr"}, "10.0.0.0/8"),
        ({**TEXT, "format": "uuid"}, "a6f79b4e-7149-49bc-b946-58e372f534ee"),
        ({**COUNT, "multipleOf": 5}, 15),
        ({"type": "object", "additionalProperties": COUNT}, {"a": 1}),
        ({"anyOf": [{"minimum": 5}, {"maximum": 1}], **COUNT}, 7),
        ({"not": {"enum": ["a"]}, **TEXT}, "b"),
        ({"enum": [1, 2], **COUNT}, 1.0),
    ],
)
def test_right_values_are_taken(schema: Object, value: Any) -> None:
    assert schema_errors(value, schema, path="spec.x") == []


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (COUNT, "a", 'Invalid value: "string": spec.x in body must be of type integer: "string"'),
        (COUNT, 1.5, 'Invalid value: "number": spec.x in body must be of type integer: "number"'),
        (COUNT, True, 'Invalid value: "boolean": spec.x in body must be of type integer: "boolean"'),
        (TEXT, None, 'Invalid value: "null": spec.x in body must be of type string: "null"'),
        (
            {"x-kubernetes-int-or-string": True},
            [],
            'Invalid value: "array": spec.x in body must be of type integer,string: "array"',
        ),
        ({**TEXT, "format": "ipv4"}, "x", 'Invalid value: "x": spec.x in body must be of type ipv4: "x"'),
        ({**TEXT, "maxLength": 2}, "abc", "Too long: may not be more than 2 bytes"),
        ({**TEXT, "minLength": 2}, "a", 'Invalid value: "a": spec.x in body should be at least 2 chars long'),
        ({**TEXT, "pattern": "^a$"}, "b", "Invalid value: \"b\": spec.x in body should match '^a$'"),
        ({**TEXT, "pattern": "^a$"}, "a\n", "Invalid value: \"a\\n\": spec.x in body should match '^a$'"),
        ({**TEXT, "enum": ["a", "b"]}, "c", 'Unsupported value: "c": supported values: "a", "b"'),
        ({**COUNT, "enum": [1, 2]}, 3, 'Unsupported value: 3: supported values: "1", "2"'),
        ({**COUNT, "minimum": 1}, 0, "Invalid value: 0: spec.x in body should be greater than or equal to 1"),
        (
            {**COUNT, "minimum": 1, "exclusiveMinimum": True},
            1,
            "Invalid value: 1: spec.x in body should be greater than 1",
        ),
        ({**COUNT, "maximum": 1}, 2, "Invalid value: 2: spec.x in body should be less than or equal to 1"),
        ({**COUNT, "multipleOf": 5}, 7, "Invalid value: 7: spec.x in body should be a multiple of 5"),
        ({"type": "array", "maxItems": 1, "items": COUNT}, [1, 2], "Too many: 2: must have at most 1 item"),
        (
            {"type": "array", "minItems": 1, "items": COUNT},
            [],
            "Invalid value: 0: spec.x in body should have at least 1 items",
        ),
        ({"type": "object", "maxProperties": 1}, {"a": 1, "b": 1}, "Too many: 2: must have at most 1 item"),
    ],
)
def test_wrong_values_are_refused_in_upstreams_words(schema: Object, value: Any, expected: str) -> None:
    (error,) = schema_errors(value, schema, path="spec.x")
    assert (error.field, error.message) == ("spec.x", expected)


def test_an_embedded_resource_says_what_it_is() -> None:
    schema = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    errors = schema_errors({"kind": "", "metadata": {}}, schema, path="spec.x")
    assert [(error.field, error.message) for error in errors] == [
        ("spec.x.apiVersion", "Required value: must not be empty"),
        ("spec.x.kind", "Required value: must not be empty"),
    ]


def test_every_field_is_judged_in_its_place() -> None:
    schema = of(
        spec={
            **of(
                ports={"type": "array", "items": {**of(port=COUNT), "required": ["port"]}},
                labels={"additionalProperties": TEXT, "type": "object"},
            ),
            "required": ["name"],
        }
    )
    errors = schema_errors({"spec": {"ports": [{"port": 1}, {}, {"port": "x"}], "labels": {"a": 1}}}, schema)
    assert [(error.field, error.reason) for error in errors] == [
        ("spec.name", "FieldValueRequired"),
        ("spec.labels.a", "FieldValueTypeInvalid"),
        ("spec.ports[1].port", "FieldValueRequired"),
        ("spec.ports[2].port", "FieldValueTypeInvalid"),
    ]


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (
            {**COUNT, "anyOf": [{"maximum": 1}, {"minimum": 5}]},
            3,
            [
                ("<nil>", 'Invalid value: "": "spec.x" must validate at least one schema (anyOf)'),
                ("spec.x", "Invalid value: 3: spec.x in body should be less than or equal to 1"),
            ],
        ),
        (
            {**of(a=TEXT, b=TEXT), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {"a": "", "b": ""},
            [
                (
                    "<nil>",
                    (
                        'Invalid value: "": "spec.x" must validate one and only one schema (oneOf). '
                        "Found 2 valid alternatives"
                    ),
                )
            ],
        ),
        (
            {**of(a=TEXT, b=TEXT), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {},
            [
                (
                    "<nil>",
                    'Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found none valid',
                ),
                ("spec.x.a", "Required value"),
            ],
        ),
        (
            {**COUNT, "allOf": [{"minimum": 1}, {"maximum": 5}]},
            9,
            [
                ("spec.x", "Invalid value: 9: spec.x in body should be less than or equal to 5"),
                ("<nil>", 'Invalid value: "": "spec.x" must validate all the schemas (allOf)'),
            ],
        ),
        (
            {**TEXT, "not": {"enum": ["a"]}},
            "a",
            [("<nil>", 'Invalid value: "": "spec.x" must not validate the schema (not)')],
        ),
    ],
)
def test_combined_schemas_are_judged_together(schema: Object, value: Any, expected: list[tuple[str, str]]) -> None:
    assert [(error.field, error.message) for error in schema_errors(value, schema, path="spec.x")] == expected


def test_what_was_wrong_before_and_stays_as_it_was_is_not_judged_again() -> None:
    ports = {
        "type": "array",
        "items": of(name=TEXT, port={**COUNT, "maximum": 9}),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    }
    schema = of(spec=of(size={**COUNT, "maximum": 1}, ports=ports))
    old = {"spec": {"size": 5, "ports": [{"name": "a", "port": 10}, {"name": "b", "port": 1}]}}
    new = {"spec": {"size": 5, "ports": [{"name": "b", "port": 11}, {"name": "a", "port": 10}]}}
    assert [error.field for error in schema_errors(new, schema, old=old)] == ["spec.ports[0].port"]
    assert [error.field for error in schema_errors(new, schema, old=MISSING)] == [
        *("spec.ports[0].port", "spec.ports[1].port", "spec.size")
    ]


def test_sets_and_maps_hold_nothing_twice() -> None:
    names = {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"}
    ports = {
        "type": "array",
        "items": of(port=COUNT, name=TEXT),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["port"],
    }
    schema = of(spec=of(names=names, ports=ports, free={"type": "array", "items": TEXT}))
    value = {
        "spec": {
            "names": ["a", "b", "a"],
            "ports": [{"port": 1, "name": "x"}, {"port": 1, "name": "y"}],
            "free": ["a", "a"],
        }
    }
    assert [(error.field, error.message) for error in list_type_errors(value, schema, Path(""))] == [
        ("spec.names[2]", 'Duplicate value: "a"'),
        ("spec.ports[1]", 'Duplicate value: {"port":1}'),
    ]

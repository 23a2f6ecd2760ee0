"""ConfigMaps and Secrets: keys, sizes, immutability and the keys that a secret's type asks for."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.kinds.core import config_map, secret
from fauxkube.kinds.core.data_fields import MAX_SIZE, encoded_size
from fauxkube.machinery.objects import Object

CONFIG_MAPS, SECRETS = config_map.RESOURCE.strategy, secret.RESOURCE.strategy
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
METADATA = {"name": "web", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def of_type(type: str, *keys: str, **content: str) -> Object:
    data = dict.fromkeys(keys, encoded("x")) | {key: encoded(value) for key, value in content.items()}
    return {"metadata": dict(METADATA), "type": type, "data": data}


@given(st.binary(max_size=20))
def test_the_size_of_a_value_is_that_of_its_bytes(content: bytes) -> None:
    assert encoded_size({"key": base64.b64encode(content).decode()}) == len(content)


def test_a_key_must_be_fit_for_a_file_name() -> None:
    errors = CONFIG_MAPS.validate({"metadata": METADATA, "data": {"a b": "", "..": "", "good.key_1-x": ""}})

    assert [error.field for error in errors] == ["data[a b]", "data[..]"]
    assert errors[0].message.startswith('Invalid value: "a b": a valid config key must consist of alphanumeric')


def test_a_key_is_either_text_or_bytes() -> None:
    errors = CONFIG_MAPS.validate({"metadata": METADATA, "data": {"k": "v"}, "binaryData": {"k": "dg=="}})

    assert [(error.field, error.message) for error in errors] == [
        ("data[k]", 'Invalid value: "k": duplicate of key present in binaryData'),
        ("binaryData[k]", 'Invalid value: "k": duplicate of key present in data'),
    ]


@pytest.mark.parametrize(("size", "refused"), [(MAX_SIZE, False), (MAX_SIZE + 1, True)])
def test_a_config_map_holds_at_most_a_mebibyte(size: int, refused: bool) -> None:
    errors = CONFIG_MAPS.validate({"metadata": METADATA, "data": {"k": "x" * size}})

    expected = [("[]", "FieldValueTooLong", "Too long: may not be more than 1048576 bytes")]
    assert [(error.field, error.reason, error.message) for error in errors] == (expected if refused else [])


def test_a_secret_holds_at_most_a_mebibyte_of_bytes() -> None:
    fits, too_much = (encoded("x" * size) for size in (MAX_SIZE, MAX_SIZE + 1))

    assert SECRETS.validate(of_type("Opaque") | {"data": {"k": fits}}) == []
    assert [error.field for error in SECRETS.validate(of_type("Opaque") | {"data": {"k": too_much}})] == ["data"]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({}, []),
        ({"metadata": METADATA | {"labels": {"a": "b"}}}, []),
        ({"data": {"k": "other"}}, ["data"]),
        ({"binaryData": {"b": "dg=="}}, ["binaryData"]),
        ({"immutable": False}, ["immutable"]),
        ({"immutable": False, "data": {}}, ["immutable", "data"]),
    ],
)
def test_an_immutable_config_map_keeps_its_data(change: Object, fields: list[str]) -> None:
    old: Object = {"metadata": METADATA, "immutable": True, "data": {"k": "v"}}

    errors = CONFIG_MAPS.validate_update(old | change, old)

    assert [error.field for error in errors] == fields
    assert {error.message for error in errors} <= {"Forbidden: field is immutable when `immutable` is set"}


def test_a_mutable_config_map_may_turn_immutable() -> None:
    old: Object = {"metadata": METADATA, "data": {"k": "v"}}

    assert CONFIG_MAPS.validate_update({"metadata": METADATA, "data": {}, "immutable": True}, old) == []


def test_string_data_is_folded_into_data_and_wins() -> None:
    obj: Object = {"metadata": METADATA, "data": {"a": encoded("old"), "b": encoded("b")}, "stringData": {"a": "new ü"}}

    SECRETS.default(obj)

    assert obj == {"metadata": METADATA, "type": "Opaque", "data": {"a": encoded("new ü"), "b": encoded("b")}}


@pytest.mark.parametrize(
    ("given_secret", "missing"),
    [
        (of_type("Opaque"), []),
        (of_type("example.com/own"), []),
        (of_type("kubernetes.io/tls"), ["data[tls.crt]", "data[tls.key]"]),
        (of_type("kubernetes.io/tls", "tls.crt"), ["data[tls.key]"]),
        (of_type("kubernetes.io/tls", "tls.crt", "tls.key"), []),
        (of_type("kubernetes.io/basic-auth"), ["data[username]", "data[password]"]),
        (of_type("kubernetes.io/basic-auth", "password"), []),
        (of_type("kubernetes.io/ssh-auth"), ["data[ssh-privatekey]"]),
        (of_type("kubernetes.io/ssh-auth", "ssh-privatekey"), []),
        (of_type("kubernetes.io/dockercfg"), ["data[.dockercfg]"]),
        (of_type("kubernetes.io/dockerconfigjson"), ["data[.dockerconfigjson]"]),
        (
            of_type("kubernetes.io/service-account-token"),
            ["metadata.annotations[kubernetes.io/service-account.name]"],
        ),
    ],
)
def test_a_type_asks_for_its_keys(given_secret: Object, missing: list[str]) -> None:
    errors = SECRETS.validate(given_secret)

    assert [(error.field, error.message) for error in errors] == [(field, "Required value") for field in missing]


def test_a_token_names_its_service_account() -> None:
    token = of_type("kubernetes.io/service-account-token")
    token["metadata"]["annotations"] = {"kubernetes.io/service-account.name": "default"}

    assert SECRETS.validate(token) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"auths":{}}', ""),
        ("null", ""),
        ("", "unexpected end of JSON input"),
        ('{"auths":', "unexpected end of JSON input"),
        ("secret", "invalid character 's' looking for beginning of value"),
        ("[]", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
    ],
)
def test_a_docker_config_is_json_and_never_shown(content: str, problem: str) -> None:
    errors = SECRETS.validate(of_type("kubernetes.io/dockerconfigjson", **{".dockerconfigjson": content}))

    expected = f'Invalid value: "<secret contents redacted>": {problem}'
    assert [error.message for error in errors] == ([expected] if problem else [])


def test_a_secrets_type_is_fixed() -> None:
    errors = SECRETS.validate_update(of_type("Opaque"), of_type("kubernetes.io/tls"))

    assert [str(error.message) for error in errors] == ['Invalid value: "Opaque": field is immutable']


def test_the_rows_count_the_keys() -> None:
    assert config_map.RESOURCE.row is not None
    assert secret.RESOURCE.row is not None

    both: Object = {"metadata": METADATA, "data": {"a": "", "b": ""}, "binaryData": {"c": ""}}
    assert config_map.RESOURCE.row(both, NOW) == ["web", 3, "60s"]
    assert secret.RESOURCE.row(of_type("Opaque", "a"), NOW) == ["web", "Opaque", 1, "60s"]
    assert secret.RESOURCE.selectable_fields(of_type("Opaque"))["type"] == "Opaque"

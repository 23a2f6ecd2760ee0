"""Protobuf bodies: what kubectl sends is read as the JSON that it stands for."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.machinery.decoding import MalformedError
from fauxkube.machinery.schema import Schemas
from fauxkube.registry.options import DeleteOptions
from fauxkube.server import protobuf
from fauxkube.server.openapi_schemas import Names
from fauxkube.server.protobuf_types import messages
from unit.server.fake_cluster import CONFIG_MAPS, DEPLOYMENTS, FakeCluster

PROTOBUF = {"content-type": "application/vnd.kubernetes.protobuf"}

#: `kubectl create deployment shop --image=nginx --replicas=3 --port=80`, version 1.36.
DEPLOYMENT = base64.b64decode(
    "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErwBCiEKBHNob3ASABoAIgAqADIAOABCAFoLCgNhcHASBHNob3ASiAEIAxINCgsKA2FwcBIEc2hv"
    "cBptCh0KABIAGgAiACoAMgA4AEIAWgsKA2FwcBIEc2hvcBJMEi4KBW5naW54EgVuZ2lueCoAMgoKABAAGFAiACoAQgBqAHIAgAEAiAEAkAEAogEA"
    "GgAyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBACICCgAoADgAGgwIABAAGAAgACgAOAAaACIA"
)
#: `kubectl create service nodeport s --tcp=80:8080 --node-port=30008`.
SERVICE = base64.b64decode(
    "azhzAAoNCgJ2MRIHU2VydmljZRJkChsKAXMSABoAIgAqADIAOABCAFoICgNhcHASAXMSQQodCgc4MC04MDgwEgNUQ1AYUCIHCAAQkD8aACi46gES"
    "CAoDYXBwEgFzGgAiCE5vZGVQb3J0OgBCAFIAWgBgAGgAGgIKABoAIgA="
)


def field(number: int, value: int | bytes | str) -> bytes:
    """A field as it is sent."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value % (1 << 64))
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def body(api_version: str, kind: str, *fields: bytes) -> bytes:
    named = field(1, api_version) + field(2, kind)
    return protobuf.MAGIC + field(1, named) + field(2, b"".join(fields))


def test_a_deployment_is_read_as_kubectl_means_it() -> None:
    assert protobuf.decode(DEPLOYMENT, "", "") == {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": "shop", "labels": {"app": "shop"}},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {
                "metadata": {"labels": {"app": "shop"}},
                "spec": {
                    "containers": [
                        {"name": "nginx", "image": "nginx", "ports": [{"containerPort": 80}], "resources": {}},
                    ],
                },
            },
            "strategy": {},
        },
        "status": {},
    }


def test_a_number_or_string_is_read_as_what_it_is() -> None:
    (port,) = protobuf.decode(SERVICE, "v1", "Service")["spec"]["ports"]
    assert port == {"name": "80-8080", "protocol": "TCP", "port": 80, "targetPort": 8080, "nodePort": 30008}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (body("v1", "Secret", field(2, field(1, "k") + field(2, b"v\xff"))), {"data": {"k": "dv8="}}),
        (body("apps/v1", "Deployment", field(2, field(1, 0))), {"spec": {"replicas": 0}}),
        (body("apps/v1", "Deployment", field(2, field(5, 0))), {"spec": {}}),
        (body("apps/v1", "Deployment", field(2, field(5, -1))), {"spec": {"minReadySeconds": -1}}),
        (
            body("v1", "Pod", field(1, field(9, field(1, 1_767_225_600)))),
            {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}},
        ),
        (
            body("coordination.k8s.io/v1", "Lease", field(2, field(4, field(1, 1_767_225_600) + field(2, 5_000)))),
            {"spec": {"renewTime": "2026-01-01T00:00:00.000005Z"}},
        ),
        (
            body("v1", "Pod", field(2, field(2, field(8, field(1, field(1, "cpu") + field(2, field(1, "100m"))))))),
            {"spec": {"containers": [{"resources": {"limits": {"cpu": "100m"}}, "name": ""}]}},
        ),
        (
            body("v1", "Pod", field(2, field(1, field(1, "v") + field(2, field(2, b""))))),
            {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}},
        ),
        (
            body("apps/v1", "ControllerRevision", field(2, field(1, b'{"spec":1}')) + field(3, 7)),
            {"data": {"spec": 1}, "revision": 7},
        ),
        (body("v1", "ConfigMap", field(99, "unknown"), varint(98 << 3 | 5) + b"1234"), {}),
    ],
    ids=["bytes", "pointer", "zero", "negative", "time", "micro", "quantity", "inline", "raw", "unknown"],
)
def test_every_type_of_field_becomes_its_json(data: bytes, expected: dict[str, Any]) -> None:
    obj = protobuf.decode(data, "", "")
    del obj["kind"], obj["apiVersion"]
    if "containers" in obj.get("spec", {}):
        obj["spec"]["containers"][0].setdefault("name", "")
    assert obj == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{}", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"),
        (DEPLOYMENT[:-40], "unexpected EOF"),
        (body("v1", "Gadget"), 'no kind "Gadget" is registered for version "v1"'),
        (body("v1", "Pod", b"\x0b"), "proto: illegal wireType 3"),
        (body("v1", "Pod", field(1, field(1, b"\xff"))), "proto: a string cannot be read"),
        (body("v1", "Pod", field(1, 5)), "proto: a meta.v1.ObjectMeta cannot be read"),
        (body("v1", "Pod", b"\xff" * 11), "proto: integer overflow"),
    ],
)
def test_a_body_that_cannot_be_read_is_malformed(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError) as refused:
        protobuf.decode(data, "", "")
    assert str(refused.value).startswith(message)


def test_protobuf_is_taken_wherever_a_body_is() -> None:
    cluster = FakeCluster()
    answer = cluster.call("POST", "/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT, headers=PROTOBUF)
    assert (answer.status, answer.json["spec"]["replicas"]) == (201, 3)
    options = body("apps/v1", "DeleteOptions", field(1, 0), field(4, "Background"))
    answer = cluster.call("DELETE", "/apis/apps/v1/namespaces/default/deployments/shop", options, headers=PROTOBUF)
    assert answer.status == 200
    assert cluster.pipelines.calls[-1] == DeleteOptions(grace_period_seconds=0, propagation_policy="Background")
    assert not cluster.pipelines.objects


def test_a_malformed_body_is_answered_as_other_bodies_are() -> None:
    answer = FakeCluster().call("POST", f"/api/v1/namespaces/default/{CONFIG_MAPS.plural}", b"nope", headers=PROTOBUF)
    assert answer.status == 400
    assert answer.json["message"].startswith("the object provided is unrecognized (must be of type ConfigMap): ")
    assert answer.json["message"].endswith("(6e6f7065)")


#: Fields of status alone that only kubelets write.
_UNSENT = {
    ("core.v1.PodStatus", "nodeAllocatableResourceClaimStatuses"),
    ("core.v1.ResourceHealth", "message"),
    ("core.v1.VolumeMountStatus", "volumeStatus"),
}


def test_every_field_of_every_kind_that_is_served_has_its_number() -> None:
    definitions = Schemas("1.36").raw_definitions()
    names = Names(definitions)
    pending = [
        name for each in default_catalogue().resources if (name := names.of(each.group, each.version, each.kind))
    ]
    assert DEPLOYMENTS.kind in {name.rpartition(".")[2] for name in pending}
    seen, missing = set[str](), set[tuple[str, str]]()
    while pending:
        name = pending.pop()
        properties = definitions[name].get("properties")
        if name in seen or not properties:
            continue
        seen.add(name)
        short = name.removeprefix("io.k8s.api.").removeprefix("io.k8s.apimachinery.pkg.apis.")
        missing |= {(short, each) for each in properties.keys() - {"kind", "apiVersion"} - json_names(short)}
        pending += [reference for each in properties.values() for reference in references(each)]
    assert {each for each in missing if each[0] in messages()} == _UNSENT


def json_names(name: str) -> set[str]:
    found: set[str] = set()
    for each in messages().get(name, {}).values():
        found |= json_names(each.type) if each.inline else {each.name}
    return found


def references(schema: dict[str, Any]) -> list[str]:
    inner = schema.get("items") or schema.get("additionalProperties") or schema
    return [inner["$ref"].rpartition("/")[2]] if "$ref" in inner else []

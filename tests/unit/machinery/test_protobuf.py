"""Bodies in protobuf: the JSON object that they stand for, and what is said of those that cannot be read."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.machinery.protobuf.envelope import decode
from fauxkube.machinery.protobuf.errors import MessageError, ProtobufError, UnknownKindError
from fauxkube.machinery.protobuf.messages import facts, message_of
from fauxkube.machinery.schema import Schemas
from support.protobuf import MAGIC, body, entry, field, varint


def content(api_version: str, kind: str, raw: bytes) -> dict[str, Any]:
    obj = decode(body(api_version, kind, raw))
    assert (obj.pop("apiVersion"), obj.pop("kind")) == (api_version, kind)
    return obj


EMPTY_METADATA = b"".join(field(number, "") for number in range(1, 7)) + field(7, 0) + field(8, b"")

CONTAINER = (
    field(1, "app")
    + field(2, "nginx")
    + field(6, field(1, "") + field(2, 0) + field(3, 80) + field(4, "") + field(5, ""))
    + field(8, entry(1, "cpu", field(1, "500m")))
    + field(10, field(1, field(2, field(1, "/live") + field(2, field(1, 1) + field(2, 0) + field(3, "http")))))
    + field(13, "")
    + field(16, 0)
)

DEPLOYMENT = (
    field(1, field(1, "shop") + field(8, b"") + entry(11, "app", "shop"))
    + field(2, field(1, 0) + field(3, field(1, EMPTY_METADATA) + field(2, field(2, CONTAINER))) + field(4, b""))
    + field(3, field(1, 0))
)


def test_a_whole_object_is_what_go_would_have_sent_as_json() -> None:
    assert decode(body("apps/v1", "Deployment", DEPLOYMENT)) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop", "labels": {"app": "shop"}},
        "spec": {
            "replicas": 0,
            "template": {
                "metadata": {},
                "spec": {
                    "containers": [
                        {
                            "name": "app",
                            "image": "nginx",
                            "ports": [{"containerPort": 80}],
                            "resources": {"limits": {"cpu": "500m"}},
                            "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}},
                        }
                    ]
                },
            },
            "strategy": {},
        },
        "status": {},
    }


@pytest.mark.parametrize(
    ("raw", "spec"),
    [
        (field(3, "") + field(8, "") + field(11, 0), {}),
        (
            field(4, 0) + field(21, 0) + field(25, 0),
            {
                "terminationGracePeriodSeconds": 0,
                "automountServiceAccountToken": False,
                "priority": 0,
            },
        ),
        (field(14, b""), {"securityContext": {}}),
        (field(14, field(2, 0) + field(3, 0)), {"securityContext": {"runAsUser": 0, "runAsNonRoot": False}}),
        (field(25, -5) + field(5, -1), {"priority": -5, "activeDeadlineSeconds": -1}),
        (field(25, 2**32 - 5), {"priority": -5}),
        (field(10, "a") + field(10, "b"), {"nodeName": "b"}),
        (field(14, field(2, 1)) + field(14, field(5, 2)), {"securityContext": {"runAsUser": 1, "fsGroup": 2}}),
        (field(14, field(4, 1) + field(4, 300)), {"securityContext": {"supplementalGroups": [1, 300]}}),
        (field(14, field(4, varint(1) + varint(300))), {"securityContext": {"supplementalGroups": [1, 300]}}),
        (entry(7, "disk", "") + field(7, field(1, "zone")), {"nodeSelector": {"disk": "", "zone": ""}}),
        (entry(32, "cpu", b"") + entry(32, "memory", field(1, "1Gi")), {"overhead": {"cpu": "0", "memory": "1Gi"}}),
        (field(1, field(1, "tmp") + field(2, field(2, field(1, "")))), {"volumes": [{"name": "tmp", "emptyDir": {}}]}),
        (
            field(1, field(1, "c") + field(2, field(19, field(1, field(1, "conf")) + field(4, 0)))),
            {"volumes": [{"name": "c", "configMap": {"name": "conf", "optional": False}}]},
        ),
        (
            field(34, field(1, field(1, "debug") + field(2, "busybox")) + field(2, "app")),
            {"ephemeralContainers": [{"name": "debug", "image": "busybox", "targetContainerName": "app"}]},
        ),
        (field(10, b"\xff"), {"nodeName": "\ufffd"}),
    ],
    ids=[
        "zeros that are no pointers go",
        "zeros that are pointers stay",
        "an empty struct stays",
        "pointers within it",
        "negative numbers",
        "32 bits of a longer number",
        "the last of a scalar",
        "structs merge",
        "a list of numbers one by one",
        "a list of numbers packed",
        "entries without a value",
        "quantities",
        "an inline volume source",
        "an inline reference",
        "an inline container",
        "no UTF-8",
    ],
)
def test_a_pods_spec_keeps_what_go_keeps_in_json(raw: bytes, spec: dict[str, Any]) -> None:
    assert content("v1", "Pod", field(2, raw)) == {"spec": spec}


@pytest.mark.parametrize(
    ("raw", "metadata"),
    [
        (field(8, b""), {}),
        (field(8, field(1, 0) + field(2, 0)), {"creationTimestamp": "1970-01-01T00:00:00Z"}),
        (field(8, field(1, 1767225600) + field(2, 999)), {"creationTimestamp": "2026-01-01T00:00:00Z"}),
        (
            field(17, field(7, field(1, '{"f:data":{}}'))),
            {"managedFields": [{"fieldsV1": {"f:data": {}}}]},
        ),
        (field(13, field(3, "web") + field(6, 0)), {"ownerReferences": [{"name": "web", "controller": False}]}),
    ],
    ids=["no time", "the epoch", "a time to the second", "raw JSON", "an owner"],
)
def test_metadata_reads_as_go_writes_it(raw: bytes, metadata: dict[str, Any]) -> None:
    assert content("v1", "ServiceAccount", field(1, raw)) == {"metadata": metadata}


def test_times_of_leases_have_six_decimals() -> None:
    spec = field(4, field(1, 1767225600) + field(2, 250_000_999))
    assert content("coordination.k8s.io/v1", "Lease", field(2, spec)) == {
        "spec": {"renewTime": "2026-01-01T00:00:00.250000Z"}
    }


def test_bytes_are_base64_and_may_be_empty() -> None:
    raw = entry(2, "password", b"\x00\xffpass") + entry(2, "none", b"")
    assert content("v1", "Secret", raw) == {"data": {"password": "AP9wYXNz", "none": ""}}


@pytest.mark.parametrize(
    ("target", "port"),
    [
        (field(1, 0) + field(2, 8080) + field(3, ""), 8080),
        (field(1, 1) + field(2, 0) + field(3, "web"), "web"),
        (b"", 0),
    ],
)
def test_a_port_is_a_number_or_a_name(target: bytes, port: int | str) -> None:
    raw = field(2, field(1, field(3, 80) + field(4, target)))
    assert content("v1", "Service", raw) == {"spec": {"ports": [{"port": 80, "targetPort": port}]}}


@pytest.mark.parametrize(
    "unknown",
    [
        field(99, 7),
        field(9999, b"whatever"),
        varint(99 << 3 | 1) + bytes(8),
        varint(99 << 3 | 5) + bytes(4),
    ],
    ids=["varint", "length", "64 bits", "32 bits"],
)
def test_fields_that_are_not_known_are_skipped(unknown: bytes) -> None:
    assert content("v1", "Namespace", unknown + field(1, unknown + field(1, "shop"))) == {"metadata": {"name": "shop"}}


@pytest.mark.parametrize("api_version", ["v1", "apps/v1", "meta.k8s.io/v1", "policy/v1"])
def test_options_are_known_to_every_group(api_version: str) -> None:
    raw = field(1, 0) + field(4, "Background")
    assert content(api_version, "DeleteOptions", raw) == {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}


def test_a_body_that_names_no_kind_is_of_the_one_expected() -> None:
    unnamed = MAGIC + field(2, field(1, field(1, "shop")))
    named = decode(unnamed, api_version="v1", kind="Namespace")
    assert named == {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty data"),
        (b"k8s", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"),
        (b'{"kind":"Pod"}', "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"),
        (MAGIC, "empty body"),
        (MAGIC + b"\x0a\x05v1", "unexpected EOF"),
        (MAGIC + field(2, b""), "Object 'Kind' is missing in protobuf"),
        (MAGIC + b"\xff" * 10, "proto: integer overflow"),
    ],
)
def test_a_body_without_an_envelope_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ProtobufError) as refused:
        decode(data)
    assert str(refused.value) == message
    assert not isinstance(refused.value, MessageError)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"\x0a\x05abc", "unexpected EOF"),
        (b"\x0a", "unexpected EOF"),
        (field(1, b"\x0a\x7fx"), "unexpected EOF"),
        (field(1, 5), "proto: wrong wireType = 0 for field Metadata"),
        (field(2, field(25, "x")), "proto: wrong wireType = 2 for field Priority"),
        (b"\x02\x00", "proto: Pod: illegal tag 0 (wire type 2)"),
        (varint(99 << 3 | 3), "proto: illegal wireType 3"),
        (varint(99 << 3 | 7), "proto: illegal wireType 7"),
        (varint(99 << 3 | 1) + bytes(7), "unexpected EOF"),
        (field(1, field(8, field(1, 2**62))), "Time.MarshalJSON: year outside of range [0,9999]"),
        (
            field(1, field(17, field(7, field(1, "{")))),
            "unexpected end of JSON input",
        ),
    ],
)
def test_a_message_that_is_not_of_its_kind_is_refused_with_the_kind(raw: bytes, message: str) -> None:
    with pytest.raises(MessageError) as refused:
        decode(body("v1", "Pod", raw))
    assert (refused.value.api_version, refused.value.kind, str(refused.value)) == ("v1", "Pod", message)


@pytest.mark.parametrize(("api_version", "kind"), [("v1", "Gadget"), ("v7", "Pod"), ("example.com/v1", "Pod")])
def test_a_kind_that_is_not_known_is_refused(api_version: str, kind: str) -> None:
    with pytest.raises(UnknownKindError, match=f'no kind "{kind}" is registered for version "{api_version}"'):
        decode(body(api_version, kind, b""))


@given(st.binary(max_size=200))
def test_garbage_is_an_object_or_an_error_of_the_family(raw: bytes) -> None:
    for data in (raw, MAGIC + raw, body("v1", "Pod", raw), body("v1", "Pod", field(1, raw) + field(2, raw))):
        try:
            assert isinstance(decode(data), dict)
        except ProtobufError:
            continue


@given(st.integers(0, len(DEPLOYMENT) - 1), st.integers(0, 255))
def test_a_body_with_one_byte_wrong_is_an_object_or_an_error_of_the_family(position: int, byte: int) -> None:
    damaged = DEPLOYMENT[:position] + bytes([byte]) + DEPLOYMENT[position + 1 :]
    for raw in (damaged, DEPLOYMENT[:position]):
        try:
            assert isinstance(decode(body("apps/v1", "Deployment", raw)), dict)
        except ProtobufError:
            continue


ACTED_THROUGH = [
    ("", "v1", "Binding"),
    ("policy", "v1", "Eviction"),
    ("autoscaling", "v1", "Scale"),
    *(("meta.k8s.io", "v1", f"{verb}Options") for verb in ("Create", "Delete", "List", "Patch", "Update")),
    ("meta.k8s.io", "v1", "Status"),
]
#: A schema holds schemas to any depth, and Go's clients send definitions as JSON.
NEVER_SENT = {"CustomResourceDefinition"}
SERVED = [
    (resource.group, resource.version, resource.kind)
    for resource in default_catalogue().resources
    if resource.kind not in NEVER_SENT
]


@pytest.mark.parametrize(("group", "version", "kind"), SERVED + ACTED_THROUGH)
def test_every_kind_that_is_served_can_be_read(group: str, version: str, kind: str) -> None:
    message = message_of(f"{group}/{version}".lstrip("/"), kind)
    assert message is not None
    assert message.decode(b"") == {}


def types_within(name: str) -> set[str]:
    package = name.rpartition(".")[0]
    types = (fact.partition(":")[2].lstrip("[]{}") for fact in facts()[name].split())
    return {package + each if each.startswith(".") else each for each in types if "." in each}


def test_no_message_holds_itself_so_that_depth_is_bounded() -> None:
    for name in facts():
        held, new = set[str](), types_within(name)
        while new:
            held |= new
            new = set().union(*map(types_within, new)) - held
        assert name not in held


def definition_of(name: str) -> str:
    return f"io.k8s.{'apimachinery.pkg.apis' if name.startswith('meta.') else 'api'}.{name}"


def test_fields_have_the_names_that_the_schemas_have() -> None:
    schemas = Schemas().raw_definitions()
    strangers = {
        f"{name}.{field_name}"
        for name, fields in facts().items()
        if "properties" in (schema := schemas.get(definition_of(name), {}))
        for field_name in (fact.partition("=")[2].partition(":")[0] for fact in fields.split())
        if field_name not in {"-", *schema["properties"]}
    }
    assert strangers == set()


def test_fields_are_in_order_and_none_twice() -> None:
    for fields in facts().values():
        numbers = [int(fact.partition("=")[0]) for fact in fields.split()]
        assert all(one < next_one for one, next_one in pairwise(numbers))

"""Decoding by the schemas: what is pruned, what is refused, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery import schema
from fauxkube.machinery.objects import Object

SCHEMAS = schema.Schemas()


def kind(group: str, version: str, name: str) -> schema.ObjectSchema:
    found = SCHEMAS.of(group, version, name)
    assert found is not None
    return found


def decoded(obj: Object, group: str = "", name: str = "Pod") -> tuple[Object, list[str]]:
    problems = schema.decode(kind(group, "v1", name), obj)
    return obj, problems


def refusal(obj: Object, group: str = "", name: str = "Pod") -> str:
    with pytest.raises(schema.DecodeError) as caught:
        decoded(obj, group, name)
    return str(caught.value)


def container(**fields: Any) -> Object:
    return {"spec": {"containers": [{"name": "web"} | fields]}}


@pytest.mark.parametrize(
    ("group", "version", "name"),
    [
        ("", "v1", "Pod"),
        ("apps", "v1", "Deployment"),
        ("discovery.k8s.io", "v1", "EndpointSlice"),
        ("", "v1", "Binding"),
    ],
)
def test_built_in_kinds_have_a_schema_compiled_once(group: str, version: str, name: str) -> None:
    assert kind(group, version, name) is kind(group, version, name)


def test_other_kinds_have_none() -> None:
    assert SCHEMAS.of("example.com", "v1", "Thing") is None
    assert SCHEMAS.of("apps", "v1beta1", "Deployment") is None


def test_every_kind_of_the_version_compiles() -> None:
    everything = schema.Schemas("1.32")
    kinds = [
        (each["group"], each["version"], each["kind"])
        for definition in everything.raw_definitions().values()
        for each in definition.get("x-kubernetes-group-version-kind", ())
    ]
    assert len(kinds) > 150
    assert all(everything.of(*each) is not None for each in kinds)


def test_a_version_without_schemas_is_refused_by_name() -> None:
    with pytest.raises(schema.UnknownVersionError, match=r"no schemas of Kubernetes 0\.9"):
        schema.Schemas("0.9").of("", "v1", "Pod")


def test_raw_definitions_keep_their_descriptions() -> None:
    assert SCHEMAS.raw_definitions()["io.k8s.api.core.v1.Pod"]["description"]


def test_unknown_fields_are_pruned_and_named_with_their_path() -> None:
    obj = {
        "color": "red",
        "metadata": {"labels": {"any": "key"}, "label": {}},
        "spec": {"containers": [{"name": "a"}, {"name": "b", "img": "x", "ports": [{"port": 1}]}]},
    }
    assert decoded(obj) == (
        {"metadata": {"labels": {"any": "key"}}, "spec": {"containers": [{"name": "a"}, {"name": "b", "ports": [{}]}]}},
        [
            'unknown field "color"',
            'unknown field "metadata.label"',
            'unknown field "spec.containers[1].img"',
            'unknown field "spec.containers[1].ports[0].port"',
        ],
    )


def test_field_names_are_case_sensitive() -> None:
    assert decoded({"Spec": {}})[1] == ['unknown field "Spec"']


def test_nulls_and_empty_optional_lists_and_maps_are_dropped() -> None:
    obj = {
        "metadata": {"creationTimestamp": None, "labels": {}, "finalizers": []},
        "spec": {"containers": [], "volumes": [{"name": "a", "emptyDir": {}}], "hostname": "", "nodeSelector": None},
    }
    assert decoded(obj)[0] == {
        "metadata": {},
        "spec": {"containers": [], "volumes": [{"name": "a", "emptyDir": {}}], "hostname": ""},
    }


def test_a_null_in_a_list_or_map_is_the_types_zero() -> None:
    obj = container(args=[None, "x"], ports=[None], resources={"requests": {"cpu": None}})
    assert decoded(obj)[0]["spec"]["containers"][0] == {
        "name": "web",
        "args": ["", "x"],
        "ports": [{}],
        "resources": {"requests": {"cpu": "0"}},
    }


def test_quantities_and_times_are_put_in_their_served_form() -> None:
    obj = container(resources={"limits": {"cpu": 0.5, "memory": "1024Mi"}})
    obj["metadata"] = {"creationTimestamp": "2026-01-01T02:00:00.5+02:00"}
    read = decoded(obj)[0]
    assert read["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "500m", "memory": "1Gi"}
    assert read["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"


def test_free_form_values_are_left_alone() -> None:
    obj = {"webhooks": [], "metadata": {"managedFields": [{"fieldsV1": {"f:a": {".": None}}}]}}
    assert decoded(obj)[0]["metadata"]["managedFields"][0]["fieldsV1"] == {"f:a": {".": None}}


PORT = "ContainerPort.spec.containers.ports.containerPort"
RESOURCES = "ResourceRequirements.spec.containers.resources"
AT = "json: cannot unmarshal {} into Go struct field {} of type {}"


@pytest.mark.parametrize(
    ("obj", "value", "field", "go_type"),
    [
        (container(ports=[{"containerPort": "80"}]), "string", PORT, "int32"),
        (container(ports=[{"containerPort": 1.5}]), "number 1.5", PORT, "int32"),
        (
            container(ports=[{"containerPort": 2**31}]),
            "number 2147483648",
            PORT,
            "int32",
        ),
        (container(ports=[{"containerPort": True}]), "bool", PORT, "int32"),
        (container(ports=[{"protocol": 6}]), "number", "ContainerPort.spec.containers.ports.protocol", "v1.Protocol"),
        (container(ports={}), "object", "Container.spec.containers.ports", "[]v1.ContainerPort"),
        (container(env=[{"name": "A", "value": 1}]), "number", "EnvVar.spec.containers.env.value", "string"),
        (container(args=["a", 1]), "number", "Container.spec.containers.args", "string"),
        (container(resources={"limits": []}), "array", f"{RESOURCES}.limits", "v1.ResourceList"),
        (container(stdin="yes"), "string", "Container.spec.containers.stdin", "bool"),
        (
            container(livenessProbe={"httpGet": {"port": False}}),
            "bool",
            "HTTPGetAction.spec.containers.livenessProbe.httpGet.port",
            "int32",
        ),
        ({"spec": []}, "array", "Pod.spec", "v1.PodSpec"),
        ({"spec": {"activeDeadlineSeconds": 1e3}}, "number 1000.0", "PodSpec.spec.activeDeadlineSeconds", "int64"),
        ({"metadata": "x"}, "string", "Pod.metadata", "v1.ObjectMeta"),
        ({"metadata": {"labels": {"a": 1}}}, "number", "ObjectMeta.metadata.labels", "string"),
        ({"metadata": {"labels": ["a"]}}, "array", "ObjectMeta.metadata.labels", "map[string]string"),
        ({"metadata": {"creationTimestamp": 5}}, "number", "ObjectMeta.metadata.creationTimestamp", "string"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_in_gos_words(obj: Object, value: str, field: str, go_type: str) -> None:
    assert refusal(obj) == AT.format(value, field, go_type)


def test_an_object_that_is_none_is_refused() -> None:
    with pytest.raises(schema.DecodeError, match=r"^json: cannot unmarshal array into Go value of type v1\.Pod$"):
        kind("", "v1", "Pod").read([], None, [])


@pytest.mark.parametrize("value", ["lots", True, {}, "1.2.3"])
def test_a_quantity_that_is_none_is_refused(value: Any) -> None:
    message = refusal(container(resources={"limits": {"cpu": value}}))
    assert message == ("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")


RFC3339 = '"2006-01-02T15:04:05Z07:00"'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("soon", f'"soon" as {RFC3339}: cannot parse "soon" as "2006"'),
        ("", f'"" as {RFC3339}: cannot parse "" as "2006"'),
        ("2026-01-02", f'"2026-01-02" as {RFC3339}: cannot parse "" as "T"'),
        ("2026-01-02T03:04:05", f'"2026-01-02T03:04:05" as {RFC3339}: cannot parse "" as "Z07:00"'),
        ("2026-01-02T03:04:05Zx", '"2026-01-02T03:04:05Zx": extra text: "x"'),
        ("2026-13-02T03:04:05Z", '"2026-13-02T03:04:05Z": month out of range'),
        ("2026-02-30T03:04:05Z", '"2026-02-30T03:04:05Z": day out of range'),
        ("2026-02-20T24:04:05Z", '"2026-02-20T24:04:05Z": hour out of range'),
    ],
)
def test_a_time_that_is_none_is_refused(text: str, problem: str) -> None:
    assert refusal({"metadata": {"creationTimestamp": text}}) == f"parsing time {problem}"


def test_a_micro_time_has_six_decimals() -> None:
    lease = {"spec": {"renewTime": "2026-01-01T00:00:00.000001Z", "acquireTime": "2026-01-01T01:00:00.000001+01:00"}}
    read, _ = decoded(lease, "coordination.k8s.io", "Lease")
    assert read["spec"] == {"renewTime": "2026-01-01T00:00:00.000001Z", "acquireTime": "2026-01-01T00:00:00.000001Z"}
    message = refusal({"spec": {"renewTime": "2026-01-01T00:00:00Z"}}, "coordination.k8s.io", "Lease")
    assert message.endswith('as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"')


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("YWJ", 0),
        ("YWJjYQ", 4),
        ("YW!j", 2),
        ("YQ=", 3),
        ("YQ==YQ==", 4),
        ("=", 0),
        ("Y===", 1),
        ("YWJj=", 4),
        ("YWJj====", 4),
        ("YW=j", 2),
    ],
)
def test_bytes_that_are_no_base64_are_refused(text: str, position: int) -> None:
    assert refusal({"data": {"key": text}}, name="Secret") == f"illegal base64 data at input byte {position}"


def test_line_breaks_in_base64_are_dropped() -> None:
    assert decoded({"data": {"key": "YW\nJj\r\n", "none": ""}}, name="Secret")[0] == {
        "data": {"key": "YWJj", "none": ""}
    }


def test_merge_keys_and_strategies_are_upstreams() -> None:
    pod_spec = kind("", "v1", "Pod").fields["spec"].node
    assert isinstance(pod_spec, schema.ObjectSchema)
    containers, volumes = pod_spec.fields["containers"], pod_spec.fields["volumes"]
    assert (containers.merges, containers.merge_key) == (True, "name")
    assert (volumes.merges, volumes.merge_key) == (True, "name")
    assert not pod_spec.fields["tolerations"].merges


def test_an_object_nested_too_deep_is_refused() -> None:
    props: Object = {}
    obj = {"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": props}}]}}
    for _ in range(3000):
        props["not"] = props = {}
    assert refusal(obj, "apiextensions.k8s.io", "CustomResourceDefinition") == "exceeded max depth"


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        ({"spec": {"nodeName": 1}}, "cannot convert int64 to string"),
        ({"spec": {"nodeName": 1.5}}, "unrecognized type: string"),
        ({"spec": {"dnsPolicy": 1}}, "cannot convert int64 to v1.DNSPolicy"),
        ({"spec": {"hostNetwork": "true"}}, "unrecognized type: bool"),
        ({"spec": {"priority": "1"}}, "unrecognized type: int32"),
        ({"spec": {"priority": 1.5}}, "cannot convert float64 to int32"),
        ({"spec": {"containers": {}}}, "cannot restore slice from map"),
        ({"spec": {"nodeSelector": ["a"]}}, "cannot restore map from slice"),
        ({"spec": "x"}, "cannot restore struct from: string"),
        ({"spec": {"activeDeadlineSeconds": True}}, "unrecognized type: int64"),
    ],
)
def test_what_a_patch_made_wrong_is_refused_in_the_converters_words(obj: Object, words: str) -> None:
    with pytest.raises(schema.DecodeError) as caught:
        decoded(obj)
    assert caught.value.conversion == words

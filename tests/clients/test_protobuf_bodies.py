"""Bodies in protobuf, which kubectl's typed commands send: the same objects come of them as of JSON."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from support.kubectl import Kubectl
from support.protobuf import MAGIC, body, field

PROTOBUF = "application/vnd.kubernetes.protobuf"
PODS = "/api/v1/namespaces/default/pods"
SHOP = ("create", "deployment", "shop", "--image=nginx", "--port=80")


def test_a_deployment_of_no_replicas_keeps_its_zero(kubectl: Kubectl) -> None:
    kubectl(*SHOP, "--replicas=0")
    assert kubectl.json("get", "deployment", "shop")["spec"]["replicas"] == 0


def as_a_user_sees_it(obj: dict[str, Any]) -> dict[str, Any]:
    """What is not the server's own doing, which differs from one object to the next."""
    own = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")
    metadata = {name: value for name, value in obj["metadata"].items() if name not in own}
    spec = {name: value for name, value in obj.get("spec", {}).items() if name not in ("clusterIP", "clusterIPs")}
    for port in spec.get("ports", ()):
        port.pop("nodePort", None)
    return {**obj, "metadata": metadata, "spec": spec, "status": None}


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("deployment", (*SHOP, "--replicas=0")),
        ("secret", ("create", "secret", "generic", "shop", "--from-literal=password=s3cret", "--from-literal=empty=")),
        ("secret", ("create", "secret", "docker-registry", "shop", "--docker-username=a", "--docker-password=b")),
        ("configmap", ("create", "configmap", "shop", "--from-literal=a=1", "--from-literal=b=")),
        ("serviceaccount", ("create", "serviceaccount", "shop")),
        ("namespace", ("create", "namespace", "shop")),
        ("service", ("create", "service", "nodeport", "shop", "--tcp=80:8080")),
        ("service", ("create", "service", "clusterip", "shop", "--tcp=80:http")),
        ("service", ("create", "service", "externalname", "shop", "--external-name=example.com")),
        ("ingress", ("create", "ingress", "shop", "--rule=a.b/c*=shop:http,tls=cert", "--rule=/=shop:80", "--class=x")),
        ("ingress", ("create", "ingress", "shop", "--default-backend=shop:80", "--annotation=a=b")),
    ],
    ids=lambda each: " ".join(each[1:3]) if isinstance(each, tuple) else each,
)
def test_what_a_typed_command_makes_is_what_its_json_makes(
    kubectl: Kubectl, kind: str, command: tuple[str, ...]
) -> None:
    kubectl(*command)
    of_protobuf = kubectl.json("get", kind, "shop")
    kubectl("delete", kind, "shop", "--wait")
    kubectl("create", "-f", "-", stdin=json.dumps(kubectl.json(*command, "--dry-run=client")))
    of_json = kubectl.json("get", kind, "shop")
    assert as_a_user_sees_it(of_protobuf) == as_a_user_sees_it(of_json)


def test_the_everyday_commands_work(kubectl: Kubectl) -> None:
    kubectl(*SHOP)
    kubectl("expose", "deployment", "shop", "--type=NodePort")
    assert kubectl.json("get", "service", "shop")["spec"]["selector"] == {"app": "shop"}
    kubectl("scale", "deployment", "shop", "--replicas=3")
    kubectl("rollout", "status", "deployment", "shop", "--timeout=30s")
    kubectl("label", "deployment", "shop", "tier=front")
    assert kubectl.json("get", "deployment", "shop")["metadata"]["labels"] == {"app": "shop", "tier": "front"}
    kubectl("run", "once", "--image=busybox", "--restart=Never", "--", "true")
    assert kubectl.json("get", "pod", "once")["spec"]["containers"][0]["args"] == ["true"]
    kubectl("delete", "pod", "once", "--grace-period=0", "--force")
    kubectl("scale", "deployment", "shop", "--replicas=0")
    assert kubectl.json("get", "deployment", "shop")["spec"]["replicas"] == 0


def test_a_drained_node_has_no_pods(kubectl: Kubectl) -> None:
    kubectl(*SHOP, "--replicas=3")
    kubectl("rollout", "status", "deployment", "shop", "--timeout=30s")
    kubectl("cordon", "node-1")
    kubectl("drain", "node-1", "--timeout=30s")
    assert kubectl.json("get", "pods", "--field-selector=spec.nodeName=node-1")["items"] == []
    kubectl("uncordon", "node-1")


def post(http: httpx.Client, content: bytes, path: str = PODS, **headers: str) -> httpx.Response:
    return http.post(path, content=content, headers={"content-type": PROTOBUF, **headers})


UNRECOGNIZED = "the object provided is unrecognized (must be of type Pod)"
UNHANDLED = '{} in version "v1" cannot be handled as a Pod'
NOT_REGISTERED = 'no kind "Gadget" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"'
PREFIX = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", f"{UNRECOGNIZED}: empty data (<empty>)"),
        (b'{"kind":"Pod"}', f'{UNRECOGNIZED}: {PREFIX} ({{"kind":"Pod"}})'),
        (MAGIC + b"\x12\x7f", f"{UNRECOGNIZED}: unexpected EOF (6b387300127f)"),
        (body("v1", "Pod", b"\x0a\x7f"), f"{UNHANDLED.format('Pod')}: unexpected EOF"),
        (
            body("v1", "ConfigMap", b""),
            f"{UNHANDLED.format('ConfigMap')}: converting (v1.ConfigMap) to (core.Pod): unknown conversion",
        ),
        (
            body("v1", "Gadget", b""),
            f"{UNHANDLED.format('Gadget')}: {NOT_REGISTERED}",
        ),
    ],
    ids=["nothing", "JSON", "no envelope", "cut short", "another kind", "no kind of ours"],
)
def test_a_body_that_cannot_be_read_is_refused_in_upstreams_words(
    shared_http: httpx.Client, content: bytes, message: str
) -> None:
    answer = post(shared_http, content)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


def test_an_answer_is_json_or_refused(shared_http: httpx.Client) -> None:
    namespace = body("v1", "Namespace", field(1, field(1, "shop")))
    made = post(shared_http, namespace, "/api/v1/namespaces", accept=f"{PROTOBUF},application/json")
    assert (made.status_code, made.headers["content-type"]) == (201, "application/json")
    assert post(shared_http, namespace, "/api/v1/namespaces", accept=PROTOBUF).status_code == 406


def test_options_of_a_deletion_may_come_in_protobuf(shared_http: httpx.Client) -> None:
    made = shared_http.post("/api/v1/namespaces/default/configmaps", json={"metadata": {"name": "kept"}})
    path, wrong = "/api/v1/namespaces/default/configmaps/kept", field(2, field(1, "another"))
    right = field(2, field(1, made.json()["metadata"]["uid"]))
    answers = [
        shared_http.request(
            "DELETE", path, content=body("v1", "DeleteOptions", options), headers={"content-type": PROTOBUF}
        )
        for options in (wrong, right)
    ]
    assert [answer.status_code for answer in answers] == [409, 200]


@pytest.mark.parametrize(("depth", "code"), [(150, 201), (250, 400), (100_000, 400)])
def test_raw_json_may_nest_but_not_too_deep(shared_http: httpx.Client, depth: int, code: int) -> None:
    metadata, data = field(1, field(1, f"nested-{depth}")), field(2, field(1, "[" * depth + "]" * depth))
    content = body("apps/v1", "ControllerRevision", metadata + data + field(3, 1))
    answer = post(shared_http, content, "/apis/apps/v1/namespaces/default/controllerrevisions")
    assert answer.status_code == code, answer.text

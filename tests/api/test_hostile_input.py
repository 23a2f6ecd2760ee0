"""Whatever is sent: a clean answer, never a traceback, and a server that goes on as if nothing had been."""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeAlias
from urllib.parse import quote, quote_from_bytes

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fauxkube.machinery.objects import Object
from support.api import (
    CONFIG_MAPS,
    DEFAULT,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE_PATCH,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    STRATEGIC_PATCH,
    answered,
    config_map,
    deployment,
    fresh_name,
    made,
    pod,
    pools,
    service,
)

REVISIONS = "/apis/apps/v1/namespaces/default/controllerrevisions"
JSON = {"content-type": "application/json"}
FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def no_faults(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails a test in which the server (in a thread of this process) met an error that it did not expect."""
    yield
    faults = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert not faults, f"the server failed: {faults}"


def judge(response: httpx.Response) -> None:
    """A refusal is a `Status` (or plain text outside of the API) and tells nothing of our insides."""
    assert "Traceback" not in response.text
    assert "prevented the request from succeeding" not in response.text
    if response.status_code >= 400 and response.headers["content-type"] == "application/json":
        body = response.json()
        assert (body.get("kind"), body.get("code")) == ("Status", response.status_code) or body.keys() == {"detail"}


# Values

TEXTS = st.text(max_size=20) | st.sampled_from(["", "a", "\x00", "é", "\ud83d\ude00", "a/b", "..", "0", "true", "null"])
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
#: Real bodies, in which one place is then replaced by something else.
BODIES: dict[str, Object] = {
    CONFIG_MAPS: config_map("fuzz", {"a": "b"}, labels={"a": "b"}, annotations={"a": "b"}, finalizers=["a.b/c"]),
    PODS: pod(
        "fuzz",
        nodeSelector={"a": "b"},
        tolerations=[{"key": "a", "operator": "Exists"}],
        volumes=[{"name": "v", "emptyDir": {}}],
        affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]}}},
    ),
    SERVICES: service("fuzz", selector={"a": "b"}, type="NodePort"),
    NODES: {"metadata": {"name": "fuzz"}, "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]},
            "status": {"capacity": {"cpu": "1"}, "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}},
    NAMESPACES: {"metadata": {"name": "fuzz"}, "spec": {"finalizers": ["kubernetes"]}},
    DEPLOYMENTS: deployment("fuzz"),
    f"{DEFAULT}/endpoints": {"metadata": {"name": "fuzz"}, "subsets": [
        {"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}]},
    f"{DEFAULT}/secrets": {"metadata": {"name": "fuzz"}, "type": "Opaque", "data": {"a": "YQ=="}},
    f"{DEFAULT}/events": {"metadata": {"name": "fuzz"}, "involvedObject": {"namespace": "default"}, "count": 1},
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices": {
        "metadata": {"name": "fuzz"}, "addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.1"]}],
        "ports": [{"port": 80}]},
    "/apis/networking.k8s.io/v1/ingressclasses": {"metadata": {"name": "fuzz"}, "spec": {
        "controller": "example.com/fuzz", "parameters": {
            "apiGroup": "a.b", "kind": "A", "name": "a", "scope": "Namespace", "namespace": "default"}}},
    "/apis/networking.k8s.io/v1/namespaces/default/ingresses": {"metadata": {"name": "fuzz"}, "spec": {
        "defaultBackend": {"resource": {"apiGroup": "a.b", "kind": "A", "name": "a"}},
        "tls": [{"hosts": ["a.b"], "secretName": "a"}], "rules": [{"host": "*.a.b", "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "a", "port": {"number": 80}}}}]}}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ports": [{"port": 80, "protocol": "TCP"}]}]}}},
    "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies": {"metadata": {"name": "fuzz"}, "spec": {
        "podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Ingress", "Egress"], "ingress": [
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}],
             "ports": [{"port": 80, "endPort": 90, "protocol": "TCP"}]}], "egress": [{"to": [{"podSelector": {}}]}]}},
    "/apis/coordination.k8s.io/v1/namespaces/default/leases": {
        "metadata": {"name": "fuzz"}, "spec": {"leaseDurationSeconds": 5, "renewTime": "2026-01-01T00:00:00.000000Z"}},
}  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to everything in a value."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*at, key))


def replaced(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    """A copy of the value with something else at a place."""
    if not at:
        return new
    if isinstance(value, dict):
        return {**value, at[0]: replaced(value[at[0]], at[1:], new)}
    return [replaced(each, at[1:], new) if index == at[0] else each for index, each in enumerate(value)]


MUTATED = st.sampled_from(sorted(BODIES)).flatmap(
    lambda path: st.tuples(
        st.just(path), st.sampled_from(sorted(places(BODIES[path]), key=repr)).flatmap(
            lambda at: st.builds(lambda new: replaced(BODIES[path], at, new), VALUES)
        )
    )
)  # fmt: skip


def sendable(body: Any) -> bytes:
    return json.dumps(body).encode()


@settings(FUZZ, max_examples=250)
@given(mutated=MUTATED, strict=st.sampled_from(["", "Strict", "Ignore"]))
def test_any_body_is_answered_cleanly(shared_http: httpx.Client, mutated: tuple[str, Any], strict: str) -> None:
    path, body = mutated
    query = f"?dryRun=All&fieldValidation={strict}" if strict else "?dryRun=All"
    judge(shared_http.post(path + query, content=sendable(body), headers=JSON))
    judge(shared_http.put(f"{path}/fuzz{query}", content=sendable(body), headers=JSON))


@FUZZ
@given(body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "application/yaml",
                                                           "application/vnd.kubernetes.protobuf"]))  # fmt: skip
def test_any_bytes_are_answered_cleanly(shared_http: httpx.Client, body: bytes, kind: str) -> None:
    for prefix in (b"", b"k8s\x00", b'{"metadata":', b"metadata:\n"):
        judge(shared_http.post(CONFIG_MAPS + "?dryRun=All", content=prefix + body, headers={"content-type": kind}))


YAML = st.text(alphabet="&*!|>%@`{}[]:,-#?\"' \n\tab01.~", max_size=80)


@settings(FUZZ, max_examples=150)
@given(text=YAML)
def test_any_yaml_is_answered_cleanly(shared_http: httpx.Client, text: str) -> None:
    headers = {"content-type": "application/yaml"}
    judge(shared_http.post(CONFIG_MAPS + "?dryRun=All", content=text.encode(), headers=headers))


@settings(FUZZ, max_examples=150)
@given(patch=VALUES, headers=st.sampled_from([MERGE_PATCH, STRATEGIC_PATCH, JSON_PATCH]))
def test_any_patch_is_answered_cleanly(shared_http: httpx.Client, patch: Any, headers: dict[str, str]) -> None:
    for path in (f"{DEFAULT}/services/kubernetes", f"{NODES}/node-1", f"{NODES}/node-1/status"):
        for body in (patch, {"spec": patch}, {"metadata": patch}, {"metadata": {"labels": patch}}):
            judge(shared_http.patch(f"{path}?dryRun=All", content=sendable(body), headers=headers))


OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "frob"])},
        optional={
            "path": st.sampled_from(["", "/", "/spec", "/spec/ports/0", "/spec/ports/-", "/spec/ports/x", "/metadata",
                                     "/spec/ports/01", "/a~2b", "spec"]) | VALUES,
            "from": st.sampled_from(["", "/spec", "/metadata/name", "/nope"]) | VALUES,
            "value": VALUES,
        },
    ),
    max_size=4,
)  # fmt: skip


@settings(FUZZ, max_examples=150)
@given(operations=OPERATIONS)
def test_any_json_patch_is_answered_cleanly(shared_http: httpx.Client, operations: list[Object]) -> None:
    path = f"{DEFAULT}/services/kubernetes?dryRun=All"
    judge(shared_http.patch(path, content=sendable(operations), headers=JSON_PATCH))


@FUZZ
@given(options=VALUES, name=st.sampled_from(["gracePeriodSeconds", "preconditions", "dryRun", "propagationPolicy",
                                             "orphanDependents", "kind", "apiVersion"]))  # fmt: skip
def test_any_delete_options_are_answered_cleanly(shared_http: httpx.Client, options: Any, name: str) -> None:
    for body in (options, {name: options}, {"preconditions": {"uid": options}}):
        judge(shared_http.request("DELETE", f"{CONFIG_MAPS}/nope", content=sendable(body), headers=JSON))


PARAMETERS = st.sampled_from(
    ["limit", "continue", "resourceVersion", "resourceVersionMatch", "labelSelector", "fieldSelector", "dryRun",
     "fieldManager", "fieldValidation", "pretty", "sendInitialEvents", "allowWatchBookmarks", "includeObject", "force",
     "gracePeriodSeconds", "propagationPolicy", "orphanDependents", "timeoutSeconds", "verbose", "timeout"]
)  # fmt: skip


@settings(FUZZ, max_examples=150)
@given(
    query=st.lists(st.tuples(PARAMETERS, TEXTS | st.from_regex(r"[a-z]{1,3}(=|!=|==| in \()[a-z,)]{0,4}")), max_size=4)
)
def test_any_query_is_answered_cleanly(shared_http: httpx.Client, query: list[tuple[str, str]]) -> None:
    text = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in query)
    for method, path in (("GET", CONFIG_MAPS), ("GET", f"{NODES}/node-1"), ("DELETE", f"{CONFIG_MAPS}/nope")):
        judge(shared_http.request(method, f"{path}?{text}"))
    judge(shared_http.get(f"{CONFIG_MAPS}?watch=1&timeoutSeconds=1&resourceVersion=x&{text}"))


SEGMENTS = st.sampled_from(
    ["api", "v1", "apis", "apps", "namespaces", "default", "pods", "watch", "status", "", ".", "..", "%00", "%2F", "%",
     "%zz", "%C3%28", "%F0%9F%98%80", "a" * 300, "nodes", "node-1", "configmaps", "scale", "fauxkube", "docs",
     "openapi"]
) | st.binary(max_size=6).map(quote_from_bytes)  # fmt: skip


@settings(FUZZ, max_examples=200)
@given(segments=st.lists(SEGMENTS, max_size=8), method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]))
def test_any_path_is_answered_cleanly(shared_http: httpx.Client, segments: list[str], method: str) -> None:
    url = httpx.URL(str(shared_http.base_url)).copy_with(raw_path=b"/" + "/".join(segments).encode())
    judge(shared_http.request(method, url, params=None))


# Particular nastiness


@pytest.mark.parametrize("depth", [150, 199, 201, 254, 300, 1_100, 100_000])
def test_deep_nesting_is_kept_or_refused_but_never_breaks_reading(shared_http: httpx.Client, depth: int) -> None:
    name = fresh_name()
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    body = b'{"metadata":{"name":"%s"},"revision":1,"data":%s}' % (name.encode(), nested)
    for headers in (JSON, {"content-type": "application/yaml"}):
        response = shared_http.post(REVISIONS, content=body, headers=headers)
        judge(response)
        assert response.status_code in ({201, 409} if depth < 200 else {400})
    for path in (f"{REVISIONS}/{name}", REVISIONS):
        for accept in ("application/json", "application/yaml", "application/json;as=Table;v=v1;g=meta.k8s.io"):
            judge(shared_http.get(path, headers={"accept": accept}, params={"includeObject": "Object"}))


def test_patches_cannot_pile_up_depth(shared_http: httpx.Client) -> None:
    name = fresh_name()
    made(shared_http, REVISIONS, {"metadata": {"name": name}, "revision": 1, "data": {"a": 1}})
    nested = json.loads("[" * 150 + "]" * 150)
    deeper = [
        {"op": "add", "path": "/data", "value": nested},
        {"op": "add", "path": "/data" + "/0" * 149 + "/-", "value": nested},
    ]
    response = shared_http.patch(f"{REVISIONS}/{name}", json=deeper, headers=JSON_PATCH)
    judge(response)
    assert response.status_code == 422
    answered(shared_http.get(f"{REVISIONS}/{name}"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"metadata":{"name":"x"},"data":{"a":"\\ud800"}}',
        b'{"metadata":{"name":"x"},"data":{"a":"\xff\xfe"}}',
        b'{"metadata":{"name":"x"},"data":{"a":NaN}}',
        b'{"metadata":{"name":"x"},"data":1e999}',
        b'{"metadata":{"name":"x","generation":1e400}}',
        b'{"metadata":{"name":"x"},"data":' + b"9" * 5000 + b"}",
        b'\xef\xbb\xbf{"metadata":{"name":"x"}}',
        b'{"metadata":{"name":"\\u0000"}}',
        b'{"metadata":{"name":"x","labels":{"\\u0000":"\\u0000"}}}',
        b'{"metadata":{"name":"x"}}{"metadata":{"name":"y"}}',
        b"null",
        b'"text"',
        b"5",
    ],
)
def test_odd_values_are_answered_cleanly(shared_http: httpx.Client, body: bytes) -> None:
    for kind in ("application/json", "application/yaml"):
        judge(shared_http.post(CONFIG_MAPS + "?dryRun=All", content=body, headers={"content-type": kind}))


@pytest.mark.parametrize(
    "body",
    [
        "a: &a [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(12)
        ),
        "a: &a\n  b: *a\n",
        "!!python/object/apply:os.system ['true']",
        "? [complex]\n: key",
        "metadata: {name: x}\ndata: {a: 0x" + "f" * 400 + "}",
        "metadata: {name: x}\ndata: {a: " + "9" * 5000 + "}",
        "<<: 5",
        "\t\t- tabs",
        "%YAML 9.9\n---\na: b",
        "---\n---\n---\n",
    ],
    ids=["billion-laughs", "self-alias", "python-tag", "complex-key", "long-hex", "long-number", "merge", "tabs",
         "directive", "documents"],
)  # fmt: skip
def test_nasty_yaml_is_answered_cleanly(shared_http: httpx.Client, body: str) -> None:
    headers = {"content-type": "application/yaml"}
    judge(shared_http.post(CONFIG_MAPS + "?dryRun=All", content=body.encode(), headers=headers, timeout=5))


def test_a_large_body_is_stored_and_listed_whole(http: httpx.Client) -> None:
    data = {f"k{n}": "x" * 10_000 for n in range(100)}
    made(http, CONFIG_MAPS, config_map("large", data))
    assert answered(http.get(f"{CONFIG_MAPS}/large"))["data"] == data
    assert answered(http.get(CONFIG_MAPS))["items"][0]["data"] == data


# Connections


#: Sends bytes over a connection of its own; answers so many responses.
Exchange: TypeAlias = Callable[[bytes, int], list[bytes]]


@pytest.fixture
def exchange(shared_server: str) -> Iterator[Exchange]:
    address = httpx.URL(shared_server)
    with socket.create_connection((address.host, address.port or 80), timeout=5) as connection:
        received = connection.makefile("rb")

        def send(data: bytes, responses: int) -> list[bytes]:
            connection.sendall(data)
            return [_response(received) for _ in range(responses)]

        yield send
        received.close()


def _response(received: BinaryIO) -> bytes:
    """One response, whole."""
    head = b"".join(iter(received.readline, b"\r\n"))
    (length,) = re.findall(rb"(?i)content-length: (\d+)", head)
    return head + received.read(int(length))


def request(method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: test", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def test_pipelined_requests_are_answered_in_order(exchange: Exchange) -> None:
    paths = [f"{CONFIG_MAPS}/nope-{n}" for n in range(5)]
    for n, response in enumerate(exchange(b"".join(request("GET", path) for path in paths), 5)):
        assert f'configmaps \\"nope-{n}\\" not found'.encode() in response


def test_a_connection_goes_on_after_a_refusal(exchange: Exchange) -> None:
    for sent, code in (
        (request("POST", CONFIG_MAPS, b"{", "Content-Type: application/json"), b"400"),
        (request("POST", CONFIG_MAPS, b"x", "Content-Type: text/plain"), b"415"),
        (request("PUT", CONFIG_MAPS, b"{}"), b"405"),
        (request("GET", "/nope"), b"404"),
        (request("GET", f"{NODES}/node-1"), b"200"),
    ):
        assert exchange(sent, 1)[0].startswith(b"HTTP/1.1 " + code)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        request("GET", "/" + "a" * 70_000),
    ],
    ids=["binary", "short", "version", "tls", "length", "long-path"],
)
def test_what_is_no_http_is_refused_or_hung_up_on(shared_server: str, shared_http: httpx.Client, data: bytes) -> None:
    address = httpx.URL(shared_server)
    with socket.create_connection((address.host, address.port or 80), timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        received = connection.recv(65536)
    assert b"Traceback" not in received
    assert shared_http.get("/readyz").text == "ok"


def test_a_client_that_leaves_in_the_middle_of_its_body_changes_nothing(
    shared_server: str, shared_http: httpx.Client
) -> None:
    name, address = fresh_name(), httpx.URL(shared_server)
    body = sendable(config_map(name))
    with socket.create_connection((address.host, address.port or 80), timeout=5) as connection:
        connection.sendall(request("POST", CONFIG_MAPS, body, "Content-Type: application/json")[:-5])
    assert shared_http.get(f"{CONFIG_MAPS}/{name}").status_code == 404


def test_nothing_is_held_by_what_was_refused(http: httpx.Client) -> None:
    before = pools(http)
    for body in (service("a", type="NodePort", ports=[{"port": 80}, {"port": 81}]), service("b", selector={"": ""}),
                 service("c", clusterIP="10.96.3.3", ports=[{"port": 0}])):  # fmt: skip
        judge(http.post(SERVICES, json=body))
    http.post(NODES, json={"metadata": {"name": "Bad_"}})
    assert pools(http) == before

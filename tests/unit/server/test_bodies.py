"""Bodies: read to a limit, decoded by their type, and of the kind that the path takes."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from fauxkube.machinery.status import StatusError
from fauxkube.server import bodies
from fauxkube.server.asgi import Request
from unit.server.fake_cluster import PODS, FakeCluster

COLLECTION = "/api/v1/namespaces/default/pods"


def request_of(*parts: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Request:
    messages = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1} for index, part in enumerate(parts)
    ]

    async def receive() -> Any:
        return messages.pop(0)

    return Request({"method": "POST", "path": COLLECTION, "query_string": b"", "headers": list(headers)}, receive)


def test_a_body_that_comes_in_parts_is_put_together() -> None:
    assert asyncio.run(bodies.read(request_of(b"ab", b"cd", b"e"))) == b"abcde"


@pytest.mark.parametrize(
    "request_",
    [
        request_of(b"", headers=((b"content-length", b"3145729"),)),
        request_of(b"x" * (bodies.LIMIT + 1)),
        request_of(b"x" * bodies.LIMIT, b"x", b"x"),
    ],
    ids=["announced", "at once", "in parts"],
)
def test_a_body_over_the_limit_is_refused(request_: Request) -> None:
    with pytest.raises(StatusError) as refused:
        asyncio.run(bodies.read(request_))
    assert (refused.value.code, refused.value.message) == (413, "Request entity too large: limit is 3145728")


def test_a_body_at_the_limit_is_read() -> None:
    assert len(asyncio.run(bodies.read(request_of(b"x" * bodies.LIMIT)))) == bodies.LIMIT


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"metadata":{"name":"web"}}'),
        ("application/json; charset=utf-8", b'{"metadata":{"name":"web"}}'),
        ("", b'{"metadata":{"name":"web"},"kind":"Pod","apiVersion":"v1"}'),
        ("application/yaml", b"metadata:\n  name: web\n"),
    ],
)
def test_json_and_yaml_are_read_and_their_kind_is_filled_in(content_type: str, body: bytes) -> None:
    cluster = FakeCluster()
    headers = {"content-type": content_type} if content_type else {}
    answer = cluster.call("POST", COLLECTION, body, headers=headers)
    assert answer.status == 201
    stored = cluster.pipelines.objects[PODS.key("default", "web")]
    assert (stored["kind"], stored["apiVersion"]) == ("Pod", "v1")


@pytest.mark.parametrize("content_type", ["application/cbor", "text/plain", "application/x-www-form-urlencoded"])
def test_other_types_are_refused(content_type: str) -> None:
    answer = FakeCluster().call("POST", COLLECTION, b"{}", headers={"content-type": content_type})
    assert answer.status == 415
    assert answer.json["message"] == (
        "the body of the request was in an unknown format - accepted media types include: application/json, "
        "application/yaml, application/vnd.kubernetes.protobuf"
    )


PARSE = "couldn't get version/kind; json parse error"
UNRECOGNIZED = f"the object provided is unrecognized (must be of type Pod): {PARSE}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b"",
            f"{UNRECOGNIZED}: unexpected end of JSON input (<empty>)",
        ),
        (
            b"{nope",
            (f"{UNRECOGNIZED}: invalid character 'n' looking for beginning of object key string ({{nope)"),
        ),
        (
            b'{"a":"' + b"x" * 40,
            (f'{UNRECOGNIZED}: unexpected end of JSON input ({{"a":"xxxxxxxxxxxxxxxxxxxxxxxx ...)'),
        ),
        (
            b"[]",
            (
                f"{UNRECOGNIZED}: json: cannot unmarshal array into Go "
                'value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string '
                '"json:\\"kind,omitempty\\"" } (5b5d)'
            ),
        ),
        (
            b'{"kind":"ConfigMap","apiVersion":"v1"}',
            (
                'ConfigMap in version "v1" cannot be handled as a Pod: converting (v1.ConfigMap) to (core.Pod): '
                "unknown conversion"
            ),
        ),
        (
            b'{"kind":"Gadget","apiVersion":"v1"}',
            (
                'Gadget in version "v1" cannot be handled as a Pod: no kind "Gadget" is registered for version "v1" in '
                'scheme "pkg/api/legacyscheme/scheme.go:30"'
            ),
        ),
        (
            b'{"kind":"Pod","apiVersion":"v7"}',
            (
                'Pod in version "v7" cannot be handled as a Pod: no kind "Pod" is registered for version "v7" in '
                'scheme "pkg/api/legacyscheme/scheme.go:30"'
            ),
        ),
    ],
)
def test_a_body_that_is_not_what_the_path_takes_is_refused_in_upstreams_words(body: bytes, message: str) -> None:
    answer = FakeCluster().call("POST", COLLECTION, body)
    assert (answer.status, answer.json["reason"], answer.json["message"]) == (400, "BadRequest", message)


@pytest.mark.parametrize(
    ("query", "problems"),
    [("", ('duplicate field "spec"',)), ("?fieldValidation=Ignore", ())],
)
def test_duplicate_fields_are_handed_on_unless_ignored(query: str, problems: tuple[str, ...]) -> None:
    cluster = FakeCluster()
    cluster.call("POST", f"{COLLECTION}{query}", b'{"metadata":{"name":"web"},"spec":{},"spec":{}}')
    assert cluster.pipelines.calls[-1].problems == problems


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("application/json-patch+json", "json"),
        ("application/merge-patch+json", "merge"),
        ("application/strategic-merge-patch+json; charset=utf-8", "strategic"),
    ],
)
def test_a_patchs_content_type_names_its_kind(content_type: str, kind: str) -> None:
    cluster = FakeCluster()
    cluster.pipelines.put(PODS, {"metadata": {"name": "web", "namespace": "default"}})
    patch: Any = [] if kind == "json" else {"spec": {"x": 1}}
    headers = {"content-type": content_type}
    assert cluster.call("PATCH", f"{COLLECTION}/web", orjson.dumps(patch), headers=headers).status == 200
    assert cluster.pipelines.calls[-1][:2] == (kind, patch)


@pytest.mark.parametrize("content_type", ["application/json", "application/apply-patch+yaml", ""])
def test_other_patches_are_refused(content_type: str) -> None:
    answer = FakeCluster().call("PATCH", f"{COLLECTION}/web", b"{}", headers={"content-type": content_type})
    assert answer.status == 415
    assert "application/strategic-merge-patch+json" in answer.json["message"]


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        ("application/json-patch+json", "unexpected end of JSON input"),
        ("application/merge-patch+json", "error decoding patch: unexpected end of JSON input"),
    ],
)
def test_a_patch_that_is_not_json_is_refused(content_type: str, message: str) -> None:
    answer = FakeCluster().call("PATCH", f"{COLLECTION}/web", b"{", headers={"content-type": content_type})
    assert (answer.status, answer.json["message"]) == (400, message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"kind":"Pod","apiVersion":"v1"}', 'no kind "Pod" is registered for version "v1" in scheme '),
        (b"[", "couldn't get version/kind; json parse error: unexpected end of JSON input"),
        (b"[]", "couldn't get version/kind; json parse error: json: cannot unmarshal array"),
    ],
)
def test_a_deletes_body_must_be_delete_options(body: bytes, message: str) -> None:
    answer = FakeCluster().call("DELETE", f"{COLLECTION}/web", body)
    assert answer.status == 400
    assert answer.json["message"].startswith(message)

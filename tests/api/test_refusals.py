"""What the API answers to a request that it does not do: the exact `Status`, as a real API server words it."""

from __future__ import annotations

import httpx
import pytest

from support.api import (
    CONFIG_MAPS,
    CORE,
    DEFAULT,
    MERGE_PATCH,
    NAMESPACES,
    PODS,
    answered,
    causes,
    config_map,
    fresh_name,
    made,
    refused,
)

NO_METHOD = "the server does not allow this method on the requested resource"
NO_RESOURCE = "the server could not find the requested resource"
JSON = {"content-type": "application/json"}


def test_a_missing_object_is_named(shared_http: httpx.Client) -> None:
    for method, body in (("GET", None), ("DELETE", None), ("PUT", config_map("nope"))):
        details = refused(
            shared_http.request(method, f"{CONFIG_MAPS}/nope", json=body),
            404,
            "NotFound",
            'configmaps "nope" not found',
        )
        assert details == {"name": "nope", "kind": "configmaps"}
    patched = shared_http.patch(f"{CONFIG_MAPS}/nope", json={}, headers=MERGE_PATCH)
    refused(patched, 404, "NotFound", 'configmaps "nope" not found')
    grouped = shared_http.get("/apis/apps/v1/namespaces/default/deployments/nope")
    details = refused(grouped, 404, "NotFound", 'deployments.apps "nope" not found')
    assert details == {"name": "nope", "group": "apps", "kind": "deployments"}


def test_an_object_in_a_missing_namespace_is_not_created(shared_http: httpx.Client) -> None:
    response = shared_http.post(f"{NAMESPACES}/nowhere/configmaps", json=config_map("a"))
    details = refused(response, 404, "NotFound", 'namespaces "nowhere" not found')
    assert details == {"name": "nowhere", "kind": "namespaces"}


@pytest.mark.parametrize("path", [f"{DEFAULT}/frobs", "/apis/apps/v1/frobs", f"{DEFAULT}/pods/a/b/c", "/api/v2/pods"])
def test_a_path_below_a_known_group_gets_a_status(shared_http: httpx.Client, path: str) -> None:
    response = shared_http.get(path)
    assert refused(response, 404, "NotFound", NO_RESOURCE) == {}
    assert response.json()["details"] == {}


@pytest.mark.parametrize("path", ["/nope", "/apis/nobody.example/v1/things", "/healthz/nope", "/openapi/v9"])
def test_any_other_path_gets_plain_text(shared_http: httpx.Client, path: str) -> None:
    response = shared_http.get(path)
    assert (response.status_code, response.text) == (404, "404 page not found\n")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", CONFIG_MAPS),
        ("PATCH", CONFIG_MAPS),
        ("POST", f"{CONFIG_MAPS}/a"),
        ("POST", f"{CORE}/configmaps"),
        ("DELETE", f"{CORE}/configmaps"),
        ("DELETE", NAMESPACES),
        ("PUT", f"{PODS}/a/binding"),
        ("GET", f"{PODS}/a/binding"),
        ("DELETE", f"{PODS}/a/status"),
        ("POST", f"{NAMESPACES}/default/finalize"),
        ("OPTIONS", CONFIG_MAPS),
        ("POST", f"{CORE}/watch/pods"),
        ("POST", "/version"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_refused(shared_http: httpx.Client, method: str, path: str) -> None:
    response = shared_http.request(method, path)
    refused(response, 405, "MethodNotAllowed", NO_METHOD)
    assert response.json()["details"] == {}


def test_an_answer_that_cannot_be_given_in_an_accepted_form_is_refused(shared_http: httpx.Client) -> None:
    for accept in ("text/html", "application/json;as=Frob;v=v1;g=meta.k8s.io"):
        response = shared_http.get(CONFIG_MAPS, headers={"accept": accept})
        message = refused(response, 406, "NotAcceptable") or response.json()["message"]
        assert str(message).startswith(
            "only the following media types are accepted: application/json, application/yaml"
        )


def test_a_name_that_is_taken_is_refused(shared_http: httpx.Client) -> None:
    name = fresh_name()
    made(shared_http, CONFIG_MAPS, config_map(name))
    response = shared_http.post(CONFIG_MAPS, json=config_map(name))
    details = refused(response, 409, "AlreadyExists", f'configmaps "{name}" already exists')
    assert details == {"name": name, "kind": "configmaps"}


def test_a_body_that_is_too_large_is_refused(shared_http: httpx.Client) -> None:
    message = "Request entity too large: limit is 3145728"
    large = b" " * (3 * 1024 * 1024 + 1)
    refused(shared_http.post(CONFIG_MAPS, content=large, headers=JSON), 413, "RequestEntityTooLarge", message)
    chunked = shared_http.post(CONFIG_MAPS, content=(large[:1_000_000] for _ in range(4)), headers=JSON)
    refused(chunked, 413, "RequestEntityTooLarge", message)


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "nonsense", "application/json-patch+json"])
def test_a_body_of_an_unknown_form_is_refused(shared_http: httpx.Client, content_type: str) -> None:
    response = shared_http.post(CONFIG_MAPS, content=b"{}", headers={"content-type": content_type})
    refused(response, 415, "UnsupportedMediaType")
    assert response.json()["message"].startswith(
        "the body of the request was in an unknown format - accepted media types include: application/json"
    )


def test_a_patch_of_an_unknown_form_is_refused(shared_http: httpx.Client) -> None:
    response = shared_http.patch(f"{CONFIG_MAPS}/a", content=b"{}", headers=JSON)
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json"
    )
    refused(response, 415, "UnsupportedMediaType", message)


UNRECOGNISED = "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; "
MISFIT = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: '


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"a":', UNRECOGNISED + 'json parse error: unexpected end of JSON input ({"a":)'),
        (b"", UNRECOGNISED + "json parse error: unexpected end of JSON input (<empty>)"),
        (b'{"metadata":{"labels":{"a":1}}}', MISFIT + "json: cannot unmarshal number into Go struct field "
         "ObjectMeta.metadata.labels of type string"),
        (b'{"metadata":[]}', MISFIT + "json: cannot unmarshal array into Go struct field ConfigMap.metadata of type "
         "v1.ObjectMeta"),
        (b'{"kind":"Pod","apiVersion":"v1"}', ('Pod in version "v1" cannot be handled as a ConfigMap: '
         "converting (v1.Pod) to (core.ConfigMap): unknown conversion")),
        (b'{"kind":"Frob","apiVersion":"v1"}', ('Frob in version "v1" cannot be handled as a ConfigMap: no kind "Frob" '
         'is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"')),
    ],
)  # fmt: skip
def test_a_body_that_is_not_what_the_path_takes_is_refused(
    shared_http: httpx.Client, body: bytes, message: str
) -> None:
    refused(shared_http.post(CONFIG_MAPS, content=body, headers=JSON), 400, "BadRequest", message)


def test_all_that_is_wrong_with_an_object_is_told_at_once(shared_http: httpx.Client) -> None:
    body = config_map("Bad_Name", {"no/slash": "x"}, labels={"-": "x"})
    details = refused(shared_http.post(CONFIG_MAPS, json=body), 422, "Invalid")
    assert (details["name"], details["kind"]) == ("Bad_Name", "ConfigMap")
    fields = [(reason, field) for reason, field, _ in causes(details)]
    assert fields == [
        ("FieldValueInvalid", "metadata.name"),
        ("FieldValueInvalid", "metadata.labels"),
        ("FieldValueInvalid", "data[no/slash]"),
    ]


def test_the_message_of_an_invalid_object_joins_its_causes(shared_http: httpx.Client) -> None:
    response = shared_http.post(CONFIG_MAPS, json={"metadata": {}})
    required = "Required value: name or generateName is required"
    details = refused(response, 422, "Invalid", f'ConfigMap "" is invalid: metadata.name: {required}')
    assert details == {
        "kind": "ConfigMap",
        "causes": [{"reason": "FieldValueRequired", "message": required, "field": "metadata.name"}],
    }


@pytest.mark.parametrize(
    ("query", "kind", "field", "message"),
    [
        ("dryRun=Some", "CreateOptions", "dryRun", 'Unsupported value: ["Some"]: supported values: "All"'),
        (
            "fieldValidation=Lax",
            "CreateOptions",
            "fieldValidation",
            'Unsupported value: "Lax": supported values: "", "Ignore", "Strict", "Warn"',
        ),
    ],
)
def test_options_that_do_not_exist_are_refused(
    shared_http: httpx.Client, query: str, kind: str, field: str, message: str
) -> None:
    response = shared_http.post(f"{CONFIG_MAPS}?{query}", json=config_map(fresh_name()))
    details = refused(response, 422, "Invalid", f'{kind}.meta.k8s.io "" is invalid: {field}: {message}')
    assert (details["group"], details["kind"]) == ("meta.k8s.io", kind)


def test_a_resource_version_on_a_new_object_is_refused_as_upstream_does(shared_http: httpx.Client) -> None:
    body = config_map(fresh_name(), resourceVersion="5")
    message = "resourceVersion should not be set on objects to be created"
    response = shared_http.post(CONFIG_MAPS, json=body)
    refused(response, 500, "", message)
    assert "reason" not in response.json()


def test_errors_are_told_in_yaml_to_who_asks_for_it(shared_http: httpx.Client) -> None:
    response = shared_http.get(f"{CONFIG_MAPS}/nope", headers={"accept": "application/yaml"})
    assert response.headers["content-type"] == "application/yaml"
    assert 'message: configmaps "nope" not found' in response.text


def test_strict_validation_refuses_what_warn_warns_of_and_ignore_drops(shared_http: httpx.Client) -> None:
    body = b'{"metadata":{"name":"%s","name":"%s"},"frob":1,"data":{"a":"1"}}'
    problems = ('duplicate field "metadata.name"', 'unknown field "frob"')

    def create(how: str) -> httpx.Response:
        name = fresh_name().encode()
        return shared_http.post(f"{CONFIG_MAPS}?fieldValidation={how}", content=body % (name, name), headers=JSON)

    refused(create("Strict"), 400, "BadRequest", MISFIT + "strict decoding error: " + ", ".join(problems))
    for how in ("Warn", ""):
        warned = create(how)
        assert answered(warned, 201)["data"] == {"a": "1"}
        assert [f'299 - "{each}"'.replace('field "', 'field \\"')[:-2] + '\\""' for each in problems] == (
            warned.headers.get_list("warning")
        )
    ignored = create("Ignore")
    assert "frob" not in answered(ignored, 201)
    assert "warning" not in ignored.headers

"""Custom resources over HTTP: served, judged, stored in one version, shown in others, gone with their definition."""

from __future__ import annotations

import httpx
import pytest

from fauxkube.machinery.objects import Object
from support.api import (
    CONFIG_MAPS,
    JSON_PATCH,
    MERGE_PATCH,
    NAMESPACES,
    PODS,
    STRATEGIC_PATCH,
    answered,
    causes,
    config_map,
    made,
    names,
    pod,
    refused,
    told,
    watching,
)
from support.custom_resources import DEFINITIONS, GROUP, define, path_of, schema, shop, shops, version
from support.waiting import until

SHOPS = path_of()
CORNER = f"{SHOPS}/corner"
DEFINITION = f"{DEFINITIONS}/shops.{GROUP}"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
AGGREGATED = {"accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}


def test_nothing_is_served_before_and_everything_once_it_is_established(http: httpx.Client) -> None:
    assert http.get(SHOPS).status_code == 404
    define(http, shops())
    assert answered(http.get(SHOPS))["kind"] == "ShopList"
    (listed,) = [each for each in answered(http.get("/apis"))["groups"] if each["name"] == GROUP]
    assert listed["preferredVersion"]["groupVersion"] == f"{GROUP}/v1"
    resources = answered(http.get(f"/apis/{GROUP}/v1"))["resources"]
    assert [each["name"] for each in resources] == ["shops", "shops/status"]
    assert resources[0]["shortNames"] == ["sh"]
    aggregated = http.get("/apis", headers=AGGREGATED)
    assert GROUP in [each["metadata"].get("name") for each in answered(aggregated)["items"]]


def test_openapi_describes_them_and_follows_a_change(http: httpx.Client) -> None:
    define(http, shops())
    place = f"apis/{GROUP}/v1"
    before = answered(http.get("/openapi/v3"))["paths"][place]["serverRelativeURL"]
    described = answered(http.get(before.partition("?")[0]))["components"]["schemas"]["com.example.shop.v1.Shop"]
    assert described["properties"]["spec"]["properties"]["size"]["minimum"] == 1
    assert described["x-kubernetes-group-version-kind"] == [{"group": GROUP, "version": "v1", "kind": "Shop"}]
    wider = version(schema={"openAPIV3Schema": schema(color={"type": "string"})})
    patched = http.patch(DEFINITION, json={"spec": {"versions": [wider]}}, headers=MERGE_PATCH)
    assert answered(patched)["metadata"]["generation"] == 2
    until(lambda: answered(http.get("/openapi/v3"))["paths"][place]["serverRelativeURL"] != before)
    assert made(http, SHOPS, shop(color="red"))["spec"]["color"] == "red"


def test_a_shop_is_pruned_and_filled_in(http: httpx.Client) -> None:
    define(http, shops())
    written = http.post(SHOPS, json=shop(unknown=1, free={"a": {"b": 1}}))
    assert answered(written, 201)["spec"] == {"owner": "jane", "free": {"a": {"b": 1}}, "size": 3}
    assert written.headers["warning"] == '299 - "unknown field \\"spec.unknown\\""'
    refused(
        http.post(SHOPS, json=shop("b", unknown=1), params={"fieldValidation": "Strict"}),
        400,
        "BadRequest",
        'Shop in version "v1" cannot be handled as a Shop: strict decoding error: unknown field "spec.unknown"',
    )


def test_what_the_schema_forbids_is_refused(http: httpx.Client) -> None:
    define(http, shops())
    details = refused(http.post(SHOPS, json=shop(size=0, owner="", tags=["a", "a"])), 422, "Invalid")
    assert (details["group"], details["kind"], details["name"]) == (GROUP, "Shop", "corner")
    assert causes(details) == [
        (
            "FieldValueInvalid",
            "spec.owner",
            'Invalid value: "": spec.owner in body should be at least 1 chars long',
        ),
        ("FieldValueInvalid", "spec.size", "Invalid value: 0: spec.size in body should be greater than or equal to 1"),
        ("FieldValueDuplicate", "spec.tags[1]", 'Duplicate value: "a"'),
    ]


def test_shops_are_patched_but_not_strategically(http: httpx.Client) -> None:
    define(http, shops())
    made(http, SHOPS, shop(tags=["a"]))
    merged = answered(http.patch(CORNER, json={"spec": {"tags": ["b"], "size": None}}, headers=MERGE_PATCH))
    assert (merged["spec"], merged["metadata"]["generation"]) == ({"owner": "jane", "size": 3, "tags": ["b"]}, 2)
    operations = [{"op": "add", "path": "/spec/tags/-", "value": "c"}]
    assert answered(http.patch(CORNER, json=operations, headers=JSON_PATCH))["spec"]["tags"] == ["b", "c"]
    refused(http.patch(CORNER, json={}, headers=STRATEGIC_PATCH), 415, "UnsupportedMediaType")


def test_the_status_is_written_by_itself(http: httpx.Client) -> None:
    define(http, shops())
    made(http, SHOPS, {**shop(), "status": {"open": 1}})
    assert "status" not in answered(http.get(CORNER))
    body = {"metadata": {"labels": {"a": "b"}}, "spec": {"size": 9}, "status": {"open": 1, "nope": 1}}
    written = answered(http.patch(f"{CORNER}/status", json=body, headers=MERGE_PATCH))
    assert (written["spec"]["size"], written["status"]) == (3, {"open": 1})
    assert (written["metadata"]["generation"], "labels" in written["metadata"]) == (1, False)
    wrong = http.patch(f"{CORNER}/status", json={"status": {"open": "x"}}, headers=MERGE_PATCH)
    ((reason, field, _),) = causes(refused(wrong, 422, "Invalid"))
    assert (reason, field) == ("FieldValueTypeInvalid", "status.open")


def test_the_scale_is_where_the_definition_says(http: httpx.Client) -> None:
    paths = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.open", "labelSelectorPath": ".status.who"}
    define(http, shops(version(subresources={"status": {}, "scale": paths})))
    made(http, SHOPS, shop(size=2))
    scale = answered(http.get(f"{CORNER}/scale"))
    assert (scale["kind"], scale["spec"], scale["status"]) == ("Scale", {"replicas": 2}, {"replicas": 0})
    answered(http.patch(f"{CORNER}/scale", json={"spec": {"replicas": 4}}, headers=MERGE_PATCH))
    assert answered(http.get(CORNER))["spec"]["size"] == 4


def test_every_version_shows_the_same_shops(http: httpx.Client) -> None:
    old = version("v1beta1", storage=False, deprecated=True)
    define(http, shops(old, version("v1")))
    written = http.post(path_of("v1beta1"), json=shop(version="v1beta1"))
    assert answered(written, 201)["apiVersion"] == f"{GROUP}/v1beta1"
    assert written.headers["warning"] == f'299 - "{GROUP}/v1beta1 Shop is deprecated; use {GROUP}/v1 Shop"'
    assert answered(http.get(CORNER))["apiVersion"] == f"{GROUP}/v1"
    (listed,) = answered(http.get(path_of("v1beta1")))["items"]
    assert (listed["apiVersion"], listed["kind"]) == (f"{GROUP}/v1beta1", "Shop")
    with watching(http, path_of("v1beta1"), resourceVersion="0") as events:
        assert next(events)["object"]["apiVersion"] == f"{GROUP}/v1beta1"


def test_what_was_stored_before_is_shown_in_the_new_storage_version(http: httpx.Client) -> None:
    define(http, shops(version("v1")))
    made(http, SHOPS, shop())
    versions = [version("v1", storage=False), version("v2")]
    changed = answered(http.patch(DEFINITION, json={"spec": {"versions": versions}}, headers=MERGE_PATCH))
    assert changed["status"]["storedVersions"] == ["v1", "v2"]
    until(lambda: http.get(path_of("v2")).status_code == 200)
    assert [each["apiVersion"] for each in answered(http.get(path_of("v2")))["items"]] == [f"{GROUP}/v2"]
    assert answered(http.get(CORNER))["apiVersion"] == f"{GROUP}/v1"
    without = http.patch(DEFINITION, json={"spec": {"versions": [version("v2")]}}, headers=MERGE_PATCH)
    details = refused(without, 422, "Invalid")
    assert [cause[1] for cause in causes(details)] == ["status.storedVersions[0]"]


def test_what_a_new_schema_fills_in_is_shown_of_what_was_stored_before(http: httpx.Client) -> None:
    define(http, shops())
    made(http, SHOPS, shop(free={"a": 1}))
    fuller = version(
        schema={"openAPIV3Schema": schema(color={"type": "string", "default": "red"}, free={"type": "object"})}
    )
    answered(http.patch(DEFINITION, json={"spec": {"versions": [fuller]}}, headers=MERGE_PATCH))
    until(lambda: answered(http.get(CORNER))["spec"].get("color") == "red")
    (listed,) = answered(http.get(SHOPS))["items"]
    assert listed["spec"] == {"owner": "jane", "size": 3, "color": "red", "free": {}}
    assert answered(http.patch(CORNER, json={"spec": {"size": 4}}, headers=MERGE_PATCH))["spec"]["color"] == "red"


def test_a_finalizer_without_a_domain_is_warned_of_only(http: httpx.Client) -> None:
    define(http, shops())
    written = http.post(SHOPS, json={**shop(), "metadata": {"name": "corner", "finalizers": ["hold"]}})
    assert answered(written, 201)["metadata"]["finalizers"] == ["hold"]
    assert "prefer a domain-qualified finalizer name" in written.headers["warning"]


def test_shops_are_printed_watched_selected_and_listed_like_anything_else(http: httpx.Client) -> None:
    columns = [{"name": "Owner", "type": "string", "jsonPath": ".spec.owner"}]
    define(http, shops(version(additionalPrinterColumns=columns, selectableFields=[{"jsonPath": ".spec.owner"}])))
    with watching(http, SHOPS) as events:
        for name, owner in (("a", "jane"), ("b", "joe")):
            made(http, SHOPS, shop(name, owner=owner))
        assert told(events, 2) == [("ADDED", "a"), ("ADDED", "b")]
    table = answered(http.get(SHOPS, headers=TABLE))
    assert [row["cells"] for row in table["rows"]] == [["a", "jane"], ["b", "joe"]]
    assert names(answered(http.get(SHOPS, params={"fieldSelector": "spec.owner=joe"}))) == ["b"]
    refused(http.get(SHOPS, params={"fieldSelector": "spec.size=3"}), 400, "BadRequest")
    assert names(answered(http.get(SHOPS, params={"limit": 1}))) == ["a"]
    assert names(answered(http.get(f"/apis/{GROUP}/v1/shops"))) == ["a", "b"]


def test_one_in_no_namespace_is_in_none(http: httpx.Client) -> None:
    define(http, shops(scope="Cluster"))
    assert "namespace" not in made(http, f"/apis/{GROUP}/v1/shops", shop())["metadata"]
    assert http.get(SHOPS).status_code == 404


def test_shops_own_and_are_owned(http: httpx.Client) -> None:
    define(http, shops())
    owner = made(http, SHOPS, shop())
    reference = {"apiVersion": f"{GROUP}/v1", "kind": "Shop", "name": "corner", "uid": owner["metadata"]["uid"]}
    made(http, CONFIG_MAPS, config_map("till", ownerReferences=[reference]))
    till = answered(http.get(f"{CONFIG_MAPS}/till"))
    made(http, SHOPS, {**shop("kiosk"), "metadata": {"name": "kiosk", "ownerReferences": [reference_to(till)]}})
    answered(http.delete(CORNER))
    until(lambda: http.get(f"{CONFIG_MAPS}/till").status_code == 404)
    until(lambda: http.get(f"{SHOPS}/kiosk").status_code == 404)


def reference_to(obj: Object) -> Object:
    metadata = obj["metadata"]
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": metadata["name"], "uid": metadata["uid"]}


def test_a_namespace_takes_its_shops_with_it(http: httpx.Client) -> None:
    define(http, shops())
    made(http, NAMESPACES, {"metadata": {"name": "mall"}})
    made(http, f"/apis/{GROUP}/v1/namespaces/mall/shops", shop())
    answered(http.delete(f"{NAMESPACES}/mall"))
    until(lambda: http.get(f"{NAMESPACES}/mall").status_code == 404)
    assert names(answered(http.get(f"/apis/{GROUP}/v1/shops"))) == []


def test_a_definition_takes_its_shops_with_it_and_waits_for_their_finalizers(http: httpx.Client) -> None:
    define(http, shops())
    made(http, SHOPS, {**shop(), "metadata": {"name": "corner", "finalizers": ["example.com/hold"]}})
    made(http, SHOPS, shop("kiosk"))
    answered(http.delete(DEFINITION))
    until(lambda: http.get(f"{SHOPS}/kiosk").status_code == 404)
    conditions = {each["type"]: each for each in answered(http.get(DEFINITION))["status"]["conditions"]}
    assert conditions["Terminating"]["reason"] == "InstanceDeletionInProgress"
    assert http.post(SHOPS, json=shop("late")).status_code == 405
    answered(http.patch(CORNER, json={"metadata": {"finalizers": None}}, headers=MERGE_PATCH))
    until(lambda: http.get(DEFINITION).status_code == 404)
    until(lambda: http.get(SHOPS).status_code == 404)
    assert GROUP not in [each["name"] for each in answered(http.get("/apis"))["groups"]]


def test_a_watch_ends_with_the_last_of_what_it_watches(http: httpx.Client) -> None:
    define(http, shops())
    made(http, SHOPS, shop())
    with watching(http, SHOPS) as events:
        assert told(events, 1) == [("ADDED", "corner")]
        answered(http.delete(DEFINITION))
        assert [each["type"] for each in events] == ["DELETED"]


def test_a_budget_counts_the_pods_of_whatever_has_a_scale(http: httpx.Client) -> None:
    paths = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.open"}
    define(http, shops(version(subresources={"scale": paths})))
    owner = made(http, SHOPS, shop(size=4))["metadata"]
    reference = {"apiVersion": f"{GROUP}/v1", "kind": "Shop", "name": "corner", "uid": owner["uid"], "controller": True}
    metadata = {"name": "clerk", "labels": {"app": "clerk"}, "ownerReferences": [reference]}
    made(http, PODS, {**pod("clerk"), "metadata": metadata})
    spec = {"maxUnavailable": "50%", "selector": {"matchLabels": {"app": "clerk"}}}
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    made(http, budgets, {"metadata": {"name": "clerks"}, "spec": spec})
    until(lambda: answered(http.get(f"{budgets}/clerks"))["status"]["expectedPods"] == 4)


def test_a_definition_that_comes_again_begins_empty(http: httpx.Client) -> None:
    for _ in range(2):
        define(http, shops())
        made(http, SHOPS, shop())
        answered(http.delete(DEFINITION))
        until(lambda: http.get(DEFINITION).status_code == 404)
    define(http, shops(scope="Cluster"))
    assert names(answered(http.get(f"/apis/{GROUP}/v1/shops"))) == []


def test_names_are_given_once_and_again_when_they_are_free(http: httpx.Client) -> None:
    define(http, shops())
    other = shops()
    other["metadata"]["name"] = f"stores.{GROUP}"
    other["spec"]["names"] |= {"plural": "stores", "singular": "store", "shortNames": []}
    made(http, DEFINITIONS, other)
    path = f"{DEFINITIONS}/stores.{GROUP}"

    def reason() -> str:
        conditions = answered(http.get(path))["status"]["conditions"] or []
        return next((each["reason"] for each in conditions if each["type"] == "NamesAccepted"), "")

    until(lambda: reason() == "ListKindConflict")
    answered(http.delete(DEFINITION))
    until(lambda: reason() == "NoConflicts")
    until(lambda: http.get(f"/apis/{GROUP}/v1/stores").status_code == 200)


def test_expressions_are_warned_of(http: httpx.Client) -> None:
    ruled = {"type": "string", "x-kubernetes-validations": [{"rule": "self != 'x'"}]}
    written = http.post(DEFINITIONS, json=shops(version(schema={"openAPIV3Schema": schema(word=ruled)})))
    assert answered(written, 201)
    assert "fauxkube does not evaluate x-kubernetes-validations" in written.headers["warning"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"items": "x", "type": "array"},
        {"additionalProperties": 5, "type": "object"},
        {"additionalProperties": {"properties": []}, "type": "object"},
        {"items": {"enum": 5}, "type": "array"},
        {"properties": {"a": 5}, "type": "object"},
        {"minimum": "x", "type": "integer"},
        {"required": "x", "type": "object"},
    ],
)
def test_what_is_no_schema_at_all_is_refused(shared_http: httpx.Client, wrong: Object) -> None:
    body = shops(version(schema={"openAPIV3Schema": schema(wrong=wrong)}))
    refused(shared_http.post(DEFINITIONS, json=body), 400, "BadRequest")


@pytest.mark.parametrize("conversion", [{"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"]}}])
def test_conversion_by_webhooks_is_refused_by_its_name(shared_http: httpx.Client, conversion: Object) -> None:
    wanted = shops()
    wanted["spec"]["conversion"] = conversion
    details = refused(shared_http.post(DEFINITIONS, json=wanted), 422, "Invalid")
    assert [cause[1] for cause in causes(details)] == ["spec.conversion.strategy"]

"""Lists: selectors, pages that stay at one revision, and reads as of a revision."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import httpx
import pytest

from fauxkube.machinery.objects import Object
from support.api import (
    CONFIG_MAPS,
    CORE,
    DEFAULT,
    NODES,
    PODS,
    answered,
    config_map,
    fresh_name,
    made,
    names,
    pod,
    refused,
)
from support.thread import served_cluster


@pytest.fixture(scope="module")
def seven() -> Iterator[httpx.Client]:
    """A server on which the config maps c0 to c6 exist, labelled with their number; half of them are even."""
    with served_cluster() as url, httpx.Client(base_url=url) as http:
        for n in range(7):
            labels = {"n": str(n)} | ({"even": "true"} if n % 2 == 0 else {})
            made(http, CONFIG_MAPS, config_map(f"c{n}", labels=labels))
        yield http


def listed(http: httpx.Client, **query: str | int) -> Object:
    return answered(http.get(CONFIG_MAPS, params=query))


@pytest.mark.parametrize(
    ("selector", "numbers"),
    [
        ("", "0123456"),
        ("even", "0246"),
        ("!even", "135"),
        ("even=true", "0246"),
        ("even==true", "0246"),
        ("even!=true", "135"),
        ("n in (1, 2)", "12"),
        ("n notin (1, 2)", "03456"),
        ("even, n in (1, 2)", "2"),
        ("n>4", "56"),
        ("n<2", "01"),
        ("nothing", ""),
    ],
)
def test_label_selectors_select(seven: httpx.Client, selector: str, numbers: str) -> None:
    assert names(listed(seven, labelSelector=selector)) == [f"c{n}" for n in numbers]


@pytest.mark.parametrize(
    ("selector", "numbers"),
    [
        ("metadata.name=c1", "1"),
        ("metadata.name==c1", "1"),
        ("metadata.name!=c1", "023456"),
        ("metadata.name=c1,metadata.name=c2", ""),
        ("metadata.namespace=default", "0123456"),
        ("metadata.namespace=other", ""),
    ],
)
def test_field_selectors_select(seven: httpx.Client, selector: str, numbers: str) -> None:
    for path in (CONFIG_MAPS, f"{CORE}/configmaps"):
        found = answered(seven.get(path, params={"fieldSelector": selector}))
        assert names(found) == [f"c{n}" for n in numbers]


@pytest.mark.parametrize(
    ("path", "parameter", "message"),
    [
        (CONFIG_MAPS, {"labelSelector": "a===b"}, "unable to parse requirement: found '=', expected: identifier"),
        (CONFIG_MAPS, {"fieldSelector": "spec.x=1"},
         '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        (PODS, {"fieldSelector": "spec.x=1"}, "field label not supported: spec.x"),
        (CONFIG_MAPS, {"fieldSelector": "nonsense"}, "invalid selector: 'nonsense'; can't understand 'nonsense'"),
    ],
)  # fmt: skip
def test_a_selector_that_cannot_be_read_is_refused(
    seven: httpx.Client, path: str, parameter: dict[str, str], message: str
) -> None:
    refused(seven.get(path, params=parameter), 400, "BadRequest", message)


def test_fields_of_pods_and_nodes_are_selected_by(http: httpx.Client) -> None:
    made(http, PODS, pod("stuck", nodeSelector={"no": "where"}))
    for selector in ("status.phase=Pending", "spec.nodeName=", "spec.restartPolicy=Always,status.phase!=Running"):
        assert names(answered(http.get(PODS, params={"fieldSelector": selector}))) == ["stuck"]
    assert names(answered(http.get(NODES, params={"fieldSelector": "spec.unschedulable=true"}))) == []


def test_pages_stay_at_the_revision_of_the_first(http: httpx.Client) -> None:
    for n in range(7):
        made(http, CONFIG_MAPS, config_map(f"c{n}"))
    first = listed(http, limit=3)
    version = first["metadata"]["resourceVersion"]
    assert first["metadata"]["remainingItemCount"] == 4
    http.delete(f"{CONFIG_MAPS}/c4")
    made(http, CONFIG_MAPS, config_map("c35"))
    http.put(f"{CONFIG_MAPS}/c5", json=config_map("c5", {"new": "yes"}))
    second = listed(http, limit=3, **{"continue": first["metadata"]["continue"]})
    assert (names(second), second["metadata"]["remainingItemCount"]) == (["c3", "c4", "c5"], 1)
    assert "data" not in second["items"][2]
    last = listed(http, limit=3, **{"continue": second["metadata"]["continue"]})
    assert names(last) == ["c6"]
    assert last["metadata"] == {"resourceVersion": version}
    assert second["metadata"]["resourceVersion"] == version
    assert names(listed(http)) == ["c0", "c1", "c2", "c3", "c35", "c5", "c6"]


def test_pages_of_a_selection_are_full_and_do_not_tell_what_remains(seven: httpx.Client) -> None:
    first = listed(seven, labelSelector="even", limit=3)
    assert names(first) == ["c0", "c2", "c4"]
    assert "remainingItemCount" not in first["metadata"]
    assert names(listed(seven, labelSelector="even", limit=3, **{"continue": first["metadata"]["continue"]})) == ["c6"]


def test_a_limit_that_all_fit_in_makes_no_page(seven: httpx.Client) -> None:
    for limit in (7, 100, 0, -1):
        assert listed(seven, limit=limit)["metadata"].keys() == {"resourceVersion"}


def token(version: int, start: str, *, scheme: str = "meta.k8s.io/v1") -> str:
    content = json.dumps({"v": scheme, "rv": version, "start": start})
    return base64.urlsafe_b64encode(content.encode()).rstrip(b"=").decode()


INVALID_TOKEN = "invalid continue token: continue key is not valid: "


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("abc", None),
        ("%%%", None),
        ("WzFd", None),
        ("é", None),
        (token(0, "default/c1"), INVALID_TOKEN + "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"),
        (token(5, ""), INVALID_TOKEN + "encoded start key empty (version meta.k8s.io/v1)"),
        (token(5, "../secrets/default/s"), INVALID_TOKEN + "../secrets/default/s"),
        (token(5, "a", scheme="v9"), INVALID_TOKEN + "server does not recognize this encoded version v9"),
    ],
)
def test_a_made_up_continue_token_is_refused(seven: httpx.Client, given: str, message: str | None) -> None:
    refused(seven.get(CONFIG_MAPS, params={"continue": given}), 400, "BadRequest", message)


def test_a_continue_token_brings_its_own_version(seven: httpx.Client) -> None:
    given = listed(seven, limit=1)["metadata"]["continue"]
    message = "specifying resource version is not allowed when using continue"
    refused(seven.get(CONFIG_MAPS, params={"continue": given, "resourceVersion": "5"}), 400, "BadRequest", message)
    assert listed(seven, limit=1, resourceVersion="0", **{"continue": given})["items"]


def test_a_list_is_read_as_of_a_revision(http: httpx.Client) -> None:
    old = made(http, CONFIG_MAPS, config_map("a"))["metadata"]["resourceVersion"]
    new = made(http, CONFIG_MAPS, config_map("b"))["metadata"]["resourceVersion"]
    exact = listed(http, resourceVersion=old, resourceVersionMatch="Exact")
    assert (names(exact), exact["metadata"]["resourceVersion"]) == (["a"], old)
    assert names(listed(http, resourceVersion=old, limit=5)) == ["a"]
    for query in (
        {},
        {"resourceVersion": "0"},
        {"resourceVersion": old},
        {"resourceVersion": old, "resourceVersionMatch": "NotOlderThan"},
        {"resourceVersion": old, "resourceVersionMatch": "NotOlderThan", "limit": "5"},
        {"resourceVersion": "0", "resourceVersionMatch": "NotOlderThan"},
    ):
        found = listed(http, **query)
        assert names(found) == ["a", "b"]
        assert int(found["metadata"]["resourceVersion"]) >= int(new)


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ({"resourceVersionMatch": "Exact"}, "resourceVersionMatch",
         "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ({"resourceVersionMatch": "Frob", "resourceVersion": "1"}, "resourceVersionMatch",
         'Unsupported value: "Frob": supported values: "Exact", "NotOlderThan", ""'),
        ({"resourceVersionMatch": "Exact", "resourceVersion": "0"}, "resourceVersionMatch",
         'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
        ({"resourceVersionMatch": "Exact", "resourceVersion": "1", "continue": "x"}, "resourceVersionMatch",
         "Forbidden: resourceVersionMatch is forbidden when continue is provided"),
        ({"sendInitialEvents": "true"}, "sendInitialEvents", "Forbidden: sendInitialEvents is forbidden for list"),
    ],
)  # fmt: skip
def test_combinations_that_make_no_sense_are_refused(
    seven: httpx.Client, query: dict[str, str], field: str, message: str
) -> None:
    refused(
        seven.get(CONFIG_MAPS, params=query),
        422,
        "Invalid",
        f'ListOptions.meta.k8s.io "" is invalid: {field}: {message}',
    )


def test_a_revision_that_is_no_number_is_refused_everywhere(seven: httpx.Client) -> None:
    for version, problem in (("abc", "invalid syntax"), ("-1", "invalid syntax"), ("1_0", "invalid syntax"),
                             ("9" * 20, "value out of range"), ("9" * 5000, "value out of range")):  # fmt: skip
        shown = f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing "{version}": {problem}'
        for path in (CONFIG_MAPS, f"{CONFIG_MAPS}/c1", f"{CONFIG_MAPS}?watch=1"):
            refused(seven.get(path, params={"resourceVersion": version}), 422, "Invalid", shown)


def test_a_revision_that_has_not_happened_yet_is_a_timeout(seven: httpx.Client) -> None:
    for path in (CONFIG_MAPS, f"{CONFIG_MAPS}/c1"):
        response = seven.get(path, params={"resourceVersion": "999999"})
        details = refused(response, 504, "Timeout")
        assert response.json()["message"].startswith("Timeout: Too large resource version: 999999, current: ")
        assert details["causes"] == [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
        assert (details["retryAfterSeconds"], response.headers["retry-after"]) == (1, "1")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("x", "invalid syntax"),
        ("1.5", "invalid syntax"),
        ("9" * 30, "value out of range"),
        ("9" * 5000, "value out of range"),
    ],
)
def test_a_limit_that_is_no_number_is_refused(seven: httpx.Client, value: str, problem: str) -> None:
    message = f'strconv.ParseInt: parsing "{value}": {problem}'
    refused(seven.get(CONFIG_MAPS, params={"limit": value}), 400, "BadRequest", message)


def test_items_name_their_kind_only_alone(seven: httpx.Client) -> None:
    found = listed(seven)
    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert all("kind" not in item and "apiVersion" not in item for item in found["items"])
    empty = answered(seven.get(f"{DEFAULT}/secrets"))
    assert empty["items"] == []


def test_a_list_over_all_namespaces_is_in_order_of_namespace_and_name(http: httpx.Client) -> None:
    for namespace in ("kube-system", "default"):
        for name in ("z", "a"):
            made(http, f"{CORE}/namespaces/{namespace}/configmaps", config_map(name))
    found = answered(http.get(f"{CORE}/configmaps"))["items"]
    keys = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in found]
    assert [key for key in keys if key[1] in "az"] == [
        ("default", "a"), ("default", "z"), ("kube-system", "a"), ("kube-system", "z")
    ]  # fmt: skip


def test_a_namespace_that_is_not_there_lists_as_empty(seven: httpx.Client) -> None:
    assert answered(seven.get(f"{CORE}/namespaces/{fresh_name()}/configmaps"))["items"] == []

"""Evictions and the budgets that put them off, over HTTP on a whole cluster."""

from __future__ import annotations

import httpx
import pytest

from fauxkube.machinery.objects import Object
from support.api import DEPLOYMENTS, MERGE_PATCH, PODS, answered, deployment, made, pod, refused
from support.waiting import until

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."


def budget(name: str = "pdb", **spec: object) -> Object:
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec}}


def evict(http: httpx.Client, name: str, **query: str) -> httpx.Response:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    return http.post(f"{PODS}/{name}/eviction", json=body, params=query)


def allowed(http: httpx.Client, name: str = "pdb") -> int:
    obj = answered(http.get(f"{BUDGETS}/{name}"))
    seen = obj["status"].get("observedGeneration") == obj["metadata"]["generation"]
    return int(obj["status"]["disruptionsAllowed"]) if seen else -1


@pytest.fixture
def web(http: httpx.Client) -> list[str]:
    """The names of a deployment's two running pods."""
    made(http, DEPLOYMENTS, deployment("web", replicas=2))
    ready = f"{DEPLOYMENTS}/web"
    until(lambda: answered(http.get(ready))["status"].get("readyReplicas") == 2)
    return [each["metadata"]["name"] for each in answered(http.get(PODS))["items"]]


def test_a_budget_that_is_used_up_puts_evictions_off(http: httpx.Client, web: list[str]) -> None:
    made(http, BUDGETS, budget(minAvailable=2))
    until(lambda: allowed(http) == 0)
    details = refused(evict(http, web[0]), 429, "TooManyRequests", VIOLATES)
    told = "The disruption budget pdb needs 2 healthy pods and has 2 currently"
    assert details == {"causes": [{"reason": "DisruptionBudget", "message": told}]}
    answered(http.patch(f"{BUDGETS}/pdb", json={"spec": {"minAvailable": 1}}, headers=MERGE_PATCH))
    until(lambda: allowed(http) == 1)
    assert answered(evict(http, web[0]), 201)["status"] == "Success"
    until(lambda: http.get(f"{PODS}/{web[0]}").status_code == 404)


def test_one_of_many_evictions_is_granted_for_each_disruption(http: httpx.Client, web: list[str]) -> None:
    made(http, BUDGETS, budget(maxUnavailable=1))
    until(lambda: allowed(http) == 1)
    assert sorted(evict(http, name).status_code for name in web) == [201, 429]


def test_a_dry_run_takes_nothing_from_the_budget(http: httpx.Client, web: list[str]) -> None:
    made(http, BUDGETS, budget(maxUnavailable=1))
    until(lambda: allowed(http) == 1)
    answered(evict(http, web[0], dryRun="All"), 201)
    assert allowed(http) == 1
    assert "deletionTimestamp" not in answered(http.get(f"{PODS}/{web[0]}"))["metadata"]


def test_a_pod_with_several_budgets_is_not_evicted(http: httpx.Client, web: list[str]) -> None:
    for name in ("a", "b"):
        made(http, BUDGETS, budget(name, maxUnavailable=1))
    message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    assert answered(evict(http, web[0]), 500)["message"] == message


@pytest.mark.parametrize(("policy", "code"), [("IfHealthyBudget", 429), ("AlwaysAllow", 201)])
def test_a_pod_that_is_not_ready_goes_by_the_budget_s_policy(http: httpx.Client, policy: str, code: int) -> None:
    sick = pod("sick", readinessGates=[{"conditionType": "example.com/never"}])
    made(http, PODS, {**sick, "metadata": {"name": "sick", "labels": {"app": "web"}}})
    until(lambda: answered(http.get(f"{PODS}/sick"))["status"]["phase"] == "Running")
    made(http, BUDGETS, budget(minAvailable=1, unhealthyPodEvictionPolicy=policy))
    until(lambda: allowed(http) == 0)
    answer = evict(http, "sick")
    assert answer.status_code == code, answer.text


def test_a_pod_that_has_not_started_needs_no_budget(http: httpx.Client) -> None:
    waiting = pod("waiting", schedulerName="nobody")
    made(http, PODS, {**waiting, "metadata": {"name": "waiting", "labels": {"app": "web"}}})
    made(http, BUDGETS, budget(minAvailable=1))
    assert evict(http, "waiting").status_code == 201


def test_an_evicted_pod_says_why_it_goes(http: httpx.Client) -> None:
    held = {**pod("held"), "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    made(http, PODS, held)
    until(lambda: answered(http.get(f"{PODS}/held"))["status"]["phase"] == "Running")
    answered(evict(http, "held"), 201)
    conditions = {each["type"]: each for each in answered(http.get(f"{PODS}/held"))["status"]["conditions"]}
    told = conditions["DisruptionTarget"]
    assert (told["reason"], told["message"]) == ("EvictionByEvictionAPI", "Eviction API: evicting")

"""Deletion: at once, by and by, with preconditions, with finalizers, of whole collections."""

from __future__ import annotations

import httpx
import pytest

from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import from_time
from support.api import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    MERGE_PATCH,
    NAMESPACES,
    PODS,
    SERVICES,
    answered,
    causes,
    config_map,
    deployment,
    fresh_name,
    made,
    names,
    pod,
    refused,
    service,
)
from support.waiting import until

FINALIZER = "example.com/hold"


def gone(http: httpx.Client, path: str) -> bool:
    return http.get(path).status_code == 404


def running_pod(http: httpx.Client, name: str, *finalizers: str) -> str:
    """The path of a new pod that runs and that its node does not end."""
    made(http, PODS, pod(name) | {"metadata": {"name": name, "finalizers": list(finalizers)}})
    path = f"{PODS}/{name}"
    until(lambda: answered(http.get(path))["status"]["phase"] == "Running")
    return path


def test_most_kinds_answer_a_status_that_names_what_went(shared_http: httpx.Client) -> None:
    name = fresh_name()
    obj = made(shared_http, CONFIG_MAPS, config_map(name))
    status = answered(shared_http.delete(f"{CONFIG_MAPS}/{name}"))
    details = {"name": name, "kind": "configmaps", "uid": obj["metadata"]["uid"]}
    assert status == {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    workload = fresh_name()
    made(shared_http, DEPLOYMENTS, deployment(workload, replicas=0))
    details = answered(shared_http.delete(f"{DEPLOYMENTS}/{workload}"))["details"]
    assert (details["group"], details["kind"]) == ("apps", "deployments")


def test_services_answer_the_object_at_the_revision_of_its_end(shared_http: httpx.Client) -> None:
    name = fresh_name()
    obj = made(shared_http, SERVICES, service(name))
    last = answered(shared_http.delete(f"{SERVICES}/{name}"))
    assert last["kind"] == "Service"
    assert int(last["metadata"]["resourceVersion"]) > int(obj["metadata"]["resourceVersion"])


def test_preconditions_must_hold(shared_http: httpx.Client) -> None:
    name = fresh_name()
    path = f"{CONFIG_MAPS}/{name}"
    metadata = made(shared_http, CONFIG_MAPS, config_map(name))["metadata"]
    for conditions, problem in (
        ({"uid": "x"}, (f"the UID in the precondition (x) does not match the UID in record ({metadata['uid']}). "
         "The object might have been deleted and then recreated")),
        ({"resourceVersion": "1"}, ("the ResourceVersion in the precondition (1) does not match the ResourceVersion in "
         f"record ({metadata['resourceVersion']}). The object might have been modified")),
    ):  # fmt: skip
        response = shared_http.request("DELETE", path, json={"preconditions": conditions})
        message = f'Operation cannot be fulfilled on ConfigMap "{name}": {problem}'
        assert refused(response, 409, "Conflict", message) == {"name": name, "kind": "ConfigMap"}
    right = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    answered(shared_http.request("DELETE", path, json={"preconditions": right}))
    assert gone(shared_http, path)


def test_a_finalizer_holds_the_object_until_it_is_taken_off(shared_http: httpx.Client) -> None:
    name = fresh_name()
    path = f"{CONFIG_MAPS}/{name}"
    made(shared_http, CONFIG_MAPS, config_map(name, {"a": "1"}, finalizers=[FINALIZER]))
    first = answered(shared_http.delete(path))
    assert first["metadata"]["deletionTimestamp"]
    assert first["metadata"]["deletionGracePeriodSeconds"] == 0
    assert answered(shared_http.delete(path)) == first
    changed = answered(shared_http.patch(path, json={"data": {"a": "2"}}, headers=MERGE_PATCH))
    assert changed["metadata"]["deletionTimestamp"] == first["metadata"]["deletionTimestamp"]
    added = {"metadata": {"finalizers": [FINALIZER, "example.com/more"]}}
    details = refused(shared_http.patch(path, json=added, headers=MERGE_PATCH), 422, "Invalid")
    assert causes(details) == [
        (
            "FieldValueForbidden",
            "metadata.finalizers",
            (
                "Forbidden: no new finalizers can be added if the object is being deleted, "
                'found new finalizers []string{"example.com/more"}'
            ),
        )
    ]
    answered(shared_http.patch(path, json={"metadata": {"finalizers": None}}, headers=MERGE_PATCH))
    assert gone(shared_http, path)


def test_a_name_is_free_again_once_its_object_is_gone(shared_http: httpx.Client) -> None:
    name = fresh_name()
    held = made(shared_http, CONFIG_MAPS, config_map(name, finalizers=[FINALIZER]))
    shared_http.delete(f"{CONFIG_MAPS}/{name}")
    refused(shared_http.post(CONFIG_MAPS, json=config_map(name)), 409, "AlreadyExists")
    shared_http.patch(f"{CONFIG_MAPS}/{name}", json={"metadata": {"finalizers": []}}, headers=MERGE_PATCH)
    assert made(shared_http, CONFIG_MAPS, config_map(name))["metadata"]["uid"] != held["metadata"]["uid"]


def test_a_deletion_in_the_foreground_is_accepted_and_waits(shared_http: httpx.Client) -> None:
    name = fresh_name()
    path = f"{CONFIG_MAPS}/{name}"
    made(shared_http, CONFIG_MAPS, config_map(name, finalizers=[FINALIZER]))
    held = answered(shared_http.delete(f"{path}?propagationPolicy=Foreground"), 202)
    assert held["metadata"]["finalizers"] == [FINALIZER, "foregroundDeletion"]


def test_a_later_deletion_may_say_otherwise_about_dependents(shared_http: httpx.Client) -> None:
    name = fresh_name()
    path = f"{CONFIG_MAPS}/{name}"
    made(shared_http, CONFIG_MAPS, config_map(name, finalizers=[FINALIZER, "foregroundDeletion"]))
    shared_http.delete(path)
    changed = answered(shared_http.delete(f"{path}?propagationPolicy=Background"))
    assert changed["metadata"]["finalizers"] == [FINALIZER]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("propagationPolicy=Frob",
         'Unsupported value: "Frob": supported values: "Background", "Foreground", "Orphan", "nil"'),
        ("propagationPolicy=Background&orphanDependents=true",
         'Invalid value: "Background": orphanDependents and deletionPropagation cannot be both set'),
    ],
)  # fmt: skip
def test_a_policy_that_does_not_exist_is_refused(shared_http: httpx.Client, query: str, message: str) -> None:
    response = shared_http.delete(f"{CONFIG_MAPS}/any?{query}")
    details = refused(
        response, 422, "Invalid", f'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: {message}'
    )
    assert details["kind"] == "DeleteOptions"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"kind":"Frob"}',
         'no kind "Frob" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"'),
        (b'{"gracePeriodSeconds":"x"}',
         "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_delete_options_is_refused(shared_http: httpx.Client, body: bytes, message: str) -> None:
    headers = {"content-type": "application/json"}
    response = shared_http.request("DELETE", f"{CONFIG_MAPS}/any", content=body, headers=headers)
    refused(response, 400, "BadRequest", message)


def test_a_running_pod_gets_its_grace_period_which_may_only_be_shortened(http: httpx.Client) -> None:
    path = running_pod(http, "w", FINALIZER)
    before = answered(http.get(path))["metadata"]["generation"]
    times = {}
    for asked in (20, 25, 10):
        metadata = answered(http.delete(f"{path}?gracePeriodSeconds={asked}"))["metadata"]
        times[asked] = (metadata["deletionGracePeriodSeconds"], from_time(metadata["deletionTimestamp"]))
        if metadata["deletionGracePeriodSeconds"] == 0:
            break
        assert metadata["generation"] == before + 1
    assert times[20][0] == 20
    if 25 in times:
        assert times[25] in (times[20], (0, times[25][1]))
    if 10 in times and times[10][0] == 10:
        assert (times[20][1] - times[10][1]).total_seconds() == 10


def test_force_ends_a_pod_at_once(http: httpx.Client) -> None:
    path = running_pod(http, "w")
    last = answered(http.delete(f"{path}?gracePeriodSeconds=0"))
    assert last["metadata"]["deletionGracePeriodSeconds"] == 0
    assert gone(http, path)


def test_a_pod_that_is_on_no_node_goes_at_once(shared_http: httpx.Client) -> None:
    name = fresh_name()
    made(shared_http, PODS, pod(name, nodeSelector={"no": "where"}))
    answered(shared_http.delete(f"{PODS}/{name}"))
    assert gone(shared_http, f"{PODS}/{name}")


def test_a_negative_grace_period_counts_as_one_second(http: httpx.Client) -> None:
    path = running_pod(http, "w")
    assert answered(http.delete(f"{path}?gracePeriodSeconds=-5"))["metadata"]["deletionGracePeriodSeconds"] == 1


def test_a_collection_is_deleted_by_selectors_and_answered_as_it_was(http: httpx.Client) -> None:
    for name, labels in (("a", {"x": "1"}), ("b", {"x": "1"}), ("c", {"x": "2"})):
        made(http, CONFIG_MAPS, config_map(name, labels=labels))
    listed = answered(http.delete(CONFIG_MAPS, params={"labelSelector": "x=1", "dryRun": "All"}))
    assert (listed["kind"], names(listed)) == ("ConfigMapList", ["a", "b"])
    assert names(answered(http.get(CONFIG_MAPS))) == ["a", "b", "c"]
    assert names(answered(http.delete(CONFIG_MAPS, params={"labelSelector": "x=1"}))) == ["a", "b"]
    assert names(answered(http.get(CONFIG_MAPS))) == ["c"]
    assert names(answered(http.delete(CONFIG_MAPS, params={"fieldSelector": "metadata.name!=c"}))) == []
    assert names(answered(http.delete(CONFIG_MAPS))) == ["c"]
    assert names(answered(http.get(CONFIG_MAPS))) == []


def test_dry_run_deletes_nothing(shared_http: httpx.Client) -> None:
    name = fresh_name()
    before = made(shared_http, CONFIG_MAPS, config_map(name))
    answered(shared_http.delete(f"{CONFIG_MAPS}/{name}?dryRun=All"))
    answered(shared_http.request("DELETE", f"{CONFIG_MAPS}/{name}", json={"dryRun": ["All"]}))
    assert answered(shared_http.get(f"{CONFIG_MAPS}/{name}")) == before


# Namespaces


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_these_namespaces_cannot_be_deleted(shared_http: httpx.Client, name: str) -> None:
    message = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
    refused(shared_http.delete(f"{NAMESPACES}/{name}"), 403, "Forbidden", message)


def test_a_namespace_is_emptied_and_goes_at_once(http: httpx.Client) -> None:
    made(http, NAMESPACES, {"metadata": {"name": "team"}})
    inside = f"{NAMESPACES}/team"
    until(lambda: not gone(http, f"{inside}/serviceaccounts/default"))
    made(http, f"{inside}/configmaps", config_map("a"))
    made(http, f"{inside}/services", service("web"))
    made(http, f"{inside}/pods", pod("p"))
    until(lambda: answered(http.get(f"{inside}/pods/p"))["status"]["phase"] == "Running")
    terminating = answered(http.delete(inside))
    assert terminating["status"]["phase"] == "Terminating"
    until(lambda: gone(http, inside), seconds=5)
    for plural in ("configmaps", "services", "pods", "serviceaccounts", "events", "endpoints"):
        assert answered(http.get(f"/api/v1/{plural}?fieldSelector=metadata.namespace=team"))["items"] == []


def test_nothing_is_created_in_a_terminating_namespace(http: httpx.Client) -> None:
    made(http, NAMESPACES, {"metadata": {"name": "team"}})
    inside = f"{NAMESPACES}/team"
    made(http, f"{inside}/configmaps", config_map("held", finalizers=[FINALIZER]))
    http.delete(inside)
    until(lambda: _remaining(answered(http.get(inside))) == "True")
    assert answered(http.get(f"{inside}/configmaps/held"))["metadata"]["deletionTimestamp"]
    problem = "unable to create new content in namespace team because it is being terminated"
    details = refused(
        http.post(f"{inside}/configmaps", json=config_map("new")),
        403,
        "Forbidden",
        f'configmaps "new" is forbidden: {problem}',
    )
    cause = ("NamespaceTerminating", "metadata.namespace", "namespace team is being terminated")
    assert causes(details) == [cause]
    http.patch(f"{inside}/configmaps/held", json={"metadata": {"finalizers": []}}, headers=MERGE_PATCH)
    until(lambda: gone(http, inside), seconds=5)


def _remaining(namespace: Object) -> str:
    conditions = namespace["status"].get("conditions") or []
    found = [each["status"] for each in conditions if each["type"] == "NamespaceFinalizersRemaining"]
    return found[0] if found else ""

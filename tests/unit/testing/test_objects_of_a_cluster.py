"""What a handle does with objects, wherever its cluster lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from fauxkube import Cluster
from fauxkube.testing import StatusError, WaitTimeout
from support.manifests import config_map, deployment, service

MANIFESTS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {mode: fast}
---
# Given after what needs it.
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
"""


def test_manifests_are_applied_from_text_namespaces_first(cluster: Cluster) -> None:
    applied = cluster.apply(MANIFESTS)
    assert [obj["kind"] for obj in applied] == ["ConfigMap", "Namespace"]
    assert cluster.get("cm", "settings", namespace="shop")["data"] == {"mode": "fast"}


def test_manifests_are_applied_from_files_and_directories(local: Cluster, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(MANIFESTS)
    (tmp_path / "two.json").write_text('{"kind": "List", "apiVersion": "v1", "items": []}')
    (tmp_path / "README.md").write_text("no manifest")
    assert len(local.apply(tmp_path)) == 2
    assert len(local.apply(str(tmp_path / "one.yaml"))) == 2


def test_what_names_no_namespace_goes_to_the_one_that_is_asked_for(local: Cluster) -> None:
    local.apply(config_map("a"), namespace="kube-public")
    assert [obj["metadata"]["name"] for obj in local.list("configmaps", namespace="kube-public")] == ["a"]
    assert local.list("configmaps") == []


def test_applying_again_takes_away_what_is_no_longer_wanted(cluster: Cluster) -> None:
    cluster.apply(config_map("a", old="1", kept="1"))
    cluster.patch("cm/a", {"data": {"theirs": "1"}})
    cluster.apply(config_map("a", kept="2"))
    assert cluster.get("cm/a")["data"] == {"kept": "2", "theirs": "1"}


def test_applying_what_is_there_writes_nothing(cluster: Cluster) -> None:
    first = cluster.apply(config_map("a", key="1"))
    assert cluster.apply(config_map("a", key="1")) == first


def test_an_unknown_field_is_refused(cluster: Cluster) -> None:
    with pytest.raises(StatusError, match="unknown field"):
        cluster.apply(config_map("a") | {"dta": {}})


def test_what_is_handed_out_is_the_callers_own(web: Cluster) -> None:
    web.wait("deployment/web", "Available")[0]["spec"].clear()
    web.get("deployment/web")["spec"].clear()
    web.list("deployments")[0]["spec"].clear()
    assert web.get("deployment/web")["spec"]["replicas"] == 3


def test_objects_are_selected_by_labels_and_fields(web: Cluster) -> None:
    web.wait("deployment/web", "Available")
    assert len(web.list("pods", labels={"app": "web"})) == 3
    assert web.list("po", labels="app notin (web)") == []
    assert len(web.list("Pod", fields="status.phase=Running", namespace="")) == 3


def test_a_wait_ends_when_its_condition_holds(web: Cluster) -> None:
    web.wait("deployment/web", "Available")
    web.wait("pods", "Ready", labels="app=web")
    web.wait("deploy", "jsonpath={.status.readyReplicas}=3", name="web")
    found = web.wait("deployment/web", lambda obj: obj["status"]["replicas"] == 3)
    assert found[0]["metadata"]["name"] == "web"


def test_a_wait_that_fails_tells_how_things_are_and_what_happened(cluster: Cluster) -> None:
    unschedulable = deployment("web")
    unschedulable["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "fast"}
    cluster.apply(unschedulable)
    with pytest.raises(WaitTimeout) as failed:
        cluster.wait("deployment/web", "Available", timeout=0.3)
    assert "deployment.apps/web in namespace default is not Available=True after 0.3 s" in str(failed.value)
    assert "Available=False (MinimumReplicasUnavailable" in str(failed.value)
    assert "Warning FailedScheduling pod/web-" in str(failed.value)


def test_a_wait_for_what_is_not_there_says_so(local: Cluster) -> None:
    with pytest.raises(WaitTimeout, match=r"there is no pod/web in namespace default"):
        local.wait("pod/web", "Ready", timeout=0.05)


def test_a_function_that_is_waited_for_may_ask_the_cluster(local: Cluster) -> None:
    local.apply(config_map("a", key="1"))
    assert local.wait("cm/a", lambda obj: local.get("cm/a") == obj)


def test_a_deletion_waits_until_the_object_is_gone(web: Cluster) -> None:
    web.delete("deployment/web")
    web.expect("pods", labels="app=web").not_to_exist()
    web.delete("svc", labels="app=none")
    web.delete(service("web"))
    assert [obj["metadata"]["name"] for obj in web.list("services")] == ["kubernetes"]


def test_all_of_a_kind_are_deleted_only_by_their_labels(local: Cluster) -> None:
    with pytest.raises(ValueError, match="which pods to delete"):
        local.delete("pods")


def test_expectations_that_are_met_can_be_chained(web: Cluster) -> None:
    web.expect("deployment/web").to_exist().to_be_available().to_have({"spec": {"replicas": 3}})
    web.expect("pods", labels="app=web").to_have_count(3).to_be_ready().to_have("{.status.phase}", "Running")
    web.expect("service/web").to_have_endpoints(3)
    web.expect("deployment/web").to_have_event("ScalingReplicaSet", message="from 0 to 3")


def test_an_expectation_that_is_not_met_explains_itself(web: Cluster) -> None:
    with pytest.raises(AssertionError, match=r"spec\.replicas is 3, not 4"):
        web.expect("deployment/web").to_have({"spec": {"replicas": 4}}, timeout=0.1)
    with pytest.raises(AssertionError, match="to have 2 endpoints") as failed:
        web.expect("service/web").to_have_endpoints(2, timeout=0.1)
    assert "it has 3: 10.244." in str(failed.value)
    assert "it selects pods with app=web:\npod/default/web-" in str(failed.value)


def test_a_history_tells_who_changed_what(cluster: Cluster) -> None:
    cluster.apply(config_map("a", key="1"))
    cluster.patch("cm/a", {"data": {"key": "2"}})
    cluster.delete("cm/a")
    first, second, last = cluster.history("cm/a")
    assert (first["type"], second["type"], last["type"]) == ("ADDED", "MODIFIED", "DELETED")
    assert second["author"] == "fauxkube-testing"
    assert {"path": "data.key", "before": "1", "after": "2"} in second["changes"]


def test_events_come_in_the_order_in_which_they_happened(web: Cluster) -> None:
    web.wait("deployment/web", "Available")
    web.settle()
    reasons = [event["reason"] for event in web.events() if event["involvedObject"]["kind"] != "Node"]
    assert reasons.index("ScalingReplicaSet") < reasons.index("Started")

"""Handles: how clusters begin and end, what they are steered by, and how programs reach them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from fauxkube import Cluster
from fauxkube.testing import KubectlError, StatusError
from support.binaries import binary
from support.manifests import config_map

MOMENT = datetime(2030, 1, 1, tzinfo=UTC)


def test_clusters_know_nothing_of_each_other(where: dict[str, Any]) -> None:
    with Cluster(**where) as one, Cluster(**where) as other:
        one.apply(config_map("a"))
        assert one.name != other.name
        assert other.list("configmaps") == []


def test_a_cluster_has_what_it_is_asked_for(where: dict[str, Any]) -> None:
    settings = {"service_cidr": "10.200.0.0/16"}
    with Cluster(**where, nodes=5, version="1.34", seed=7, clock=MOMENT, settings=settings) as cluster:
        assert len(cluster.list("nodes")) == 5
        assert cluster.client().get("/version").json()["minor"] == "34"
        assert cluster.get("svc/kubernetes")["spec"]["clusterIP"] == "10.200.0.1"
        assert cluster.clock.now == MOMENT


def test_a_setting_that_cannot_be_is_refused(where: dict[str, Any]) -> None:
    with pytest.raises(StatusError, match=r"nodes"):
        Cluster(**where, nodes=-1).start()


def test_a_handle_must_be_started_and_is_no_use_once_stopped(where: dict[str, Any]) -> None:
    cluster = Cluster(**where)
    with pytest.raises(RuntimeError, match="not started"):
        cluster.list("pods")
    assert cluster.start().start().list("pods") == []
    cluster.stop()
    cluster.stop()
    with pytest.raises(RuntimeError, match="not started"):
        cluster.list("pods")


def test_a_cluster_that_is_stopped_is_not_served(local: Cluster) -> None:
    url = local.url
    local.stop()
    assert httpx.get(url + "/version", trust_env=False).status_code == 404


def test_a_cluster_that_somebody_else_deleted_can_be_stopped(running_server: str) -> None:
    cluster = Cluster(url=running_server).start()
    httpx.delete(f"{running_server}/fauxkube/v1/clusters/{cluster.name}", trust_env=False).raise_for_status()
    cluster.stop()


def test_a_reset_puts_the_cluster_back_to_how_it_began(cluster: Cluster) -> None:
    cluster.apply(config_map("a"))
    cluster.reset()
    assert cluster.list("configmaps") == []
    assert len(cluster.list("nodes")) == 3


def test_a_fork_begins_as_its_source_is(cluster: Cluster) -> None:
    cluster.apply(config_map("a", key="1"))
    with cluster.fork() as other:
        assert other.get("cm/a")["data"] == {"key": "1"}
        other.delete("cm/a")
    assert cluster.get("cm/a")["data"] == {"key": "1"}


def test_a_snapshot_is_restored_elsewhere(cluster: Cluster, local: Cluster, tmp_path: Path) -> None:
    cluster.apply(config_map("a", key="1"))
    cluster.snapshot(tmp_path / "saved")
    local.restore(tmp_path / "saved")
    assert local.get("cm/a")["data"] == {"key": "1"}
    with Cluster.from_snapshot(tmp_path / "saved") as another:
        assert another.get("cm/a")["data"] == {"key": "1"}


def test_a_file_that_is_no_snapshot_leaves_no_cluster_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("nonsense")
    with pytest.raises(StatusError):
        Cluster.from_snapshot(tmp_path / "file")


def test_the_clock_is_frozen_advanced_and_let_go(cluster: Cluster) -> None:
    frozen = cluster.clock.freeze(at=MOMENT)
    assert frozen == cluster.clock.now == MOMENT
    assert cluster.clock.advance(minutes=5) == MOMENT.replace(minute=5)
    assert cluster.clock.read().frozen
    cluster.clock.run(60)
    assert cluster.clock.read().rate == 60


@pytest.mark.parametrize(("clock", "rate"), [("frozen", 0), (10, 10), ("2030-01-01T00:00:00Z", 0), (None, 1)])
def test_a_clock_begins_as_asked(clock: Any, rate: float) -> None:
    with Cluster(clock=clock) as cluster:
        assert cluster.clock.read().rate == rate


def test_manifests_are_loaded_all_or_none(cluster: Cluster) -> None:
    assert cluster.load([config_map("a"), config_map("b")]).created == ["ConfigMap a", "ConfigMap b"]
    with pytest.raises(StatusError, match="unknown field"):
        cluster.load([config_map("c"), config_map("d") | {"dta": {}}])
    assert len(cluster.list("configmaps")) == 2


def test_the_handle_goes_past_faults_rules_and_records(where: dict[str, Any]) -> None:
    with Cluster(**where, strict="fail") as cluster, cluster.client() as client:
        with cluster.faults.inject("request", "error", {"resource": "configmaps"}, code=503) as fault:
            assert client.get("/api/v1/namespaces/default/configmaps").status_code == 503
            cluster.apply(config_map("a"))
            assert [each["id"] for each in cluster.faults.list()] == [fault["id"]]
        assert cluster.faults.list() == []
        cluster.requests.clear()
        assert len(cluster.list("configmaps")) == 1
        cluster.wait("cm/a", lambda obj: obj["kind"] == "ConfigMap")
        assert cluster.requests.calls() == []
        assert cluster.requests.findings() == []


def test_faults_are_written_in_pythons_words(cluster: Cluster) -> None:
    match = {"verb": "list", "user_agent": "curl/*"}
    fault = cluster.faults.add("request", "error", match, code=429, retry_after=3, count=2, lasts="1h")
    assert fault["match"] == {"verb": "list", "userAgent": "curl/*"}
    assert fault["effect"] == {"type": "error", "code": 429, "retryAfter": 3}
    with pytest.raises(StatusError, match="nonsense"):
        cluster.faults.add("nonsense", "error")
    cluster.faults.clear()
    assert cluster.faults.list() == []


def test_requests_of_programs_are_asserted_on(cluster: Cluster, tmp_path: Path) -> None:
    cluster.apply(config_map("a"))
    with cluster.client(headers={"User-Agent": "mine/1"}) as client:
        client.get("/api/v1/namespaces/default/configmaps/a")
        mark = cluster.requests.mark()
        client.post("/api/v1/namespaces/default/configmaps", json=config_map("b"))
    cluster.requests.assert_called_once(verb="get", resource="cm", user_agent="mine/*")
    (call,) = cluster.requests.assert_called(verb="create", body={"metadata": {"name": "b"}}, status=201)
    assert call.body_object == config_map("b")
    assert cluster.requests.count(since=mark, user_agent="mine/*") == 1
    with pytest.raises(AssertionError, match="configmaps"):
        cluster.requests.assert_not_called(verb="create", user_agent="mine/*")
    cluster.requests.assert_order({"verb": "get", "name": "a"}, {"verb": "create", "user_agent": "mine/*"})
    cluster.requests.save_har(tmp_path / "requests.har")
    assert b"configmaps/a" in (tmp_path / "requests.har").read_bytes()
    cluster.requests.clear()
    assert cluster.requests.calls(user_agent="mine/*") == []


def test_strict_rules_find_mistakes(where: dict[str, Any]) -> None:
    with Cluster(**where, strict="warn") as cluster, cluster.client() as client:
        client.get("/api/v1/pods")
        assert cluster.requests.findings()


def test_kubectl_runs_with_the_clusters_kubeconfig(cluster: Cluster) -> None:
    path = str(binary("kubectl", 36))
    assert len(cluster.kubectl("get", "nodes", "-o", "json", path=path).json()["items"]) == 3
    cluster.apply(config_map("a", key="1"))
    again = cluster.kubectl(
        "apply",
        "-f",
        "-",
        path=path,
        input='{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"other": "2"}}',
    )
    assert str(again) == "configmap/a configured\n"
    assert again.stderr == ""
    assert cluster.get("cm/a")["data"] == {"other": "2"}


def test_kubectl_that_fails_says_why(local: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KubectlError, match=r'(?s)kubectl get pod none ended with 1.*pods "none" not found'):
        local.kubectl("get", "pod", "none", path=str(binary("kubectl", 36)))
    assert local.kubectl("get", "pod", "none", path=str(binary("kubectl", 36)), check=False).returncode == 1
    monkeypatch.setenv("PATH", "")
    with pytest.raises(KubectlError, match="there is no kubectl on the PATH"):
        local.kubectl("get", "pods")


def test_the_kubeconfig_is_a_file_until_the_cluster_is_stopped(local: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "before")
    local.export()
    path = Path(os.environ["KUBECONFIG"])
    assert str(path) == local.kubeconfig
    assert path.stat().st_mode & 0o777 == 0o600
    local.stop()
    assert not path.exists()
    assert os.environ["KUBECONFIG"] == "before"


def test_another_users_requests_are_known_by_name(cluster: Cluster) -> None:
    jane = cluster.add_user("jane", ("developers",))
    with jane.client() as client:
        client.get("/api/v1/pods").raise_for_status()
    jane.close()
    cluster.requests.assert_called_once(user="jane", resource="pods")


def test_the_control_planes_logs_are_told(cluster: Cluster) -> None:
    assert isinstance(cluster.logs(), list)

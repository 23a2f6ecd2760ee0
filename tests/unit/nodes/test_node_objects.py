"""The Node object, its status and conditions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.nodes.node_conditions import NETWORK_NOT_READY, node_conditions, says_the_same
from fauxkube.nodes.registration import CONTROL_PLANE_LABEL, internal_address, new_node, node_status
from fauxkube.nodes.settings import NodeSettings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
SETTINGS = NodeSettings()


def node(**settings: Any) -> Object:
    return new_node("node-1", ["172.18.0.3"], NodeSettings(**settings), NOW)


def test_a_node_registers_with_its_labels_addresses_and_size() -> None:
    made = node()
    assert made["metadata"]["labels"] == {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": "node-1",
        "kubernetes.io/os": "linux",
    }
    status = made["status"]
    assert status["addresses"] == [
        {"type": "InternalIP", "address": "172.18.0.3"},
        {"type": "Hostname", "address": "node-1"},
    ]
    assert internal_address(made) == "172.18.0.3"
    assert (status["capacity"]["cpu"], status["capacity"]["memory"], status["capacity"]["pods"]) == ("8", "32Gi", "110")
    assert (status["allocatable"]["memory"], status["allocatable"]["cpu"]) == ("32668Mi", "8")
    assert status["allocatable"]["ephemeral-storage"] == "96636764160"
    assert status["nodeInfo"]["kubeletVersion"] == "v1.36.0"
    assert status["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 10250}}


@pytest.mark.parametrize(("version", "shown"), [("1.36", "v1.36.0"), ("1.35.2", "v1.35.2"), ("v1.34", "v1.34.0")])
def test_the_kubelet_has_the_versions_first_patch_unless_one_is_named(version: str, shown: str) -> None:
    assert NodeSettings(kubernetes_version=version).kubelet_version == shown


def test_a_node_is_the_same_whenever_it_is_made() -> None:
    assert node()["status"]["nodeInfo"] == node()["status"]["nodeInfo"]
    other = new_node("node-2", ["172.18.0.4"], SETTINGS, NOW)
    assert other["status"]["nodeInfo"]["machineID"] != node()["status"]["nodeInfo"]["machineID"]


def test_only_a_control_plane_has_a_role_and_a_taint() -> None:
    assert CONTROL_PLANE_LABEL not in node()["metadata"]["labels"]
    assert node()["spec"] == {}
    made = node(control_plane=True)
    assert made["metadata"]["labels"][CONTROL_PLANE_LABEL] == ""
    assert made["spec"]["taints"] == [{"key": CONTROL_PLANE_LABEL, "effect": "NoSchedule"}]


def test_what_an_adopted_node_says_of_itself_is_kept() -> None:
    adopted: Object = {
        "metadata": {"name": "theirs", "labels": {"kubernetes.io/hostname": "box"}},
        "spec": {},
        "status": {
            "capacity": {"cpu": "64", "nvidia.com/gpu": "8"},
            "addresses": [{"type": "InternalIP", "address": "10.9.8.7"}],
            "nodeInfo": {"kubeletVersion": "v1.30.0", "osImage": ""},
        },
    }
    status = node_status(adopted, ["172.18.0.9"], SETTINGS, now=NOW)
    assert status["addresses"] == [{"type": "InternalIP", "address": "10.9.8.7"}]
    assert (status["capacity"]["cpu"], status["capacity"]["memory"]) == ("64", "32Gi")
    assert (status["allocatable"]["cpu"], status["allocatable"]["nvidia.com/gpu"]) == ("64", "8")
    assert status["nodeInfo"]["kubeletVersion"] == "v1.30.0"
    assert status["nodeInfo"]["osImage"] == SETTINGS.os_image


def test_a_node_of_our_own_takes_the_settings_version() -> None:
    old = node(kubernetes_version="1.35")
    assert node_status(old, ["172.18.0.3"], SETTINGS, now=NOW)["nodeInfo"]["kubeletVersion"] == "v1.36.0"


def test_a_node_is_ready_once_it_has_a_pod_cidr() -> None:
    made = node()
    ready = made["status"]["conditions"][-1]
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "False", "KubeletNotReady")
    assert ready["message"] == NETWORK_NOT_READY
    made["spec"]["podCIDR"] = "10.244.1.0/24"
    after = node_conditions(made, LATER)
    assert [each["type"] for each in after] == ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"]
    assert (after[-1]["status"], after[-1]["reason"]) == ("True", "KubeletReady")
    assert after[-1]["lastTransitionTime"] == "2026-01-02T00:00:00Z"
    assert after[0]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert after[0]["lastHeartbeatTime"] == "2026-01-02T00:00:00Z"


def test_conditions_of_others_are_kept() -> None:
    made = node()
    made["status"]["conditions"].insert(0, {"type": "NetworkUnavailable", "status": "False"})
    assert node_conditions(made, NOW)[-1] == {"type": "NetworkUnavailable", "status": "False"}


def test_heartbeats_alone_are_no_news() -> None:
    made = node()
    assert says_the_same(made["status"], node_status(made, ["172.18.0.3"], SETTINGS, now=LATER))
    assert not says_the_same({}, made["status"])

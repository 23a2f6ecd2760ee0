"""Nodes: defaults, rules and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.core.node import RESOURCE
from fauxkube.machinery.objects import Labels, Object

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


def node(labels: Labels | None = None, status: Object | None = None, **spec: Any) -> Object:
    metadata = {"name": "node-1", "labels": labels or {}, "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"metadata": metadata, "spec": spec, "status": status or {}}


def problems(obj: Object, old: Object | None = None) -> list[str]:
    errors = RESOURCE.strategy.validate(obj)
    if old is not None:
        errors = RESOURCE.strategy.validate_update(obj, old)
    return [f"{error.field}: {error.message}" for error in errors]


def test_allocatable_is_the_capacity_unless_given() -> None:
    obj = node(status={"capacity": {"cpu": 4, "memory": "1024Mi"}})
    RESOURCE.strategy.default(obj)
    assert obj["status"]["allocatable"] == {"cpu": "4", "memory": "1Gi"} == obj["status"]["capacity"]


@pytest.mark.parametrize(
    "given",
    [
        {"podCIDR": "10.244.1.0/24"},
        {"podCIDRs": ["10.244.1.0/24"]},
        {"podCIDR": "10.244.1.0/24", "podCIDRs": ["10.244.2.0/24"]},
    ],
)
def test_the_pod_cidr_stands_under_both_names(given: Object) -> None:
    obj = node(**given)
    RESOURCE.strategy.default(obj)
    assert obj["spec"] == {"podCIDR": "10.244.1.0/24", "podCIDRs": ["10.244.1.0/24"]}


def test_a_node_keeps_the_status_that_it_is_created_with() -> None:
    obj = node(status={"addresses": [{"type": "InternalIP", "address": "172.18.0.2"}]})
    RESOURCE.strategy.prepare_for_create(obj)
    assert obj["status"]["addresses"] == [{"type": "InternalIP", "address": "172.18.0.2"}]
    assert obj["status"]["nodeInfo"]["kubeletVersion"] == ""


TAINT = {"key": "a", "value": "b", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (node(taints=[TAINT]), []),
        (node(taints=[{"key": "a"}]), ["metadata.taints[0].effect: Required value"]),
        (
            node(taints=[{"key": "a", "effect": "Never"}]),
            [
                (
                    'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", '
                    '"PreferNoSchedule", "NoExecute"'
                )
            ],
        ),
        (
            node(taints=[TAINT, TAINT]),
            [
                (
                    'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"b","Effect":"NoSchedule",'
                    '"TimeAdded":null}: taints must be unique by key and effect pair'
                )
            ],
        ),
        (
            node(podCIDRs=["10.244.0.0"]),
            [
                (
                    'spec.podCIDRs[0]: Invalid value: "10.244.0.0": must be a valid CIDR value, '
                    "(e.g. 10.9.8.0/24 or 2001:db8::/64)"
                )
            ],
        ),
        (
            node(podCIDRs=["10.244.0.0/24", "10.244.1.0/24"]),
            [
                (
                    'spec.podCIDRs: Invalid value: ["10.244.0.0/24","10.244.1.0/24"]: may specify no more than one '
                    "CIDR for each IP family"
                )
            ],
        ),
        (node(podCIDRs=["10.244.0.0/24", "fd00::/64"]), []),
        (
            node(status={"capacity": {"cpu": "-1"}}),
            ['status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0'],
        ),
    ],
)
def test_nodes_are_judged(obj: Object, expected: list[str]) -> None:
    assert problems(obj) == expected


@pytest.mark.parametrize(
    ("obj", "old", "expected"),
    [
        (node(podCIDRs=["10.244.0.0/24"]), node(), []),
        (
            node(podCIDRs=["10.244.1.0/24"]),
            node(podCIDRs=["10.244.0.0/24"]),
            ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'],
        ),
        (node(providerID="a"), node(), []),
        (
            node(),
            node(providerID="a"),
            ['spec.providerID: Forbidden: node updates may not change providerID except from "" to valid'],
        ),
        (node(unschedulable=True, taints=[TAINT]), node(), []),
        (
            node(configSource={}),
            node(),
            ["spec.configSource: Invalid value: {}: exactly one reference subfield must be non-nil"],
        ),
        (
            node(status={"addresses": [{"type": "InternalIP", "address": "1.2.3.4"}] * 2}),
            node(),
            ['status.addresses[1]: Duplicate value: {"Type":"InternalIP","Address":"1.2.3.4"}'],
        ),
    ],
)
def test_changes_of_nodes_are_judged(obj: Object, old: Object, expected: list[str]) -> None:
    assert problems(obj, old) == expected


READY = {"conditions": [{"type": "Ready", "status": "True"}]}


@pytest.mark.parametrize(
    ("obj", "status", "roles"),
    [
        (node(), "Unknown", "<none>"),
        (node(status=READY), "Ready", "<none>"),
        (node(status={"conditions": [{"type": "Ready", "status": "Unknown"}]}), "NotReady", "<none>"),
        (node(status=READY, unschedulable=True), "Ready,SchedulingDisabled", "<none>"),
        (
            node(
                {
                    "node-role.kubernetes.io/worker": "",
                    "node-role.kubernetes.io/control-plane": "",
                    "node-role.kubernetes.io/": "",
                    "kubernetes.io/role": "edge",
                }
            ),
            "Unknown",
            "control-plane,edge,worker",
        ),
    ],
)
def test_status_and_roles_are_printed_as_kubectl_does(obj: Object, status: str, roles: str) -> None:
    assert RESOURCE.row is not None
    assert RESOURCE.row(obj, NOW)[:4] == ["node-1", status, roles, "5m"]


def test_wide_columns_show_addresses_and_software() -> None:
    addresses = [{"type": "Hostname", "address": "node-1"}, {"type": "InternalIP", "address": "172.18.0.2"}]
    info = {"kubeletVersion": "v1.36.0", "osImage": "Debian", "containerRuntimeVersion": "containerd://2.1"}
    assert RESOURCE.row is not None
    cells = RESOURCE.row(node(status={"addresses": addresses, "nodeInfo": info}), NOW)
    assert cells[4:] == ["v1.36.0", "172.18.0.2", "<none>", "Debian", "<unknown>", "containerd://2.1"]


def test_fields_that_do_nothing_are_warned_of() -> None:
    obj = node(externalID="x")
    assert RESOURCE.strategy.warnings(obj, None) == [
        "spec.externalID: this field is deprecated, and is unused by Kubernetes"
    ]

"""Services: defaults, rules, columns, and the bookkeeping around what is allocated."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.core import service_allocation as allocation
from fauxkube.kinds.core.service import RESOURCE
from fauxkube.machinery.objects import Object, copy_of

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
PORT = {"port": 80, "protocol": "TCP", "targetPort": 80}


def service(**spec: Any) -> Object:
    metadata = {"name": "web", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"metadata": metadata, "spec": {"ports": [dict(PORT)], **spec}}


def defaulted(**spec: Any) -> Object:
    obj = service(**spec)
    RESOURCE.strategy.default(obj)
    return obj


def created(**spec: Any) -> Object:
    """A service as it is stored, apart from what is allocated."""
    obj = defaulted(**spec)
    RESOURCE.strategy.prepare_for_create(obj)
    return obj


def problems(**spec: Any) -> list[str]:
    return [f"{error.field}: {error.message}" for error in RESOURCE.strategy.validate(created(**spec))]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"ports": [{"port": 80}]},
            {
                "ports": [PORT],
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
            },
        ),
        (
            {"type": "NodePort", "ports": [{"port": 80, "targetPort": "http", "protocol": "UDP"}]},
            {
                "ports": [{"port": 80, "targetPort": "http", "protocol": "UDP"}],
                "type": "NodePort",
                "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
                "externalTrafficPolicy": "Cluster",
            },
        ),
        (
            {"type": "LoadBalancer"},
            {
                "ports": [PORT],
                "type": "LoadBalancer",
                "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
                "externalTrafficPolicy": "Cluster",
                "allocateLoadBalancerNodePorts": True,
            },
        ),
        (
            {"type": "ExternalName", "externalName": "a.example", "ports": []},
            {"ports": [], "type": "ExternalName", "externalName": "a.example", "sessionAffinity": "None"},
        ),
        (
            {"clusterIP": "None", "ports": [{"port": 80}]},
            {
                "clusterIP": "None",
                "ports": [PORT],
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
            },
        ),
        (
            {"externalIPs": ["198.51.100.1"]},
            {
                "externalIPs": ["198.51.100.1"],
                "ports": [PORT],
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
                "externalTrafficPolicy": "Cluster",
            },
        ),
    ],
)
def test_a_service_gets_the_defaults_of_its_type(given: Object, expected: Object) -> None:
    assert defaulted(**given)["spec"] == expected


def test_client_affinity_lasts_three_hours_unless_told() -> None:
    assert defaulted(sessionAffinity="ClientIP")["spec"]["sessionAffinityConfig"] == {
        "clientIP": {"timeoutSeconds": 10800}
    }
    assert "sessionAffinityConfig" not in defaulted(sessionAffinityConfig={"clientIP": {"timeoutSeconds": 5}})["spec"]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"type": "NodePort", "ports": [{**PORT, "nodePort": 30008}]},
        {"clusterIP": "None", "ports": []},
        {"clusterIP": "10.96.0.5"},
        {"type": "ExternalName", "externalName": "db.example.com.", "ports": []},
        {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "loadBalancerSourceRanges": [" 10.0.0.0/8"]},
        {"ports": [{"name": "a", "port": 53, "protocol": "UDP"}, {"name": "b", "port": 53}]},
        {"trafficDistribution": "PreferSameZone"},
    ],
)
def test_common_services_are_accepted(spec: Object) -> None:
    assert problems(**spec) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"ports": []}, "spec.ports: Required value"),
        (
            {"ports": [{"port": 0, "targetPort": 80}]},
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        ),
        ({"ports": [{"port": 80}, {"port": 81, "name": "b"}]}, "spec.ports[0].name: Required value"),
        (
            {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]},
            'spec.ports[1].name: Duplicate value: "a"',
        ),
        (
            {"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]},
            (
                'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,'
                '"TargetPort":0,"NodePort":0}'
            ),
        ),
        (
            {"ports": [{"port": 80, "protocol": "ICMP"}]},
            'spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
        ),
        (
            {"ports": [{"port": 80, "targetPort": "Bad_Name"}]},
            (
                'spec.ports[0].targetPort: Invalid value: "Bad_Name": must contain only alpha-numeric characters '
                "(a-z, 0-9), and hyphens (-)"
            ),
        ),
        (
            {"ports": [{"port": 80, "nodePort": 30000}]},
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        ),
        (
            {
                "type": "NodePort",
                "ports": [{"name": "a", "port": 80, "nodePort": 30000}, {"name": "b", "port": 81, "nodePort": 30000}],
            },
            "spec.ports[1].nodePort: Duplicate value: 30000",
        ),
        (
            {"type": "Magic"},
            (
                'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", '
                '"NodePort"'
            ),
        ),
        (
            {"type": "NodePort", "clusterIP": "None"},
            "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
        ),
        ({"type": "ExternalName"}, "spec.externalName: Required value"),
        (
            {"type": "ExternalName", "externalName": "a", "clusterIP": "10.96.0.1"},
            "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
        ),
        (
            {"sessionAffinity": "Cookie"},
            'spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"',
        ),
        (
            {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}}},
            (
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and "
                "less than 86400"
            ),
        ),
        (
            {"clusterIP": "nope"},
            'spec.clusterIPs[0]: Invalid value: "nope": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        ),
        (
            {"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.2"]},
            'spec.clusterIPs: Invalid value: ["10.96.0.2"]: first value must match `clusterIP`',
        ),
        (
            {"clusterIPs": ["10.96.0.2"]},
            'spec.clusterIPs: Invalid value: ["10.96.0.2"]: must be empty when `clusterIP` is not specified',
        ),
        (
            {"clusterIP": "10.96.0.2", "ipFamilies": ["IPv6"]},
            'spec.clusterIPs[0]: Invalid value: "10.96.0.2": expected an IPv6 value as indicated by `ipFamilies[0]`',
        ),
        (
            {"ipFamilyPolicy": "Both"},
            (
                'spec.ipFamilyPolicy: Unsupported value: "Both": supported values: "PreferDualStack", '
                '"RequireDualStack", "SingleStack"'
            ),
        ),
        (
            {"externalIPs": ["127.0.0.1"]},
            (
                'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range '
                "(127.0.0.0/8, ::1/128)"
            ),
        ),
        (
            {"loadBalancerSourceRanges": ["10.0.0.0/8"]},
            "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ),
        (
            {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0"]},
            (
                'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.0": must be a valid CIDR value, '
                "(e.g. 10.9.8.0/24 or 2001:db8::/64)"
            ),
        ),
        (
            {"allocateLoadBalancerNodePorts": True},
            "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ),
        (
            {"loadBalancerClass": "a"},
            "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ),
        (
            {"externalTrafficPolicy": "Local"},
            'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
        ),
        (
            {"internalTrafficPolicy": "x"},
            'spec.internalTrafficPolicy: Unsupported value: "x": supported values: "Cluster", "Local"',
        ),
        (
            {"healthCheckNodePort": 30000},
            (
                "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and "
                "`externalTrafficPolicy` is 'Local'"
            ),
        ),
        (
            {"trafficDistribution": "x"},
            (
                'spec.trafficDistribution: Unsupported value: "x": supported values: "PreferClose", "PreferSameNode", '
                '"PreferSameZone"'
            ),
        ),
    ],
)
def test_a_service_is_refused(spec: Object, expected: str) -> None:
    assert problems(**spec) == [expected]


def stored(**spec: Any) -> Object:
    """A service with what the allocation gives it."""
    obj = created(**spec)
    if obj["spec"]["type"] != "ExternalName" and not allocation.is_headless(obj):
        obj["spec"] |= {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ipFamilies": ["IPv4"]}
        obj["spec"]["ipFamilyPolicy"] = "SingleStack"
    if allocation.needs_node_port(obj):
        for index, port in enumerate(obj["spec"]["ports"]):
            port.setdefault("nodePort", 30001 + index)
    return obj


def updated(old: Object, **changes: Any) -> tuple[Object, list[str]]:
    """The old service with some fields set (None: removed), after the strategy's own work, and its refusals."""
    new = copy_of(old)
    for name, value in changes.items():
        new["spec"].pop(name, None)
        if value is not None:
            new["spec"][name] = value
    RESOURCE.strategy.default(new)
    RESOURCE.strategy.prepare_for_update(new, old)
    errors = RESOURCE.strategy.validate(new) + RESOURCE.strategy.validate_update(new, old)
    return new, [f"{error.field}: {error.message}" for error in errors]


def test_an_update_that_leaves_the_allocated_values_out_keeps_them() -> None:
    old = stored(type="NodePort")
    new, errors = updated(old, clusterIP=None, clusterIPs=None, ports=[{"port": 81}])
    assert errors == []
    assert new["spec"]["clusterIPs"] == ["10.96.0.7"]
    assert new["spec"]["ports"] == [{"port": 81, "protocol": "TCP", "targetPort": 81, "nodePort": 30001}]


def test_a_node_port_that_moved_to_another_port_is_not_given_back() -> None:
    old = stored(type="NodePort", ports=[{"name": "a", "port": 1}, {"name": "b", "port": 2}])
    new, _ = updated(old, ports=[{"name": "a", "port": 1}, {"name": "b", "port": 2, "nodePort": 30001}])
    assert [port.get("nodePort") for port in new["spec"]["ports"]] == [None, 30001]


def test_the_cluster_ip_may_not_change() -> None:
    _, errors = updated(stored(), clusterIP="10.96.0.8")
    assert errors == ['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set']


def test_a_service_does_not_turn_headless() -> None:
    _, errors = updated(stored(), clusterIP="None")
    assert errors == ['spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set']


def test_turning_to_external_name_gives_the_address_and_the_ports_back() -> None:
    new, errors = updated(stored(type="NodePort"), type="ExternalName", externalName="a.example")
    assert errors == []
    assert not new["spec"].keys() & {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "externalTrafficPolicy"}
    assert "nodePort" not in new["spec"]["ports"][0]


def test_turning_from_load_balancer_to_cluster_ip_drops_what_only_the_former_has() -> None:
    new, errors = updated(stored(type="LoadBalancer", loadBalancerClass="example.com/lb"), type="ClusterIP")
    assert errors == []
    dropped = {"allocateLoadBalancerNodePorts", "loadBalancerClass", "externalTrafficPolicy"}
    assert not new["spec"].keys() & dropped
    assert "nodePort" not in new["spec"]["ports"][0]


def test_the_load_balancer_s_class_may_not_change() -> None:
    _, errors = updated(stored(type="LoadBalancer"), loadBalancerClass="example.com/lb")
    assert errors == ['spec.loadBalancerClass: Invalid value: "example.com/lb": may not change once set']


@pytest.mark.parametrize(
    ("spec", "cluster", "families", "policy"),
    [
        ({}, ["IPv4"], ["IPv4"], "SingleStack"),
        ({}, ["IPv6", "IPv4"], ["IPv6"], "SingleStack"),
        ({"clusterIP": "None", "selector": {"a": "b"}}, ["IPv4"], ["IPv4"], "SingleStack"),
        ({"clusterIP": "None"}, ["IPv4"], ["IPv4", "IPv6"], "RequireDualStack"),
        ({"ipFamilyPolicy": "PreferDualStack"}, ["IPv4"], ["IPv4"], "PreferDualStack"),
        ({"ipFamilyPolicy": "PreferDualStack"}, ["IPv4", "IPv6"], ["IPv4", "IPv6"], "PreferDualStack"),
        ({"clusterIP": "fd00::1"}, ["IPv4", "IPv6"], ["IPv6"], "SingleStack"),
        ({"type": "ExternalName", "externalName": "a"}, ["IPv4"], None, None),
    ],
)
def test_families_follow_the_cluster_and_the_policy(
    spec: Object, cluster: list[str], families: list[str] | None, policy: str | None
) -> None:
    obj = created(**spec)
    assert allocation.default_families(obj, cluster) == []
    assert (obj["spec"].get("ipFamilies"), obj["spec"].get("ipFamilyPolicy")) == (families, policy)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"ipFamilyPolicy": "RequireDualStack"},
            (
                'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack '
                "services"
            ),
        ),
        ({"ipFamilies": ["IPv6"]}, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'),
        (
            {"clusterIP": "fd00::1"},
            'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
        ),
        (
            {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "SingleStack"},
            (
                "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' "
                "when multiple IP families are specified"
            ),
        ),
    ],
)
def test_families_that_the_cluster_does_not_have_are_refused(spec: Object, expected: str) -> None:
    (error,) = allocation.default_families(created(**spec), ["IPv4"])
    assert f"{error.field}: {error.message}" == expected


def test_single_stack_gives_the_second_address_back() -> None:
    old = stored()
    old["spec"] |= {
        "clusterIPs": ["10.96.0.7", "fd00::7"],
        "ipFamilies": ["IPv4", "IPv6"],
        "ipFamilyPolicy": "PreferDualStack",
    }
    new, errors = updated(old, ipFamilyPolicy="SingleStack")
    assert errors == []
    assert allocation.default_families(new, ["IPv4", "IPv6"], old) == []
    assert (new["spec"]["clusterIPs"], new["spec"]["ipFamilies"]) == (["10.96.0.7"], ["IPv4"])


@pytest.mark.parametrize(
    ("spec", "cluster_ip", "node_port", "health_check"),
    [
        ({}, True, False, False),
        ({"type": "NodePort"}, True, True, False),
        ({"type": "LoadBalancer"}, True, True, False),
        ({"type": "LoadBalancer", "externalTrafficPolicy": "Local"}, True, True, True),
        ({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, True, False, False),
        ({"type": "ExternalName"}, False, False, False),
    ],
)
def test_a_service_needs_what_its_type_has(spec: Object, cluster_ip: bool, node_port: bool, health_check: bool) -> None:
    obj = defaulted(**spec)
    assert allocation.needs_cluster_ip(obj) is cluster_ip
    assert allocation.needs_node_port(obj) is node_port
    assert allocation.needs_health_check_node_port(obj) is health_check


INGRESS = {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}, {"hostname": "lb.example"}]}}


@pytest.mark.parametrize(
    ("spec", "status", "cells"),
    [
        ({"clusterIPs": ["10.96.0.1"]}, {}, ["ClusterIP", "10.96.0.1", "<none>", "80/TCP"]),
        ({"clusterIPs": ["None"], "ports": []}, {}, ["ClusterIP", "None", "<none>", "<none>"]),
        (
            {"type": "NodePort", "clusterIPs": ["10.96.0.1"], "ports": [{**PORT, "nodePort": 30008}]},
            {},
            ["NodePort", "10.96.0.1", "<none>", "80:30008/TCP"],
        ),
        (
            {"type": "LoadBalancer", "clusterIPs": ["10.96.0.1"]},
            {},
            ["LoadBalancer", "10.96.0.1", "<pending>", "80/TCP"],
        ),
        (
            {"type": "LoadBalancer", "clusterIPs": ["10.96.0.1"], "externalIPs": ["198.51.100.1"]},
            INGRESS,
            ["LoadBalancer", "10.96.0.1", "203.0.113.1,lb.example,198.51.100.1", "80/TCP"],
        ),
        (
            {"type": "ExternalName", "externalName": "a.example", "ports": []},
            {},
            ["ExternalName", "<none>", "a.example", "<none>"],
        ),
    ],
)
def test_the_columns_are_those_of_kubectl(spec: Object, status: Object, cells: list[str]) -> None:
    obj = defaulted(**spec, selector={"b": "2", "a": "1"}) | {"status": status}
    assert RESOURCE.row is not None
    assert RESOURCE.row(obj, NOW) == ["web", *cells, "5m", "a=1,b=2"]


@pytest.mark.parametrize(
    ("ingress", "expected"),
    [
        ([{"ip": "203.0.113.1", "ipMode": "VIP"}], []),
        (
            [{"ip": "x", "ipMode": "VIP"}],
            [
                (
                    'status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, '
                    "(e.g. 10.9.8.7 or 2001:db8::ffff)"
                )
            ],
        ),
        (
            [{"hostname": "10.0.0.1"}],
            [
                (
                    'status.loadBalancer.ingress[0].hostname: Invalid value: "10.0.0.1": must be a DNS name, '
                    "not an IP address"
                )
            ],
        ),
    ],
)
def test_a_load_balancer_s_status_is_judged(ingress: list[Object], expected: list[str]) -> None:
    obj = defaulted(type="LoadBalancer") | {"status": {"loadBalancer": {"ingress": ingress}}}
    errors = RESOURCE.strategy.validate_status_update(obj, obj)
    assert [f"{error.field}: {error.message}" for error in errors] == expected


def test_only_load_balancers_have_ingress_addresses() -> None:
    obj = defaulted() | {"status": INGRESS}
    (error,) = RESOURCE.strategy.validate_status_update(obj, obj)
    assert error.message == "Forbidden: may only be used when `spec.type` is 'LoadBalancer'"


def test_fields_that_do_nothing_are_warned_of() -> None:
    obj = defaulted(clusterIP="None", externalIPs=["198.51.100.1"], trafficDistribution="PreferClose")
    assert RESOURCE.strategy.warnings(obj, None) == [
        "spec.externalIPs is ignored for headless services",
        'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ]

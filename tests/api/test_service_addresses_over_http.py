"""Cluster IPs, node ports and load balancers' addresses: given, asked for, refused, given back."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from fauxkube.cluster.settings import Settings
from fauxkube.machinery.objects import Object
from fauxkube.registry.pools import Ranges
from support.api import (
    MERGE_PATCH,
    SERVICES,
    answered,
    causes,
    fresh_name,
    made,
    pools,
    refused,
    service,
)
from support.thread import served_cluster
from support.waiting import until

IPS, PORTS, BALANCERS = "services/clusterips", "services/nodeports", "services/loadbalancers"


def port(node_port: int = 0, **fields: Any) -> Object:
    return {"port": 80, **({"nodePort": node_port} if node_port else {}), **fields}


def cause_of(response: httpx.Response) -> tuple[str, str, str]:
    ((reason, field, message),) = causes(refused(response, 422, "Invalid"))
    return reason, field, message


def held_by(http: httpx.Client, name: str) -> set[tuple[str, str]]:
    """The (pool, value) pairs that a service holds."""
    key = f"services/default/{name}"
    return {(pool, value) for pool, held in pools(http).items() for value, owner in held.items() if owner == key}


@pytest.fixture
def name() -> str:
    return fresh_name()


@pytest.fixture
def create(shared_http: httpx.Client, name: str) -> Callable[..., httpx.Response]:
    """Creates the test's service."""
    return lambda **spec: shared_http.post(SERVICES, json=service(name, **spec))


Create = Callable[..., httpx.Response]


def test_a_service_gets_a_cluster_ip_from_the_dynamic_band(create: Create) -> None:
    spec = answered(create(), 201)["spec"]
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert ipaddress.IPv4Address(spec["clusterIP"]) > ipaddress.IPv4Address("10.96.1.0")
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")


def test_a_cluster_ip_that_is_free_is_given_as_asked(create: Create, shared_http: httpx.Client, name: str) -> None:
    assert answered(create(clusterIP="10.96.0.77"), 201)["spec"]["clusterIP"] == "10.96.0.77"
    assert (IPS, "10.96.0.77") in held_by(shared_http, name)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("10.96.0.1", "failed to allocate IP 10.96.0.1: provided IP is already allocated"),
        *(
            (
                each,
                (
                    f"failed to allocate IP {each}: the provided IP ({each}) is not in the valid range. "
                    "The range of valid IPs is 10.96.0.0/12"
                ),
            )
            for each in ("192.0.2.1", "10.96.0.0", "10.111.255.255")
        ),
    ],
)
def test_a_cluster_ip_that_cannot_be_had_is_refused(create: Create, address: str, problem: str) -> None:
    expected = ("FieldValueInvalid", "spec.clusterIPs", f'Invalid value: ["{address}"]: {problem}')
    assert cause_of(create(clusterIP=address)) == expected


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"clusterIP": "abc"}, "spec.clusterIPs[0]"),
        ({"clusterIP": "fd00::1"}, "spec.clusterIPs[0]"),
        ({"ipFamilies": ["IPv6"]}, "spec.ipFamilies[0]"),
        ({"ipFamilyPolicy": "RequireDualStack"}, "spec.ipFamilyPolicy"),
        ({"clusterIP": "None", "type": "NodePort"}, "spec.clusterIPs[0]"),
        ({"type": "ExternalName", "externalName": "a.b", "clusterIP": "10.96.9.9"}, "spec.clusterIPs"),
    ],
)
def test_addresses_that_a_service_cannot_have_are_refused(create: Create, spec: Object, field: str) -> None:
    assert cause_of(create(**spec))[1] == field


def test_a_node_port_comes_from_the_dynamic_band_or_as_asked(create: Create, shared_http: httpx.Client) -> None:
    assert answered(create(type="NodePort"), 201)["spec"]["ports"][0]["nodePort"] >= 30086
    asked = made(shared_http, SERVICES, service(fresh_name(), type="NodePort", ports=[port(30011)]))
    assert asked["spec"]["ports"][0]["nodePort"] == 30011


def test_ports_that_differ_in_protocol_share_a_node_port(create: Create, shared_http: httpx.Client, name: str) -> None:
    both = [port(name="tcp"), port(name="udp", protocol="UDP")]
    given = [each["nodePort"] for each in answered(create(type="NodePort", ports=both), 201)["spec"]["ports"]]
    assert given[0] == given[1]
    assert (PORTS, str(given[0])) in held_by(shared_http, name)
    shared_http.delete(f"{SERVICES}/{name}")
    assert held_by(shared_http, name) == set()


def test_a_node_port_that_cannot_be_had_is_refused(create: Create, shared_http: httpx.Client) -> None:
    made(shared_http, SERVICES, service(fresh_name(), type="NodePort", ports=[port(30012)]))
    field = "spec.ports[0].nodePort"
    taken = cause_of(create(type="NodePort", ports=[port(30012)]))
    assert taken == ("FieldValueInvalid", field, "Invalid value: 30012: provided port is already allocated")
    outside = cause_of(create(type="NodePort", ports=[port(8000)]))
    assert outside[2] == (
        "Invalid value: 8000: provided port is not in the valid range. The range of valid ports is 30000-32767"
    )
    assert cause_of(create(ports=[port(30013)])) == (
        "FieldValueForbidden",
        field,
        "Forbidden: may not be used when `type` is 'ClusterIP'",
    )
    twice = [port(30014, name="a"), port(30014, name="b", port=81)]
    assert cause_of(create(type="NodePort", ports=twice)) == (
        "FieldValueDuplicate",
        "spec.ports[1].nodePort",
        "Duplicate value: 30014",
    )


def test_a_refused_service_leaves_nothing_reserved(create: Create, shared_http: httpx.Client) -> None:
    before = pools(shared_http)
    refused(create(type="NodePort", ports=[port(30015, name="a"), port(8000, name="b", port=81)]), 422, "Invalid")
    refused(create(clusterIP="10.96.0.88", type="NodePort", ports=[port(8000)]), 422, "Invalid")
    assert pools(shared_http) == before
    asked = answered(create(clusterIP="10.96.0.88", type="NodePort", ports=[port(30015)]), 201)
    assert asked["spec"]["ports"][0]["nodePort"] == 30015


def test_headless_and_external_name_services_hold_no_address(
    create: Create, shared_http: httpx.Client, name: str
) -> None:
    assert answered(create(clusterIP="None"), 201)["spec"]["clusterIPs"] == ["None"]
    assert held_by(shared_http, name) == set()
    other = fresh_name()
    body = {"metadata": {"name": other}, "spec": {"type": "ExternalName", "externalName": "example.com"}}
    assert made(shared_http, SERVICES, body)["spec"].keys() == {"type", "externalName", "sessionAffinity"}
    assert held_by(shared_http, other) == set()


def test_a_change_of_type_gives_back_and_takes_what_it_must(
    create: Create, shared_http: httpx.Client, name: str
) -> None:
    path = f"{SERVICES}/{name}"

    def change(**spec: object) -> Object:
        spec_: Object = answered(shared_http.patch(path, json={"spec": spec}, headers=MERGE_PATCH))["spec"]
        return spec_

    first = answered(create(type="NodePort"), 201)["spec"]
    address, number = first["clusterIP"], str(first["ports"][0]["nodePort"])
    assert held_by(shared_http, name) == {(IPS, address), (PORTS, number)}
    change(type="ClusterIP")
    assert held_by(shared_http, name) == {(IPS, address)}
    assert change(type="NodePort")["ports"][0]["nodePort"] != int(number)
    change(type="ExternalName", externalName="example.com")
    assert held_by(shared_http, name) == set()
    back = change(type="ClusterIP", externalName=None)
    assert held_by(shared_http, name) == {(IPS, back["clusterIP"])}
    assert back["clusterIP"] != address


def test_a_cluster_ip_may_not_change_once_set(create: Create, shared_http: httpx.Client, name: str) -> None:
    first = answered(create(), 201)["spec"]
    path = f"{SERVICES}/{name}"
    response = shared_http.patch(path, json={"spec": {"clusterIP": "10.96.5.5"}}, headers=MERGE_PATCH)
    assert cause_of(response) == (
        "FieldValueInvalid",
        "spec.clusterIPs[0]",
        'Invalid value: ["10.96.5.5"]: may not change once set',
    )
    for left_out in (service(name), service(name, clusterIP=first["clusterIP"])):
        assert answered(shared_http.put(path, json=left_out))["spec"] == first


def test_a_load_balancer_gets_an_ingress_address_and_gives_it_back(http: httpx.Client) -> None:
    made(http, SERVICES, service("lb", type="LoadBalancer", externalTrafficPolicy="Local"))
    path = f"{SERVICES}/lb"
    until(lambda: bool(answered(http.get(path))["status"]["loadBalancer"]))
    obj = answered(http.get(path))
    (ingress,) = obj["status"]["loadBalancer"]["ingress"]
    assert ipaddress.ip_address(ingress["ip"]) in ipaddress.ip_network("203.0.113.0/24")
    ports = {(PORTS, str(obj["spec"]["ports"][0]["nodePort"])), (PORTS, str(obj["spec"]["healthCheckNodePort"]))}
    assert held_by(http, "lb") == {(IPS, obj["spec"]["clusterIP"]), (BALANCERS, ingress["ip"])} | ports
    http.patch(path, json={"spec": {"type": "ClusterIP"}}, headers=MERGE_PATCH)
    until(lambda: held_by(http, "lb") == {(IPS, obj["spec"]["clusterIP"])})
    until(lambda: answered(http.get(path))["status"] == {"loadBalancer": {}})
    until(lambda: "finalizers" not in answered(http.get(path))["metadata"])


def test_deleted_services_give_everything_back(http: httpx.Client) -> None:
    before = pools(http)
    for number in range(3):
        made(http, SERVICES, service(f"s{number}", type="LoadBalancer"))
    until(lambda: len(pools(http)[BALANCERS]) == 3)
    http.delete(SERVICES, params={"fieldSelector": "metadata.name!=kubernetes"})
    until(lambda: pools(http) == before)


# A cluster with next to no addresses


@pytest.fixture
def tiny() -> Iterator[httpx.Client]:
    """Six cluster IPs, one of them the API server's, and three node ports."""
    ranges = Ranges(service_cidr="10.96.0.0/29", node_ports=(30000, 30002))
    with served_cluster(Settings(ranges=ranges, nodes=0)) as url, httpx.Client(base_url=url) as http:
        yield http


def test_a_full_range_refuses_as_upstream_does(tiny: httpx.Client) -> None:
    given = [made(tiny, SERVICES, service(f"s{n}"))["spec"]["clusterIP"] for n in range(5)]
    assert sorted(given) == [f"10.96.0.{n}" for n in range(2, 7)]
    message = "Internal error occurred: failed to allocate a serviceIP: range is full"
    refused(tiny.post(SERVICES, json=service("more")), 500, "InternalError", message)
    assert tiny.get(f"{SERVICES}/more").status_code == 404
    tiny.delete(f"{SERVICES}/s2")
    assert made(tiny, SERVICES, service("more"))["spec"]["clusterIP"] == given[2]


def test_full_node_ports_refuse_as_upstream_does_and_leave_the_address_free(tiny: httpx.Client) -> None:
    for n in range(3):
        made(tiny, SERVICES, service(f"s{n}", type="NodePort"))
    message = "Internal error occurred: failed to allocate a nodePort: range is full"
    before = pools(tiny)
    refused(tiny.post(SERVICES, json=service("more", type="NodePort")), 500, "InternalError", message)
    assert pools(tiny) == before
    made(tiny, SERVICES, service("more"))


def test_an_address_given_back_is_the_last_to_be_given_again(tiny: httpx.Client) -> None:
    first = made(tiny, SERVICES, service("a"))["spec"]["clusterIP"]
    tiny.delete(f"{SERVICES}/a")
    given = [made(tiny, SERVICES, service(f"s{n}"))["spec"]["clusterIP"] for n in range(5)]
    assert given[-1] == first
    assert len(set(given)) == 5

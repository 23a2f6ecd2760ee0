"""The variables that tell of services: the cases of upstream's `envvars_test.go`, and which services count."""

from __future__ import annotations

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.network.environment import environment_of, service_environment
from support.networks import network, pod, service


def _port(number: int, protocol: str = "TCP", name: str = "") -> Object:
    return {"name": name, "port": number, "protocol": protocol}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            service("foo-bar", "1.2.3.4", ports=[_port(8080)]),
            {
                "FOO_BAR_SERVICE_HOST": "1.2.3.4",
                "FOO_BAR_SERVICE_PORT": "8080",
                "FOO_BAR_PORT": "tcp://1.2.3.4:8080",
                "FOO_BAR_PORT_8080_TCP": "tcp://1.2.3.4:8080",
                "FOO_BAR_PORT_8080_TCP_PROTO": "tcp",
                "FOO_BAR_PORT_8080_TCP_PORT": "8080",
                "FOO_BAR_PORT_8080_TCP_ADDR": "1.2.3.4",
            },
        ),
        (
            service("abc-123", "5.6.7.8", ports=[_port(8081, "UDP", "u-d-p"), _port(8081, "TCP", "t-c-p")]),
            {
                "ABC_123_SERVICE_HOST": "5.6.7.8",
                "ABC_123_SERVICE_PORT": "8081",
                "ABC_123_SERVICE_PORT_U_D_P": "8081",
                "ABC_123_SERVICE_PORT_T_C_P": "8081",
                "ABC_123_PORT": "udp://5.6.7.8:8081",
                "ABC_123_PORT_8081_UDP": "udp://5.6.7.8:8081",
                "ABC_123_PORT_8081_UDP_PROTO": "udp",
                "ABC_123_PORT_8081_UDP_PORT": "8081",
                "ABC_123_PORT_8081_UDP_ADDR": "5.6.7.8",
                "ABC_123_PORT_8081_TCP": "tcp://5.6.7.8:8081",
                "ABC_123_PORT_8081_TCP_PROTO": "tcp",
                "ABC_123_PORT_8081_TCP_PORT": "8081",
                "ABC_123_PORT_8081_TCP_ADDR": "5.6.7.8",
            },
        ),
        (service("headless", "None"), {}),
        (service("external", "", type="ExternalName", externalName="a.example"), {}),
    ],
)
def test_a_service_has_its_variables_in_upstreams_order(found: Object, expected: dict[str, str]) -> None:
    assert list(environment_of([found]).items()) == list(expected.items())


def test_an_ipv6_address_stands_in_brackets_before_a_port() -> None:
    found = environment_of([service("six", "fd00::6", ports=[_port(80)])])
    assert (found["SIX_SERVICE_HOST"], found["SIX_PORT_80_TCP"]) == ("fd00::6", "tcp://[fd00::6]:80")


def test_a_port_is_named_after_the_first_ones_variable() -> None:
    found = environment_of([service("q-u-u-x", "9.8.7.6", ports=[_port(8082), _port(8083, name="8083")])])
    assert (found["Q_U_U_X_SERVICE_PORT"], found["Q_U_U_X_SERVICE_PORT_8083"]) == ("8082", "8083")


SERVICES = [
    service("kubernetes", "10.96.0.1", ports=[_port(443, name="https")]),
    service("web", "10.96.0.2"),
    service("cart", "10.96.0.3", namespace="shop"),
    service("api", "10.96.0.4", namespace="shop"),
    service("headless", namespace="shop"),
]


def _hosts(found: Object, services: list[Object] = SERVICES) -> list[str]:
    topology = network(pods=[found], services=services)
    variables = service_environment(topology, next(iter(topology.pods)))
    return [f"{name}={value}" for name, value in variables.items() if name.endswith("_HOST")]


@pytest.mark.parametrize(
    ("found", "hosts"),
    [
        (pod("a", namespace="shop"), ["API_SERVICE_HOST=10.96.0.4", "CART_SERVICE_HOST=10.96.0.3"]),
        (pod("a", namespace="shop", enableServiceLinks=False), []),
        (pod("a"), ["WEB_SERVICE_HOST=10.96.0.2"]),
        (pod("a", namespace="elsewhere"), []),
    ],
)
def test_a_pod_is_told_of_its_namespaces_services_and_of_the_api_server(found: Object, hosts: list[str]) -> None:
    assert sorted(_hosts(found)) == sorted([*hosts, "KUBERNETES_SERVICE_HOST=10.96.0.1"])


def test_a_namespaces_own_service_kubernetes_hides_the_api_server() -> None:
    services = [*SERVICES, service("kubernetes", "10.96.0.9", namespace="shop")]
    assert "KUBERNETES_SERVICE_HOST=10.96.0.9" in _hosts(pod("a", namespace="shop"), services)

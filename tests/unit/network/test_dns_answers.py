"""Whole answers, section by section: the cases of CoreDNS' own tests of its plugin `kubernetes`, and its aliases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.machinery.objects import Object
from fauxkube.network.dns_answers import Response, respond
from support.networks import endpoint, network, service, slice_of

HTTP = {"name": "http", "port": 80, "protocol": "TCP"}
SOA = "SOA ns.dns.cluster.local. hostmaster.cluster.local. 7 7200 1800 86400 30"


def _external(name: str, target: str) -> Object:
    return service(name, "", namespace="testns", type="ExternalName", externalName=target)


def _service(name: str, address: str = "None", **spec: object) -> Object:
    return service(name, address, namespace="testns", ports=[HTTP], **spec)


NETWORK = network(
    namespaces=["testns", "kube-system"],
    services=[
        _service("svc1", "10.0.0.1"),
        _service("svc6", "1234:abcd::1"),
        _service("dual", "10.0.0.3", clusterIPs=["10.0.0.3", "10::3"]),
        _service("hdls1"),
        service("hdlsprtls", namespace="testns"),
        _external("external", "ext.interwebs.test"),
        _external("external-to-service", "svc1.testns.svc.cluster.local"),
        _external("to-nothing", "absent.testns.svc.cluster.local"),
        _external("to-itself", "to-itself.testns.svc.cluster.local"),
        _external("one", "other.testns.svc.cluster.local"),
        _external("other", "one.testns.svc.cluster.local"),
        _external("to-address", "192.0.2.1"),
    ],
    slices=[
        slice_of(
            "hdls1",
            endpoint("172.0.0.2"),
            endpoint("172.0.0.3"),
            endpoint("172.0.0.4", hostname="dup-name"),
            endpoint("172.0.0.5", hostname="dup-name"),
            namespace="testns",
            ports=[HTTP],
        ),
        {
            **slice_of("hdls1", endpoint("5678:abcd::1"), endpoint("5678:abcd::2"), namespace="testns", ports=[HTTP]),
            "metadata": {
                "name": "hdls1-6",
                "namespace": "testns",
                "labels": {"kubernetes.io/service-name": "hdls1"},
            },
            "addressType": "IPv6",
        },
        slice_of("hdlsprtls", endpoint("172.0.0.20"), namespace="testns") | {"ports": []},
        slice_of("svc1", endpoint("172.0.0.9"), namespace="testns", ports=[HTTP]),
    ],
)


def _told(found: Response) -> list[str]:
    sections = {"": found.answer, "ns ": found.authority, "+ ": found.additional}
    return [f"{mark}{each.name} {each.type} {each.text}" for mark, records in sections.items() for each in records]


def _below(*lines: str) -> list[str]:
    """With the domain put in where a line says ~."""
    return [line.replace("~", ".testns.svc.cluster.local") for line in lines]


@pytest.mark.parametrize(
    ("name", "type", "records"),
    [
        ("svc1~", "A", ["svc1~ A 10.0.0.1"]),
        ("SVC1~", "A", ["SVC1~ A 10.0.0.1"]),
        ("svc1~", "SRV", ["svc1~ SRV 0 100 80 svc1~.", "+ svc1~ A 10.0.0.1"]),
        ("svc6~", "SRV", ["svc6~ SRV 0 100 80 svc6~.", "+ svc6~ AAAA 1234:abcd::1"]),
        ("_http._tcp.svc1~", "SRV", ["_http._tcp.svc1~ SRV 0 100 80 svc1~.", "+ svc1~ A 10.0.0.1"]),
        ("_http._tcp.svc1~", "A", ["_http._tcp.svc1~ A 10.0.0.1"]),
        ("dual~", "A", ["dual~ A 10.0.0.3"]),
        ("dual~", "AAAA", ["dual~ AAAA 10::3"]),
        ("dual~", "SRV", ["dual~ SRV 0 50 80 dual~.", "+ dual~ A 10.0.0.3", "+ dual~ AAAA 10::3"]),
        ("hdls1~", "A", [f"hdls1~ A 172.0.0.{last}" for last in (2, 3, 4, 5)]),
        ("hdls1~", "AAAA", ["hdls1~ AAAA 5678:abcd::1", "hdls1~ AAAA 5678:abcd::2"]),
        ("dup-name.hdls1~", "A", ["dup-name.hdls1~ A 172.0.0.4", "dup-name.hdls1~ A 172.0.0.5"]),
        ("5678-abcd--2.hdls1~", "AAAA", ["5678-abcd--2.hdls1~ AAAA 5678:abcd::2"]),
        (
            "_http._tcp.hdls1~",
            "SRV",
            [
                *(f"_http._tcp.hdls1~ SRV 0 16 80 {host}.hdls1~." for host in ("172-0-0-2", "172-0-0-3", "dup-name")),
                *(f"_http._tcp.hdls1~ SRV 0 16 80 5678-abcd--{last}.hdls1~." for last in (1, 2)),
                "+ 172-0-0-2.hdls1~ A 172.0.0.2",
                "+ 172-0-0-3.hdls1~ A 172.0.0.3",
                "+ dup-name.hdls1~ A 172.0.0.4",
                "+ dup-name.hdls1~ A 172.0.0.5",
                *(f"+ 5678-abcd--{last}.hdls1~ AAAA 5678:abcd::{last}" for last in (1, 2)),
            ],
        ),
        ("hdlsprtls~", "A", ["hdlsprtls~ A 172.0.0.20"]),
        ("172-0-0-20.hdlsprtls~", "A", ["172-0-0-20.hdlsprtls~ A 172.0.0.20"]),
        ("external~", "CNAME", ["external~ CNAME ext.interwebs.test."]),
        ("external~", "A", ["external~ CNAME ext.interwebs.test."]),
        (
            "external-to-service~",
            "A",
            ["external-to-service~ CNAME svc1~.", "svc1~. A 10.0.0.1"],
        ),
        ("dns-version.cluster.local", "TXT", ["dns-version.cluster.local TXT 1.1.0"]),
        ("cluster.local", "SOA", [f"cluster.local {SOA}"]),
        ("cluster.local", "NS", ["cluster.local NS ns.dns.cluster.local.", "+ ns.dns.cluster.local A 10.96.0.10"]),
        ("ns.dns.cluster.local", "A", ["ns.dns.cluster.local A 10.96.0.10"]),
        ("9.0.0.172.in-addr.arpa", "PTR", ["9.0.0.172.in-addr.arpa PTR 172-0-0-9.svc1~."]),
        ("4.0.0.172.in-addr.arpa", "PTR", ["4.0.0.172.in-addr.arpa PTR dup-name.hdls1~."]),
    ],
)
def test_a_question_is_answered_with_records(name: str, type: str, records: list[str]) -> None:
    found = respond(NETWORK, *_below(name), type, serial=7)
    assert (found.status, found.authoritative, _told(found)) == ("NOERROR", True, _below(*records))


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("svc1~", "AAAA"),
        ("svc1~", "MX"),
        ("svc1~", "SOA"),
        ("hdlsprtls~", "SRV"),
        ("svc.cluster.local", "A"),
        ("pod.cluster.local", "A"),
        ("cluster.local", "A"),
        ("testns.svc.cluster.local", "NS"),
        ("external~", "SRV"),
        ("to-nothing~", "A"),
        ("to-itself~", "A"),
        ("one~", "A"),
        ("absent~", "TXT"),
    ],
)
def test_a_name_without_records_of_the_type_comes_with_the_start_of_authority(name: str, type: str) -> None:
    found = respond(NETWORK, *_below(name), type, serial=7)
    assert (found.status, _told(found)) == ("NOERROR", [f"ns cluster.local {SOA}"])


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("svc0~", "A"),
        ("svc0.svc-nons.svc.cluster.local", "A"),
        ("foo.svc.cluster.local", "NS"),
        ("bogusendpoint.hdls1~", "A"),
        ("bogusendpoint.svc0~", "A"),
        ("endpoint.external~", "CNAME"),
        ("to-address~", "A"),
        ("a.b.c.svc1~", "A"),
        ("dns-version.cluster.local", "A"),
        ("*~", "A"),
    ],
)
def test_a_name_that_is_not_there_is_denied_with_the_start_of_authority(name: str, type: str) -> None:
    found = respond(NETWORK, *_below(name), type, serial=7)
    assert (found.status, _told(found)) == ("NXDOMAIN", [f"ns cluster.local {SOA}"])


@pytest.mark.parametrize(
    ("name", "type", "status"),
    [
        ("www.example.com", "A", "REFUSED"),
        ("8.8.8.8.in-addr.arpa", "PTR", "REFUSED"),
        ("77.9.244.10.in-addr.arpa", "PTR", "NXDOMAIN"),
        ("10.in-addr.arpa", "SOA", "NXDOMAIN"),
        ("1.0.0.10.in-addr.arpa", "A", "NXDOMAIN"),
        ("d.f.ip6.arpa", "PTR", "NXDOMAIN"),
        ("svc1", "A", "NXDOMAIN"),
        ("svc1.testns", "A", "NXDOMAIN"),
        ("svc1.testns.svc", "A", "NXDOMAIN"),
        ("printer.local", "A", "NXDOMAIN"),
    ],
)
def test_the_worlds_names_are_refused_but_for_those_that_it_would_deny(name: str, type: str, status: str) -> None:
    found = respond(NETWORK, name, type)
    assert (found.status, found.authoritative, found.answer) == (status, False, ())


KUBE_DNS = service("kube-dns", "10.96.0.10", namespace="kube-system")


def test_the_service_that_stands_for_the_dns_is_its_name_server() -> None:
    ready = slice_of("kube-dns", endpoint("10.244.1.2"), namespace="kube-system")
    found = respond(network(services=[KUBE_DNS], slices=[ready]), "cluster.local", "NS")
    name = "kube-dns.kube-system.svc.cluster.local"
    assert _told(found) == [f"cluster.local NS {name}.", f"+ {name} A 10.96.0.10"]


def test_nothing_is_answered_while_the_dns_has_no_backend() -> None:
    found = respond(network(services=[KUBE_DNS]), "cluster.local", "NS")
    assert (found.status, found.why) == (
        "SERVFAIL",
        "service kube-system/kube-dns has no endpoint that is ready: no DNS runs here",
    )


ADDRESSES = st.integers(1, 40).map(lambda number: f"10.244.1.{number}") | st.integers(1, 9).map("fd00::{}".format)
ENDPOINTS = st.lists(st.tuples(ADDRESSES, st.sampled_from(["", "rex", "bella"]), st.booleans()), max_size=6)


@given(ENDPOINTS, st.sampled_from(["None", "10.96.0.9", "fd00:96::9"]))
def test_the_names_that_an_answer_gives_lead_to_the_addresses_beside_them(
    endpoints: list[tuple[str, str, bool]], cluster_ip: str
) -> None:
    slices = [
        {
            **slice_of("pets", ports=[HTTP]),
            "metadata": {
                "name": f"pets-{number}",
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": "pets"},
            },
            "addressType": "IPv6" if ":" in address else "IPv4",
            "endpoints": [
                endpoint(address, conditions={"ready": ready}, **({"hostname": hostname} if hostname else {}))
            ],
        }
        for number, (address, hostname, ready) in enumerate(endpoints)
    ]
    topology = network(services=[service("pets", cluster_ip, ports=[HTTP])], slices=slices)
    found = respond(topology, "_http._tcp.pets.default.svc.cluster.local", "SRV")
    targets = {record.text.split()[3].rstrip(".") for record in found.answer}
    assert {record.name for record in found.additional} == targets
    for record in found.additional:
        assert record.text in {each.text for each in respond(topology, record.name, record.type).answer}
    ready = {address for address, _, is_ready in endpoints if is_ready}
    assert {record.text for record in found.additional} == (ready if cluster_ip == "None" else {cluster_ip})

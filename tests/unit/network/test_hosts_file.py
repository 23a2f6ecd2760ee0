"""What the kubelet writes into /etc/hosts, and what a pod is called."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.network.hostname import hostname
from fauxkube.network.hosts_file import hosts_file
from fauxkube.network.topology import Topology
from support.networks import network, node, pod

LOCAL = """\
# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""
ALIASES = [{"ip": "1.2.3.4", "hostnames": ["a.example", "b.example"]}, {"ip": "5.6.7.8", "hostnames": ["c.example"]}]
TOLD_ALIASES = "\n# Entries added by HostAliases.\n1.2.3.4\ta.example\tb.example\n5.6.7.8\tc.example\n"


def _with(name: str = "web", address: str = "10.244.1.5", **spec: Any) -> Topology:
    return network(nodes=[node(1)], pods=[pod(name, address, **spec)])


def _file(topology: Topology) -> str:
    return hosts_file(topology, next(iter(topology.pods)))


@pytest.mark.parametrize(
    ("spec", "rest"),
    [
        ({}, "10.244.1.5\tweb\n"),
        ({"hostname": "pet", "subdomain": "pets"}, "10.244.1.5\tpet.pets.default.svc.cluster.local\tpet\n"),
        ({"subdomain": "pets"}, "10.244.1.5\tweb.pets.default.svc.cluster.local\tweb\n"),
        ({"hostname": "pet", "setHostnameAsFQDN": True}, "10.244.1.5\tpet\n"),
        ({"hostnameOverride": "a.b", "subdomain": "pets"}, "10.244.1.5\ta.b\n"),
        ({"hostAliases": ALIASES}, f"10.244.1.5\tweb\n{TOLD_ALIASES}"),
    ],
)
def test_a_pods_own_line_follows_the_local_ones(spec: dict[str, Any], rest: str) -> None:
    assert _file(_with(**spec)) == LOCAL + rest


def test_a_pod_of_the_nodes_network_gets_the_nodes_file_and_its_own_aliases() -> None:
    text = _file(_with(address="172.18.0.11", hostNetwork=True, hostAliases=ALIASES))
    assert text.startswith("# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n")
    assert text.endswith(f"172.18.0.11\tnode-1\n{TOLD_ALIASES}")


def test_both_addresses_of_a_pod_have_a_line() -> None:
    found = pod("web", "10.244.1.5")
    found["status"]["podIPs"].append({"ip": "fd00::5"})
    assert _file(network(pods=[found])) == f"{LOCAL}10.244.1.5\tweb\nfd00::5\tweb\n"


def test_no_file_is_written_without_an_address() -> None:
    assert not _file(_with(address=""))


LONG = "a" * 62


@pytest.mark.parametrize(
    ("name", "spec", "told"),
    [
        ("web", {}, "web"),
        ("web", {"hostname": "pet", "subdomain": "pets"}, "pet"),
        (
            "web",
            {"hostname": "pet", "subdomain": "pets", "setHostnameAsFQDN": True},
            "pet.pets.default.svc.cluster.local",
        ),
        ("web", {"setHostnameAsFQDN": True}, "web"),
        ("web", {"hostNetwork": True}, "node-1"),
        (f"{LONG}.and-more", {}, LONG),
    ],
)
def test_a_pod_is_called_by_its_hostname(name: str, spec: dict[str, Any], told: str) -> None:
    topology = _with(name, **spec)
    assert hostname(topology, next(iter(topology.pods))) == told

"""The certificates that kubeadm makes for a control plane, as files for those who want to look at them.

Nothing here is served with them. Names, subjects and usages are those of kubeadm's `phases/certs/certlist.go`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from fauxkube.access.authority import Authority, key_pem, new_authority, new_key, new_request, public_pem
from fauxkube.cluster.kubeadm.configuration import DNS_DOMAIN, InitConfiguration
from fauxkube.ipam.families import cidrs_of
from fauxkube.kinds.certificates.pkcs10 import parse_request
from fauxkube.kit.chance import Chance

if TYPE_CHECKING:
    from cryptography import x509

_YEAR = timedelta(days=365)
_KEY_USAGES = ("digital signature", "key encipherment")
_SERVER, _CLIENT = ("server auth",), ("client auth",)
_ADMINS = ("kubeadm:cluster-admins",)


class Certificate(NamedTuple):
    """A certificate to be made: its file, whose authority signs it, its subject, what for, and the hosts it names."""

    name: str
    authority: str
    common_name: str
    usages: Sequence[str]
    organizations: Sequence[str] = ()
    hosts: Sequence[str] = ()


class Made(NamedTuple):
    """Files by their name below the folder, with what is said of them."""

    files: dict[str, bytes]
    said: str


def server_hosts(configuration: InitConfiguration, address: str) -> list[str]:
    """The names and addresses that the API server is reached by."""
    service = ipaddress.ip_network(cidrs_of(configuration.service_subnet)[0])[1]
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{DNS_DOMAIN}"]
    return [configuration.node_name, *names, str(service), address]


def certificates(configuration: InitConfiguration, address: str) -> Sequence[Certificate]:
    """All but the authorities' own, each after its authority, in kubeadm's order."""
    node = configuration.node_name
    etcd = (node, "localhost", address, "127.0.0.1", "::1")
    both = (*_SERVER, *_CLIENT)
    return (
        Certificate("apiserver", "ca", "kube-apiserver", _SERVER, hosts=server_hosts(configuration, address)),
        Certificate("apiserver-kubelet-client", "ca", "kube-apiserver-kubelet-client", _CLIENT, _ADMINS),
        Certificate("front-proxy-client", "front-proxy-ca", "front-proxy-client", _CLIENT),
        Certificate("etcd/server", "etcd/ca", node, both, hosts=etcd),
        Certificate("etcd/peer", "etcd/ca", node, both, hosts=etcd),
        Certificate("etcd/healthcheck-client", "etcd/ca", "kube-etcd-healthcheck-client", _CLIENT),
        Certificate("apiserver-etcd-client", "etcd/ca", "kube-apiserver-etcd-client", _CLIENT),
    )


def make(
    configuration: InitConfiguration, address: str, authority: Authority, *, now: datetime, chance: Chance
) -> Iterator[Made]:
    """Everything that goes into the folder beside `ca`, which is the cluster's authority itself."""
    yield Made({"ca.crt": authority.certificate, "ca.key": authority.key}, "")
    authorities = {"ca": authority}
    for wanted in certificates(configuration, address):
        if wanted.authority not in authorities:
            name = wanted.authority.replace("/", "-")
            signer = authorities[wanted.authority] = new_authority(name, now=now, chance=chance)
            files = {f"{wanted.authority}.crt": signer.certificate, f"{wanted.authority}.key": signer.key}
            yield Made(files, f'[certs] Generating "{wanted.authority}" certificate and key')
        yield _make(wanted, authorities[wanted.authority], now, chance)
    key = new_key(chance)
    yield Made({"sa.key": key_pem(key), "sa.pub": public_pem(key)}, '[certs] Generating "sa" key and public key')


def _make(wanted: Certificate, authority: Authority, now: datetime, chance: Chance) -> Made:
    key = new_key(chance)
    names = [_general_name(host) for host in wanted.hosts]
    request = parse_request(new_request(key, wanted.common_name, wanted.organizations, names))
    since = now.replace(microsecond=0) - timedelta(minutes=5)
    usages = (*_KEY_USAGES, *wanted.usages)
    signed = authority.sign(request, usages, since=since, until=since + _YEAR, chance=chance)
    said = f'[certs] Generating "{wanted.name}" certificate and key'
    if wanted.hosts:
        dns = [host for host in wanted.hosts if not _is_address(host)]
        ips = [host for host in wanted.hosts if _is_address(host)]
        named = f"DNS names [{' '.join(dns)}] and IPs [{' '.join(ips)}]"
        said += f"\n[certs] {wanted.name} serving cert is signed for {named}"
    return Made({f"{wanted.name}.crt": signed, f"{wanted.name}.key": key_pem(key)}, said)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _general_name(host: str) -> x509.GeneralName:
    from cryptography import x509

    return x509.IPAddress(ipaddress.ip_address(host)) if _is_address(host) else x509.DNSName(host)

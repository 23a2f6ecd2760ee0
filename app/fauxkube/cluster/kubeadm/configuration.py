"""What a control plane is initialized with, and the config maps that tell of it (`kubeadm.k8s.io/v1beta4`)."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from fauxkube.access.bootstrap_tokens import Token
from fauxkube.ipam.families import cidrs_of
from fauxkube.machinery.objects import Object

#: Where the images of Kubernetes' own components are said to come from.
IMAGES = "registry.k8s.io"
CLUSTER_NAME = "kubernetes"
DNS_DOMAIN = "cluster.local"
#: How long a token is good that nobody says more of.
TOKEN_TTL = timedelta(hours=24)
#: Which address of the service range is the DNS server's.
_DNS_INDEX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class InitConfiguration:
    """The settings of `init`: `version` is `v1.36.0`, without a `token` one is drawn, and a `token_ttl` of None lasts.

    `pod_subnet` may be empty: then nodes get no blocks of pod addresses. `certificates` is a folder to write them to.
    """

    node_name: str
    version: str
    pod_subnet: str = ""
    service_subnet: str = "10.96.0.0/12"
    token: Token | None = None
    token_ttl: timedelta | None = TOKEN_TTL
    skipped: Collection[str] = ()
    certificates: Path | None = None

    @property
    def dns_address(self) -> str:
        """The cluster IP of the DNS server."""
        return str(ipaddress.ip_network(cidrs_of(self.service_subnet)[0])[_DNS_INDEX])


def kubeadm_config(configuration: InitConfiguration) -> Object:
    """`kube-system/kubeadm-config`: what whoever joins or upgrades is to know of the cluster."""
    networking = {"dnsDomain": DNS_DOMAIN, "serviceSubnet": configuration.service_subnet}
    if configuration.pod_subnet:
        networking["podSubnet"] = configuration.pod_subnet
    cluster = {
        "apiServer": {},
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "caCertificateValidityPeriod": "87600h0m0s",
        "certificateValidityPeriod": "8760h0m0s",
        "certificatesDir": "/etc/kubernetes/pki",
        "clusterName": CLUSTER_NAME,
        "controllerManager": {},
        "dns": {},
        "encryptionAlgorithm": "ECDSA-P256",
        "etcd": {"local": {"dataDir": "/var/lib/etcd"}},
        "imageRepository": IMAGES,
        "kind": "ClusterConfiguration",
        "kubernetesVersion": configuration.version,
        "networking": networking,
        "proxy": {},
        "scheduler": {},
    }
    return config_map("kubeadm-config", ClusterConfiguration=to_yaml(cluster))


def kubelet_config(configuration: InitConfiguration) -> Object:
    """`kube-system/kubelet-config`: what every kubelet of the cluster is run with."""
    kubelet = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "systemd",
        "clusterDNS": [configuration.dns_address],
        "clusterDomain": DNS_DOMAIN,
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": 10248,
        "kind": "KubeletConfiguration",
        "rotateCertificates": True,
        "staticPodPath": "/etc/kubernetes/manifests",
    }
    return config_map("kubelet-config", kubelet=to_yaml(kubelet))


def cluster_info(url: str, certificate: bytes) -> Object:
    """`kube-public/cluster-info`: where the API is, and by which authority it is known, for who knows nothing yet."""
    cluster = {"certificate-authority-data": base64.b64encode(certificate).decode(), "server": url}
    kubeconfig = {
        "apiVersion": "v1",
        "clusters": [{"cluster": cluster, "name": ""}],
        "contexts": None,
        "current-context": "",
        "kind": "Config",
        "users": None,
    }
    return config_map("cluster-info", "kube-public", kubeconfig=to_yaml(kubeconfig))


def config_map(name: str, namespace: str = "kube-system", **data: str) -> Object:
    """A config map; where a key is no name in Python, give it as `**{key: text}`."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def to_yaml(document: Any) -> str:
    """A document as text, its keys as they are given."""
    import yaml

    return str(yaml.safe_dump(document, sort_keys=False))

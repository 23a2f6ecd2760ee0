"""The node that the control plane runs on, and its static pods as the kubelet mirrors them.

The components themselves are this process; their pods are there to be seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fauxkube.cluster.kubeadm.configuration import CLUSTER_NAME, IMAGES, InitConfiguration
from fauxkube.kinds.core.node import ROLE_LABEL
from fauxkube.machinery.objects import Object, name_of

LABELS = {f"{ROLE_LABEL}control-plane": "", "node.kubernetes.io/exclude-from-external-load-balancers": ""}
TAINTS = ({"key": f"{ROLE_LABEL}control-plane", "effect": "NoSchedule"},)
_ETCD_VERSION = "3.6.6-0"


class _Component(NamedTuple):
    """A component's image, the CPU that it asks for, its port and the flags that tell of the cluster."""

    image: str
    cpu: str
    port: int
    flags: Sequence[str]


def node(name: str, address: str) -> Object:
    """The node as its kubelet registers it: with the taint of a control plane, and its role still to be given."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": {"taints": [dict(each) for each in TAINTS]},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        },
    }


def static_pods(configuration: InitConfiguration, owner: Object, address: str, now: str) -> list[Object]:
    """The mirrors of the static pods of a node, which is at that address."""
    return [
        _mirror_pod(name, component, owner, address, now)
        for name, component in _components(configuration, address).items()
    ]


def _components(configuration: InitConfiguration, address: str) -> Mapping[str, _Component]:
    version, services = configuration.version, f"--service-cluster-ip-range={configuration.service_subnet}"
    pods = [f"--cluster-cidr={configuration.pod_subnet}"] if configuration.pod_subnet else []
    allocates = ["--allocate-node-cidrs=true"] if configuration.pod_subnet else []
    manager = [*allocates, *pods, f"--cluster-name={CLUSTER_NAME}", "--controllers=*,bootstrapsigner,tokencleaner"]
    return {
        "etcd": _Component(
            f"{IMAGES}/etcd:{_ETCD_VERSION}", "100m", 2379, [f"--advertise-client-urls=https://{address}:2379"]
        ),
        "kube-apiserver": _Component(
            f"{IMAGES}/kube-apiserver:{version}",
            "250m",
            6443,
            [
                f"--advertise-address={address}",
                "--authorization-mode=Node,RBAC",
                "--enable-bootstrap-token-auth=true",
                services,
            ],
        ),
        "kube-controller-manager": _Component(
            f"{IMAGES}/kube-controller-manager:{version}", "200m", 10257, [*manager, services]
        ),
        "kube-scheduler": _Component(f"{IMAGES}/kube-scheduler:{version}", "100m", 10259, ["--leader-elect=true"]),
    }


def _mirror_pod(name: str, component: _Component, owner: Object, address: str, now: str) -> Object:
    """As the kubelet mirrors what it finds in its folder of manifests (`pkg/kubelet/pod/mirror_client.go`)."""
    hashed = hashlib.blake2b("/".join((name, *component.flags)).encode(), digest_size=16).hexdigest()
    reference = {"apiVersion": "v1", "kind": "Node", "name": name_of(owner), "uid": owner["metadata"]["uid"]}
    probe = {"httpGet": {"host": address, "path": "/livez", "port": component.port, "scheme": "HTTPS"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-{name_of(owner)}",
            "namespace": "kube-system",
            "labels": {"component": name, "tier": "control-plane"},
            "annotations": {
                "kubernetes.io/config.hash": hashed,
                "kubernetes.io/config.mirror": hashed,
                "kubernetes.io/config.seen": now,
                "kubernetes.io/config.source": "file",
            },
            "ownerReferences": [{**reference, "controller": True}],
        },
        "spec": {
            "nodeName": name_of(owner),
            "hostNetwork": True,
            "priorityClassName": "system-node-critical",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
            "containers": [
                {
                    "name": name,
                    "image": component.image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": [name, *component.flags],
                    "resources": {"requests": {"cpu": component.cpu}},
                    "livenessProbe": {**probe, "failureThreshold": 8, "initialDelaySeconds": 10, "timeoutSeconds": 15},
                }
            ],
        },
    }

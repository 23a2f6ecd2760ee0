"""The manifests that install a network add-on: as small as can be, of the shape that add-ons' own manifests have.

A namespace of its own, a service account with what it may do, what it is told, and a DaemonSet whose pods put a file on
their nodes and keep an agent running there. Whatever follows from that is what would follow from the add-on's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from fauxkube.machinery.objects import Object
from fauxkube.nodes.add_ons import AddOn

_MOUNTED = "/etc/cni/net.d"
_RULES = [
    {"apiGroups": [""], "resources": ["nodes", "pods", "namespaces"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["nodes", "nodes/status"], "verbs": ["patch", "update"]},
]


def manifests(add_on: AddOn, cidr: str) -> list[Object]:
    """What installs the add-on with that range."""
    name, namespace = add_on.name, f"kube-{add_on.name}"
    account = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}},
        {**_rbac("ClusterRole", name), "rules": _RULES},
        {**_rbac("ClusterRoleBinding", name), "roleRef": role, "subjects": [account]},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": _config_name(add_on), "namespace": namespace},
            "data": dict(_config(add_on, cidr)),
        },
        _daemon_set(add_on, cidr, namespace),
    ]


def _rbac(kind: str, name: str) -> Object:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}}


def _config_name(add_on: AddOn) -> str:
    return next((name for namespace, name in add_on.config_maps if not namespace), f"{add_on.name}-config")


def _config(add_on: AddOn, cidr: str) -> Iterator[tuple[str, str]]:
    """The file for the nodes, and the range where the add-on looks for it in a ConfigMap."""
    plugins = [{"type": add_on.plugin}]
    yield "cni-conf.json", json.dumps({"cniVersion": "1.0.0", "name": add_on.name, "plugins": plugins})
    for fact in add_on.ranges[:1] or ("config/net-conf.json#Network",):
        key, _, path = fact.removeprefix("config/").partition("#")
        if fact.startswith("config/"):
            yield key, json.dumps({path: cidr, "Backend": {"Type": "vxlan"}}) if path else cidr


def _environment(add_on: AddOn, cidr: str) -> list[Object]:
    """The range where the add-on looks for it in its agent's environment."""
    names = (fact.removeprefix("env/") for fact in add_on.ranges if fact.startswith("env/"))
    return [{"name": name, "value": cidr} for name in names]


def _daemon_set(add_on: AddOn, cidr: str, namespace: str) -> Object:
    labels = {"k8s-app": add_on.name}
    mounts = {
        "conf": {"name": "conf", "mountPath": "/etc/network"},
        "cni": {"name": "cni", "mountPath": _MOUNTED},
        "run": {"name": "run", "mountPath": f"/run/{add_on.name}"},
    }
    install = {
        "name": "install-cni",
        "image": f"fauxkube/{add_on.name}-cni",
        "command": ["cp", "-f", "/etc/network/cni-conf.json", f"{_MOUNTED}/{add_on.conf}"],
        "volumeMounts": [mounts["cni"], mounts["conf"]],
    }
    agent = {
        "name": f"{add_on.name}-agent",
        "image": f"fauxkube/{add_on.name}",
        "env": _environment(add_on, cidr),
        "securityContext": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}},
        "volumeMounts": [mounts["run"], mounts["conf"]],
    }
    spec = {
        "hostNetwork": True,
        "serviceAccountName": add_on.name,
        "priorityClassName": "system-node-critical",
        "tolerations": [{"operator": "Exists"}],
        "initContainers": [install],
        "containers": [agent],
        "volumes": [
            {"name": "cni", "hostPath": {"path": _MOUNTED}},
            {"name": "run", "hostPath": {"path": f"/run/{add_on.name}"}},
            {"name": "conf", "configMap": {"name": _config_name(add_on)}},
        ],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": add_on.name, "namespace": namespace, "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    }

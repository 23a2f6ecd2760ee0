"""The roles and bindings that kubeadm makes: what bootstrap tokens, nodes and add-ons may do.

Nothing is refused here for want of a role; they are there to be seen, and for programs that read them.
"""

from __future__ import annotations

from collections.abc import Sequence

from fauxkube.access.bootstrap_tokens import NODE_GROUP
from fauxkube.access.signers import NODES_GROUP
from fauxkube.machinery.objects import Object
from fauxkube.machinery.users import ANONYMOUS

_GROUP = "rbac.authorization.k8s.io"
_API_VERSION = f"{_GROUP}/v1"
_CSRS = "system:certificates.k8s.io:certificatesigningrequests"
_CONFIGURATIONS = ("kubeadm-config", "kubelet-config")


def bootstrap_roles() -> list[Object]:
    """What those may do who have a bootstrap token, and nodes that renew their certificates."""
    tokens = ("Group", NODE_GROUP)
    reader = _rule(["get"], [""], ["nodes"])
    return [
        *_nodes_roles(),
        _role("ClusterRole", "kubeadm:get-nodes", [reader]),
        _binding("ClusterRoleBinding", "kubeadm:get-nodes", "kubeadm:get-nodes", [tokens]),
        _binding("ClusterRoleBinding", "kubeadm:kubelet-bootstrap", "system:node-bootstrapper", [tokens]),
        _binding("ClusterRoleBinding", "kubeadm:node-autoapprove-bootstrap", f"{_CSRS}:nodeclient", [tokens]),
        _binding(
            "ClusterRoleBinding",
            "kubeadm:node-autoapprove-certificate-rotation",
            f"{_CSRS}:selfnodeclient",
            [("Group", NODES_GROUP)],
        ),
        _binding(
            "ClusterRoleBinding", "kubeadm:cluster-admins", "cluster-admin", [("Group", "kubeadm:cluster-admins")]
        ),
    ]


def _nodes_roles() -> list[Object]:
    """Those of the API server's own roles (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy`) that are bound here."""
    group, requests = ["certificates.k8s.io"], "certificatesigningrequests"
    events = _rule(["create", "patch", "update"], ["", "events.k8s.io"], ["events"])
    slices = _rule(["list", "watch"], ["discovery.k8s.io"], ["endpointslices"])
    rules: dict[str, list[Object]] = {
        "system:node-bootstrapper": [_rule(["create", "get", "list", "watch"], group, [requests])],
        f"{_CSRS}:nodeclient": [_rule(["create"], group, [f"{requests}/nodeclient"])],
        f"{_CSRS}:selfnodeclient": [_rule(["create"], group, [f"{requests}/selfnodeclient"])],
        "system:node-proxier": [
            _rule(["list", "watch"], [""], ["services", "endpoints"]),
            _rule(["get", "list", "watch"], [""], ["nodes"]),
            events,
            slices,
        ],
    }
    made = [_role("ClusterRole", name, each) for name, each in rules.items()]
    for role in made:
        role["metadata"] |= {
            "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
            "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
        }
    return made


def cluster_info_roles() -> list[Object]:
    """Everybody reads `cluster-info`."""
    name = "kubeadm:bootstrap-signer-clusterinfo"
    rule = _rule(["get"], [""], ["configmaps"], ["cluster-info"])
    return _readable(name, "kube-public", rule, [("User", ANONYMOUS.name)])


def configuration_roles() -> list[Object]:
    """Whoever joins reads what the cluster is configured with."""
    made: list[Object] = []
    for name, configuration in zip(
        ("kubeadm:nodes-kubeadm-config", "kubeadm:kubelet-config"), _CONFIGURATIONS, strict=True
    ):
        rule = _rule(["get"], [""], ["configmaps"], [configuration])
        made += _readable(name, "kube-system", rule, [("Group", NODES_GROUP), ("Group", NODE_GROUP)])
    return made


def proxy_roles() -> list[Object]:
    """What kube-proxy may do, and that nodes read its configuration."""
    rule = _rule(["get"], [""], ["configmaps"], ["kube-proxy"])
    account = ("ServiceAccount", "kube-proxy")
    return [
        _binding("ClusterRoleBinding", "kubeadm:node-proxier", "system:node-proxier", [account]),
        *_readable("kube-proxy", "kube-system", rule, [("Group", NODE_GROUP)]),
    ]


def dns_roles() -> list[Object]:
    """What CoreDNS may do."""
    rules = [
        _rule(["list", "watch"], [""], ["endpoints", "services", "pods", "namespaces"]),
        _rule(["list", "watch"], ["discovery.k8s.io"], ["endpointslices"]),
    ]
    return [
        _role("ClusterRole", "system:coredns", rules),
        _binding("ClusterRoleBinding", "system:coredns", "system:coredns", [("ServiceAccount", "coredns")]),
    ]


def _readable(name: str, namespace: str, rule: Object, subjects: Sequence[tuple[str, str]]) -> list[Object]:
    """A role of one rule in a namespace, and who has it."""
    return [
        _role("Role", name, [rule], namespace),
        _binding("RoleBinding", name, name, subjects, namespace),
    ]


def _rule(verbs: list[str], groups: list[str], resources: list[str], names: Sequence[str] = ()) -> Object:
    rule: Object = {"apiGroups": groups, "resources": resources, "verbs": verbs}
    return rule | {"resourceNames": list(names)} if names else rule


def _role(kind: str, name: str, rules: list[Object], namespace: str = "") -> Object:
    return {"apiVersion": _API_VERSION, "kind": kind, "metadata": _metadata(name, namespace), "rules": rules}


def _binding(kind: str, name: str, role: str, subjects: Sequence[tuple[str, str]], namespace: str = "") -> Object:
    return {
        "apiVersion": _API_VERSION,
        "kind": kind,
        "metadata": _metadata(name, namespace),
        "roleRef": {"apiGroup": _GROUP, "kind": "Role" if namespace else "ClusterRole", "name": role},
        "subjects": [_subject(*each) for each in subjects],
    }


def _subject(kind: str, name: str) -> Object:
    if kind == "ServiceAccount":
        return {"kind": kind, "name": name, "namespace": "kube-system"}
    return {"kind": kind, "name": name, "apiGroup": _GROUP}


def _metadata(name: str, namespace: str) -> Object:
    return {"name": name, "namespace": namespace} if namespace else {"name": name}

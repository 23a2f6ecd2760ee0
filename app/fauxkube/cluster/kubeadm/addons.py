"""The add-ons of every cluster of kubeadm: kube-proxy on each node, and CoreDNS as soon as pods have a network."""

from __future__ import annotations

from typing import Any

from fauxkube.cluster.kubeadm.configuration import DNS_DOMAIN, IMAGES, InitConfiguration, config_map, to_yaml
from fauxkube.kinds.core.node import ROLE_LABEL
from fauxkube.machinery.objects import Object

_DNS_VERSION = "v1.13.1"
_DNS_LABELS = {"k8s-app": "kube-dns"}
_PROXY_LABELS = {"k8s-app": "kube-proxy"}
_LINUX = {"kubernetes.io/os": "linux"}
_CRITICAL = {"key": "CriticalAddonsOnly", "operator": "Exists"}


def kube_proxy(configuration: InitConfiguration, url: str) -> list[Object]:
    """kube-proxy's account, configuration and daemon set."""
    return [
        _account("kube-proxy"),
        _proxy_config(configuration, url),
        _workload("DaemonSet", "kube-proxy", _PROXY_LABELS, _proxy_pod(configuration)),
    ]


def core_dns(configuration: InitConfiguration) -> list[Object]:
    """CoreDNS' account, configuration, service and deployment."""
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    return [
        _account("coredns"),
        config_map("coredns", Corefile=_corefile()),
        _dns_service(configuration),
        _workload("Deployment", "coredns", _DNS_LABELS, _dns_pod(), replicas=2, strategy=rolling),
    ]


def _account(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "kube-system"}}


def _workload(kind: str, name: str, labels: dict[str, str], spec: Object, **more: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "kube-system", "labels": labels},
        "spec": {
            **more,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def _proxy_config(configuration: InitConfiguration, url: str) -> Object:
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    user = {"name": "default", "user": {"tokenFile": f"{folder}/token"}}
    context = {"cluster": "default", "namespace": "default", "user": "default"}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "default", "cluster": {"certificate-authority": f"{folder}/ca.crt", "server": url}}],
        "contexts": [{"name": "default", "context": context}],
        "current-context": "default",
        "users": [user],
    }
    proxy = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "bindAddress": "0.0.0.0",
        "clientConnection": {"kubeconfig": "/var/lib/kube-proxy/kubeconfig.conf"},
        "clusterCIDR": configuration.pod_subnet,
        "kind": "KubeProxyConfiguration",
        "mode": "",
    }
    made = config_map("kube-proxy", **{"config.conf": to_yaml(proxy), "kubeconfig.conf": to_yaml(kubeconfig)})
    made["metadata"]["labels"] = {"app": "kube-proxy"}
    return made


def _proxy_pod(configuration: InitConfiguration) -> Object:
    container = {
        "name": "kube-proxy",
        "image": f"{IMAGES}/kube-proxy:{configuration.version}",
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "/usr/local/bin/kube-proxy",
            "--config=/var/lib/kube-proxy/config.conf",
            "--hostname-override=$(NODE_NAME)",
        ],
        "env": [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        "securityContext": {"privileged": True},
        "volumeMounts": [
            {"name": "kube-proxy", "mountPath": "/var/lib/kube-proxy"},
            {"name": "xtables-lock", "mountPath": "/run/xtables.lock"},
            {"name": "lib-modules", "mountPath": "/lib/modules", "readOnly": True},
        ],
    }
    return {
        "priorityClassName": "system-node-critical",
        "hostNetwork": True,
        "serviceAccountName": "kube-proxy",
        "nodeSelector": _LINUX,
        "tolerations": [{"operator": "Exists"}],
        "containers": [container],
        "volumes": [
            {"name": "kube-proxy", "configMap": {"name": "kube-proxy"}},
            {"name": "xtables-lock", "hostPath": {"path": "/run/xtables.lock", "type": "FileOrCreate"}},
            {"name": "lib-modules", "hostPath": {"path": "/lib/modules"}},
        ],
    }


def _corefile() -> str:
    """Names of the cluster from the API, all others from the node's own servers."""
    plugins = [
        ("errors",),
        ("health", "lameduck 5s"),
        ("ready",),
        (
            f"kubernetes {DNS_DOMAIN} in-addr.arpa ip6.arpa",
            "pods insecure",
            "fallthrough in-addr.arpa ip6.arpa",
            "ttl 30",
        ),
        ("prometheus :9153",),
        ("forward . /etc/resolv.conf", "max_concurrent 1000"),
        ("cache 30", f"disable success {DNS_DOMAIN}", f"disable denial {DNS_DOMAIN}"),
        ("loop",),
        ("reload",),
        ("loadbalance",),
    ]
    lines = [".:53 {"]
    for plugin, *settings in plugins:
        lines.append(f"    {plugin}" + (" {" if settings else ""))
        lines += [f"       {each}" for each in settings]
        lines += ["    }"] if settings else []
    return "\n".join([*lines, "}", ""])


def _dns_service(configuration: InitConfiguration) -> Object:
    ports = (("dns", 53, "UDP"), ("dns-tcp", 53, "TCP"), ("metrics", 9153, "TCP"))
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": {
                **_DNS_LABELS,
                "kubernetes.io/cluster-service": "true",
                "kubernetes.io/name": "CoreDNS",
            },
            "annotations": {"prometheus.io/port": "9153", "prometheus.io/scrape": "true"},
        },
        "spec": {
            "clusterIP": configuration.dns_address,
            "selector": _DNS_LABELS,
            "ports": [
                {"name": name, "port": port, "protocol": protocol, "targetPort": port} for name, port, protocol in ports
            ],
        },
    }


def _dns_pod() -> Object:
    term = {
        "labelSelector": {"matchExpressions": [{"key": "k8s-app", "operator": "In", "values": ["kube-dns"]}]},
        "topologyKey": "kubernetes.io/hostname",
    }
    apart = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}
    return {
        "priorityClassName": "system-cluster-critical",
        "serviceAccountName": "coredns",
        "affinity": {"podAntiAffinity": apart},
        "nodeSelector": _LINUX,
        "tolerations": [_CRITICAL, {"key": f"{ROLE_LABEL}control-plane", "effect": "NoSchedule"}],
        "dnsPolicy": "Default",
        "containers": [_dns_container()],
        "volumes": [
            {
                "name": "config-volume",
                "configMap": {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]},
            }
        ],
    }


def _dns_container() -> Object:
    ports = (
        ("dns", 53, "UDP"),
        ("dns-tcp", 53, "TCP"),
        ("metrics", 9153, "TCP"),
        ("liveness-probe", 8080, "TCP"),
        ("readiness-probe", 8181, "TCP"),
    )
    return {
        "name": "coredns",
        "image": f"{IMAGES}/coredns/coredns:{_DNS_VERSION}",
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {"limits": {"memory": "170Mi"}, "requests": {"cpu": "100m", "memory": "70Mi"}},
        "ports": [{"name": name, "containerPort": port, "protocol": protocol} for name, port, protocol in ports],
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": "liveness-probe"},
            "initialDelaySeconds": 60,
            "timeoutSeconds": 5,
            "failureThreshold": 5,
        },
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "readiness-probe"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True}],
    }

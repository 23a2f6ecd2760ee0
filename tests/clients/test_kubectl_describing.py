"""`kubectl describe`, line by line: what changes from run to run is set to one value first."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.kubectl import Kubectl
from support.waiting import until

#: What differs from run to run, and what the tests show of it.
VARYING = (
    (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"containerd://[0-9a-f]{64}", "CONTAINER"),
    (r"sha256:[0-9a-f]{64}", "DIGEST"),
    (r"kube-api-access-\w{5}", "kube-api-access-x"),
    (r"Image size: \d+ bytes", "Image size: N bytes"),
    (r"\b10\.(244|96|100)\.\d+\.\d+\b", "ADDRESS"),
    (r"node-\d/172\.18\.0\.\d", "NODE"),
    (r"to node-\d", "to NODE"),
    (r" NodeName:   node-\d", " NodeName:   NODE"),
    (r"\b(\d+m)?\d+s( \(x\d+ over \d+s\))?  +", "AGE  "),
    (r"(shop-)[0-9a-f]{8,10}(-\w{5})?", r"\1X"),
    (r"pod-template-hash=[0-9a-f]+", "pod-template-hash=X"),
    (r"test-\d+", "NAMESPACE"),
    (r"(busybox|nginx):1\.\d\d", r"\1:TAG"),
    (r" +$", ""),
)
#: What 1.32 prints in another way than 1.36, as 1.36 prints it.
OLD = (
    (r"    ConfigMapOptional:       <nil>", "    Optional:                false"),
    (r"(?m)^(Mountable secrets|Tokens):.*\n", ""),
    (r"(?m)^  Kube-Proxy Version:.*\n", ""),
    (r"(?m)^(    (?:Host )?Port: +\d+/TCP)$", r"\1 (http)"),
)


def plain(cli: Kubectl, *args: str) -> list[str]:
    """The description's lines, the same in every run and by every kubectl; events without their containers."""
    text = cli("describe", *args).out
    for pattern, replacement in (*VARYING, *(OLD if cli.minor < 36 else ())):
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    text = re.sub(r"spec\.(?:initC|c)ontainers\{\w+\}: ", "", text)
    return [line.rstrip() for line in text.rstrip().splitlines()]


def expected(name: str) -> list[str]:
    return (Path(__file__).parent / "described" / f"{name}.txt").read_text().rstrip().splitlines()


#: Each kubectl's pod has images of its own, which no node has pulled before.
FULL = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "full", "labels": {"app": "full"}, "annotations": {"note": "x"}},
    "spec": {
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "initContainers": [{"name": "prepare", "image": "busybox:TAG", "command": ["sh", "-c", "true"]}],
        "containers": [
            {
                "name": "web",
                "image": "nginx:TAG",
                "ports": [{"containerPort": 80, "name": "http"}],
                "env": [
                    {"name": "A", "value": "1"},
                    {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}},
                    {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                ],
                "envFrom": [{"secretRef": {"name": "password", "optional": True}}],
                "resources": {
                    "requests": {"cpu": "100m", "memory": "64Mi"},
                    "limits": {"cpu": "200m", "memory": "128Mi"},
                },
                "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}, "periodSeconds": 5},
                "readinessProbe": {"tcpSocket": {"port": 80}},
                "volumeMounts": [
                    {"name": "settings", "mountPath": "/etc/settings", "readOnly": True},
                    {"name": "scratch", "mountPath": "/tmp"},
                ],
            }
        ],
        "volumes": [{"name": "settings", "configMap": {"name": "settings"}}, {"name": "scratch", "emptyDir": {}}],
    },
}


def test_a_pod_is_described(cli: Kubectl) -> None:
    cli("create", "configmap", "settings", "--from-literal=color=red")
    cli("create", "-f", "-", stdin=json.dumps(FULL).replace(":TAG", f":1.{cli.minor}"))
    cli("wait", "--for=condition=Ready", "pod/full", "--timeout=10s")
    until(lambda: "Container started" in cli("describe", "pod", "full").out.splitlines()[-1])
    assert plain(cli, "pod", "full") == expected("pod")


def test_a_deployment_and_what_it_makes_are_described(cli: Kubectl) -> None:
    cli("create", "deployment", "shop", "--image=nginx", "--replicas=2")
    cli("rollout", "status", "deployment/shop", "--timeout=10s")
    cli("expose", "deployment", "shop", "--port=80")
    assert plain(cli, "deployment", "shop") == expected("deployment")
    assert plain(cli, "replicaset") == expected("replicaset")
    until(lambda: cli("describe", "service", "shop").out.count(":80") == 2)
    assert plain(cli, "service", "shop") == expected("service")
    assert plain(cli, "endpoints", "shop") == expected("endpoints")


@pytest.mark.parametrize(
    ("make", "target"),
    [
        (("configmap", "settings", "--from-literal=color=red"), "configmap/settings"),
        (("secret", "generic", "password", "--from-literal=word=swordfish"), "secret/password"),
        (("serviceaccount", "robot"), "serviceaccount/robot"),
        (("service", "externalname", "elsewhere", "--external-name=example.com"), "service/elsewhere"),
    ],
    ids=lambda each: each.partition("/")[0] if isinstance(each, str) else "",
)
def test_plain_objects_are_described(cli: Kubectl, make: tuple[str, ...], target: str) -> None:
    cli("create", *make)
    assert plain(cli, target) == expected(target.replace("/", "-"))


def test_the_kubernetes_service_and_its_slice_are_described(shared_kubectl: Kubectl) -> None:
    assert plain(shared_kubectl, "service", "kubernetes") == expected("service-kubernetes")
    assert plain(shared_kubectl, "endpointslice", "kubernetes") == expected("endpointslice-kubernetes")


def test_a_namespace_is_described(cli: Kubectl) -> None:
    assert plain(cli, "namespace", cli.namespace) == expected("namespace")


def test_a_node_is_described(shared_kubectl: Kubectl) -> None:
    until(lambda: "NodeReady" in shared_kubectl("describe", "node", "node-2").out)
    described = plain(shared_kubectl, "node", "node-2")
    described = [re.sub(r"(Machine ID|System UUID|Boot ID): +\S+", r"\1: ID", line) for line in described]
    start = next(index for index, line in enumerate(described) if line.startswith("Non-terminated Pods"))
    events = described.index("Events:")
    assert described[:start] == expected("node")
    assert "  cpu " in "".join(described[start:events])
    assert {line.split()[1] for line in described[events + 3 :]} == {
        *("RegisteredNode", "Starting", "NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"),
        *("NodeAllocatableEnforced", "NodeReady"),
    }

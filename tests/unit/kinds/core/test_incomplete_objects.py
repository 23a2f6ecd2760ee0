"""Objects with any of their fields left out are judged and printed, and never break the server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.kinds.core import node, pod, pod_binding, service
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object, copy_of
from fauxkube.machinery.status import StatusError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROBE = {"httpGet": {"port": 80, "httpHeaders": [{"name": "a", "value": "b"}]}, "grpc": {"port": 1}}
CONTAINER = {
    "name": "c",
    "image": "nginx",
    "restartPolicy": "Always",
    "ports": [{"name": "http", "containerPort": 80, "hostPort": 80, "hostIP": "10.0.0.1"}],
    "env": [
        {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "B", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}, "fileKeyRef": {"key": "k"}}},
    ],
    "envFrom": [{"prefix": "P", "secretRef": {"name": "s"}, "configMapRef": {"name": "c"}}],
    "resources": {"limits": {"cpu": "1", "hugepages-2Mi": "2Mi"}, "requests": {"cpu": "1"}, "claims": [{"name": "r"}]},
    "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
    "livenessProbe": PROBE,
    "readinessProbe": PROBE,
    "lifecycle": {"postStart": PROBE, "preStop": {"sleep": {"seconds": 1}}},
    "volumeMounts": [{"name": "v0", "mountPath": "/v", "subPath": "a", "recursiveReadOnly": "Enabled"}],
    "volumeDevices": [{"name": "v1", "devicePath": "/d"}],
    "securityContext": {"capabilities": {"add": ["CAP_SYS_ADMIN"]}, "seccompProfile": {"type": "Localhost"}},
}
KEYS = {"items": [{"key": "k", "path": "p", "mode": 1}]}
UID = {"fieldRef": {"fieldPath": "metadata.uid"}, "resourceFieldRef": {"resource": "limits.cpu"}}
DOWNWARD = {"items": [{"path": "p", **UID}]}
SOURCES: list[Object] = [
    {"emptyDir": {"sizeLimit": "1"}},
    {"persistentVolumeClaim": {"claimName": "c"}},
    {"secret": {"secretName": "s", **KEYS}},
    {"downwardAPI": DOWNWARD},
    {"projected": {"sources": [{"configMap": KEYS}, {"downwardAPI": DOWNWARD}, {"secret": KEYS}]}},
    {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"clusterTrustBundle": {"path": "p"}}]}},
    {"ephemeral": {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "1"}}}}}},
    {"image": {"reference": "a"}},
    {"csi": {"driver": "d"}},
]
TERM = {"topologyKey": "z", "labelSelector": {"matchLabels": {"a": "b"}}, "namespaces": ["n"], "matchLabelKeys": ["a"]}
NODE_TERM = {
    "matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}],
    "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}],
}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
CONDITIONS = [{"type": "Ready", "status": "True", "reason": "r", "lastTransitionTime": "2026-01-01T00:00:00Z"}]
STATE = {
    "name": "c",
    "ready": True,
    "restartCount": 1,
    "state": {"waiting": {"reason": "r"}, "running": {}, "terminated": {"exitCode": 1, "reason": "r"}},
    "lastState": {"terminated": {"finishedAt": "2026-01-01T00:00:00Z"}},
}
POD = {
    "metadata": {"name": "web", "labels": {"a": "b"}, "deletionTimestamp": "2026-01-01T00:00:00Z"},
    "spec": {
        "containers": [CONTAINER],
        "initContainers": [{**CONTAINER, "name": "i"}],
        "ephemeralContainers": [{**CONTAINER, "name": "e", "targetContainerName": "c"}],
        "volumes": [{"name": f"v{index}", **source} for index, source in enumerate(SOURCES)],
        "tolerations": [{"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": 1}],
        "affinity": {
            "nodeAffinity": {
                REQUIRED: {"nodeSelectorTerms": [NODE_TERM]},
                PREFERRED: [{"weight": 1, "preference": NODE_TERM}],
            },
            "podAffinity": {REQUIRED: [TERM], PREFERRED: [{"weight": 1, "podAffinityTerm": TERM}]},
        },
        "topologySpreadConstraints": [{**TERM, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "minDomains": 1}],
        "schedulingGates": [{"name": "g"}],
        "readinessGates": [{"conditionType": "r"}],
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["h"]}],
        "dnsConfig": {"nameservers": ["10.0.0.1"], "searches": ["a"], "options": [{"name": "o"}]},
        "securityContext": {"sysctls": [{"name": "net.a", "value": "1"}], "supplementalGroups": [1]},
        "resourceClaims": [{"name": "r", "resourceClaimName": "x"}],
        "resources": {"limits": {"cpu": "2"}},
        "imagePullSecrets": [{"name": "s"}],
        "os": {"name": "linux"},
        "hostNetwork": True,
        "overhead": {"cpu": "1m"},
    },
    "status": {
        "conditions": CONDITIONS,
        "containerStatuses": [STATE],
        "initContainerStatuses": [STATE],
        "podIPs": [{"ip": "10.0.0.1"}],
        "hostIPs": [{"ip": "10.0.0.1"}],
    },
}
SERVICE = {
    "metadata": {"name": "web"},
    "spec": {
        "type": "LoadBalancer",
        "ports": [{"name": "a", "port": 80, "targetPort": "http", "nodePort": 30000, "protocol": "TCP"}, {"port": 81}],
        "selector": {"a": "b"},
        "clusterIP": "10.96.0.1",
        "clusterIPs": ["10.96.0.1", "fd00::1"],
        "ipFamilies": ["IPv4", "IPv6"],
        "ipFamilyPolicy": "RequireDualStack",
        "externalIPs": ["198.51.100.1"],
        "externalTrafficPolicy": "Local",
        "healthCheckNodePort": 30001,
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}},
        "loadBalancerSourceRanges": ["10.0.0.0/8"],
    },
    "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1", "ipMode": "VIP"}, {"hostname": "h"}]}},
}
NODE = {
    "metadata": {"name": "node-1"},
    "spec": {
        "podCIDR": "10.244.0.0/24",
        "podCIDRs": ["10.244.0.0/24"],
        "taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}],
        "configSource": {"configMap": {"name": "a", "namespace": "b", "kubeletConfigKey": "c"}},
    },
    "status": {
        "capacity": {"cpu": "1"},
        "addresses": [{"type": "InternalIP", "address": "172.18.0.2"}],
        "conditions": CONDITIONS,
        "nodeInfo": {"kubeletVersion": "v1"},
    },
}


def fields(value: Any) -> Iterator[tuple[Object, str]]:
    """Every field anywhere below a value, as (holder, name), but for the metadata."""
    if isinstance(value, list):
        for element in value:
            yield from fields(element)
    elif isinstance(value, dict):
        for name in value.keys() - {"metadata"}:
            yield value, name
            yield from fields(value[name])


def without_some(whole: Object, data: st.DataObject) -> Object:
    """A copy of an object from which a few fields, anywhere, are taken."""
    obj = copy_of(whole)
    for _ in range(data.draw(st.integers(0, 4))):
        if left := sorted(fields(obj), key=lambda field: field[1]):
            holder, name = left[data.draw(st.integers(0, len(left) - 1))]
            del holder[name]
    obj.setdefault("spec", {})
    return obj


@pytest.mark.parametrize(
    ("resource", "whole"), [(pod.RESOURCE, POD), (service.RESOURCE, SERVICE), (node.RESOURCE, NODE)]
)
@given(data=st.data())
def test_an_object_with_fields_left_out_goes_through_the_strategy(
    resource: Resource, whole: Object, data: st.DataObject
) -> None:
    strategy = resource.strategy
    obj, old = without_some(whole, data), without_some(whole, data)
    strategy.default(obj)
    strategy.default(old)
    strategy.validate_status_update(obj, old)
    strategy.prepare_for_update(obj, old)
    strategy.validate_update(obj, old)
    strategy.prepare_for_status_update(obj, old)
    strategy.prepare_for_create(obj)
    strategy.validate(obj)
    strategy.warnings(obj, None)
    assert resource.row is not None
    assert len(resource.row(obj, NOW)) == len(resource.columns)
    assert resource.row(whole, NOW)[0] == whole["metadata"]["name"]


@given(data=st.data())
def test_an_incomplete_pod_is_bound_or_refused(data: st.DataObject) -> None:
    obj = without_some(POD, data)
    try:
        pod_binding.apply_binding(obj, {"target": {"kind": "Node", "name": "n"}}, now=NOW)
    except StatusError:
        return
    assert obj["spec"]["nodeName"] == "n"

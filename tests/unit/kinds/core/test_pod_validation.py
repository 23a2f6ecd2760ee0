"""What is refused in a pod, at which path and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.kinds.core.pod import RESOURCE
from fauxkube.kinds.core.pod_template import default_pod_template, validate_pod_template
from fauxkube.machinery.fields import Path
from fauxkube.machinery.objects import Object

LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
PORT_RANGE = "must be between 1 and 65535, inclusive"


def problems(container: Object | None = None, **spec: Any) -> list[str]:
    """The refusals of a pod with one good container that is changed by `container` and a spec changed by `spec`."""
    given = {"name": "c", "image": "nginx", **(container or {})}
    pod: Object = {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"containers": [{key: value for key, value in given.items() if value is not None}], **spec},
    }
    RESOURCE.strategy.default(pod)
    return [f"{error.field}: {error.message}" for error in RESOURCE.strategy.validate(pod)]


def test_a_plain_pod_is_fine() -> None:
    assert problems() == []


C = "spec.containers[0]"


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"name": None}, f"{C}.name: Required value"),
        ({"name": "Bad_Name"}, f'{C}.name: Invalid value: "Bad_Name": {LABEL_RULE}'),
        ({"image": None}, f"{C}.image: Required value"),
        ({"image": " nginx"}, f'{C}.image: Invalid value: " nginx": must not have leading or trailing whitespace'),
        (
            {"imagePullPolicy": "Sometimes"},
            f'{C}.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
        ),
        (
            {"terminationMessagePolicy": "x"},
            (
                f'{C}.terminationMessagePolicy: Unsupported value: "x": '
                'supported values: "File", "FallbackToLogsOnError"'
            ),
        ),
        ({"ports": [{"containerPort": 70000}]}, f"{C}.ports[0].containerPort: Invalid value: 70000: {PORT_RANGE}"),
        ({"ports": [{"name": "a"}]}, f"{C}.ports[0].containerPort: Required value"),
        (
            {"ports": [{"containerPort": 80, "protocol": "HTTP"}]},
            f'{C}.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
        ),
        (
            {"ports": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]},
            f'{C}.ports[1].name: Duplicate value: "a"',
        ),
        (
            {"ports": [{"containerPort": 80, "hostPort": 90}, {"containerPort": 81, "hostPort": 90}]},
            f'{C}.ports[1].hostPort: Duplicate value: "TCP//90"',
        ),
        ({"env": [{"value": "a"}]}, f"{C}.env[0].name: Required value"),
        (
            {"env": [{"name": "a=b"}]},
            (
                f'{C}.env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of '
                "printable ASCII characters other than '='"
            ),
        ),
        (
            {"env": [{"name": "A", "valueFrom": {}}]},
            (
                f'{C}.env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, '
                "`configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            ),
        ),
        (
            {"env": [{"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
            f'{C}.env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]},
            f"{C}.env[0].valueFrom.secretKeyRef.key: Required value",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nope"}}}]},
            (
                f'{C}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nope": error converting fieldPath: '
                "field label not supported: spec.nope"
            ),
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1Mi"}}}]},
            (
                f'{C}.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor\'s values '
                "1m and 1 are supported with the cpu resource"
            ),
        ),
        (
            {"envFrom": [{}]},
            f'{C}.envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
        ),
        ({"envFrom": [{"secretRef": {}}]}, f"{C}.envFrom[0].secretRef.name: Required value"),
        ({"volumeMounts": [{"name": "x", "mountPath": "/x"}]}, f'{C}.volumeMounts[0].name: Not found: "x"'),
        (
            {"volumeDevices": [{"name": "x", "devicePath": "/x"}]},
            f'{C}.volumeDevices[0].name: Not found: "x"',
        ),
        (
            {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}},
            f'{C}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
        ),
        (
            {"resources": {"limits": {"cpu": "-1"}, "requests": {"cpu": "-1"}}},
            f'{C}.resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        ),
        (
            {"resources": {"requests": {"example.com/gpu": "1"}}},
            f"{C}.resources.limits: Required value: Limit must be set for non overcommitable resources",
        ),
        (
            {"resources": {"limits": {"example.com/gpu": "500m"}}},
            f'{C}.resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer',
        ),
        (
            {"resources": {"requests": {"pods": "1"}}},
            f'{C}.resources.requests[pods]: Invalid value: "pods": must be a standard resource for containers',
        ),
        (
            {"resources": {"limits": {"hugepages-2Mi": "2Mi"}}},
            f"{C}.resources: Forbidden: HugePages require cpu or memory",
        ),
        ({"livenessProbe": {}}, f"{C}.livenessProbe: Required value: must specify a handler type"),
        (
            {"livenessProbe": {"exec": {"command": ["a"]}, "tcpSocket": {"port": 80}}},
            f"{C}.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
        ),
        (
            {"livenessProbe": {"exec": {"command": ["a"]}, "successThreshold": 2}},
            f"{C}.livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ),
        (
            {"readinessProbe": {"httpGet": {"port": 0}}},
            f"{C}.readinessProbe.httpGet.port: Invalid value: 0: {PORT_RANGE}",
        ),
        (
            {"readinessProbe": {"httpGet": {"port": 80, "scheme": "ftp"}}},
            f'{C}.readinessProbe.httpGet.scheme: Unsupported value: "ftp": supported values: "HTTP", "HTTPS"',
        ),
        (
            {"startupProbe": {"exec": {"command": ["a"]}, "periodSeconds": -1}},
            f"{C}.startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
        ),
        ({"lifecycle": {"preStop": {"exec": {}}}}, f"{C}.lifecycle.preStop.exec.command: Required value"),
        (
            {"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}},
            (
                f"{C}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than "
                "terminationGracePeriodSeconds (30)"
            ),
        ),
        (
            {"securityContext": {"runAsUser": -1}},
            f"{C}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            (
                f"{C}.securityContext.seccompProfile.localhostProfile: Required value: "
                "must be set when seccomp type is Localhost"
            ),
        ),
        (
            {"resizePolicy": [{"resourceName": "gpu", "restartPolicy": "NotRequired"}]},
            f'{C}.resizePolicy: Unsupported value: "gpu": supported values: "cpu", "memory"',
        ),
    ],
)
def test_a_container_is_refused(container: Object, expected: str) -> None:
    assert expected in problems(container)


def test_privileged_and_no_escalation_contradict_each_other() -> None:
    (problem,) = problems({"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}})
    assert problem.endswith("cannot set `allowPrivilegeEscalation` to false and `privileged` to true")


GOOD = {"name": "i", "image": "nginx"}
SPREAD = {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}
NODE_TERMS = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
POD_TERMS = "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution"


def node_affinity(*expressions: Object) -> Object:
    terms = [{"matchExpressions": list(expressions)}] if expressions else []
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": []}, "spec.containers: Required value"),
        (
            {"containers": [{"name": "c", "image": "a"}, {"name": "c", "image": "b"}]},
            'spec.containers[1].name: Duplicate value: "c"',
        ),
        ({"initContainers": [{"name": "c", "image": "a"}]}, 'spec.initContainers[0].name: Duplicate value: "c"'),
        (
            {"initContainers": [{**GOOD, "livenessProbe": {"exec": {"command": ["a"]}}}]},
            (
                "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without "
                "restartPolicy=Always"
            ),
        ),
        (
            {"initContainers": [{**GOOD, "restartPolicy": "Sometimes"}]},
            (
                'spec.initContainers[0].restartPolicy: Unsupported value: "Sometimes": '
                'supported values: "Always", "OnFailure", "Never"'
            ),
        ),
        ({"ephemeralContainers": [GOOD]}, "spec.ephemeralContainers: Forbidden: cannot be set on create"),
        (
            {"restartPolicy": "Maybe"},
            'spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"',
        ),
        (
            {"dnsPolicy": "x"},
            (
                'spec.dnsPolicy: Unsupported value: "x": supported values: "ClusterFirstWithHostNet", "ClusterFirst", '
                '"Default", "None"'
            ),
        ),
        ({"dnsPolicy": "None"}, "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
        (
            {"dnsConfig": {"nameservers": ["x"]}},
            (
                'spec.dnsConfig.nameservers[0]: Invalid value: "x": must be a valid IP address, '
                "(e.g. 10.9.8.7 or 2001:db8::ffff)"
            ),
        ),
        (
            {"activeDeadlineSeconds": 0},
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ),
        ({"hostname": "A"}, f'spec.hostname: Invalid value: "A": {LABEL_RULE}'),
        (
            {"volumes": [{"name": "v"}, {"name": "v"}]},
            'spec.volumes[1].name: Duplicate value: "v"',
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]},
            "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
        ),
        ({"volumes": [{"name": "v", "secret": {}}]}, "spec.volumes[0].secret.secretName: Required value"),
        (
            {"volumes": [{"name": "v", "persistentVolumeClaim": {}}]},
            "spec.volumes[0].persistentVolumeClaim.claimName: Required value",
        ),
        (
            {"volumes": [{"name": "v", "configMap": {"name": "c", "items": [{"key": "k", "path": "../x"}]}}]},
            "spec.volumes[0].configMap.items[0].path: Invalid value: \"../x\": must not contain '..'",
        ),
        (
            {"volumes": [{"name": "v", "hostPath": {"path": "/", "type": "Disk"}}]},
            (
                'spec.volumes[0].hostPath.type: Unsupported value: "Disk": supported values: "", "BlockDevice", '
                '"CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"'
            ),
        ),
        (
            {"volumes": [{"name": "v", "configMap": {"name": "c", "defaultMode": 0o1000}}]},
            (
                "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 "
                "(octal), both inclusive"
            ),
        ),
        (
            {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]},
            (
                "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: "
                "must not be specified when serviceAccountName is not set"
            ),
        ),
        (
            {"tolerations": [{"operator": "Equal", "value": "x"}]},
            (
                'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, '
                'which means "match all values and all keys"'
            ),
        ),
        (
            {"tolerations": [{"key": "k", "operator": "Exists", "value": "v"}]},
            "spec.tolerations[0].operator: Invalid value: \"v\": value must be empty when `operator` is 'Exists'",
        ),
        (
            {"tolerations": [{"key": "k", "effect": "Never"}]},
            (
                'spec.tolerations[0].effect: Unsupported value: "Never": '
                'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'
            ),
        ),
        (
            {"tolerations": [{"key": "k", "effect": "NoSchedule", "tolerationSeconds": 1}]},
            (
                "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when "
                "`tolerationSeconds` is set"
            ),
        ),
        ({"affinity": node_affinity()}, f"{NODE_TERMS}: Required value: must have at least one node selector term"),
        (
            {"affinity": node_affinity({"key": "k", "operator": "In"})},
            (
                f"{NODE_TERMS}[0].matchExpressions[0].values: Required value: must be specified when `operator` is "
                "'In' or 'NotIn'"
            ),
        ),
        (
            {"affinity": node_affinity({"key": "k", "operator": "Near"})},
            f'{NODE_TERMS}[0].matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
        ),
        (
            {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector": {}}]}}},
            f"{POD_TERMS}[0].topologyKey: Required value: can not be empty",
        ),
        (
            {"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}]},
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
        ),
        (
            {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "x"}]},
            (
                'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "x": '
                'supported values: "DoNotSchedule", "ScheduleAnyway"'
            ),
        ),
        (
            {
                "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}]
                * 2
            },
            (
                "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: "
                'Duplicate value: "{z, DoNotSchedule}"'
            ),
        ),
        (
            {"schedulingGates": [{"name": "a"}, {"name": "a"}]},
            'spec.schedulingGates[1]: Duplicate value: "a"',
        ),
        (
            {"schedulingGates": [{"name": "a"}], "nodeName": "n"},
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
        ),
        (
            {"hostNetwork": True, "containers": [{**GOOD, "ports": [{"containerPort": 1, "hostPort": 2}]}]},
            (
                "spec.containers[0].ports[0].hostPort: Invalid value: 2: must match `containerPort` when `hostNetwork` "
                "is true"
            ),
        ),
        (
            {"securityContext": {"sysctls": [{"name": "Bad!"}]}},
            (
                'spec.securityContext.sysctls[0].name: Invalid value: "Bad!": must have at most 253 characters and '
                r"match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
            ),
        ),
        (
            {"hostUsers": False, "hostPID": True},
            "spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false",
        ),
        (
            {"preemptionPolicy": "x"},
            'spec.preemptionPolicy: Unsupported value: "x": supported values: "PreemptLowerPriority", "Never"',
        ),
        ({"os": {"name": "plan9"}}, 'spec.os: Unsupported value: "plan9": supported values: "linux", "windows"'),
        (
            {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}},
            'spec.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
        ),
        (
            {"hostAliases": [{"ip": "x"}]},
            'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        ),
    ],
)
def test_a_spec_is_refused(spec: Object, expected: str) -> None:
    assert expected in problems(**spec)


MOUNTED = {"volumes": [{"name": "v"}, {"name": "w"}]}


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        (
            [{"name": "v", "mountPath": "/a"}, {"name": "w", "mountPath": "/a"}],
            f'{C}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
        ),
        ([{"name": "v"}], f"{C}.volumeMounts[0].mountPath: Required value"),
        (
            [{"name": "v", "mountPath": "/a", "subPath": "/b"}],
            f'{C}.volumeMounts.subPath: Invalid value: "/b": must be a relative path',
        ),
        (
            [{"name": "v", "mountPath": "/a", "mountPropagation": "Bidirectional"}],
            (
                f"{C}.volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to "
                "privileged containers"
            ),
        ),
        (
            [{"name": "v", "mountPath": "/a", "recursiveReadOnly": "Enabled"}],
            f"{C}.volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true",
        ),
    ],
)
def test_a_mount_is_refused(mounts: list[Object], expected: str) -> None:
    assert problems({"volumeMounts": mounts}, **MOUNTED) == [expected]


def test_a_volume_that_is_refused_cannot_be_mounted() -> None:
    found = problems({"volumeMounts": [{"name": "v", "mountPath": "/a"}]}, volumes=[{"name": "v", "secret": {}}])
    assert found == ["spec.volumes[0].secret.secretName: Required value", f'{C}.volumeMounts[0].name: Not found: "v"']


def test_everything_that_common_manifests_use_is_accepted() -> None:
    container = {
        "ports": [{"name": "http", "containerPort": 80}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}],
        "env": [
            {"name": "A", "value": "1"},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "L", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "M", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
        ],
        "envFrom": [{"configMapRef": {"name": "c"}, "prefix": "P_"}],
        "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi", "example.com/gpu": 1}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
        "readinessProbe": {"tcpSocket": {"port": 80}},
        "volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": "a/b"}],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "volumes": [
            {"name": "data", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "api", "projected": {"sources": [{"configMap": {"name": "a"}}, {"secret": {"name": "b"}}]}},
        ],
        "initContainers": [{**GOOD, "restartPolicy": "Always", "readinessProbe": {"exec": {"command": ["a"]}}}],
        "tolerations": [{"operator": "Exists"}, {"key": "a/b", "effect": "NoExecute", "tolerationSeconds": 3}],
        "affinity": node_affinity({"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}),
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": {"fsGroup": 1, "seccompProfile": {"type": "RuntimeDefault"}},
        "priorityClassName": "system-cluster-critical",
        "overhead": {"cpu": "10m"},
    }
    assert problems(container, **spec) == []


def test_a_template_s_errors_are_reported_below_its_path() -> None:
    template: Object = {"metadata": {"labels": {"app": "-"}}, "spec": {"containers": [{"name": "c"}]}}
    default_pod_template(template)
    fields = [error.field for error in validate_pod_template(template, Path("spec").child("template"))]
    assert fields == ["spec.template.labels", "spec.template.spec.containers[0].image"]


@pytest.mark.parametrize(
    ("cost", "valid"), [("0", True), ("-10", True), ("+1", False), ("01", False), ("9999999999", False), ("x", False)]
)
def test_the_deletion_cost_is_a_plain_number(cost: str, valid: bool) -> None:
    key = "controller.kubernetes.io/pod-deletion-cost"
    pod: Object = {"metadata": {"name": "web", "annotations": {key: cost}}, "spec": {"containers": [GOOD]}}
    RESOURCE.strategy.default(pod)
    expected = [] if valid else [f'Invalid value: "{cost}": must be a 32bit integer']
    assert [error.message for error in RESOURCE.strategy.validate(pod)] == expected


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        (
            {"containers": [{**GOOD, "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}]},
            'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
        ),
        (
            {"containers": [{**GOOD, "ports": [{"containerPort": 80, "protocol": "TCP"}] * 2}]},
            "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
        ),
        (
            {"nodeSelector": {"beta.kubernetes.io/os": "linux"}},
            'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        ),
        (
            {"containers": [{**GOOD, "resources": {"requests": {"memory": "100m"}}}]},
            (
                'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, '
                "must be an integer"
            ),
        ),
    ],
)
def test_odd_but_legal_things_are_warned_of(spec: Object, warning: str) -> None:
    assert RESOURCE.strategy.warnings({"metadata": {"name": "web"}, "spec": spec}, None) == [warning]


def test_a_name_that_is_no_label_is_warned_of_on_create_only() -> None:
    pod: Object = {"metadata": {"name": "a.b"}, "spec": {}}
    (warning,) = RESOURCE.strategy.warnings(pod, None)
    assert warning.endswith("a DNS label is recommended: [must not contain dots]")
    assert RESOURCE.strategy.warnings(pod, pod) == []

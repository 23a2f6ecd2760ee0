"""What real kubectl says of what the API refuses: fields, values, kinds and subresources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.kubectl import Kubectl

BAD = 'Error from server (BadRequest): error when creating "STDIN":'
POD_BAD = f'{BAD} Pod in version "v1" cannot be handled as a Pod:'
NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def pod(*containers: Any, name: str = "web", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": containers} | spec}


def container(**fields: Any) -> dict[str, Any]:
    return {"name": "web", "image": "nginx"} | fields


def service(*ports: Any, name: str = "web", **spec: Any) -> dict[str, Any]:
    spec = {"selector": {"app": "web"}, "ports": ports} | spec
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def deployment(labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container()]}}
    spec = {"template": template} | spec
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


UNDECODABLE = [
    (
        pod(container(ports=[{"containerPort": 80, "bar": 1}], foo=1), baz=1),
        (
            'strict decoding error: unknown field "spec.baz", unknown field "spec.containers[0].foo", unknown field '
            '"spec.containers[0].ports[0].bar"'
        ),
    ),
    (
        pod(container(), hostNetwork="true"),
        "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool",
    ),
    (
        pod(container(ports=[{"containerPort": "80"}])),
        (
            "json: cannot unmarshal string into Go struct field "
            "ContainerPort.spec.containers.ports.containerPort of type "
            "int32"
        ),
    ),
    (
        pod(container(env=[{"name": "A", "value": 1}])),
        "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
    ),
    (
        pod(container(resources={"requests": {"cpu": "much"}})),
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ),
]


@pytest.mark.parametrize(("obj", "said"), UNDECODABLE)
def test_what_cannot_be_decoded_is_refused(shared_kubectl: Kubectl, obj: Any, said: str) -> None:
    assert shared_kubectl.refused("apply", "-f", "-", stdin=json.dumps(obj)) == f"{POD_BAD} {said}"


INVALID = [
    (pod(container(image="")), 'The Pod "web" is invalid: spec.containers[0].image: Required value'),
    (pod(), 'The Pod "web" is invalid: spec.containers: Required value'),
    (
        pod(container(), container()),
        'The Pod "web" is invalid: spec.containers[1].name: Duplicate value: "web"',
    ),
    (
        pod(container(imagePullPolicy="Odd", ports=[{"containerPort": 80000}]), restartPolicy="Odd"),
        (
            'The Pod "web" is invalid: \n'
            "* spec.containers[0].ports[0].containerPort: Invalid value: 80000: must be between 1 and 65535, "
            "inclusive\n"
            '* spec.containers[0].imagePullPolicy: Unsupported value: "Odd": supported values: "Always", '
            '"IfNotPresent", '
            '"Never"\n'
            '* spec.restartPolicy: Unsupported value: "Odd": supported values: "Always", "OnFailure", "Never"'
        ),
    ),
    (
        pod(container(resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}})),
        (
            'The Pod "web" is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less than or '
            "equal to cpu limit of 1"
        ),
    ),
    (
        pod(container(), name="Web"),
        f'The Pod "Web" is invalid: metadata.name: Invalid value: "Web": {NAME_RULE}',
    ),
    (
        service({"port": 0}),
        (
            'The Service "web" is invalid: \n'
            "* spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive\n"
            "* spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive"
        ),
    ),
    (
        service({"port": 80, "name": "a"}, {"port": 80, "name": "b"}),
        (
            'The Service "web" is invalid: spec.ports[1]: Duplicate value: '
            '{"Name":"","Protocol":"TCP","AppProtocol":null,'
            '"Port":80,"TargetPort":0,"NodePort":0}'
        ),
    ),
    (
        service({"port": 80, "nodePort": 30000}),
        (
            'The Service "web" is invalid: spec.ports[0].nodePort: Forbidden: may not be used when `type` is '
            "'ClusterIP'"
        ),
    ),
    (
        service({"port": 80, "nodePort": 99}, type="NodePort"),
        (
            'The Service "web" is invalid: spec.ports[0].nodePort: Invalid value: 99: provided port is not in '
            "the valid "
            "range. The range of valid ports is 30000-32767"
        ),
    ),
    (
        service({"port": 80}, clusterIP="1.2.3.4"),
        (
            'The Service "web" is invalid: spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: '
            "the provided IP (1.2.3.4) is not in the valid range. The range of valid IPs is 10.96.0.0/12"
        ),
    ),
    (
        service({"port": 80}, clusterIP="10.96.0.1"),
        (
            'The Service "web" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP '
            "10.96.0.1: provided IP is already allocated"
        ),
    ),
    (
        deployment({"tier": "front", "app": "shop"}, selector={"matchLabels": {"app": "web"}}),
        (
            'The Deployment "web" is invalid: spec.template.metadata.labels: Invalid value: '
            '{"app":"shop","tier":"front"}: `selector` does not match template `labels`'
        ),
    ),
]


@pytest.mark.parametrize(("obj", "said"), INVALID)
def test_what_is_not_valid_is_refused(shared_kubectl: Kubectl, obj: Any, said: str) -> None:
    assert shared_kubectl.refused("apply", "-f", "-", stdin=json.dumps(obj)) == said


def test_unknown_fields_may_be_warned_of_or_ignored(cli: Kubectl) -> None:
    given = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "odd": 1})
    ran = cli("apply", "-f", "-", "--validate=warn", stdin=given)
    assert (ran.out, ran.err) == ("configmap/a created\n", 'Warning: unknown field "odd"\n')
    assert cli("replace", "--force", "-f", "-", "--validate=ignore", stdin=given).err == ""
    assert "odd" not in cli.json("get", "configmap", "a")


def test_a_field_given_twice_is_refused(cli: Kubectl) -> None:
    given = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"b":"1"},"data":{"c":"2"}}'
    path = f"/api/v1/namespaces/{cli.namespace}/configmaps?fieldValidation=Strict"
    assert cli.refused("create", "--raw", path, "-f", "-", stdin=given) == (
        'Error from server (BadRequest): ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding '
        'error: duplicate field "data"'
    )


def test_a_node_port_is_had_once(cli: Kubectl) -> None:
    first = service({"port": 80, "nodePort": 30500 + cli.minor}, type="NodePort")
    cli("create", "-f", "-", stdin=json.dumps(first))
    second = first | {"metadata": {"name": "other"}}
    assert cli.refused("create", "-f", "-", stdin=json.dumps(second)) == (
        f'The Service "other" is invalid: spec.ports[0].nodePort: Invalid value: {30500 + cli.minor}: provided port is '
        "already allocated"
    )


def test_what_is_fixed_stays_as_it_is(cli: Kubectl) -> None:
    shop = deployment({"app": "web"}, selector={"matchLabels": {"app": "web"}})
    for obj in (service({"port": 80}), pod(container()), shop):
        cli("create", "-f", "-", stdin=json.dumps(obj))
    assert cli.refused("patch", "service", "web", "-p", '{"spec":{"clusterIP":"10.96.3.3"}}') == (
        'The Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.3.3"]: may not change once set'
    )
    assert cli.refused("patch", "pod", "web", "-p", '{"spec":{"hostNetwork":true}}').startswith(
        'The Pod "web" is invalid: spec: Forbidden: pod updates may not change fields other than '
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
        "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it "
        "was previously negative)\n"
    )
    patch = '{"spec":{"selector":{"matchLabels":{"a":"b"}}}}'
    assert cli.refused("patch", "deployment", "web", "-p", patch) == (
        'The Deployment "web" is invalid: \n'
        '* spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`\n'
        '* spec.selector: Invalid value: {"matchLabels":{"a":"b","app":"web"}}: field is immutable'
    )
    cli("create", "-f", "-", stdin='{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"immutable":true}')
    assert cli.refused("patch", "configmap", "a", "-p", '{"data":{"b":"1"}}') == (
        'The ConfigMap "a" is invalid: data: Forbidden: field is immutable when `immutable` is set'
    )


def test_nothing_is_created_where_there_is_no_namespace_or_account(cli: Kubectl) -> None:
    assert cli.within("nowhere").refused("create", "configmap", "a").endswith('namespaces "nowhere" not found')
    said = cli.refused("create", "-f", "-", stdin=json.dumps(pod(container(), serviceAccountName="nobody")))
    assert said.endswith(
        f'pods "web" is forbidden: error looking up service account {cli.namespace}/nobody: serviceaccount "nobody" '
        "not found"
    )


@pytest.fixture(scope="module")
def running(shared_kubectl: Kubectl) -> Kubectl:
    """A namespace with a pod that runs."""
    namespace = f"running-{shared_kubectl.minor}"
    shared_kubectl("create", "namespace", namespace)
    running = shared_kubectl.within(namespace)
    running("run", "web", "--image=nginx", "--port=80")
    running("wait", "--for=condition=Ready", "pod/web", "--timeout=10s")
    return running


LACKING = "the server could not find the requested resource"


@pytest.mark.parametrize(
    "args",
    [
        ("create", "quota", "few", "--hard=cpu=1"),
        ("create", "job", "once", "--image=busybox"),
        ("create", "cronjob", "often", "--image=busybox", "--schedule=* * * * *"),
        ("auth", "can-i", "get", "pods"),
    ],
    ids=lambda args: " ".join(args[:2]),
)
def test_kinds_that_are_not_served_are_refused_as_by_a_cluster_without_them(
    shared_kubectl: Kubectl, args: tuple[str, ...]
) -> None:
    assert LACKING in shared_kubectl.refused(*args)


def test_a_manifest_of_a_kind_that_is_not_served_finds_no_match(shared_kubectl: Kubectl) -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}}
    assert shared_kubectl.refused("apply", "-f", "-", stdin=json.dumps(job)) == (
        'error: resource mapping not found for name: "once" namespace: "" from "STDIN": no matches for kind "Job" '
        'in version "batch/v1"\nensure CRDs are installed first'
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("debug", "web", "--image=busybox"), "fauxkube does not serve pods/ephemeralcontainers"),
        (("create", "token", "default"), "fauxkube does not serve serviceaccounts/token"),
        (("top", "pods"), "error: Metrics API not available"),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_subresources_that_are_not_served_are_refused_by_name(
    running: Kubectl, args: tuple[str, ...], said: str
) -> None:
    assert said in running.refused(*args)

"""What an update may change of a pod and of its status, and what binding does to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.core.pod import RESOURCE
from fauxkube.kinds.core.pod_binding import apply_binding
from fauxkube.kinds.core.spec_diff import spec_diff
from fauxkube.machinery.objects import Object, copy_of
from fauxkube.machinery.status import StatusError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pod(**spec: Any) -> Object:
    containers = [{"name": "c", "image": "nginx:1"}]
    return {"metadata": {"name": "web", "uid": "u", "resourceVersion": "7"}, "spec": {"containers": containers, **spec}}


def problems(new: Object, old: Object) -> list[str]:
    return [f"{error.field}: {error.message}" for error in RESOURCE.strategy.validate_update(new, old)]


GATED = {"schedulingGates": [{"name": "a"}]}


@pytest.mark.parametrize(
    ("new", "old"),
    [
        pytest.param(pod(containers=[{"name": "c", "image": "nginx:2"}]), pod(), id="image"),
        pytest.param(pod(activeDeadlineSeconds=10), pod(), id="deadline set"),
        pytest.param(pod(activeDeadlineSeconds=5), pod(activeDeadlineSeconds=10), id="deadline lowered"),
        pytest.param(
            pod(tolerations=[{"key": "a"}, {"key": "b"}]), pod(tolerations=[{"key": "a"}]), id="more tolerations"
        ),
        pytest.param(
            pod(tolerations=[{"key": "a", "tolerationSeconds": 9}]),
            pod(tolerations=[{"key": "a"}]),
            id="toleration seconds",
        ),
        pytest.param(pod(schedulingGates=[]), pod(**GATED), id="gate removed"),
        pytest.param(
            pod(terminationGracePeriodSeconds=1), pod(terminationGracePeriodSeconds=-1), id="negative grace period to 1"
        ),
        pytest.param(pod(**GATED, nodeSelector={"a": "b"}), pod(**GATED), id="gated pod's node selector"),
    ],
)
def test_these_changes_of_a_spec_are_allowed(new: Object, old: Object) -> None:
    assert problems(new, old) == []


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (pod(containers=[]), pod(), "spec.containers: Forbidden: pod updates may not add or remove containers"),
        (
            pod(activeDeadlineSeconds=11),
            pod(activeDeadlineSeconds=10),
            "spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to previous value",
        ),
        (
            pod(),
            pod(activeDeadlineSeconds=10),
            "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value",
        ),
        (
            pod(tolerations=[]),
            pod(tolerations=[{"key": "a"}]),
            "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
        ),
        (
            pod(schedulingGates=[{"name": "a"}, {"name": "b"}]),
            pod(**GATED),
            "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'b'",
        ),
        (
            pod(**GATED, nodeSelector={"a": "c"}),
            pod(**GATED, nodeSelector={"a": "b"}),
            (
                'spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed '
                "(no mutations or deletions)"
            ),
        ),
    ],
)
def test_these_changes_of_a_spec_are_refused(new: Object, old: Object, expected: str) -> None:
    assert problems(new, old) == [expected]


def test_any_other_change_names_what_may_change_and_shows_the_difference() -> None:
    (problem,) = problems(pod(nodeName="b", restartPolicy="Never"), pod(nodeName="a", restartPolicy="Never"))
    allowed, _, difference = problem.partition("\n")
    assert allowed == (
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
        "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
    )
    assert difference.splitlines() == [
        "  core.PodSpec{",
        "  \t... // 1 identical field",
        '- \tnodeName: "a",',
        '+ \tnodeName: "b",',
        "  \t... // 1 identical field",
        "  }",
    ]


def test_resources_do_not_change_through_an_update() -> None:
    new = pod(containers=[{"name": "c", "image": "nginx:1", "resources": {"limits": {"cpu": "2"}}}])
    (problem,) = problems(new, pod())
    assert '+ \t\t\tresources: {"limits":{"cpu":"2"}},' in problem.splitlines()


def test_a_difference_compares_lists_by_position() -> None:
    assert spec_diff({"l": [1, 2]}, {"l": [1, 3, 4]}, type="T").splitlines() == [
        "  T{",
        "  \tl: {",
        "  \t\t... // 1 identical element",
        "- \t\t2,",
        "+ \t\t3,",
        "+ \t\t4,",
        "  \t},",
        "  }",
    ]


def ended(code: int = 0) -> list[Object]:
    return [{"name": "c", "state": {"terminated": {"exitCode": code}}}]


RUNNING = [{"name": "c", "state": {"running": {}}}]
STATE = "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"


@pytest.mark.parametrize(
    ("policy", "code", "expected"),
    [("Always", 0, []), ("OnFailure", 1, []), ("OnFailure", 0, [STATE]), ("Never", 1, [STATE])],
)
def test_a_container_that_ended_for_good_does_not_run_again(policy: str, code: int, expected: list[str]) -> None:
    old = pod(restartPolicy=policy) | {"status": {"containerStatuses": ended(code)}}
    new = pod(restartPolicy=policy) | {"status": {"containerStatuses": RUNNING}}
    errors = RESOURCE.strategy.validate_status_update(new, old)
    assert [f"{error.field}: {error.message}" for error in errors] == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"qosClass": "Guaranteed"}, 'status.qosClass: Invalid value: "Guaranteed": field is immutable'),
        (
            {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]},
            'status.podIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family',
        ),
        (
            {"podIPs": [{"ip": "x"}]},
            'status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        ),
    ],
)
def test_a_status_is_refused(status: Object, expected: str) -> None:
    old = pod() | {"status": {"qosClass": "BestEffort"}}
    new = pod() | {"status": {"qosClass": "BestEffort", **status}}
    (error,) = RESOURCE.strategy.validate_status_update(new, old)
    assert f"{error.field}: {error.message}" == expected


def test_a_status_write_keeps_the_qos_class_and_the_spec() -> None:
    old = pod(nodeName="a") | {"status": {"qosClass": "Burstable", "observedGeneration": 2}}
    new = pod(nodeName="b") | {"status": {"phase": "Running"}}
    RESOURCE.strategy.prepare_for_status_update(new, old)
    assert new["status"] == {"phase": "Running", "qosClass": "Burstable", "observedGeneration": 2}
    assert new["spec"]["nodeName"] == "a"


@pytest.mark.parametrize(
    "given",
    [
        {"podIP": "10.244.1.2"},
        {"podIPs": [{"ip": "10.244.1.2"}]},
        {"podIP": "10.244.1.2", "podIPs": [{"ip": "10.244.9.9"}]},
    ],
)
def test_the_pod_s_address_stands_under_both_names(given: Object) -> None:
    new = pod() | {"status": given}
    RESOURCE.strategy.prepare_for_status_update(new, pod() | {"status": {}})
    assert new["status"] == {"podIP": "10.244.1.2", "podIPs": [{"ip": "10.244.1.2"}]}


def binding(**metadata: Any) -> Object:
    return {"metadata": metadata, "target": {"kind": "Node", "name": "node-1"}}


def test_binding_sets_the_node_the_condition_and_the_metadata() -> None:
    bound = pod() | {"status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}}
    bound["metadata"] |= {"labels": {"a": "pod"}, "annotations": {"a": "pod"}, "generation": 1}
    apply_binding(bound, binding(labels={"a": "x", "zone": "z"}, annotations={"a": "x"}), now=NOW)
    assert bound["spec"]["nodeName"] == "node-1"
    assert bound["metadata"]["labels"] == {"a": "pod", "zone": "z"}
    assert bound["metadata"]["annotations"] == {"a": "x"}
    assert bound["status"]["conditions"] == [
        {
            "type": "PodScheduled",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "observedGeneration": 1,
        }
    ]


GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("bound", "request_", "code", "message"),
    [
        (
            pod(nodeName="node-2"),
            binding(),
            409,
            'Operation cannot be fulfilled on pods/binding "web": pod web is already assigned to node "node-2"',
        ),
        (
            pod(**GATED),
            binding(),
            409,
            'Operation cannot be fulfilled on pods/binding "web": pod web has non-empty .spec.schedulingGates',
        ),
        (
            pod() | {"metadata": {"name": "web", **GOING}},
            binding(),
            409,
            (
                'Operation cannot be fulfilled on pods/binding "web": pod web is being deleted, '
                "cannot be assigned to a host"
            ),
        ),
        (
            pod(),
            binding(uid="other"),
            409,
            (
                'Operation cannot be fulfilled on pods "web": Precondition failed: UID in precondition: other, '
                "UID in object meta: u"
            ),
        ),
        (pod(), binding(name="db"), 400, "name in URL does not match name in Binding object"),
        (pod(), {"target": {"kind": "Node"}}, 422, 'Binding "web" is invalid: target.name: Required value'),
        (
            pod(),
            {"target": {"kind": "Rack", "name": "r"}},
            422,
            'Binding "web" is invalid: target.kind: Unsupported value: "Rack": supported values: "Node", "<empty>"',
        ),
    ],
)
def test_a_binding_is_refused_and_the_pod_left_alone(bound: Object, request_: Object, code: int, message: str) -> None:
    before = copy_of(bound)
    with pytest.raises(StatusError) as refusal:
        apply_binding(bound, request_, now=NOW)
    assert (refusal.value.code, refusal.value.message) == (code, message)
    assert bound == before

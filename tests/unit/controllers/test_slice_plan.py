"""Which slices a service gets, and how few are touched to get there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.controllers.slice_endpoints import SliceBackend, slice_backend_of
from fauxkube.controllers.slice_plan import SLICE_CAPACITY, Plan, plan_slices
from fauxkube.machinery.objects import Object, copy_of, name_of
from support.services import backend_pod, container_port, in_phase, service, terminating


def backends(svc: Object, pods: list[Object], zone: str = "") -> list[SliceBackend | None]:
    return [slice_backend_of(svc, pod, zone) for pod in pods]


def plan(svc: Object, pods: list[Object], existing: list[Object] | None = None) -> Plan:
    return plan_slices(svc, backends(svc, pods), existing or [])


def applied(existing: list[Object], change: Plan) -> list[Object]:
    """The slices after the plan was carried out, with names for the new ones."""
    slices = {name_of(each): each for each in existing}
    for each in change.delete:
        del slices[name_of(each)]
    for each in change.update:
        slices[name_of(each)] = copy_of(each)
    for each in change.create:
        created = copy_of(each)
        created["metadata"]["name"] = name = f"{created['metadata']['generateName']}{len(slices):05}"
        while name in slices:
            created["metadata"]["name"] = name = f"{name}x"
        slices[name] = created
    return list(slices.values())


def pods(count: int, first: int = 0) -> list[Object]:
    return [backend_pod(f"p{n}", f"10.0.{n // 250}.{n % 250}") for n in range(first, first + count)]


def sizes(slices: list[Object]) -> list[int]:
    return [len(each["endpoints"]) for each in slices]


def test_a_slice_is_named_after_its_service_labelled_and_owned_by_it() -> None:
    svc = service(labels={"team": "a"})
    [created] = plan(svc, pods(1)).create
    assert created["metadata"] == {
        "generateName": "web-",
        "namespace": "default",
        "labels": {
            "team": "a",
            "kubernetes.io/service-name": "web",
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        },
        "ownerReferences": [
            {
                "apiVersion": "v1",
                "kind": "Service",
                "name": "web",
                "uid": "uid-of-web",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    assert created["addressType"] == "IPv4"
    assert created["ports"] == [{"name": "", "port": 80, "protocol": "TCP"}]


def test_a_headless_service_says_so_on_its_slices() -> None:
    [created] = plan(service(clusterIP="None"), []).create
    assert created["metadata"]["labels"]["service.kubernetes.io/headless"] == ""


def test_an_endpoint_tells_its_addresses_conditions_node_zone_and_pod() -> None:
    svc = service()
    pod = backend_pod("a", "10.0.0.1", hostname="first", subdomain="web")
    [created] = plan_slices(svc, backends(svc, [pod], "zone-1"), []).create
    assert created["endpoints"] == [
        {
            "addresses": ["10.0.0.1"],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "hostname": "first",
            "nodeName": "node-1",
            "targetRef": {"kind": "Pod", "namespace": "default", "name": "a", "uid": "uid-of-a"},
            "zone": "zone-1",
        }
    ]


@pytest.mark.parametrize(
    ("pod", "publish_all", "conditions"),
    [
        (backend_pod("a", "10.0.0.1"), False, (True, True, False)),
        (backend_pod("a", "10.0.0.1", ready=False), False, (False, False, False)),
        (terminating(backend_pod("a", "10.0.0.1")), False, (False, True, True)),
        (terminating(backend_pod("a", "10.0.0.1", ready=False)), False, (False, False, True)),
        (backend_pod("a", "10.0.0.1", ready=False), True, (True, False, False)),
        (terminating(backend_pod("a", "10.0.0.1")), True, (True, True, True)),
    ],
)
def test_conditions_follow_the_pod(pod: Object, publish_all: bool, conditions: tuple[bool, bool, bool]) -> None:
    [created] = plan(service(publishNotReadyAddresses=publish_all), [pod]).create
    names = ("ready", "serving", "terminating")
    assert created["endpoints"][0]["conditions"] == dict(zip(names, conditions, strict=True))


@pytest.mark.parametrize("pod", [backend_pod("a"), in_phase(backend_pod("a", "10.0.0.1"), "Failed")])
def test_a_service_without_backends_has_one_empty_slice_without_ports(pod: Object) -> None:
    svc = service()
    first = plan(svc, [pod])
    assert sizes(first.create) == [0]
    assert first.create[0]["ports"] == []
    assert plan(svc, [pod], applied([], first)) == Plan()


def test_each_family_has_slices_of_its_own() -> None:
    pod = backend_pod("a", "10.0.0.1")
    pod["status"]["podIPs"].append({"ip": "fd00::1"})
    created = plan(service(ipFamilies=["IPv4", "IPv6"]), [pod]).create
    assert [(each["addressType"], each["endpoints"][0]["addresses"]) for each in created] == [
        ("IPv4", ["10.0.0.1"]),
        ("IPv6", ["fd00::1"]),
    ]


def test_slices_of_a_family_the_service_lost_go() -> None:
    both, single = service(ipFamilies=["IPv4", "IPv6"]), service()
    existing = applied([], plan(both, pods(1)))
    change = plan(single, pods(1), existing)
    assert [each["addressType"] for each in change.delete] == ["IPv6"]
    assert not change.create
    assert not change.update


def test_pods_with_other_numbers_for_a_named_port_are_in_slices_of_their_own() -> None:
    svc = service(ports=[{"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"}])
    mixed = [
        backend_pod("a", "10.0.0.1", containers=container_port("web", 8080)),
        backend_pod("b", "10.0.0.2", containers=container_port("web", 9090)),
    ]
    created = plan(svc, mixed).create
    assert [(each["ports"][0]["port"], sizes([each])) for each in created] == [(8080, [1]), (9090, [1])]


def test_a_slice_holds_a_hundred_endpoints() -> None:
    assert sizes(plan(service(), pods(250)).create) == [100, 100, 50]


def test_only_the_slice_of_a_changed_pod_is_written() -> None:
    svc, before = service(), pods(250)
    existing = applied([], plan(svc, before))
    after = [*before[:120], backend_pod("p120", "10.0.0.120", ready=False), *before[121:]]
    change = plan(svc, after, existing)
    assert [name_of(each) for each in change.update] == [name_of(existing[1])]
    assert sizes(change.update) == [100]
    assert not change.create
    assert not change.delete


def test_new_pods_fill_slices_that_change_anyway_before_others() -> None:
    svc, before = service(), pods(250)
    existing = applied([], plan(svc, before))
    change = plan(svc, [*before[1:], *pods(1, first=250)], existing)
    assert [name_of(each) for each in change.update] == [name_of(existing[0])]
    assert sizes(change.update) == [100]


def test_new_pods_go_into_the_unchanged_slice_that_they_fill_best() -> None:
    svc = service()
    existing = applied([], plan(svc, pods(250)))
    shrunk = pods(250)[:90] + pods(250)[100:]
    existing = applied(existing, plan(svc, shrunk, existing))
    assert sizes(existing) == [90, 100, 50]
    change = plan(svc, [*shrunk, *pods(5, first=250)], existing)
    assert [(name_of(each), sizes([each])) for each in change.update] == [(name_of(existing[0]), [95])]


def test_a_slice_left_without_endpoints_goes() -> None:
    svc = service()
    existing = applied([], plan(svc, pods(150)))
    change = plan(svc, pods(100), existing)
    assert [name_of(each) for each in change.delete] == [name_of(existing[1])]
    assert not change.update


def test_the_last_slice_becomes_the_empty_one_instead_of_being_replaced() -> None:
    svc = service()
    [existing] = applied([], plan(svc, pods(1)))
    change = plan(svc, [], [existing])
    assert (change.create, change.delete) == ([], [])
    assert [(name_of(each), each["endpoints"]) for each in change.update] == [(name_of(existing), [])]
    assert applied([existing], plan(svc, pods(1), applied([existing], change)))[0]["endpoints"]


def test_changed_ports_are_written_into_the_slice_that_is_there() -> None:
    [existing] = applied([], plan(service(), pods(1)))
    other = service(ports=[{"port": 80, "targetPort": 8080, "protocol": "TCP"}])
    change = plan(other, pods(1), [existing])
    assert [(name_of(each), each["ports"][0]["port"]) for each in change.update] == [(name_of(existing), 8080)]
    assert (change.create, change.delete) == ([], [])


def test_changed_labels_of_the_service_are_carried_over() -> None:
    [existing] = applied([], plan(service(labels={"a": "1"}), pods(1)))
    change = plan(service(labels={"b": "2"}), pods(1), [existing])
    [labels] = [each["metadata"]["labels"] for each in change.update]
    assert "a" not in labels
    assert labels["b"] == "2"


def test_slices_of_an_earlier_service_of_that_name_are_replaced() -> None:
    [existing] = applied([], plan(service(), pods(1)))
    existing["metadata"]["ownerReferences"][0]["uid"] = "uid-of-the-earlier-one"
    change = plan(service(), pods(1), [existing])
    assert sizes(change.create) == [1]
    assert change.delete == [existing]
    assert not change.update


def test_a_terminating_service_gets_no_new_slices() -> None:
    assert plan(terminating(service()), pods(1)).create == []


@given(steps=st.lists(st.dictionaries(st.integers(0, 320), st.booleans(), max_size=320), min_size=1, max_size=4))
def test_after_every_step_the_slices_tell_each_pod_once_and_a_second_plan_is_empty(
    steps: list[dict[int, bool]],
) -> None:
    svc = service()
    slices: list[Object] = []
    for step in steps:
        current = [backend_pod(f"p{n}", f"10.0.{n // 250}.{n % 250}", ready=ready) for n, ready in step.items()]
        slices = applied(slices, plan(svc, current, slices))
        told = [endpoint for each in slices for endpoint in each["endpoints"]]
        assert len(told) == len(step)
        assert {each["targetRef"]["name"]: each["conditions"]["ready"] for each in told} == {
            f"p{n}": ready for n, ready in step.items()
        }
        assert max(sizes(slices)) <= SLICE_CAPACITY
        assert plan(svc, current, slices) == Plan()

"""The admission plugins, each over objects that are there or come a moment later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest

from fauxkube.admission.chain import Chain, Operation, Plugin, Review
from fauxkube.admission.default_ingress_class import DefaultIngressClass
from fauxkube.admission.namespace_lifecycle import NamespaceLifecycle
from fauxkube.admission.node_taints import TaintNodesByCondition
from fauxkube.admission.pods import DefaultTolerationSeconds
from fauxkube.admission.priority import Priority
from fauxkube.admission.service_account import ServiceAccount
from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.kinds.gvrs import (
    CONFIG_MAPS,
    INGRESS_CLASSES,
    INGRESSES,
    NAMESPACES,
    NODES,
    PODS,
    PRIORITY_CLASSES,
    SERVICE_ACCOUNTS,
)
from fauxkube.kit.chance import Chance
from fauxkube.machinery.objects import GVR, Object
from fauxkube.machinery.status import StatusError
from support.api import config_map, pod

CATALOGUE = default_catalogue()
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


class Objects:
    """A lookup of given objects; `late` ones are there only for who waits."""

    def __init__(self, *found: tuple[GVR, Object], late: tuple[tuple[GVR, Object], ...] = ()) -> None:
        self._found = {(gvr, each["metadata"]["name"]): each for gvr, each in found}
        self._late = {(gvr, each["metadata"]["name"]): each for gvr, each in late}

    def find(self, gvr: GVR, namespace: str, name: str) -> Object | None:
        return self._found.get((gvr, name))

    def wait_for(self, gvr: GVR, namespace: str, name: str, *, seconds: float) -> Awaitable[Object | None]:
        async def found() -> Object | None:
            return self.find(gvr, namespace, name) or self._late.get((gvr, name))

        return found()

    def list_all(self, gvr: GVR) -> Sequence[Object]:
        return [each for (found, _), each in self._found.items() if found == gvr]


def admitted(
    plugin: Plugin, gvr: GVR, obj: Object | None, *, operation: Operation = Operation.CREATE, name: str = ""
) -> Object | None:
    """The object as the plugin leaves it; raises what it raises."""
    resource = CATALOGUE.find(*gvr)
    assert resource is not None
    assert plugin.handles(resource, "", operation)
    old = None if operation is Operation.CREATE else obj
    review = Review(operation, resource, "default" if resource.namespaced else "", name, "", obj, old)
    asyncio.run(plugin.admit(review))
    return review.object


def handles(plugin: Plugin, gvr: GVR, operation: Operation, subresource: str = "") -> bool:
    resource = CATALOGUE.find(*gvr)
    assert resource is not None
    return plugin.handles(resource, subresource, operation)


# Namespaces

DEFAULT = (NAMESPACES, {"metadata": {"name": "default"}})
TERMINATING = (NAMESPACES, {"metadata": {"name": "default", "deletionTimestamp": "2026-01-01T00:00:00Z"}})


def test_a_namespace_that_is_there_or_about_to_be_takes_objects() -> None:
    for lookup in (Objects(DEFAULT), Objects(late=(DEFAULT,))):
        admitted(NamespaceLifecycle(lookup), CONFIG_MAPS, config_map("a"))


def test_a_namespace_that_is_not_there_is_not_found() -> None:
    with pytest.raises(StatusError, match='namespaces "default" not found') as caught:
        admitted(NamespaceLifecycle(Objects()), CONFIG_MAPS, config_map("a"))
    assert caught.value.code == 404


def test_a_terminating_namespace_takes_nothing_new() -> None:
    plugin = NamespaceLifecycle(Objects(TERMINATING))
    with pytest.raises(StatusError) as caught:
        admitted(plugin, CONFIG_MAPS, config_map("a"), name="a")
    assert (caught.value.code, caught.value.reason) == (403, "Forbidden")
    assert caught.value.details["causes"][0]["reason"] == "NamespaceTerminating"
    assert not handles(plugin, CONFIG_MAPS, Operation.UPDATE)
    assert not handles(plugin, CONFIG_MAPS, Operation.DELETE)
    assert not handles(plugin, NODES, Operation.CREATE)


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_the_system_s_namespaces_stay(name: str) -> None:
    with pytest.raises(StatusError, match="this namespace may not be deleted") as caught:
        admitted(NamespaceLifecycle(Objects()), NAMESPACES, None, operation=Operation.DELETE, name=name)
    assert caught.value.code == 403


@pytest.mark.parametrize("name", ["kube-node-lease", "mine"])
def test_any_other_namespace_may_go(name: str) -> None:
    admitted(NamespaceLifecycle(Objects()), NAMESPACES, None, operation=Operation.DELETE, name=name)


# Service accounts


def account(**fields: Any) -> tuple[GVR, Object]:
    return SERVICE_ACCOUNTS, {"metadata": {"name": "default"}, **fields}


def spec_of(lookup: Objects, **spec: Any) -> Object:
    obj = admitted(ServiceAccount(lookup, Chance(1)), PODS, pod("p", **spec))
    assert obj is not None
    result: Object = obj["spec"]
    return result


def test_a_pod_runs_as_the_default_account_with_its_token_mounted() -> None:
    spec = spec_of(Objects(account()))
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    (volume,) = spec["volumes"]
    (mount,) = spec["containers"][0]["volumeMounts"]
    assert volume["name"] == mount["name"]
    assert volume["name"].startswith("kube-api-access-")
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    assert mount["readOnly"] is True


@pytest.mark.parametrize(
    ("of_account", "of_pod", "mounted"),
    [(None, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_the_pod_s_wish_counts_before_the_account_s(
    of_account: bool | None, of_pod: bool | None, mounted: bool
) -> None:
    field = "automountServiceAccountToken"
    lookup = Objects(account(**({} if of_account is None else {field: of_account})))
    spec = spec_of(lookup, **({} if of_pod is None else {field: of_pod}))
    assert bool(spec.get("volumes")) is mounted


def test_what_is_mounted_there_already_stays() -> None:
    mounts = [{"name": "own", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]
    containers = [{"name": "c", "image": "i", "volumeMounts": list(mounts)}]
    spec = spec_of(Objects(account()), containers=containers, volumes=[{"emptyDir": {}}])
    assert spec["containers"][0]["volumeMounts"] == mounts
    assert spec["volumes"] == [{"emptyDir": {}}]


def test_the_account_s_pull_secrets_are_the_pod_s_unless_it_has_some() -> None:
    lookup = Objects(account(imagePullSecrets=[{"name": "s"}]))
    assert spec_of(lookup)["imagePullSecrets"] == [{"name": "s"}]
    assert spec_of(lookup, imagePullSecrets=[{"name": "own"}])["imagePullSecrets"] == [{"name": "own"}]


def test_an_account_that_is_not_there_is_waited_for_if_it_is_the_default_one() -> None:
    assert spec_of(Objects(late=(account(),)))["serviceAccountName"] == "default"
    with pytest.raises(StatusError, match='serviceaccount "other" not found') as caught:
        spec_of(Objects(late=((SERVICE_ACCOUNTS, {"metadata": {"name": "other"}}),)), serviceAccountName="other")
    assert caught.value.code == 403


def test_mirror_pods_are_left_alone() -> None:
    obj = pod("p")
    obj["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    assert admitted(ServiceAccount(Objects(), Chance(1)), PODS, obj) == obj


# The small ones


def test_a_new_node_is_tainted_until_it_is_ready() -> None:
    obj = admitted(TaintNodesByCondition(), NODES, {"metadata": {"name": "n"}})
    assert obj is not None
    assert obj["spec"]["taints"] == [NOT_READY]
    mine = {"key": "mine", "effect": "NoExecute"}
    again = {"metadata": {"name": "n"}, "spec": {"taints": [mine, {**NOT_READY, "value": "x"}]}}
    assert admitted(TaintNodesByCondition(), NODES, again) == again
    assert not handles(TaintNodesByCondition(), NODES, Operation.UPDATE)


CLASSES = Objects(
    (PRIORITY_CLASSES, {"metadata": {"name": "system-node-critical"}, "value": 2_000_001_000}),
    (PRIORITY_CLASSES, {"metadata": {"name": "shy"}, "value": 7, "preemptionPolicy": "Never"}),
)
DEFAULT_CLASS = (PRIORITY_CLASSES, {"metadata": {"name": "usual"}, "value": 5, "globalDefault": True})


@pytest.mark.parametrize(
    ("spec", "priority", "policy"),
    [
        ({}, 0, "PreemptLowerPriority"),
        ({"priority": 0}, 0, "PreemptLowerPriority"),
        ({"priorityClassName": "system-node-critical"}, 2_000_001_000, "PreemptLowerPriority"),
        ({"priorityClassName": "shy", "priority": 7, "preemptionPolicy": "Never"}, 7, "Never"),
    ],
)
def test_a_pod_gets_its_class_s_priority(spec: Object, priority: int, policy: str) -> None:
    obj = admitted(Priority(CLASSES), PODS, pod("p", **spec))
    assert obj is not None
    assert (obj["spec"]["priority"], obj["spec"]["preemptionPolicy"]) == (priority, policy)
    assert obj["spec"].get("priorityClassName") == spec.get("priorityClassName")


def test_a_pod_that_names_no_class_is_of_the_default_one() -> None:
    obj = admitted(Priority(Objects(DEFAULT_CLASS)), PODS, pod("p"))
    assert obj is not None
    assert (obj["spec"]["priority"], obj["spec"]["priorityClassName"]) == (5, "usual")


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            {"priority": 5},
            (
                "the integer value of priority (5) must not be provided in pod spec; priority admission controller "
                "computed 0 from the given PriorityClass name"
            ),
        ),
        (
            {"priorityClassName": "shy", "preemptionPolicy": "PreemptLowerPriority"},
            (
                "the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; "
                "priority admission controller computed Never from the given PriorityClass name"
            ),
        ),
        ({"priorityClassName": "nope"}, "no PriorityClass with name nope was found"),
    ],
)
def test_a_priority_that_no_class_gives_is_refused(spec: Object, problem: str) -> None:
    with pytest.raises(StatusError) as caught:
        admitted(Priority(CLASSES), PODS, pod("p", **spec), name="p")
    assert (caught.value.code, caught.value.message) == (403, f'pods "p" is forbidden: {problem}')


def test_one_class_is_the_default_at_most() -> None:
    other: Object = {"metadata": {"name": "other"}, "value": 1, "globalDefault": True}
    with pytest.raises(StatusError) as caught:
        admitted(Priority(Objects(DEFAULT_CLASS)), PRIORITY_CLASSES, other, name="other")
    assert caught.value.message == (
        'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as default. '
        "Only one default can exist"
    )
    admitted(Priority(Objects(DEFAULT_CLASS)), PRIORITY_CLASSES, {**other, "globalDefault": False}, name="other")
    same = DEFAULT_CLASS[1]
    admitted(Priority(Objects(DEFAULT_CLASS)), PRIORITY_CLASSES, same, operation=Operation.UPDATE, name="usual")


def test_the_system_s_priority_classes_stay() -> None:
    with pytest.raises(StatusError, match="this is a system priority class and cannot be deleted"):
        admitted(Priority(CLASSES), PRIORITY_CLASSES, None, operation=Operation.DELETE, name="system-node-critical")
    admitted(Priority(CLASSES), PRIORITY_CLASSES, None, operation=Operation.DELETE, name="shy")


@pytest.mark.parametrize(
    ("tolerations", "added"),
    [
        ([], 2),
        ([{"operator": "Exists"}], 0),
        ([{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}], 1),
        ([{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoSchedule"}], 2),
        ([{"key": "node.kubernetes.io/unreachable", "operator": "Exists"}], 1),
    ],
)
def test_pods_tolerate_short_failures_of_their_node(tolerations: list[Object], added: int) -> None:
    obj = admitted(DefaultTolerationSeconds(), PODS, pod("p", tolerations=list(tolerations)))
    assert obj is not None
    new = obj["spec"]["tolerations"][len(tolerations) :]
    assert obj["spec"]["tolerations"][: len(tolerations)] == tolerations
    assert [each["tolerationSeconds"] for each in new] == [300] * added


def default_class(name: str, *, created: int = 0, default: str = "true") -> tuple[GVR, Object]:
    annotations = {"ingressclass.kubernetes.io/is-default-class": default}
    metadata = {"name": name, "annotations": annotations, "creationTimestamp": f"2026-01-01T00:00:0{created}Z"}
    return INGRESS_CLASSES, {"metadata": metadata}


def ingress(class_name: str | None = None, **annotations: str) -> Object:
    spec = {} if class_name is None else {"ingressClassName": class_name}
    return {"metadata": {"name": "front", "annotations": annotations}, "spec": spec}


@pytest.mark.parametrize(
    ("classes", "chosen"),
    [
        ((), None),
        ((default_class("a", default="false"), (INGRESS_CLASSES, {"metadata": {"name": "b"}})), None),
        ((default_class("a", default="false"), default_class("b")), "b"),
        ((default_class("a", created=1), default_class("b", created=2), default_class("c", created=1)), "b"),
        ((default_class("b", created=1), default_class("a", created=1)), "a"),
    ],
)
def test_an_ingress_without_a_class_gets_the_newest_default(
    classes: tuple[tuple[GVR, Object], ...], chosen: str | None
) -> None:
    obj = admitted(DefaultIngressClass(Objects(*classes)), INGRESSES, ingress())
    assert obj is not None
    assert obj["spec"].get("ingressClassName") == chosen


def test_an_ingress_that_names_a_class_keeps_it() -> None:
    plugin = DefaultIngressClass(Objects(default_class("a")))
    for given in (ingress("b"), ingress(**{"kubernetes.io/ingress.class": "b"})):
        before = dict(given["spec"])
        obj = admitted(plugin, INGRESSES, given)
        assert obj is not None
        assert obj["spec"] == before
    assert not handles(plugin, INGRESSES, Operation.UPDATE)
    assert not handles(plugin, INGRESSES, Operation.CREATE, "status")


def test_plugins_run_in_order_until_one_refuses() -> None:
    ran: list[str] = []

    class Noting:
        def __init__(self, name: str, *, refuses: bool = False, sort: GVR = CONFIG_MAPS) -> None:
            self.name, self.refuses, self.sort = name, refuses, sort

        def handles(self, resource: Any, subresource: str, operation: Operation) -> bool:
            return bool(resource.gvr == self.sort)

        async def admit(self, review: Review) -> None:
            ran.append(self.name)
            if self.refuses:
                raise StatusError(403, "Forbidden", "no")

    chain = Chain([Noting("a"), Noting("other", sort=PODS), Noting("b", refuses=True), Noting("c")])
    resource = CATALOGUE.find(*CONFIG_MAPS)
    assert resource is not None
    for _ in range(2):
        with pytest.raises(StatusError):
            asyncio.run(chain.admit(Review(Operation.CREATE, resource, "default", "a", "", config_map("a"), None)))
    assert ran == ["a", "b", "a", "b"]

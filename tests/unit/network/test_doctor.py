"""What the doctor finds: each mistake alone in a small cluster that is otherwise well."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.network.doctor import Diagnosis, Surroundings, examine
from fauxkube.network.doctor.surroundings import Level
from support.networks import endpoint, network, node, pod, service, slice_of

HTTP = {"name": "http", "containerPort": 8080, "protocol": "TCP"}
PORTS = [{"port": 80, "targetPort": 8080, "protocol": "TCP"}]


def _web(name: str = "web-1", address: str = "10.244.1.5", **more: Any) -> Object:
    return pod(name, address, labels={"app": "web"}, ports=[HTTP], **more)


def _shop(**spec: Any) -> Object:
    return service("shop", "10.96.0.20", **{"ports": PORTS, "selector": {"app": "web"}, **spec})


def _slice(*endpoints: Object, name: str = "shop", port: int = 8080) -> Object:
    return slice_of(name, *endpoints, ports=[{"name": "", "port": port, "protocol": "TCP"}])


def _well(**changed: Any) -> Diagnosis:
    """A node, a pod and its service, with what is changed of it."""
    around = changed.pop("around", None)
    parts: dict[str, Any] = {
        "nodes": [node(1), node(2)],
        "pods": [_web()],
        "services": [_shop()],
        "slices": [_slice(endpoint("10.244.1.5", pod="web-1"))],
        **changed,
    }
    return examine(network(**parts), around)


def _only(found: Diagnosis) -> tuple[str, str, str, str]:
    """The one finding: its severity, word, object and all that it says."""
    (finding,) = found.findings
    assert found.healthy is (finding.severity == "warning")
    return finding.severity, finding.word, finding.object, "\n".join((finding.message, *finding.likely))


def test_a_cluster_that_is_well_has_no_findings() -> None:
    found = _well()
    assert (found.findings, found.healthy) == ((), True)
    assert found.checked == {"nodes": 2, "pods": 1, "services": 1, "ingresses": 0, "network policies": 0}


def test_a_namespace_is_looked_at_alone() -> None:
    parts: dict[str, Any] = {"nodes": [node(1, ready="False")], "services": [_shop(selector={"app": "none"})]}
    assert {each.word for each in examine(network(**parts)).findings} == {"SelectorMatchesNothing", "NodeNotReady"}
    found = examine(network(**parts), namespace="default")
    assert [each.word for each in found.findings] == ["SelectorMatchesNothing"]
    assert "nodes" not in found.checked
    assert not examine(network(**parts), namespace="kube-system").findings


ONE_NOT_READY = {
    "pods": [_web(), _web("web-2", "10.244.1.6", ready=False)],
    "slices": [
        _slice(
            endpoint("10.244.1.5", pod="web-1"),
            endpoint("10.244.1.6", pod="web-2", conditions={"ready": False}),
        )
    ],
}


@pytest.mark.parametrize(
    ("changed", "word", "told"),
    [
        (
            {"services": [_shop(selector={"app": "wep"})]},
            "SelectorMatchesNothing",
            "its selector matches no pod\npod web-1 has app=web; the selector wants app=wep",
        ),
        (
            {"services": [_shop(ports=[{"port": 80, "targetPort": 80, "protocol": "TCP"}])]},
            "TargetPortUnknown",
            "targetPort 80: no pod behind it listens there (TCP)\nthe pods declare http:8080/TCP",
        ),
        (
            {"services": [_shop(ports=[{"name": "web", "port": 80, "targetPort": "htpp", "protocol": "TCP"}])]},
            "TargetPortUnknown",
            "port web leads to 'htpp': no pod behind it listens there (TCP)\nthe pods declare http:8080/TCP",
        ),
        (
            {"services": [_shop(selector=None)], "slices": []},
            "NoEndpoints",
            "it has no selector, and no endpoints were made for it",
        ),
        (
            {"services": [_shop(selector=None)], "slices": [_slice(endpoint("10.244.2.77"))]},
            "EndpointLeadsNowhere",
            "its endpoint 10.244.2.77:8080 leads nowhere: no pod has 10.244.2.77, which is out of the block of node-2",
        ),
        (
            {"services": [_shop(selector=None)], "slices": [_slice(endpoint("10.244.1.5"), port=9)]},
            "EndpointLeadsNowhere",
            "its endpoint 10.244.1.5:9 leads nowhere: no container of pod default/web-1 declares port 9/TCP",
        ),
        (
            {"services": [_shop(selector=None)], "slices": [_slice(endpoint("192.0.2.1", pod="gone"))]},
            "EndpointLeadsNowhere",
            "its endpoint 192.0.2.1:8080 leads nowhere: there is no pod default/gone",
        ),
        (
            {"services": [service("shop", "", type="ExternalName", externalName="web.defautl.svc.cluster.local")]},
            "DanglingExternalName",
            (
                "its external name web.defautl.svc.cluster.local leads to nothing in the cluster\n"
                "there is no namespace defautl"
            ),
        ),
        (
            {"services": [service("shop", "", type="ExternalName", externalName="192.0.2.1")]},
            "ExternalNameIsAddress",
            (
                "its external name is the address 192.0.2.1, which no name server answers with\n"
                "a service with endpoints made by hand takes addresses"
            ),
        ),
    ],
)
def test_a_service_that_leads_nowhere_is_a_problem(changed: dict[str, Any], word: str, told: str) -> None:
    assert _only(_well(**changed)) == ("problem", word, "service/default/shop", told)


def test_a_service_whose_pods_are_in_part_not_ready_is_warned_of() -> None:
    words = {each.object: (each.severity, each.word) for each in _well(**ONE_NOT_READY).findings}
    assert words == {
        "pod/default/web-2": ("problem", "PodNotReady"),
        "service/default/shop": ("warning", "SomeNotReady"),
    }


def test_a_service_without_a_ready_pod_is_a_problem_unless_it_publishes_them() -> None:
    unready = _web(ready=False)
    for ready, words in ((False, {"PodNotReady", "NoReadyEndpoints"}), (True, {"PodNotReady"})):
        slices = [_slice(endpoint("10.244.1.5", pod="web-1", conditions={"ready": ready}))]
        assert {each.word for each in _well(pods=[unready], slices=slices).findings} == words


def test_some_pods_that_do_not_listen_are_warned_of() -> None:
    deaf = pod("web-2", "10.244.1.6", labels={"app": "web"}, ports=[{"containerPort": 9, "protocol": "TCP"}])
    found = _well(pods=[_web(), deaf])
    told = "targetPort 8080: 1 of 2 pods do not listen there: web-2\nthe pods declare 9/TCP"
    assert _only(found) == ("warning", "TargetPortUnknown", "service/default/shop", told)


def test_a_balancer_without_an_address_is_warned_of() -> None:
    severity, word, at, _ = _only(_well(services=[_shop(type="LoadBalancer")]))
    assert (severity, word, at) == ("warning", "NoLoadBalancer", "service/default/shop")


@pytest.mark.parametrize(
    ("ports", "spec", "what"),
    [
        ([{**PORTS[0], "nodePort": 30008}], {"type": "NodePort"}, "node port 30008/TCP"),
        (PORTS, {"externalIPs": ["192.0.2.9"]}, "external IP 192.0.2.9 with port 80/TCP"),
    ],
)
def test_what_two_services_claim_is_the_first_ones(ports: list[Object], spec: dict[str, Any], what: str) -> None:
    both = [_shop(ports=ports, **spec), service("late", "10.96.0.21", ports=ports, selector={"app": "web"}, **spec)]
    told = f"{what} is service default/shop's too"
    assert _only(_well(services=both)) == ("problem", "ClaimedTwice", "service/default/late", told)


def test_the_api_servers_own_service_is_well() -> None:
    own = service("kubernetes", "10.96.0.1", ports=[{"name": "https", "port": 443, "protocol": "TCP"}])
    there = slice_of("kubernetes", endpoint("172.18.0.2"), ports=[{"name": "https", "port": 6443, "protocol": "TCP"}])
    assert not _well(services=[own], slices=[there]).findings


def _unscheduled(**condition: str) -> Object:
    lost = pod("lost", nodeName="")
    lost["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", **condition}]
    return lost


@pytest.mark.parametrize(
    ("found", "word", "told"),
    [
        (_unscheduled(message="0/2 nodes are available."), "PodUnschedulable", "the pod has no node: 0/2 nodes are"),
        (pod("lost", nodeName="node-9"), "PodsNodeGone", "there is no node node-9, where the pod is to run"),
        (pod("lost"), "PodHasNoAddress", "the pod has no address"),
    ],
)
def test_a_pod_that_does_not_come_up_is_a_problem(found: Object, word: str, told: str) -> None:
    others = [each for each in _well(pods=[_web(), found]).findings if each.word != "NetworkRequirement"]
    (finding,) = others
    assert (finding.severity, finding.word, finding.object) == ("problem", word, "pod/default/lost")
    assert finding.message.startswith(told)


def test_pods_that_have_ended_or_are_going_are_no_problem() -> None:
    over, going = pod("over"), pod("going")
    over["status"]["phase"] = "Succeeded"
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    words = {each.object for each in _well(pods=[_web(), over, going]).findings}
    assert words <= {"network"}


def test_a_node_that_is_not_well_is_told_with_what_it_lacks() -> None:
    found = {each.object: each for each in _well(nodes=[node(1), node(2, ready="False"), node(3, cidr="")]).findings}
    assert (found["node/node-2"].word, found["node/node-2"].message) == (
        "NodeNotReady",
        "the node is not ready: the kubelet says False",
    )
    assert (found["node/node-3"].word, found["node/node-3"].likely) == (
        "NodeHasNoNetwork",
        ("node node-3 has neither a network add-on nor a block of addresses",),
    )


def test_a_node_that_is_down_is_told_with_its_pods() -> None:
    found = {each.object: each for each in _well(nodes=[node(1, ready="Unknown"), node(2)]).findings}
    down = found["node/node-1"]
    assert (down.word, down.likely) == ("NodeDown", ("its pods answer nobody: default/web-1",))


def _ingress(**spec: Any) -> Object:
    return {"metadata": {"name": "front", "namespace": "default"}, "spec": {"ingressClassName": "nginx", **spec}}


def _to(name: str = "shop", **port: object) -> dict[str, Any]:
    backend = {"service": {"name": name, "port": port or {"number": 80}}}
    return {"rules": [{"host": "a.example", "http": {"paths": [{"path": "/x", "backend": backend}]}}]}


CLASSES = [{"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}]


@pytest.mark.parametrize(
    ("ingress", "word", "told"),
    [
        (
            _ingress(**_to("shpo")),
            "IngressServiceMissing",
            "a.example/x leads to service shpo, which is not in namespace default\ndid you mean shop?",
        ),
        (
            _ingress(**_to(number=8080)),
            "IngressPortMissing",
            (
                "a.example/x leads to port 8080 of service shop, which has no such port\n"
                "8080 is the target port; the service's is 80\nthe service's ports are 80/TCP"
            ),
        ),
        (
            _ingress(defaultBackend={"service": {"name": "shop", "port": {"name": "web"}}}),
            "IngressPortMissing",
            (
                "the default backend leads to port web of service shop, which has no such port\n"
                "the service's ports are 80/TCP"
            ),
        ),
        (
            _ingress(tls=[{"hosts": ["a.example"], "secretName": "cert"}]),
            "TLSSecretMissing",
            (
                "there is no secret cert in namespace default for the TLS of a.example\n"
                "secret cert is in namespace kube-system: an ingress takes those of its own\ndid you mean certs?"
            ),
        ),
        (
            _ingress(ingressClassName="ngnix"),
            "IngressClassMissing",
            "there is no ingress class ngnix\ndid you mean nginx?",
        ),
    ],
)
def test_an_ingress_that_points_at_nothing_is_a_problem(ingress: Object, word: str, told: str) -> None:
    around = Surroundings([ingress], CLASSES, frozenset({"kube-system/cert", "default/certs"}))
    assert _only(_well(around=around)) == ("problem", word, "ingress/default/front", told)


def test_an_ingress_without_a_class_is_warned_of_and_one_that_is_right_is_not() -> None:
    right = _ingress(**_to(), tls=[{"secretName": "certs"}])
    assert not _well(around=Surroundings([right], CLASSES, frozenset({"default/certs"}))).findings
    severity, word, _, _ = _only(_well(around=Surroundings([_ingress(ingressClassName=None)], CLASSES)))
    assert (severity, word) == ("warning", "NoIngressClass")


def _policy(labels: dict[str, str], **spec: Any) -> Object:
    return {
        "metadata": {"name": "closed", "namespace": "default"},
        "spec": {"podSelector": {"matchLabels": labels}, **spec},
    }


def test_a_policy_that_selects_nothing_is_warned_of() -> None:
    told = "it selects no pod of namespace default (app=wep)\nlabels of pods there are app=web"
    found = _well(policies=[_policy({"app": "wep"}, policyTypes=["Ingress"])])
    assert _only(found) == ("warning", "PolicySelectsNothing", "networkpolicy/default/closed", told)


TO_DNS = {
    "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
    "ports": [{"protocol": "UDP", "port": 53}],
}


def test_a_policy_that_cuts_pods_off_from_names_is_a_problem_unless_it_allows_them() -> None:
    found = _well(policies=[_policy({"app": "web"}, policyTypes=["Egress"])])
    severity, word, at, told = _only(found)
    assert (severity, word, at) == ("problem", "NamesDenied", "networkpolicy/default/closed")
    assert told.startswith(
        "the pods that it selects cannot look up names: web-1\nallow egress to namespace kube-system"
    )
    assert not _well(policies=[_policy({"app": "web"}, policyTypes=["Egress"], egress=[TO_DNS])]).findings


def test_addresses_that_two_have_are_told_of_as_the_network_requires() -> None:
    found = _well(pods=[_web(), pod("twin", "10.244.1.5")])
    (requirement,) = [each for each in found.findings if "twice" in each.message]
    assert (requirement.word, requirement.object) == ("NetworkRequirement", "network")
    assert requirement.likely == ("pod/default/web-1 -> pod/default/twin: both have 10.244.1.5",)


@pytest.mark.parametrize(
    ("used", "words"), [(89, []), (90, [("warning", "RangeNearlyFull")]), (100, [("problem", "RangeFull")])]
)
def test_a_range_is_told_of_before_it_is_full(used: int, words: list[tuple[str, str]]) -> None:
    found = _well(around=Surroundings(pools=[Level("pods/node-1", "10.244.1.0/25", used, 100)]))
    assert [(each.severity, each.word) for each in found.findings] == words


def test_problems_come_before_warnings() -> None:
    wrong = service("wrong", "10.96.0.22", ports=PORTS, selector={"app": "wep"})
    found = _well(services=[_shop(type="LoadBalancer"), wrong])
    assert [each.severity for each in found.findings] == ["problem", "warning"]

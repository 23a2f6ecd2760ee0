"""Traces asked for by a test."""

from __future__ import annotations

import pytest

from fauxkube import Cluster
from fauxkube.testing import StatusError

LABELS = {"app": "web"}
CONTAINER = {"name": "web", "image": "nginx", "ports": [{"containerPort": 80}]}
POD = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [CONTAINER]}}
CLIENT = POD | {"metadata": {"name": "client"}}
WEB = POD | {"metadata": {"name": "web", "labels": LABELS}}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "shop"},
    "spec": {"selector": LABELS, "ports": [{"port": 80}]},
}
CLOSED = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "closed"},
    "spec": {"podSelector": {"matchLabels": LABELS}, "policyTypes": ["Ingress"]},
}


def test_a_service_is_reached_as_soon_as_it_is_applied(cluster: Cluster) -> None:
    cluster.apply([CLIENT, WEB, SERVICE])
    trace = cluster.trace("pod/client", "http://shop", every=True)
    assert (trace.reached, trace.receivers, trace.reason) == (True, ["pod/default/web"], "")
    assert [hop["kind"] for hop in trace.hops][:3] == ["lookup", "rule", "nat"]


def test_a_trace_that_is_lost_tells_why(cluster: Cluster) -> None:
    cluster.apply([CLIENT, WEB, SERVICE | {"spec": {"selector": {"app": "wep"}, "ports": [{"port": 80}]}}])
    trace = cluster.trace("pod/client", "http://shop")
    assert (trace.reached, trace.receivers, trace.reason) == (False, [], "NoEndpoints")
    assert trace.likely == ["pod web has app=web; the selector wants app=wep"]
    assert "LOST" in repr(trace)


def test_a_network_policy_that_was_applied_decides(cluster: Cluster) -> None:
    cluster.apply([CLIENT, WEB, SERVICE, CLOSED])
    trace = cluster.trace("pod/client", "service/shop", port=80)
    assert trace.reason == "PolicyDenied"
    assert trace.hops[-2]["policies"] == ["default/closed"]


def test_a_question_that_makes_no_sense_is_refused(cluster: Cluster) -> None:
    with pytest.raises(StatusError, match="there is no pod nobody in namespace default"):
        cluster.trace("pod/nobody", "http://shop")

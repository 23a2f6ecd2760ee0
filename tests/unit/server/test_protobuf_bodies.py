"""Protobuf bodies over HTTP: taken wherever a body is, and refused as other bodies are."""

from __future__ import annotations

import base64

from fauxkube.registry.options import DeleteOptions
from support.protobuf import body, field
from unit.server.fake_cluster import CONFIG_MAPS, FakeCluster

PROTOBUF = {"content-type": "application/vnd.kubernetes.protobuf"}
COLLECTION = "/apis/apps/v1/namespaces/default/deployments"

#: `kubectl create deployment shop --image=nginx --replicas=3 --port=80`, version 1.36.
DEPLOYMENT = base64.b64decode(
    "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErwBCiEKBHNob3ASABoAIgAqADIAOABCAFoLCgNhcHASBHNob3ASiAEIAxINCgsKA2FwcBIEc2hv"
    "cBptCh0KABIAGgAiACoAMgA4AEIAWgsKA2FwcBIEc2hvcBJMEi4KBW5naW54EgVuZ2lueCoAMgoKABAAGFAiACoAQgBqAHIAgAEAiAEAkAEAogEA"
    "GgAyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBACICCgAoADgAGgwIABAAGAAgACgAOAAaACIA"
)


def test_protobuf_is_taken_wherever_a_body_is() -> None:
    cluster = FakeCluster()
    answer = cluster.call("POST", COLLECTION, DEPLOYMENT, headers=PROTOBUF)
    assert (answer.status, answer.json["spec"]["replicas"]) == (201, 3)
    options = body("apps/v1", "DeleteOptions", field(1, 0) + field(4, "Background"))
    answer = cluster.call("DELETE", f"{COLLECTION}/shop", options, headers=PROTOBUF)
    assert answer.status == 200
    assert cluster.pipelines.calls[-1] == DeleteOptions(grace_period_seconds=0, propagation_policy="Background")
    assert not cluster.pipelines.objects


def test_a_malformed_body_is_answered_as_other_bodies_are() -> None:
    answer = FakeCluster().call("POST", f"/api/v1/namespaces/default/{CONFIG_MAPS.plural}", b"nope", headers=PROTOBUF)
    assert answer.status == 400
    assert answer.json["message"].startswith("the object provided is unrecognized (must be of type ConfigMap): ")
    assert answer.json["message"].endswith("(6e6f7065)")

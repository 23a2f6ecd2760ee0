"""`Accept`: which form is agreed on, and when there is none."""

from __future__ import annotations

import pytest

from fauxkube.machinery.status import StatusError
from fauxkube.server.negotiation import DISCOVERY, JSON_ONLY, OBJECTS, PLAIN, STREAM, MediaType, Offer, negotiate

JSON, YAML = MediaType(), MediaType("yaml")
TABLE = MediaType("json", "Table", "meta.k8s.io", "v1")
KUBECTL_GET = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)
KUBECTL_DISCOVERY = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)


@pytest.mark.parametrize(
    ("accept", "offer", "agreed"),
    [
        ("", OBJECTS, JSON),
        ("application/json", OBJECTS, JSON),
        ("*/*", OBJECTS, JSON),
        ("application/*", OBJECTS, JSON),
        ("application/yaml", OBJECTS, YAML),
        ("APPLICATION/YAML", OBJECTS, YAML),
        ("application/json;q=0.5, application/yaml", OBJECTS, YAML),
        ("*/*, application/yaml", OBJECTS, YAML),
        ("application/yaml;q=0, */*", OBJECTS, JSON),
        ("application/yaml, */*;q=0.1", JSON_ONLY, JSON),
        ("application/vnd.kubernetes.protobuf,application/json", OBJECTS, JSON),
        ("application/vnd.kubernetes.protobuf, */*", OBJECTS, JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", OBJECTS, JSON),
        ("application/json;pretty=1", OBJECTS, MediaType(pretty=True)),
        ("application/json;charset=utf-8", OBJECTS, JSON),
        ("application/json;stream=watch", STREAM, JSON),
        (KUBECTL_GET, OBJECTS, TABLE),
        (KUBECTL_GET, STREAM, TABLE),
        (KUBECTL_GET, PLAIN, JSON),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", OBJECTS, JSON),
        (KUBECTL_DISCOVERY, DISCOVERY, MediaType("json", "APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2")),
        ("application/json;q=nonsense", OBJECTS, JSON),
    ],
)
def test_the_best_clause_that_can_be_served_decides(accept: str, offer: Offer, agreed: MediaType) -> None:
    assert negotiate(accept.encode(), offer) == agreed


@pytest.mark.parametrize(
    ("accept", "offer"),
    [
        ("text/html", OBJECTS),
        ("application/vnd.kubernetes.protobuf", OBJECTS),
        ("application/yaml", STREAM),
        ("application/json;as=Gadget;v=v1;g=meta.k8s.io", OBJECTS),
        ("application/json;charset=latin-1", OBJECTS),
        ("application/json;q=0", OBJECTS),
        ("application/json;stream=other", STREAM),
    ],
)
def test_what_cannot_be_served_is_not_acceptable(accept: str, offer: Offer) -> None:
    with pytest.raises(StatusError) as refused:
        negotiate(accept.encode(), offer)
    assert refused.value.code == 406
    assert refused.value.message.startswith("only the following media types are accepted: application/json")

"""Paths: what each names, and how a path that names nothing is answered."""

from __future__ import annotations

import pytest

from fauxkube.machinery.status import StatusError
from fauxkube.server import paths
from unit.server.fake_cluster import catalogue

CATALOGUE = catalogue()


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/api/v1/pods", ("pods", "", "", "", False)),
        ("/api/v1/pods/", ("pods", "", "", "", False)),
        ("/api/v1/namespaces/default/pods", ("pods", "default", "", "", False)),
        ("/api/v1/namespaces/default/pods/web", ("pods", "default", "web", "", False)),
        ("/api/v1/namespaces/default/pods/web/status", ("pods", "default", "web", "status", False)),
        ("/api/v1/namespaces/default/pods/web/binding", ("pods", "default", "web", "binding", False)),
        ("/api/v1/namespaces", ("namespaces", "", "", "", False)),
        ("/api/v1/namespaces/default", ("namespaces", "", "default", "", False)),
        ("/api/v1/namespaces/default/status", ("namespaces", "", "default", "status", False)),
        ("/api/v1/namespaces/default/finalize", ("namespaces", "", "default", "finalize", False)),
        ("/api/v1/nodes/node-1", ("nodes", "", "node-1", "", False)),
        ("/apis/apps/v1/deployments", ("deployments", "", "", "", False)),
        ("/apis/apps/v1/namespaces/shop/deployments/web", ("deployments", "shop", "web", "", False)),
        ("/api/v1/watch/pods", ("pods", "", "", "", True)),
        ("/api/v1/watch/namespaces/default/pods", ("pods", "default", "", "", True)),
        ("/api/v1/watch/namespaces/default/pods/web", ("pods", "default", "web", "", True)),
        ("/apis/apps/v1/watch/deployments", ("deployments", "", "", "", True)),
        ("/api/v1/watch/namespaces/default", ("namespaces", "", "default", "", True)),
    ],
)
def test_a_path_names_a_collection_an_object_or_a_subresource(path: str, named: tuple[object, ...]) -> None:
    info = paths.resolve(CATALOGUE, path)
    assert info is not None
    assert (info.resource.plural, *info[1:]) == named


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/v1",
        "/apis",
        "/apis/apps",
        "/apis/apps/v1",
        "/api/v1/gadgets",
        "/api/v1/deployments",
        "/api/v2/pods",
        "/api/v1/pods/web",
        "/api/v1/namespaces/default/nodes",
        "/api/v1/namespaces/default/nodes/node-1",
        "/api/v1/namespaces/default/pods/web/nonsense",
        "/api/v1/namespaces/default/pods/web/status/more",
        "/api/v1/namespaces//pods",
        "/api/v1/namespaces/default/pods//status",
        "/api/v1/watch",
        "/apis/apps/v1/namespaces/default",
        "/apis/apps/v1/namespaces",
        "/apis/nope/v1/pods",
        "/api/v1/watch/namespaces/default/pods/web/status",
    ],
)
def test_a_path_that_no_resource_serves_names_nothing(path: str) -> None:
    assert paths.resolve(CATALOGUE, path) is None


@pytest.mark.parametrize("subresource", ["log", "exec", "attach", "portforward", "proxy", "proxy/index.html"])
def test_a_subresource_that_only_kubernetes_has_is_refused_by_name(subresource: str) -> None:
    with pytest.raises(StatusError) as refused:
        paths.resolve(CATALOGUE, f"/api/v1/namespaces/default/pods/web/{subresource}")
    assert refused.value.code == 501
    assert refused.value.message == f"fauxkube does not serve pods/{subresource.partition('/')[0]}"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v2", True),
        ("/api/v1/gadgets", True),
        ("/apis/apps/v7", True),
        ("/apis/nope/v1/gadgets", False),
        ("/apis/nope", False),
        ("/favicon.ico", False),
    ],
)
def test_only_below_a_known_group_is_a_missing_path_answered_with_a_status(path: str, status: bool) -> None:
    assert (paths.missing(path, CATALOGUE) is not None) == status

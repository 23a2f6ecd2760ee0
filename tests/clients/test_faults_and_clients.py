"""Real clients on a server whose requests go wrong: they say what upstream's errors make them say, or get over it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from kubernetes import client, watch
from kubernetes.informer import SharedInformer

from support.api import CONFIG_MAPS
from support.faults import FaultyServer
from support.kubectl import Kubectl
from support.python_client import config_map, status_of
from support.waiting import until

OBJECT_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
_numbers = itertools.count()


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"made-{next(_numbers)}"


@pytest.fixture(params=[32, 36], ids=["kubectl-1.32", "kubectl-1.36"])
def kubectl(request: pytest.FixtureRequest, faulty: FaultyServer, tmp_path: Path) -> Kubectl:
    return Kubectl(request.param, faulty.url, tmp_path)


@pytest.fixture
def core(faulty: FaultyServer) -> Iterator[client.CoreV1Api]:
    with client.ApiClient(client.Configuration(host=faulty.url)) as api:
        yield client.CoreV1Api(api)


def manifest(name: str, **data: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


# kubectl.


def test_a_conflict_names_the_object_that_a_protobuf_body_would_have_created(
    faulty: FaultyServer, kubectl: Kubectl, name: str
) -> None:
    faulty.fault({"type": "error", "code": 409}, verb="create", resource="deployments")
    told = kubectl.refused("create", "deployment", name, "--image=nginx")
    assert told == f'error: failed to create deployment: deployments.apps "{name}" already exists'


def test_kubectl_waits_as_long_as_an_overloaded_server_asks_and_tries_again(
    kubectl: Kubectl, faulty: FaultyServer, name: str
) -> None:
    kubectl("create", "configmap", name)
    fault = faulty.fault({"type": "error", "code": 429}, count=1, verb="get", resource="configmaps")
    assert kubectl("get", "configmap", name, "-o", "name").out == f"configmap/{name}\n"
    assert faulty.hits(fault) == 1


MAY_NOT_LIST = 'User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"'
TIMED_OUT = "Timeout: request did not complete within requested timeout - context deadline exceeded"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (401, "error: You must be logged in to the server (Unauthorized)"),
        (403, f"Error from server (Forbidden): configmaps is forbidden: {MAY_NOT_LIST}"),
        (500, "Error from server: etcdserver: request timed out"),
        (503, "Error from server (ServiceUnavailable): the server is currently unable to handle the request"),
        (504, f"Error from server (Timeout): {TIMED_OUT}"),
    ],
)
def test_kubectl_shows_the_error_as_it_shows_upstreams(
    kubectl: Kubectl, faulty: FaultyServer, code: int, message: str
) -> None:
    faulty.fault({"type": "error", "code": code}, verb="list", resource="configmaps")
    assert kubectl.refused("get", "configmaps") == message


def test_kubectl_apply_gets_over_conflicts_and_replace_reports_one(
    kubectl: Kubectl, faulty: FaultyServer, name: str
) -> None:
    kubectl("apply", "-f", "-", stdin=manifest(name, n="1"))
    storm = faulty.fault({"type": "error", "code": 409}, count=3, verb="patch", name=name)
    assert kubectl("apply", "-f", "-", stdin=manifest(name, n="2")).out == f"configmap/{name} configured\n"
    assert faulty.hits(storm) == 3
    faulty.fault({"type": "error", "code": 409}, verb="update", name=name)
    assert kubectl.refused("replace", "-f", "-", stdin=manifest(name, n="3")) == (
        'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on configmaps '
        f'"{name}": {OBJECT_MODIFIED}'
    )


def test_kubectl_reads_again_after_a_reset(kubectl: Kubectl, faulty: FaultyServer, name: str) -> None:
    kubectl("create", "configmap", name)
    fault = faulty.fault("reset", count=1, verb="get", resource="configmaps")
    assert kubectl("get", "configmap", name, "-o", "name").out == f"configmap/{name}\n"
    assert faulty.hits(fault) == 1


def test_kubectl_cannot_know_whether_a_write_was_done_whose_answer_was_lost(
    kubectl: Kubectl, faulty: FaultyServer, name: str
) -> None:
    faulty.fault({"type": "reset", "when": "answer"}, count=1, verb="create", resource="configmaps")
    assert "connection reset by peer" in kubectl.refused("create", "configmap", name)
    assert kubectl.refused("create", "configmap", name) == (
        f'error: failed to create configmap: configmaps "{name}" already exists'
    )


def test_kubectl_waits_on_though_its_watches_are_dropped(kubectl: Kubectl, faulty: FaultyServer, name: str) -> None:
    kubectl("create", "configmap", name, "--from-literal=n=1")
    drops = faulty.fault("watch-drop", count=3, resource="configmaps")
    with kubectl.following("wait", "--for=jsonpath={.data.n}=2", f"configmap/{name}", "--timeout=30s") as follow:
        until(lambda: faulty.hits(drops) == 3)
        kubectl("patch", "configmap", name, "-p", '{"data": {"n": "2"}}')
        assert follow.until(lambda line: line == f"configmap/{name} condition met")[-1]


def test_kubectl_finds_no_server_where_discovery_fails(kubectl: Kubectl, faulty: FaultyServer) -> None:
    faulty.fault({"type": "error", "code": 503}, path="/api*")
    assert kubectl.refused("get", "configmaps").endswith(
        "Error from server (ServiceUnavailable): the server is currently unable to handle the request"
    )


# The official Python client.


def test_the_python_client_raises_what_the_fault_answers(
    core: client.CoreV1Api, faulty: FaultyServer, name: str
) -> None:
    core.create_namespaced_config_map("default", config_map(name))
    faulty.fault({"type": "error", "code": 409}, verb="update", name=name)
    with pytest.raises(client.ApiException) as refused:
        core.replace_namespaced_config_map(name, "default", config_map(name, n="2"))
    status = status_of(refused.value)
    assert (status["reason"], status["details"]) == ("Conflict", {"name": name, "kind": "configmaps"})


def test_the_python_clients_watch_raises_the_410_that_the_stream_tells(
    core: client.CoreV1Api, faulty: FaultyServer, name: str
) -> None:
    since = core.create_namespaced_config_map("default", config_map(name)).metadata.resource_version
    # The client tries a second time by itself, from the last version that it has seen.
    faulty.fault("watch-expired", count=2)
    with pytest.raises(client.ApiException) as expired:
        list(watch.Watch().stream(core.list_namespaced_config_map, "default", resource_version=since))
    assert (expired.value.status, expired.value.reason) == (
        410,
        "Expired: The resourceVersion for the provided watch is too old.",
    )


@contextmanager
def informer_of(core: client.CoreV1Api) -> Iterator[SharedInformer]:
    informer = SharedInformer(core.list_namespaced_config_map, namespace="default")
    informer.start()
    try:
        yield informer
    finally:
        informer.stop()


WATCH_EFFECTS: list[Any] = [
    {"type": "watch-drop", "afterEvents": 2},
    {"type": "watch-drop", "afterEvents": 1, "how": "reset"},
    {"type": "watch-drop", "afterEvents": 1, "how": "close"},
    {"type": "watch-expired", "afterEvents": 1},
    {"type": "watch-delay", "delay": "50ms"},
    {"type": "watch-silence", "afterEvents": 1},
    "watch-duplicates",
    {"type": "bookmarks", "every": "20ms"},
    {"type": "error", "code": 500},
    "reset",
    {"type": "stale", "changes": 3},
]


def _described(effect: Any) -> str:
    return effect if isinstance(effect, str) else "-".join(map(str, effect.values()))


@pytest.mark.parametrize("effect", WATCH_EFFECTS, ids=_described)
def test_the_python_clients_informer_gets_over_what_befalls_its_watches(
    core: client.CoreV1Api, faulty: FaultyServer, name: str, effect: Any
) -> None:
    fault = faulty.fault(effect, count=3, verb="watch")
    with informer_of(core) as informer, httpx.Client(base_url=faulty.url) as http:
        until(lambda: faulty.hits(fault) > 0)
        for n in range(8):
            http.post(CONFIG_MAPS, json={"metadata": {"name": f"{name}-{n}"}})
        for n in range(0, 8, 2):
            http.delete(f"{CONFIG_MAPS}/{name}-{n}")
        faulty.heal()
        http.post(CONFIG_MAPS, json={"metadata": {"name": f"{name}-last"}})
        there = {f"default/{each}" for each in (f"{name}-last", *(f"{name}-{n}" for n in range(1, 8, 2)))}

        def kept() -> set[str]:
            return {key for key in informer.cache.list_keys() if key.startswith(f"default/{name}")}

        until(lambda: kept() == there, seconds=30)

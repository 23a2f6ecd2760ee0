"""The official Python client's watches, informers and leader election, which all hang on streams and conflicts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kubernetes import aio, client, watch
from kubernetes.informer import SharedInformer
from kubernetes.leaderelection.electionconfig import Config
from kubernetes.leaderelection.leaderelection import LeaderElection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

from support.python_client import config_map, pod
from support.waiting import until


def described(event: dict[str, Any]) -> tuple[str, str]:
    return event["type"], event["object"].metadata.name


# Watches.


def test_a_watch_tells_all_that_happened_since_a_resource_version(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, config_map("before"))
    since = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, config_map("a"))
    core.patch_namespaced_config_map("a", namespace, {"data": {"colour": "red"}})
    core.delete_namespaced_config_map("a", namespace)
    events = watch.Watch().stream(
        core.list_namespaced_config_map,
        namespace,
        resource_version=since,
        field_selector="metadata.name!=kube-root-ca.crt",
        timeout_seconds=1,
    )
    assert [described(event) for event in events] == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


def test_a_watch_without_a_resource_version_begins_with_what_is_there(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, config_map("a"))
    watcher = watch.Watch()
    for event in watcher.stream(core.list_namespaced_config_map, namespace, field_selector="metadata.name=a"):
        assert described(event) == ("ADDED", "a")
        assert isinstance(event["object"], client.V1ConfigMap)
        watcher.stop()


def test_a_watch_follows_a_pod_until_it_runs_and_goes(core: client.CoreV1Api, namespace: str) -> None:
    created = core.create_namespaced_pod(namespace, pod("web"))
    watcher, phases = watch.Watch(), []
    for event in watcher.stream(
        core.list_namespaced_pod, namespace, resource_version=created.metadata.resource_version, timeout_seconds=10
    ):
        phase = event["object"].status.phase
        if phase == "Running" and "Running" not in phases:
            core.delete_namespaced_pod("web", namespace)
        if not phases or phases[-1] != phase:
            phases.append(phase)
        if event["type"] == "DELETED":
            watcher.stop()
    assert phases[:2] == ["Pending", "Running"]


def test_a_selector_turns_changes_into_arrivals_and_departures(core: client.CoreV1Api, namespace: str) -> None:
    since = core.create_namespaced_config_map(namespace, config_map("a")).metadata.resource_version
    for colour in ("red", "blue"):
        core.patch_namespaced_config_map("a", namespace, {"metadata": {"labels": {"colour": colour}}})
    events = watch.Watch().stream(
        core.list_namespaced_config_map,
        namespace,
        resource_version=since,
        label_selector="colour=red",
        timeout_seconds=1,
    )
    assert [described(event) for event in events] == [("ADDED", "a"), ("DELETED", "a")]


def test_a_bookmark_marks_the_end_of_the_initial_events(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, config_map("a"))
    watcher, seen = watch.Watch(), []
    for event in watcher.stream(
        core.list_namespaced_config_map,
        namespace,
        send_initial_events=True,
        resource_version_match="NotOlderThan",
        allow_watch_bookmarks=True,
        timeout_seconds=5,
    ):
        seen.append(event["type"])
        if event["type"] == "BOOKMARK":
            annotations = event["raw_object"]["metadata"]["annotations"]
            assert annotations == {"k8s.io/initial-events-end": "true"}
            watcher.stop()
    assert seen[-1] == "BOOKMARK"
    assert set(seen[:-1]) == {"ADDED"}


def test_a_watch_from_a_version_still_to_come_is_refused_rather_than_left_hanging(
    core: client.CoreV1Api, namespace: str
) -> None:
    stream = watch.Watch().stream(
        core.list_namespaced_config_map, namespace, resource_version="999999999", timeout_seconds=1
    )
    with pytest.raises(client.ApiException) as raised:
        list(stream)
    assert raised.value.status == 504


# Informers.


@pytest.fixture
def informer(core: client.CoreV1Api, namespace: str) -> Iterator[SharedInformer]:
    """An informer on a namespace's config maps; it is stopped at the end."""
    informer = SharedInformer(core.list_namespaced_config_map, namespace=namespace, label_selector="kept=yes")
    informer.start()
    yield informer
    informer.stop()


def test_an_informers_cache_follows_the_server(
    core: client.CoreV1Api, namespace: str, informer: SharedInformer
) -> None:
    kept = config_map("a", colour="red")
    kept.metadata.labels = {"kept": "yes"}
    core.create_namespaced_config_map(namespace, kept)

    def colour() -> str | None:
        found = informer.cache.get_by_key(f"{namespace}/a")
        return found and found.data["colour"]

    until(lambda: colour() == "red")
    core.patch_namespaced_config_map("a", namespace, {"data": {"colour": "blue"}})
    until(lambda: colour() == "blue")
    core.delete_namespaced_config_map("a", namespace)
    until(lambda: colour() is None)


# asyncio.


def test_the_asyncio_client_creates_and_watches(shared_server: str, namespace: str) -> None:
    async def scenario() -> list[str]:
        async with aio.client.ApiClient(aio.client.Configuration(host=shared_server)) as api:
            core = aio.client.CoreV1Api(api)
            since = (await core.list_namespaced_config_map(namespace)).metadata.resource_version
            body = aio.client.V1ConfigMap(metadata=aio.client.V1ObjectMeta(name="a"))
            await core.create_namespaced_config_map(namespace, body)
            await core.delete_namespaced_config_map("a", namespace)
            async with aio.watch.Watch().stream(
                core.list_namespaced_config_map,
                namespace,
                resource_version=since,
                field_selector="metadata.name=a",
                timeout_seconds=1,
            ) as events:
                return [event["type"] async for event in events]

    assert asyncio.run(scenario()) == ["ADDED", "DELETED"]


# Leader election.


@pytest.mark.parametrize("kind", [LeaseLock, ConfigMapLock], ids=["lease", "configmap"])
def test_one_candidate_leads_and_another_takes_over_when_it_stops(
    python_api: client.ApiClient, namespace: str, kind: type
) -> None:
    step_down, led, stopped = threading.Event(), threading.Event(), threading.Event()

    def lead() -> None:
        led.set()
        step_down.wait()
        raise RuntimeError("stepping down")

    first, second = (
        LeaderElection(_config(_lock(kind, python_api, namespace, identity), lead, stopped.set))
        for identity in ("first", "second")
    )
    thread = threading.Thread(target=first.run)
    thread.start()
    try:
        assert led.wait(10)
        assert not second.try_acquire_or_renew()
        assert _holder(second) == "first"
    finally:
        step_down.set()
        thread.join(15)
    assert stopped.is_set()
    until(second.try_acquire_or_renew)
    assert _holder(first) == "second"


def _lock(kind: type, api: client.ApiClient, namespace: str, identity: str) -> Any:
    lock = kind("lock", namespace, identity)
    lock.api_instance = type(lock.api_instance)(api)
    return lock


def _config(lock: Any, started: Callable[[], None], stopped: Callable[[], None]) -> Config:
    """As the package's example has it, only quicker."""
    return Config(
        lock, lease_duration=3, renew_deadline=2, retry_period=1, onstarted_leading=started, onstopped_leading=stopped
    )


def _holder(candidate: LeaderElection) -> str:
    lock = candidate.election_config.lock
    found, record = lock.get(lock.name, lock.namespace)
    assert found
    return record.holder_identity

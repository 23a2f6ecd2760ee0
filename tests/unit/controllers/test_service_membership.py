"""Pods of services and services of pods, by index."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.client.informer import Informer
from fauxkube.controllers.service_membership import ServiceMembership
from fauxkube.kinds.gvrs import PODS, SERVICES
from fauxkube.kit.tasks import Tasks
from fauxkube.machinery.objects import Object, copy_of, name_of
from support.fake_api import FakeApi
from support.services import backend_pod, in_phase, service, terminating


def membership(services: list[Object], pods: list[Object]) -> ServiceMembership:
    """One over informers that have seen just these."""

    async def main() -> ServiceMembership:
        api = FakeApi()
        for each in services:
            api.seed(SERVICES, each)
        for each in pods:
            api.seed(PODS, each)
        informers = Informer(api, SERVICES, api.clock), Informer(api, PODS, api.clock)
        made = ServiceMembership(*informers)
        tasks = Tasks("test")
        for informer in informers:
            tasks.spawn(informer.run(), name="informer")
            await informer.wait_synced()
        await tasks.close()
        return made

    return asyncio.run(main())


def changed(pod: Object, **parts: Any) -> Object:
    copy = copy_of(pod)
    for name, value in parts.items():
        copy[name] = {**copy[name], **value}
    return copy


POD = backend_pod("a", "10.0.0.1", labels={"app": "web", "tier": "front"})
SERVICE_LIST = [
    service("by-app"),
    service("by-both", selector={"app": "web", "tier": "front"}),
    service("by-tier", selector={"tier": "back"}),
    service("without", selector=None),
    {**service("elsewhere"), "metadata": {**service("elsewhere")["metadata"], "namespace": "other"}},
]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, POD, {"by-app", "by-both"}),
        (POD, None, {"by-app", "by-both"}),
        (POD, changed(POD, metadata={"annotations": {"a": "b"}}), set()),
        (POD, changed(POD, status={"hostIP": "10.0.0.9"}), set()),
        (POD, changed(POD, status={"conditions": []}), {"by-app", "by-both"}),
        (POD, changed(POD, status={"podIPs": [{"ip": "10.0.0.2"}]}), {"by-app", "by-both"}),
        (POD, in_phase(POD, "Failed"), {"by-app", "by-both"}),
        (POD, terminating(POD), {"by-app", "by-both"}),
        (POD, changed(POD, metadata={"labels": {"app": "web", "tier": "back"}}), {"by-both", "by-tier"}),
        (
            POD,
            changed(POD, metadata={"labels": {"app": "web", "tier": "back"}}, status={"conditions": []}),
            {"by-app", "by-both", "by-tier"},
        ),
        (POD, changed(POD, metadata={"labels": {}}), {"by-app", "by-both"}),
    ],
)
def test_a_change_touches_just_the_services_it_can_matter_to(
    old: Object | None, new: Object | None, expected: set[str]
) -> None:
    touched = membership(SERVICE_LIST, []).touched_by(old, new)
    assert touched == sorted(f"default/{name}" for name in expected)


label_sets = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["1", "2"]), max_size=3)


@given(
    pods=st.lists(label_sets, max_size=8),
    selectors=st.lists(label_sets.filter(bool), min_size=1, max_size=4),
)
def test_the_indexes_find_what_a_scan_of_everything_finds(
    pods: list[dict[str, str]], selectors: list[dict[str, str]]
) -> None:
    services = [service(f"s{number}", selector=selector) for number, selector in enumerate(selectors)]
    objects = [backend_pod(f"p{number}", labels=labels) for number, labels in enumerate(pods)]
    made = membership(services, objects)
    for each in services:
        selector = each["spec"]["selector"]
        expected = {f"p{n}" for n, labels in enumerate(pods) if selector.items() <= labels.items()}
        assert {name_of(pod) for pod in made.pods_of(each)} == expected
    for pod, labels in zip(objects, pods, strict=True):
        expected = {f"default/s{n}" for n, selector in enumerate(selectors) if selector.items() <= labels.items()}
        assert made.touched_by(None, pod) == sorted(expected)

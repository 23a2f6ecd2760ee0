"""What is remembered of a service's pods, and when it is computed afresh."""

from __future__ import annotations

from fauxkube.controllers.pod_memory import PodMemory, TriggerTimes
from fauxkube.machinery.objects import Object, copy_of, name_of
from support.services import backend_pod, service


def _since(name: str, moment: str) -> Object:
    pod = backend_pod(name, "10.0.0.1")
    pod["status"]["conditions"][0]["lastTransitionTime"] = moment
    return pod


def test_a_pod_is_computed_again_only_when_it_or_the_service_is_another_object() -> None:
    computed: list[str] = []

    def compute(svc: Object, pod: Object) -> str:
        computed.append(name_of(pod))
        return f"{name_of(svc)}/{name_of(pod)}"

    memory = PodMemory(compute)
    svc, a, b = service(), backend_pod("a"), backend_pod("b")
    assert memory.of("k", svc, [a, b]) == ["web/a", "web/b"]
    assert memory.of("k", svc, [a, copy_of(b)]) == ["web/a", "web/b"]
    assert computed == ["a", "b", "b"]
    memory.of("k", copy_of(svc), [a])
    assert computed == ["a", "b", "b", "a"]
    memory.forget("k")
    memory.of("k", svc, [a])
    memory.clear()
    memory.of("k", svc, [a])
    assert computed[4:] == ["a", "a"]


def test_a_pod_that_left_is_forgotten() -> None:
    memory = PodMemory(lambda _, pod: name_of(pod))
    svc, a, b = service(), backend_pod("a"), backend_pod("b")
    memory.of("k", svc, [a, b])
    assert memory.of("k", svc, [b]) == ["b"]


def test_the_first_trigger_is_the_services_creation() -> None:
    assert TriggerTimes().next("k", service(), [_since("a", "2026-01-01T00:00:09Z")]) == "2026-01-01T00:00:00Z"


def test_later_triggers_are_the_earliest_change_not_accounted_for() -> None:
    times = TriggerTimes()
    svc = service()
    first = _since("a", "2026-01-01T00:00:01Z")
    times.next("k", svc, [first])
    changed = [_since("a", "2026-01-01T00:00:08Z"), _since("b", "2026-01-01T00:00:07Z")]
    assert times.next("k", svc, changed) == "2026-01-01T00:00:07Z"
    assert times.next("k", svc, changed) == ""
    assert times.next("k", svc, changed[1:]) == ""
    times.forget("k")
    assert times.next("k", svc, changed) == "2026-01-01T00:00:00Z"

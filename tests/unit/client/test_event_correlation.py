"""Counting, combining and dropping events, as client-go's correlator."""

from __future__ import annotations

from fauxkube.client.event_correlation import Correlator
from fauxkube.machinery.objects import Object


def event(message: str = "m", *, name: str = "web", reason: str = "BackOff", **reference: str) -> Object:
    return {
        "metadata": {"name": f"{name}.{message}", "namespace": "default"},
        "involvedObject": {"kind": "Pod", "name": name, "uid": name, **reference},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "count": 1,
        "firstTimestamp": "t0",
        "lastTimestamp": "t0",
    }


def messages(correlator: Correlator, *texts: str, now: float = 0.0) -> list[str]:
    written = [correlator.correlate(event(text), now) for text in texts]
    return [each.event["message"] if each else "dropped" for each in written]


def test_the_same_event_again_is_the_first_one_counted() -> None:
    correlator = Correlator()
    first = correlator.correlate(event(), 0)
    again = correlator.correlate({**event(), "metadata": {"name": "other"}, "lastTimestamp": "t1"}, 5)
    assert first is not None
    assert again is not None
    assert (first.repeats, again.repeats) == (False, True)
    assert again.event["metadata"] == first.event["metadata"]
    assert (again.event["count"], again.event["firstTimestamp"], again.event["lastTimestamp"]) == (2, "t0", "t1")


def test_events_of_other_objects_parts_reasons_or_messages_are_others() -> None:
    correlator = Correlator()
    different = [
        event(),
        event("other"),
        event(name="api"),
        event(reason="Failed"),
        event(fieldPath="spec.containers{c}"),
    ]
    written = [correlator.correlate(each, 0) for each in different]
    assert [each.repeats for each in written if each] == [False] * 5


def test_the_tenth_different_message_and_those_after_it_are_combined() -> None:
    correlator = Correlator()
    texts = [f"m{number}" for number in range(12)]
    combined = [f"(combined from similar events): {text}" for text in texts[9:]]
    assert messages(correlator, *texts) == [*texts[:9], *combined]
    last = correlator.correlate(event("m12"), 0)
    assert last is not None
    assert last.repeats
    assert last.event["count"] == 4


def test_messages_far_apart_in_time_are_not_combined() -> None:
    correlator = Correlator()
    for number in range(20):
        assert messages(correlator, f"m{number}", now=number * 601.0) == [f"m{number}"]


def test_a_source_speaks_of_an_object_25_times_and_then_once_in_five_minutes() -> None:
    correlator = Correlator()
    assert messages(correlator, *["m"] * 26)[24:] == ["m", "dropped"]
    assert messages(correlator, "m", now=299) == ["dropped"]
    assert messages(correlator, "m", "m", now=301) == ["m", "dropped"]
    assert correlator.correlate(event(name="another"), 301) is not None


def test_only_so_much_is_remembered() -> None:
    correlator = Correlator()
    correlator.correlate(event(), 0)
    for number in range(5000):
        correlator.correlate(event(name=f"pod-{number}"), 0)
    again = correlator.correlate(event(), 0)
    assert again is not None
    assert not again.repeats

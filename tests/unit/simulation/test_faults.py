"""The engine of faults: specs read strictly, hits counted and drawn, windows on the cluster's clock."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import ManualClock
from fauxkube.simulation.faults.engine import Fault, FaultError, Faults

CRASH = {"kind": "pod", "match": {"name": "web-*"}, "effect": "crash"}
WEB = {"namespace": "default", "name": "web-1", "labels": {"app": "web"}}
CRASHES = ("crash",)


def faults(clock: ManualClock | None = None) -> Faults:
    made = Faults(clock or ManualClock(), Chance(1))
    made.components.update(["deployment-controller", "garbage-collector"])
    return made


@pytest.mark.parametrize(
    ("spec", "field", "says"),
    [
        ({"effect": "crash"}, "kind", "is required"),
        ({"kind": "pods", "effect": "crash"}, "kind", "there is no kind 'pods', but there are"),
        ({"kind": "pod"}, "effect", "is required"),
        (CRASH | {"colour": 1}, "colour", "no such field, but there are after, count, effect, for, kind, match, prob"),
        (CRASH | {"effect": "melt"}, "effect.type", "there is no effect 'melt' of kind pod, but there are crash, im"),
        (CRASH | {"effect": {"type": "crash", "exit": 1}}, "effect.exit", "there are exitCode, repeat, runFor"),
        (CRASH | {"effect": {"type": "crash", "exitCode": 256}}, "effect.exitCode", "from 0 to 255, not 256"),
        (CRASH | {"effect": {"type": "crash", "exitCode": True}}, "effect.exitCode", "not True"),
        (CRASH | {"effect": {"type": "crash", "repeat": "yes"}}, "effect.repeat", "must be true or false"),
        (CRASH | {"effect": "slow-start"}, "effect.delay", "is required"),
        (CRASH | {"effect": ["crash"]}, "effect", "must be an object or a text"),
        (CRASH | {"match": {"pod": "web"}}, "match.pod", "there are container, image, labels, name, namespace, node"),
        (CRASH | {"match": {"name": 7}}, "match.name", "must be a text, not 7"),
        (CRASH | {"match": {"name": []}}, "match.name", "at least one pattern"),
        (CRASH | {"match": {"labels": "app in web"}}, "match.labels", "unable to parse"),
        (CRASH | {"match": "web"}, "match", "must be an object"),
        (CRASH | {"count": 0}, "count", "must be a whole number of at least 1, not 0"),
        (CRASH | {"probability": 1.5}, "probability", "must be a number from 0 to 1, not 1.5"),
        (CRASH | {"after": "soon"}, "after", "must be seconds or a duration such as '1m30s', not 'soon'"),
        (CRASH | {"for": -1}, "for", "not -1"),
        ({"kind": "controller", "effect": "pause"}, "match.name", "is required"),
        (
            {"kind": "controller", "match": {"name": "job"}, "effect": "pause"},
            "match.name",
            "there is no control loop 'job', but there are deployment-controller, garbage-collector, kubelet",
        ),
    ],
)
def test_what_is_no_fault_is_refused_by_the_field(spec: dict[str, Any], field: str, says: str) -> None:
    all_faults = faults()
    with pytest.raises(FaultError) as caught:
        all_faults.add(spec)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    assert says in str(caught.value)
    assert all_faults.list() == []


def test_a_fault_is_described_as_it_was_given() -> None:
    all_faults = faults()
    fault = all_faults.add({"kind": "pod", "effect": "crash", "count": 2})
    assert fault.described() == {
        "id": "fault-1",
        "state": "active",
        "hits": 0,
        "kind": "pod",
        "match": {},
        "effect": {"type": "crash"},
        "count": 2,
    }
    assert (fault.effect["exitCode"], fault.effect["repeat"]) == (1, False)
    assert all_faults.get("fault-1") is fault
    assert all_faults.get("fault-2") is None


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({}, True),
        ({"name": "web-*"}, True),
        ({"name": "web-?", "namespace": "shop"}, False),
        ({"name": ["api-*", "web-1"]}, True),
        ({"name": ["api", "db"]}, False),
        ({"name": "web"}, False),
        ({"labels": "app=web"}, True),
        ({"labels": "app notin (web)"}, False),
        ({"labels": {"app": "web"}}, True),
        ({"labels": {"app": "api"}}, False),
        ({"node": "node-1"}, False),
    ],
)
def test_every_field_that_is_named_must_match(match: dict[str, Any], hit: bool) -> None:
    all_faults = faults()
    all_faults.add({"kind": "pod", "match": match, "effect": "crash"})
    assert (all_faults.strike("pod", WEB, CRASHES) is not None) is hit


def test_the_first_fault_that_hits_counts() -> None:
    all_faults = faults()
    first, second = all_faults.add(CRASH | {"count": 2}), all_faults.add(CRASH)
    hit = [all_faults.strike("pod", WEB, CRASHES) for _ in range(3)]
    assert hit == [first, first, second]
    assert (first.hits, first.state, second.hits, second.state) == (2, "exhausted", 1, "active")
    assert all_faults.strike("pod", WEB, ("unready",)) is None
    assert all_faults.strike("node", WEB, CRASHES) is None


def test_chance_decides_on_each_hit() -> None:
    all_faults = faults()
    fault = all_faults.add(CRASH | {"probability": 0.5})
    hits = sum(all_faults.strike("pod", WEB, CRASHES) is fault for _ in range(200))
    assert 70 < hits < 130
    assert fault.hits == hits
    never = faults()
    never.add(CRASH | {"probability": 0})
    assert never.strike("pod", WEB, CRASHES) is None


def test_a_fault_begins_and_ends_on_the_clusters_clock() -> None:
    clock = ManualClock()
    all_faults = faults(clock)
    told: list[tuple[str, str]] = []
    all_faults.on_change(lambda fault: told.append((fault.id, fault.state)))
    fault = all_faults.add(CRASH | {"after": "10s", "for": "1m30s"})
    assert (fault.state, all_faults.in_force("pod")) == ("waiting", ())
    clock.advance(10)
    assert all_faults.in_force("pod") == (fault,)
    clock.advance(89)
    assert all_faults.strike("pod", WEB, CRASHES) is fault
    clock.advance(1)
    assert (fault.state, all_faults.in_force("pod")) == ("expired", ())
    assert not fault.strike()
    assert told == [("fault-1", "waiting"), ("fault-1", "active"), ("fault-1", "expired")]
    assert all_faults.list() == [fault]


def test_a_fault_that_is_removed_ends_at_once_and_for_good() -> None:
    clock = ManualClock()
    all_faults = faults(clock)
    fault = all_faults.add(CRASH | {"after": 5})
    assert all_faults.remove(fault.id)
    assert not all_faults.remove(fault.id)
    clock.advance(10)
    assert (fault.state, all_faults.list(), all_faults.in_force("pod")) == ("removed", [], ())
    all_faults.add(CRASH)
    all_faults.clear()
    assert all_faults.list() == []
    assert all_faults.add(CRASH).id == "fault-3"


def test_a_fault_that_lasts_keeps_what_it_took_and_takes_no_more_than_its_count() -> None:
    all_faults = faults()
    fault = all_faults.add({"kind": "node", "effect": "down", "count": 1})
    down = ("down",)

    def held(node: str) -> Fault | None:
        return all_faults.held("node", node, {"name": node}, down)

    assert [held("node-1"), held("node-2"), held("node-1")] == [fault, None, fault]
    assert (fault.hits, fault.state) == (1, "exhausted")
    assert all_faults.in_force("node") == (fault,)
    all_faults.clear()
    assert held("node-1") is None


def test_a_fault_that_comes_once_is_over_on_the_next_occasion() -> None:
    fault = faults().add(CRASH)
    assert [fault.holds("web", "run-0"), fault.holds("web", "run-0"), fault.holds("web", "run-1")] == [
        True,
        True,
        False,
    ]
    assert fault.hits == 1


def test_a_draw_that_spared_a_target_spares_it_for_good() -> None:
    fault = faults().add(CRASH | {"probability": 0})
    assert not fault.holds("web")
    assert fault.hits == 0


def test_a_handler_that_is_told_of_the_last_hit_sees_it_held() -> None:
    all_faults = faults()
    seen: list[bool] = []
    all_faults.on_change(lambda fault: seen.append(fault.in_force))
    fault = all_faults.add({"kind": "node", "effect": "down", "count": 1})
    fault.holds("node-1")
    assert seen == [True, True]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(5, 5.0), (0.5, 0.5), ("500ms", 0.5), ("1h2m3s", 3723.0), ("1.5m", 90.0)],
)
def test_durations_are_seconds_or_written_as_go_writes_them(given: Any, seconds: float) -> None:
    assert faults().add(CRASH | {"for": given}).lasts == seconds


def test_another_cluster_goes_on_with_the_same_faults() -> None:
    clock = ManualClock()
    source = faults(clock)
    source.add(CRASH | {"after": "10s", "for": "20s", "count": 2})
    source.add({"kind": "node", "match": {"name": "node-1"}, "effect": "down"})
    source.add(CRASH | {"for": "5s"})
    source.remove("fault-2")
    clock.advance(15)
    assert source.strike("pod", WEB, CRASHES) is not None
    other_clock = ManualClock()
    other_clock.advance(1000)
    other = faults(other_clock)
    other.recall(source.memory())
    assert [each.described() for each in other.list()] == [each.described() for each in source.list()]
    assert [each.state for each in other.list()] == ["active", "expired"]
    assert other.add(CRASH).id == "fault-4"
    other.remove("fault-4")
    assert other.strike("pod", WEB, CRASHES) is other.get("fault-1")
    assert [each.hits for each in (*other.list(), *source.list())] == [2, 0, 1, 0]
    other_clock.advance(15)
    assert other.list()[0].state == "expired"
    assert source.list()[0].state == "active"


def test_a_fault_that_waits_goes_on_waiting_elsewhere() -> None:
    clock, other_clock = ManualClock(), ManualClock()
    source, other = faults(clock), faults(other_clock)
    source.add(CRASH | {"after": "10s", "for": "20s"})
    clock.advance(4)
    other.recall(source.memory())
    for seconds, state in ((5, "waiting"), (1, "active"), (19, "active"), (1, "expired")):
        other_clock.advance(seconds)
        assert other.list()[0].state == state


def test_what_a_fault_holds_it_holds_elsewhere() -> None:
    source, other = faults(), faults()
    source.add({"kind": "node", "effect": "down", "count": 1})
    down = ("down",)
    assert source.held("node", "node-2", {"name": "node-2"}, down) is not None
    other.recall(source.memory())
    assert other.held("node", "node-2", {"name": "node-2"}, down) is not None
    assert other.held("node", "node-1", {"name": "node-1"}, down) is None

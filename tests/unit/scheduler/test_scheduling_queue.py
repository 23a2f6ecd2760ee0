"""The order in which pods are tried, and when they are tried again."""

from __future__ import annotations

import pytest

from fauxkube.kit.clock import ManualClock
from fauxkube.scheduler.pod_info import PodInfo, pod_info
from fauxkube.scheduler.queue import Entry, SchedulingQueue


def pod(name: str, *, priority: int = 0, uid: str = "") -> PodInfo:
    metadata = {"name": name, "namespace": "default", "uid": uid or name}
    return pod_info({"metadata": metadata, "spec": {"containers": [], "priority": priority}})


class Rig:
    """A queue on a clock that stands still, and how often it said that there is a pod to try."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.told = 0
        self.queue = SchedulingQueue(self.clock, ready=self._tell)

    def _tell(self) -> None:
        self.told += 1

    def take(self) -> Entry:
        """The next pod, which there must be."""
        entry = self.queue.take()
        assert entry is not None
        return entry


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_pods_come_by_priority_then_by_age(rig: Rig) -> None:
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
        rig.queue.put(pod(name, priority=priority))
        rig.clock.advance(1)
    assert [rig.take().pod.key for _ in range(4)] == [f"default/{name}" for name in "bdac"]
    assert not rig.queue.idle


def test_a_pod_that_was_removed_is_not_tried(rig: Rig) -> None:
    rig.queue.put(pod("a"))
    rig.queue.remove("default/a")
    assert rig.queue.idle
    assert rig.queue.take() is None


def test_a_parked_pod_waits_for_what_may_help_it(rig: Rig) -> None:
    for name in "ab":
        rig.queue.put(pod(name))
    for _ in range(2):
        rig.queue.park(rig.take())
    assert rig.queue.idle
    rig.queue.wake(lambda each: each.key == "default/b")
    assert rig.take().pod.key == "default/b"
    assert rig.queue.take() is None


def test_a_pod_that_backs_off_is_tried_only_when_no_other_is_active(rig: Rig) -> None:
    rig.queue.put(pod("early", priority=9))
    rig.queue.park(rig.take())
    rig.queue.wake(lambda _: True)
    rig.queue.put(pod("late"))
    assert rig.take().pod.key == "default/late"
    assert rig.take().pod.key == "default/early"


def test_a_pod_whose_backoff_is_over_comes_by_its_priority_again(rig: Rig) -> None:
    rig.queue.put(pod("early", priority=9))
    rig.queue.park(rig.take())
    rig.queue.wake(lambda _: True)
    rig.queue.put(pod("late"))
    rig.clock.advance(1)
    assert rig.take().pod.key == "default/early"


def test_a_pod_is_parked_for_five_minutes_at_most(rig: Rig) -> None:
    rig.queue.put(pod("a"))
    rig.queue.park(rig.take())
    rig.clock.advance(299)
    assert rig.queue.take() is None
    rig.clock.advance(1)
    assert rig.take().pod.key == "default/a"


def test_an_error_waits_for_a_backoff_that_doubles_up_to_ten_seconds(rig: Rig) -> None:
    rig.queue.put(pod("a"))
    for seconds in (1, 2, 4, 8, 10, 10):
        rig.queue.retry(rig.take())
        rig.clock.advance(seconds - 0.1)
        assert rig.queue.take() is None
        rig.clock.advance(0.1)
    assert rig.take().attempts == 7


def test_a_change_of_a_parked_pod_wakes_it_and_a_refresh_does_not(rig: Rig) -> None:
    rig.queue.put(pod("a"))
    rig.queue.park(rig.take())
    rig.queue.refresh(pod("a", priority=3))
    assert rig.queue.take() is None
    rig.queue.put(pod("a", priority=4))
    assert rig.take().pod.priority == 4


def test_a_pod_of_the_same_name_starts_afresh(rig: Rig) -> None:
    rig.queue.put(pod("a"))
    old = rig.take()
    rig.queue.put(pod("a", uid="another"))
    rig.queue.park(old)
    new = rig.take()
    assert (new.pod.uid, new.attempts) == ("another", 1)


def test_a_pod_that_went_while_it_was_tried_does_not_come_back(rig: Rig) -> None:
    rig.queue.put(pod("a"))
    entry = rig.take()
    rig.queue.remove("default/a")
    assert rig.queue.idle
    rig.queue.retry(entry)
    rig.clock.advance(60)
    assert rig.queue.take() is None


def test_a_retry_is_called_off_when_its_pod_goes(rig: Rig) -> None:
    rig.queue.put(pod("a"))
    rig.queue.retry(rig.take())
    rig.queue.remove("default/a")
    rig.clock.advance(60)
    assert rig.queue.take() is None

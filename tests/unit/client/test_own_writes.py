"""Waiting for an informer to show one's own writes."""

from __future__ import annotations

from typing import cast

from fauxkube.client.informer import Informer
from fauxkube.client.own_writes import OwnWrites
from fauxkube.machinery.objects import Object


class _Lagging:
    """What `OwnWrites` asks of an informer."""

    def __init__(self) -> None:
        self.revision = 5


def _at(revision: int) -> Object:
    return {"metadata": {"name": "a", "resourceVersion": str(revision)}}


def test_work_waits_until_the_informer_has_seen_the_last_write() -> None:
    lagging = _Lagging()
    writes = OwnWrites(cast("Informer", lagging))
    assert not writes.must_wait("k")
    writes.note("k", _at(6))
    writes.note("k", _at(8))
    assert not writes.awaited("k")
    assert writes.must_wait("k")
    assert writes.awaited("k")
    lagging.revision = 7
    assert writes.must_wait("k")
    lagging.revision = 8
    assert not writes.must_wait("k")
    assert not writes.awaited("k")


def test_a_write_that_was_seen_before_its_answer_came_is_not_waited_for() -> None:
    writes = OwnWrites(cast("Informer", _Lagging()))
    writes.note("k", _at(5))
    assert not writes.must_wait("k")


def test_own_writes_are_told_from_others() -> None:
    writes = OwnWrites(cast("Informer", _Lagging()))
    writes.note("k", _at(7))
    assert writes.is_own("k", _at(7))
    assert not writes.is_own("k", _at(6))
    assert not writes.is_own("other", _at(7))
    writes.forget("k")
    assert not writes.is_own("k", _at(7))


def test_what_has_caught_up_is_forgotten_and_told_to_who_waited() -> None:
    lagging = _Lagging()
    writes = OwnWrites(cast("Informer", lagging))
    assert not writes.caught_up("a")
    for key in ("a", "b"):
        writes.note(key, _at(7))
    assert writes.must_wait("a")
    assert not writes.caught_up("a")
    lagging.revision = 7
    assert writes.caught_up("a")
    assert not writes.caught_up("a")
    assert not writes.caught_up("b")
    assert not writes.is_own("b", _at(7))

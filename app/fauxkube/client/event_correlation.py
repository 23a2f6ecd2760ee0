"""What becomes of a component's event before it is written, as client-go's `EventCorrelator` decides.

The same event again raises the count of the one that was written first. More than ten events in ten minutes that
differ in their message only become one, `(combined from similar events): ...`. A source may speak 25 times of one
object, then once in five minutes; what is beyond that is dropped.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import ClassVar, Generic, NamedTuple, TypeVar

from fauxkube.machinery.objects import Object

#: How many sources, similar events and messages are remembered (each), the longest unused forgotten first.
_REMEMBERED = 4096
_SIMILAR_MAX = 10
_SIMILAR_SECONDS = 600.0
_SPAM_BURST = 25.0
_SPAM_REFILL_SECONDS = 300.0
_COMBINED = "(combined from similar events): "

K = TypeVar("K")
V = TypeVar("V")


class Written(NamedTuple):
    """What to write: `event` whole, or, when it `repeats` one that was written, only what is `counted` of it."""

    event: Object
    repeats: bool


class Recent(OrderedDict[K, V], Generic[K, V]):
    """A mapping that forgets what was set the longest time ago."""

    def remember(self, key: K, value: V) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > _REMEMBERED:
            self.popitem(last=False)


class _First(NamedTuple):
    """What later events that are the same take over from the first, and how many there have been."""

    metadata: Object
    timestamp: str
    seen: int


@dataclass(slots=True)
class _Similar:
    """The different messages of events alike in all else, and when the last one came."""

    last: float
    messages: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Tokens:
    """A bucket of the right to speak, as full as it was at `last`."""

    left: float
    last: float


class Correlator:
    """The memory of one source; `now` is always the clock's monotonic time in seconds."""

    #: What changes of an event that repeats.
    counted: ClassVar[tuple[str, ...]] = ("count", "lastTimestamp", "message")

    def __init__(self) -> None:
        self._similar: Recent[tuple[str, ...], _Similar] = Recent()
        self._first: Recent[tuple[str, ...], _First] = Recent()
        self._tokens: Recent[tuple[str, ...], _Tokens] = Recent()

    def correlate(self, event: Object, now: float) -> Written | None:
        """What to write of a new event (count 1); None when its source has said too much."""
        key = self._combine(event, now)
        first = self._first.get(key)
        if first is not None:
            event["metadata"] = first.metadata
            event["firstTimestamp"] = first.timestamp
            event["count"] = first.seen + 1
        self._first.remember(key, _First(event["metadata"], event["firstTimestamp"], event["count"]))
        return Written(event, first is not None) if self._may_speak(event, now) else None

    def _combine(self, event: Object, now: float) -> tuple[str, ...]:
        """Combine the event with those like it, if they have become many; what tells it from others."""
        alike = _alike(event)
        similar = self._similar.get(alike)
        if similar is None or now - similar.last > _SIMILAR_SECONDS:
            similar = _Similar(now)
        similar.last = now
        similar.messages[event["message"]] = None
        self._similar.remember(alike, similar)
        if len(similar.messages) < _SIMILAR_MAX:
            return (*alike, event["involvedObject"].get("fieldPath", ""), event["message"])
        similar.messages.pop(next(iter(similar.messages)))
        event["message"] = _COMBINED + event["message"]
        return alike

    def _may_speak(self, event: Object, now: float) -> bool:
        of = _about(event)
        tokens = self._tokens.get(of) or _Tokens(_SPAM_BURST, now)
        tokens.left = min(_SPAM_BURST, tokens.left + (now - tokens.last) / _SPAM_REFILL_SECONDS)
        tokens.last = now
        self._tokens.remember(of, tokens)
        if tokens.left < 1:
            return False
        tokens.left -= 1
        return True


def _about(event: Object) -> tuple[str, ...]:
    of = event["involvedObject"]
    return tuple(of.get(name, "") for name in ("apiVersion", "kind", "namespace", "name", "uid"))


def _alike(event: Object) -> tuple[str, ...]:
    return (*_about(event), event["type"], event["reason"])

"""The record of a cluster's requests: a bounded ring of calls, what was asked of it, and the mistakes noticed.

The API server writes to it from its event loop; anyone may read from any thread. Control loops of the cluster's own
work in process and make no requests. What comes in over HTTP is recorded from its arrival on, so that what is still
being answered (a watch above all) can be seen; the oldest go when there are too many or they are too heavy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Unpack

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.machinery.objects import Object
from fauxkube.simulation.calls import Call
from fauxkube.simulation.requests import reports
from fauxkube.simulation.requests.criteria import Asked, Criteria, CriteriaError
from fauxkube.simulation.requests.records import to_json
from fauxkube.simulation.requests.times import Times
from fauxkube.simulation.strictness.findings import Findings

#: pytest shows a failure where the test stands, and not what is done here.
__tracebackhide__ = True

#: How many calls are kept unless told otherwise.
DEFAULT_LIMIT = 5_000
#: The largest body or answer that is kept.
BODY_LIMIT = 64 * 1024
#: How many bytes all calls that are kept may weigh.
TOTAL_LIMIT = 16 * 1024 * 1024
#: About what a call weighs without its body and answer: mostly its headers.
CALL_WEIGHT = 2 * 1024


class RequestLog:
    """The last `limit` requests to one cluster, in the order of their arrival; 0 records nothing.

    Criteria are those of `criteria`; one that cannot be met, such as a resource that does not exist, is a
    `CriteriaError`. Failed assertions are `AssertionError`s that tell the nearest calls.
    """

    def __init__(self, catalogue: Catalogue, *, limit: int = DEFAULT_LIMIT) -> None:
        self.findings_made = Findings()
        self._catalogue = catalogue
        self._limit = limit
        self._calls: deque[Call] = deque()
        self._last = 0
        self._weight = 0

    @classmethod
    def of(cls, catalogue: Catalogue, calls: Iterable[Call]) -> RequestLog:
        """A record of calls that were seen elsewhere, to be questioned here."""
        log = cls(catalogue)
        log._calls.extend(calls)
        log._last = log._calls[-1].id if log._calls else 0
        return log

    def begin(self, call: Call) -> None:
        """Record a request as it arrives."""
        if not self._limit:
            return
        self._last = call.id = self._last + 1
        self._calls.append(call)
        if len(self._calls) > self._limit:
            self._forget_oldest()

    def end(self, call: Call, body: bytes, answer: bytes) -> None:
        """Complete a call that has been answered; `status` and the rest are filled in by whoever answered it."""
        call.body_size, call.answer_size = len(body), len(answer)
        if call.body_size <= BODY_LIMIT:
            call.body = body
        if call.answer_size <= BODY_LIMIT:
            call.answer = answer
        if self._calls and call.id >= self._calls[0].id:
            call.weighed = CALL_WEIGHT + len(call.body) + len(call.answer)
            self._weight += call.weighed
            while self._weight > TOTAL_LIMIT:
                self._forget_oldest()

    def _forget_oldest(self) -> None:
        self._weight -= self._calls.popleft().weighed

    def recent(self, count: int) -> Iterator[Call]:
        """The newest calls, the newest first."""
        return islice(reversed(self._calls), count)

    def mark(self) -> int:
        """A marker for `since`: what comes after now."""
        return self._last

    def calls(self, **asked: Unpack[Asked]) -> list[Call]:
        """The calls that meet all criteria, in the order of their arrival."""
        seen, criteria = self._asked(asked)
        return [call for call in seen if criteria.accept(call)]

    def count(self, **asked: Unpack[Asked]) -> int:
        """How many calls meet all criteria."""
        return len(self.calls(**asked))

    def assert_called(self, times: int | str | None = None, **asked: Unpack[Asked]) -> list[Call]:
        """Fail unless that many calls meet the criteria: at least one, `2`, `">=2"`; answers them."""
        expected = Times.of(times)
        seen, criteria = self._asked(asked)
        matching = [call for call in seen if criteria.accept(call)]
        if not expected.hold(len(matching)):
            raise AssertionError(reports.unexpected(criteria, str(expected), matching, seen))
        return matching

    def assert_called_once(self, **asked: Unpack[Asked]) -> Call:
        """Fail unless just one call meets the criteria; answers it."""
        return self.assert_called(1, **asked)[0]

    def assert_not_called(self, **asked: Unpack[Asked]) -> None:
        """Fail when a call meets the criteria."""
        self.assert_called(0, **asked)

    def assert_order(self, *steps: Asked) -> list[Call]:
        """Fail unless calls came that meet one step's criteria after the other's, whatever came between them."""
        seen, _ = self._asked({})
        criteria = [self._criteria(step, seen) for step in steps]
        matched: list[Call] = []
        rest = iter(seen)
        for number, step in enumerate(criteria):
            call = next((each for each in rest if step.accept(each)), None)
            if call is None:
                raise AssertionError(reports.out_of_order(criteria, number, matched, seen))
            matched.append(call)
        return matched

    def to_json(self, **asked: Unpack[Asked]) -> list[Object]:
        """The calls that meet all criteria, as JSON; over HTTP, where all values are text, the same criteria serve."""
        return [to_json(call) for call in self.calls(**asked)]

    def to_har(self) -> Object:
        """The whole record as an HTTP archive (HAR 1.2)."""
        from fauxkube.simulation.requests.har import archive

        return archive([*self._calls])

    def findings(self) -> list[Object]:
        """The mistakes of clients that the strict rules found, as JSON, in the order in which they were first made."""
        return self.findings_made.to_json()

    def clear(self) -> None:
        """Forget all calls and findings; what is still being answered is forgotten too. Markers stay good."""
        self._calls.clear()
        self._weight = 0
        self.findings_made.clear()

    def _asked(self, asked: Asked) -> tuple[list[Call], Criteria]:
        """The calls there are since the marker, and the criteria."""
        if not self._limit:
            raise CriteriaError("no requests are recorded: Settings.requests is 0")
        seen = [*self._calls]
        criteria = self._criteria(asked, seen)
        return [call for call in seen if call.id > criteria.since], criteria

    def _criteria(self, asked: Asked, seen: list[Call]) -> Criteria:
        return Criteria(asked, self._catalogue, {call.gvr for call in seen if call.gvr})

"""The requests that programs have made of a cluster, asked for and asserted on by a test.

    cluster.requests.assert_called(verb="create", resource="pods", times=3)
    cluster.requests.assert_not_called(verb="delete", namespace="kube-system")

Criteria are those of `fauxkube.simulation.requests.criteria`. What a handle does by itself is not among them.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import orjson

from fauxkube.machinery.objects import Object
from fauxkube.simulation.calls import Call
from fauxkube.simulation.requests import RequestLog
from fauxkube.simulation.requests.criteria import Asked

if TYPE_CHECKING:
    from fauxkube.testing.holding import Holding

#: pytest shows a failure where the test stands, and not what is done here.
__tracebackhide__ = True


class Requests:
    """The record of one cluster's requests; CriteriaError for what cannot be asked."""

    def __init__(self, cluster: Holding) -> None:
        self._cluster = cluster

    def mark(self) -> int:
        """A marker for `since`: what comes after now."""
        return self._log().mark()

    def calls(self, **asked: Unpack[Asked]) -> list[Call]:
        """The requests that meet all criteria, in the order of their arrival."""
        return self._log().calls(**asked)

    def count(self, **asked: Unpack[Asked]) -> int:
        """How many there are."""
        return self._log().count(**asked)

    def assert_called(self, times: int | str | None = None, **asked: Unpack[Asked]) -> list[Call]:
        """Fail unless that many requests meet the criteria: at least one, `2`, `">=2"`; answers them."""
        return self._log().assert_called(times, **asked)

    def assert_called_once(self, **asked: Unpack[Asked]) -> Call:
        """Fail unless just one request meets the criteria; answers it."""
        return self._log().assert_called_once(**asked)

    def assert_not_called(self, **asked: Unpack[Asked]) -> None:
        """Fail when a request meets the criteria."""
        self._log().assert_not_called(**asked)

    def assert_order(self, *steps: Asked) -> list[Call]:
        """Fail unless requests came that meet one step's criteria after the other's, whatever came between."""
        return self._log().assert_order(*steps)

    def clear(self) -> None:
        """Forget the requests, and what was found wrong with them."""
        self._cluster.run(self._cluster.member.control.clear_requests())

    def findings(self) -> list[Object]:
        """The mistakes that the strict rules found: `rule`, `mode`, `message`, and how often."""
        return self._cluster.run(self._cluster.member.control.findings())

    def har(self) -> Object:
        """All requests as an HTTP archive (HAR 1.2)."""
        return self._cluster.run(self._cluster.member.control.har())

    def save_har(self, path: str | PathLike[str]) -> None:
        """Write the archive to a file, which browsers' tools open."""
        Path(path).write_bytes(orjson.dumps(self.har(), option=orjson.OPT_INDENT_2))

    def _log(self) -> RequestLog:
        return self._cluster.run(self._cluster.member.request_log())

"""What becomes of a packet, for a test to assert on: `assert cluster.trace("pod/client", "http://shop").reached`."""

from __future__ import annotations

from fauxkube.machinery.objects import Object


class Trace:
    """A packet's ways as `fauxkube.network.hops.Trace` has them, as JSON; printed, it tells each hop."""

    def __init__(self, found: Object) -> None:
        self._found = found

    @property
    def reached(self) -> bool:
        """Whether the packet arrives, whichever way it takes of those that were looked at."""
        return bool(self._found["reached"])

    @property
    def ways(self) -> list[Object]:
        """The ways that were looked at: each with its `probability`, `reached` and `hops`."""
        return list(self._found["ways"])

    @property
    def hops(self) -> list[Object]:
        """The hops of the first way."""
        return list(self.ways[0]["hops"])

    @property
    def receivers(self) -> list[str]:
        """Who takes the packet at the end of each way that arrives: `pod/default/web`."""
        return [way["hops"][-1]["where"] for way in self.ways if way["reached"]]

    @property
    def reason(self) -> str:
        """Why the first way that is lost is lost, in a word such as `NoEndpoints`; empty when none is."""
        return str(self._end().get("reason", ""))

    @property
    def likely(self) -> list[str]:
        """What is likely the mistake."""
        return list(self._end().get("likely", []))

    def to_json(self) -> Object:
        """All of it."""
        return self._found

    def _end(self) -> Object:
        return next((way["hops"][-1] for way in self.ways if not way["reached"]), {})

    def __repr__(self) -> str:
        from fauxkube.network.text import render

        return render(self._found)

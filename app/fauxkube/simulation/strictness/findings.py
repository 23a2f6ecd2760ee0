"""The mistakes that were found: each once, with how often and in which calls it was made."""

from __future__ import annotations

from dataclasses import dataclass

from fauxkube.machinery.objects import Object
from fauxkube.simulation.calls import Call

#: How many different findings are kept.
LIMIT = 1_000


@dataclass(slots=True)
class Finding:
    """One mistake of one client with one object or collection; `mode` says whether it was refused (`fail`)."""

    rule: str
    mode: str
    problem: str
    hint: str
    call: Call
    count: int = 1
    last_call: int = 0

    def to_json(self) -> Object:
        """As it is told over HTTP; `firstCall` and `lastCall` are the numbers of calls in the record."""
        call = self.call
        return {
            "rule": self.rule,
            "mode": self.mode,
            "problem": self.problem,
            "hint": self.hint,
            "count": self.count,
            "firstCall": call.id,
            "lastCall": self.last_call or call.id,
            "verb": call.verb,
            "resource": call.resource,
            "subresource": call.subresource,
            "namespace": call.namespace,
            "name": call.object_name,
            "path": call.path,
            "userAgent": call.user_agent,
        }


class Findings:
    """What was found, in the order in which it was first found."""

    def __init__(self) -> None:
        self._findings: dict[tuple[str, ...], Finding] = {}

    def add(self, finding: Finding) -> None:
        """Keep it, or count it where the same was found before; beyond `LIMIT` new ones are dropped."""
        call = finding.call
        key = (finding.rule, finding.mode, call.user_agent, call.method, call.path)
        known = self._findings.get(key)
        if known is not None:
            known.count, known.last_call = known.count + 1, call.id
        elif len(self._findings) < LIMIT:
            self._findings[key] = finding

    def to_json(self) -> list[Object]:
        """All of them."""
        return [finding.to_json() for finding in [*self._findings.values()]]

    def clear(self) -> None:
        """Forget them."""
        self._findings.clear()

"""The mistakes that were found: each once, with how often and in which calls it was made."""

from __future__ import annotations

from dataclasses import dataclass

from fauxkube.machinery.objects import Object

#: How many different findings are kept.
LIMIT = 1_000


@dataclass(slots=True, kw_only=True)
class Finding:
    """One mistake of one client with one object or collection; `mode` says whether it was refused (`fail`).

    The first and last call are their numbers in the record, where they may be forgotten by now.
    """

    rule: str
    mode: str
    problem: str
    hint: str
    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    path: str
    user_agent: str
    first_call: int
    last_call: int
    count: int = 1

    def to_json(self) -> Object:
        """As it is told over HTTP."""
        return {
            "rule": self.rule,
            "mode": self.mode,
            "problem": self.problem,
            "hint": self.hint,
            "count": self.count,
            "firstCall": self.first_call,
            "lastCall": self.last_call,
            "verb": self.verb,
            "resource": self.resource,
            "subresource": self.subresource,
            "namespace": self.namespace,
            "name": self.name,
            "path": self.path,
            "userAgent": self.user_agent,
        }


class Findings:
    """What was found, in the order in which it was first found."""

    def __init__(self) -> None:
        self._findings: dict[tuple[str, ...], Finding] = {}

    def add(self, finding: Finding) -> None:
        """Keep it, or count it where the same was found before; beyond `LIMIT` new ones are dropped."""
        key = (finding.rule, finding.mode, finding.user_agent, finding.verb, finding.path)
        known = self._findings.get(key)
        if known is not None:
            known.count, known.last_call = known.count + 1, finding.last_call
        elif len(self._findings) < LIMIT:
            self._findings[key] = finding

    def to_json(self) -> list[Object]:
        """All of them."""
        return [finding.to_json() for finding in [*self._findings.values()]]

    def clear(self) -> None:
        """Forget them."""
        self._findings.clear()

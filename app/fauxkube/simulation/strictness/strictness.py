"""The rules in force on one cluster, and what they make of a request.

A rule in mode `warn` adds a `Warning` to the answer, in mode `fail` the request is refused before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fauxkube.simulation.strictness.asked import AskedFor
from fauxkube.simulation.strictness.findings import Finding
from fauxkube.simulation.strictness.modes import Mode, modes_of
from fauxkube.simulation.strictness.rules import MOST, RULES, UNKNOWN_FIELD, Rule


class Breach(NamedTuple):
    """A rule that a request broke."""

    rule: Rule
    mode: Mode
    problem: str

    def finding(self, asked: AskedFor) -> Finding:
        """What is kept of it."""
        call = asked.call
        return Finding(
            rule=self.rule.name,
            mode=self.mode,
            problem=self.problem,
            hint=self.rule.hint,
            verb=call.verb,
            resource=call.resource,
            subresource=call.subresource,
            namespace=call.namespace,
            name=call.name or str(asked.metadata.get("name") or ""),
            path=call.path,
            user_agent=call.user_agent,
            first_call=call.id,
            last_call=call.id,
        )

    def __str__(self) -> str:
        """As the client is told."""
        return f"strict rule {self.rule.name}: {self.problem}; {self.rule.hint}"


class Strictness:
    """The rules that are not off; `StrictnessError` when `strict` names a mode or a rule that does not exist."""

    def __init__(self, strict: str | Mapping[str, str]) -> None:
        self._modes = modes_of(strict, MOST)
        in_force = [rule for rule in RULES if self._modes[rule.name] != "off"]
        self._early = tuple(rule for rule in in_force if rule.early)
        self._late = tuple(rule for rule in in_force if not rule.early)

    def __bool__(self) -> bool:
        """Whether any rule is in force."""
        return bool(self._early or self._late)

    @property
    def field_validation(self) -> str:
        """The least `fieldValidation` that a write is done with; empty: what the client asks for."""
        return {"off": "", "warn": "Warn", "fail": "Strict"}[self._modes[UNKNOWN_FIELD.name]]

    def at_start(self, asked: AskedFor) -> list[Breach]:
        """What a request breaks, before anything is done."""
        return list(self._broken(self._early, asked))

    def at_end(self, asked: AskedFor) -> list[Breach]:
        """What a request breaks, as its answer shows."""
        return list(self._broken(self._late, asked))

    def _broken(self, rules: tuple[Rule, ...], asked: AskedFor) -> Iterator[Breach]:
        by_tool = asked.by_tool
        for rule in rules:
            if (rule.written or not by_tool) and (problem := rule.check(asked)):
                yield Breach(rule, self._modes[rule.name], problem)

"""Which nodes a pod's node affinity names (`component-helpers/scheduling/corev1/nodeaffinity`).

Terms are alternatives, the requirements of a term must all hold, and a term without requirements matches nothing.
`matchFields` knows one field, `metadata.name`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from fauxkube.machinery.objects import Labels, Object


class Requirement(NamedTuple):
    """One condition on the value of a label or field."""

    key: str
    operator: str
    values: tuple[str, ...]

    def holds(self, value: str | None) -> bool:
        """Whether it holds for that value; None when there is none."""
        match self.operator:
            case "In":
                return value in self.values
            case "NotIn":
                return value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case "Gt" | "Lt":
                return self._compares(value)
        return False

    def _compares(self, value: str | None) -> bool:
        try:
            found, bound = int(value or ""), int(self.values[0])
        except (ValueError, IndexError):
            return False
        return found > bound if self.operator == "Gt" else found < bound


class Term(NamedTuple):
    """Requirements that must all hold, on a node's labels and on its name."""

    labels: tuple[Requirement, ...]
    names: tuple[Requirement, ...]

    def matches(self, name: str, labels: Labels) -> bool:
        """Whether the node of that name and with those labels is meant."""
        if not self.labels and not self.names:
            return False
        return all(each.holds(labels.get(each.key)) for each in self.labels) and all(
            each.holds(name) for each in self.names
        )

    def nodes_named(self) -> frozenset[str] | None:
        """The only nodes that the term can match, where it names them."""
        listed = [frozenset(each.values) for each in self.names if each.operator == "In"]
        return frozenset.intersection(*listed) if listed else None


class PreferredTerm(NamedTuple):
    """A term that makes a node better by `weight`."""

    weight: int
    term: Term


@dataclass(slots=True, frozen=True)
class NodeSelector:
    """A required node affinity: its terms, and the only nodes it can match when every term names its nodes."""

    terms: tuple[Term, ...]
    names: frozenset[str] | None

    def matches(self, name: str, labels: Labels) -> bool:
        """Whether the node of that name and with those labels is meant."""
        return any(term.matches(name, labels) for term in self.terms)


def node_selector(selector: Object | None) -> NodeSelector | None:
    """A `v1.NodeSelector`, ready to be matched; None when there is none."""
    if selector is None:
        return None
    terms = tuple(_term(each) for each in selector.get("nodeSelectorTerms") or ())
    named = [term.nodes_named() for term in terms]
    names = [each for each in named if each is not None]
    every_term_names_nodes = bool(terms) and len(names) == len(named)
    return NodeSelector(terms, frozenset().union(*names) if every_term_names_nodes else None)


def preferred_terms(listed: Iterable[Object]) -> tuple[PreferredTerm, ...]:
    """A list of `v1.PreferredSchedulingTerm`."""
    return tuple(PreferredTerm(each["weight"], _term(each["preference"])) for each in listed)


def _term(term: Object) -> Term:
    return Term(_requirements(term.get("matchExpressions")), _requirements(term.get("matchFields")))


def _requirements(listed: list[Object] | None) -> tuple[Requirement, ...]:
    return tuple(Requirement(each["key"], each["operator"], tuple(each.get("values") or ())) for each in listed or ())

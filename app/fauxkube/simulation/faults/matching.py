"""What a fault hits: globs, label selectors and names, all of which must hold for a subject.

A subject maps the family's match fields to texts (`{"namespace": "shop", "name": "web-1"}`), and `labels` to a mapping
of labels; what a subject does not name counts as empty.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from fauxkube.machinery.selectors import parse_label_selector, selector_from_set
from fauxkube.simulation.faults.fields import Field, Fields, Reader, listed, read_fields, text

Subject: TypeAlias = Mapping[str, Any]
Predicate: TypeAlias = Callable[[Any], bool]

_WILDCARDS = frozenset("*?[")


class Match:
    """The predicates of the fields that a spec names."""

    __slots__ = ("_predicates",)

    def __init__(self, given: Any, fields: Fields) -> None:
        meant = read_fields({} if given is None else given, fields, "match")
        self._predicates = tuple((name, predicate) for name, predicate in meant.items() if predicate is not None)

    def accepts(self, subject: Subject) -> bool:
        """Whether every field that is named matches the subject's."""
        return all(predicate(subject.get(name) or "") for name, predicate in self._predicates)


def glob(value: Any) -> Predicate:
    """A glob or a list of globs, one of which must match."""
    patterns = [text(each) for each in value] if isinstance(value, list) else [text(value)]
    if not patterns:
        raise ValueError("must name at least one pattern")
    exact = frozenset(each for each in patterns if not _WILDCARDS & set(each))
    if len(exact) == len(patterns):
        return exact.__contains__
    matches = re.compile("|".join(map(fnmatch.translate, patterns))).match
    return lambda found: matches(found) is not None


def labels(value: Any) -> Predicate:
    """A label selector as text, or an object of labels."""
    if isinstance(value, Mapping):
        selector = selector_from_set({text(name): text(each) for name, each in value.items()})
    else:
        selector = parse_label_selector(text(value))
    return lambda found: selector.matches(found or {})


def known_glob(names: Collection[str], what: str) -> Reader:
    """A glob (or list of globs), each of which must match one of `names` as they are then, names of a `what`."""

    def read(value: Any) -> Predicate:
        for each in value if isinstance(value, list) else [value]:
            if not any(map(glob(each), names)):
                raise ValueError(f"there is no {what} {each!r}, but there are {listed(names)}")
        return glob(value)

    return read


GLOB = Field(glob)
LABELS = Field(labels)

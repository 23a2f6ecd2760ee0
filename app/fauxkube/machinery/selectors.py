"""Label selectors, as apimachinery's `pkg/labels` parses, prints and matches them.

    parse_label_selector("app in (web, api), !canary").matches({"app": "web"})

Texts come from `labelSelector=` parameters; `label_selector_from` takes the `{"matchLabels", "matchExpressions"}` form
that objects hold. `SelectorError` carries upstream's message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from fauxkube.machinery import names
from fauxkube.machinery.field_selectors import FieldSelector, parse_field_selector
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.label_requirements import Requirement, SelectorError, parse_requirements
from fauxkube.machinery.objects import Object

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "FieldSelector",
    "LabelSelector",
    "Requirement",
    "SelectorError",
    "label_selector_from",
    "parse_field_selector",
    "parse_label_selector",
    "selector_from_set",
    "validate_label_selector",
]

_FROM_EXPRESSION = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


class LabelSelector:
    """Requirements that must all hold. Without any it matches everything."""

    __slots__ = ("_exact", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = ()) -> None:
        self.requirements = tuple(sorted(requirements, key=lambda each: each.key))
        exact = all(each.operator in {"=", "=="} for each in self.requirements)
        self._exact = tuple((each.key, each.values[0]) for each in self.requirements) if exact else None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether every requirement holds for these labels."""
        if self._exact is not None:
            return all(labels.get(key) == value for key, value in self._exact)
        return all(each.matches(labels) for each in self.requirements)

    @property
    def empty(self) -> bool:
        """Whether it restricts nothing."""
        return not self.requirements

    def exact(self, key: str) -> str | None:
        """The one value that the label must have; None when it may have several."""
        for each in self.requirements:
            if each.key == key and each.operator in {"=", "==", "in"} and len(each.values) == 1:
                return each.values[0]
        return None

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self) and isinstance(other, LabelSelector) and other.requirements == self.requirements
        )

    def __hash__(self) -> int:
        return hash(self.requirements)


class _Nothing(LabelSelector):
    """Matches no labels at all, not even none."""

    __slots__ = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return False

    @property
    def empty(self) -> bool:
        return False


EVERYTHING = LabelSelector()
NOTHING: LabelSelector = _Nothing()


@lru_cache(maxsize=1024)
def parse_label_selector(text: str) -> LabelSelector:
    """Read `app=web,tier in (a, b),!canary`; an empty text selects everything. Raises `SelectorError`."""
    return LabelSelector(parse_requirements(text))


def selector_from_set(labels: Mapping[str, str] | None) -> LabelSelector:
    """Each label must have just its value. None and {} select everything: who means nothing must check."""
    return LabelSelector(Requirement(key, "=", (value,)) for key, value in (labels or {}).items())


def label_selector_from(selector: Object | None) -> LabelSelector:
    """A `metav1.LabelSelector`: None selects nothing, an empty one everything."""
    if selector is None:
        return NOTHING
    requirements = [Requirement(key, "=", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    for each in selector.get("matchExpressions") or ():
        if each.get("operator") not in _FROM_EXPRESSION:
            raise SelectorError(f'"{each.get("operator", "")}" is not a valid label selector operator')
        operator = _FROM_EXPRESSION[each["operator"]]
        requirements.append(Requirement(each.get("key", ""), operator, tuple(each.get("values") or ())))
    return LabelSelector(requirements)


def _expression_errors(expression: Object, path: Path) -> list[FieldError]:
    operator, values = expression.get("operator", ""), expression.get("values")
    errors: list[FieldError] = []
    if operator in {"In", "NotIn"} and not values:
        errors.append(path.child("values").required("must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in {"Exists", "DoesNotExist"} and values:
        detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errors.append(path.child("values").forbidden(detail))
    elif operator not in _FROM_EXPRESSION:
        errors.append(path.child("operator").invalid(operator, "not a valid selector operator"))
    key = expression.get("key", "")
    errors += [path.child("key").invalid(key, problem) for problem in names.qualified_name_problems(key)]
    return errors + _expression_value_errors(values or (), path.child("values"))


def _expression_value_errors(values: Iterable[str], path: Path) -> list[FieldError]:
    return [
        path.index(index).invalid(value, problem)
        for index, value in enumerate(values)
        for problem in names.label_value_problems(value)
    ]


def validate_label_selector(selector: Object | None, path: Path) -> list[FieldError]:
    """The rules on a `metav1.LabelSelector` in an object."""
    errors: list[FieldError] = []
    if not selector:
        return errors
    at = path.child("matchLabels")
    for key, value in (selector.get("matchLabels") or {}).items():
        errors += [at.invalid(key, problem) for problem in names.qualified_name_problems(key)]
        errors += [at.invalid(value, problem) for problem in names.label_value_problems(value)]
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        errors += _expression_errors(expression, path.child("matchExpressions").index(index))
    return errors

"""Values that are a number or a percentage (`IntOrString`), as apimachinery's `util/intstr` reckons them."""

from __future__ import annotations

from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path


class PercentageError(ValueError):
    """The text is not a percentage; the message is upstream's."""


def percentage(value: int | str) -> int | None:
    """The number before the `%`; None for a plain number. `PercentageError` for any other text."""
    if isinstance(value, int):
        return None
    digits = value.removesuffix("%")
    if digits == value:
        raise PercentageError("invalid type: string is not a percentage")
    try:
        return int(digits)
    except ValueError:
        raise PercentageError(f'invalid value "{value}": strconv.Atoi: parsing "{digits}": invalid syntax') from None


def scaled(value: int | str, total: int, *, round_up: bool) -> int:
    """The number itself, or that share of `total`: `25%` of 10 is 3 rounded up and 2 rounded down."""
    share = percentage(value)
    if share is None:
        return int(value)
    return -(-share * total // 100) if round_up else share * total // 100


def validate_non_negative_or_percent(value: int | str, path: Path) -> list[FieldError]:
    """A number of at least 0, or a percentage: `maxSurge`, `maxUnavailable`, `minAvailable`."""
    if isinstance(value, int):
        return [] if value >= 0 else [path.invalid(value, "must be greater than or equal to 0")]
    return [path.invalid(value, problem) for problem in names.percent_problems(value)]


def validate_at_most_all(value: int | str, path: Path) -> list[FieldError]:
    """A percentage may not pass 100%."""
    if isinstance(value, int) or names.percent_problems(value) or int(value[:-1]) <= 100:
        return []
    return [path.invalid(value, "must not be greater than 100%")]

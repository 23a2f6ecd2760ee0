"""`maxSurge` and `maxUnavailable`, and the update strategies that carry them."""

from __future__ import annotations

from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.intstr import validate_at_most_all, validate_non_negative_or_percent
from fauxkube.machinery.objects import Object


def default_rolling_update(strategy: Object, *, max_unavailable: int | str, max_surge: int | str) -> None:
    """Make a strategy without a type a rolling update, and fill in its limits."""
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        limits = strategy.setdefault("rollingUpdate", {})
        limits.setdefault("maxUnavailable", max_unavailable)
        limits.setdefault("maxSurge", max_surge)


def validate_limits(limits: Object, path: Path) -> list[FieldError]:
    """Both limits are numbers or percentages."""
    errors = validate_non_negative_or_percent(limits["maxUnavailable"], path.child("maxUnavailable"))
    return errors + validate_non_negative_or_percent(limits["maxSurge"], path.child("maxSurge"))


def validate_share(limits: Object, name: str, path: Path) -> list[FieldError]:
    """A limit that is a percentage is at most 100 %."""
    return validate_at_most_all(limits[name], path.child(name))


def is_zero(limit: int | str) -> bool:
    """Whether a limit allows nothing, as a number or a percentage; text that is neither counts as nothing."""
    if isinstance(limit, int):
        return limit == 0
    return bool(names.percent_problems(limit)) or int(limit[:-1]) == 0


def shown(strategy: Object) -> Object:
    """A strategy as upstream repeats a refused one: by the names of Go's fields."""
    limits = strategy.get("rollingUpdate")
    if limits is not None:
        limits = {"MaxUnavailable": limits.get("maxUnavailable", 0), "MaxSurge": limits.get("maxSurge", 0)}
    return {"Type": strategy.get("type", ""), "RollingUpdate": limits}

"""Times as the API writes them: RFC 3339 in UTC, to the second (`Time`) or the microsecond (`MicroTime`).

Moments handed in are aware and in UTC, as a `Clock` gives them.
"""

from __future__ import annotations

from datetime import UTC, datetime


def to_time(moment: datetime) -> str:
    """A `metav1.Time`: `2026-01-01T00:00:00Z`."""
    return moment.isoformat(timespec="seconds")[:19] + "Z"


def to_micro_time(moment: datetime) -> str:
    """A `metav1.MicroTime`: `2026-01-01T00:00:00.000000Z`."""
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def from_time(text: str) -> datetime:
    """Either form, read back; ValueError when it is neither."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return moment.astimezone(UTC)


def moment_or(text: str | None, otherwise: datetime) -> datetime:
    """A time read back, or another moment where there is none."""
    return from_time(text) if text else otherwise

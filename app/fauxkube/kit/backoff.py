"""Exponential back-off, kept for each key, as client-go's `ItemExponentialFailureRateLimiter`.

The n-th failure in a row of a key waits `base * factor**(n - 1)` seconds, at most `cap`; `forget` starts it afresh.
"""

from __future__ import annotations


class Backoff:
    """How long to wait before a key is tried again; keys do not affect one another."""

    def __init__(self, base: float = 0.005, cap: float = 1000.0, factor: float = 2.0) -> None:
        self._base = base
        self._cap = cap
        self._factor = factor
        self._waits: dict[str, float] = {}

    def next(self, key: str) -> float:
        """The seconds to wait after one more failure of `key`."""
        seconds = min(self._waits.get(key, self._base), self._cap)
        self._waits[key] = seconds * self._factor
        return seconds

    def forget(self, key: str) -> None:
        """`key` succeeded: its next failure is its first."""
        self._waits.pop(key, None)

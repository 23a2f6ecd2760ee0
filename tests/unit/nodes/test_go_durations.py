"""Durations in events."""

from __future__ import annotations

import pytest

from fauxkube.nodes.pod_events import go_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.0004, "0s"),
        (0.523, "523ms"),
        (1, "1s"),
        (1.2, "1.2s"),
        (1.034, "1.034s"),
        (62.5, "1m2.5s"),
        (3600, "1h0m0s"),
    ],
)
def test_a_duration_is_printed_as_go_prints_it(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text

"""Mistakes of clients that a lenient server hides, each found by a rule that may warn of it or refuse it.

The rules themselves (`strictness`, `rules`) are imported where a cluster is strict.
"""

from fauxkube.simulation.strictness.findings import Finding, Findings
from fauxkube.simulation.strictness.modes import OFF, Mode, StrictnessError, as_text

__all__ = ["OFF", "Finding", "Findings", "Mode", "StrictnessError", "as_text"]

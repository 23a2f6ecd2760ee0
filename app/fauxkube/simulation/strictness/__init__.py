"""Mistakes of clients that a lenient server hides, each found by a rule that may warn of it or refuse it."""

from fauxkube.simulation.strictness.asked import AskedFor
from fauxkube.simulation.strictness.findings import Finding, Findings
from fauxkube.simulation.strictness.modes import Mode, StrictnessError, as_text
from fauxkube.simulation.strictness.rules import Rule
from fauxkube.simulation.strictness.strictness import Breach, Strictness

__all__ = ["AskedFor", "Breach", "Finding", "Findings", "Mode", "Rule", "Strictness", "StrictnessError", "as_text"]

"""What the server of a simulated cluster has that a real one has not."""

from __future__ import annotations

from typing import NamedTuple

from fauxkube.simulation.faults.engine import Faults
from fauxkube.simulation.requests import RequestLog
from fauxkube.simulation.strictness import OFF
from fauxkube.simulation.users import Users


class Simulation(NamedTuple):
    """Who its users are, what goes wrong, what was asked, and how strictly clients are judged (as text)."""

    users: Users
    faults: Faults
    requests: RequestLog
    strict: str = OFF

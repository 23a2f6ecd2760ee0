"""What becomes of a pod in one step: its next status, what follows once that is written, and when there is more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fauxkube.machinery.objects import Object


@dataclass(slots=True)
class Change:
    """A pod's next status (the one it has when nothing is to change) and what follows."""

    status: Object
    #: To be called once the status is written: events, and what is remembered of it.
    then: list[Callable[[], None]] = field(default_factory=list)
    #: Seconds until there is more to do; None when only a change of the pod or of the faults brings it about.
    wait: float | None = None

    def wait_for(self, seconds: float) -> None:
        """There is more to do in so many seconds, or earlier."""
        self.wait = seconds if self.wait is None else min(self.wait, seconds)

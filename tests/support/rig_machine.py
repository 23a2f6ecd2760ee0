"""A registry to which hypothesis does one thing after another; what it does, a subclass says."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

from hypothesis.stateful import RuleBasedStateMachine, initialize

from fauxkube.machinery.status import StatusError
from fauxkube.registry.pools import Ranges
from support.registry_rig import Rig

T = TypeVar("T")


class RigMachine(RuleBasedStateMachine):
    """A rig with these ranges, for one run; `made` is for whoever counts what was made."""

    ranges: ClassVar[Ranges]

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.rig = Rig(ranges=self.ranges)
        self.run(self.rig.open())
        self.made = 0

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.run(self.rig.store.close())
            self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What comes of it; None when it is refused."""
        try:
            return self.loop.run_until_complete(work)
        except StatusError:
            return None

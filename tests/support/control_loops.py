"""Controllers running against a `FakeApi`, with hands to move pods and time.

async with ControlLoops(ReplicaSetController) as loops:
    loops.api.seed(REPLICA_SETS, replica_set)
    await loops.settle()
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from fauxkube.client.events import EventRecorder
from fauxkube.client.informers import SharedInformers
from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.gvrs import EVENTS, PODS
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import ManualClock
from fauxkube.machinery.objects import GVR, Object, key_of
from fauxkube.machinery.times import to_time
from support.fake_api import FakeApi

#: Turns of the event loop without work after which everything counts as done.
_QUIET_TURNS = 30


class ControlLoops:
    """Some controllers on one fake API server and one clock that stands still; an async context manager."""

    def __init__(self, *kinds: type[Controller], **options: Any) -> None:
        self.clock = ManualClock()
        self.api = FakeApi(self.clock)
        self._chance = Chance(2)
        self._informers = SharedInformers(self.api, self.clock)
        self._recorders: list[EventRecorder] = []
        context = Context(self.api, self._informers, self.clock, self._chance, self._recorder)
        self.controllers = [kind(context, **options) for kind in kinds]

    async def __aenter__(self) -> ControlLoops:
        await self._informers.start()
        for controller in self.controllers:
            controller.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for controller in self.controllers:
            await controller.close()
        for recorder in self._recorders:
            await recorder.close()
        await self._informers.close()

    def _recorder(self, component: str) -> EventRecorder:
        recorder = EventRecorder(self.api, component, self.clock, self._chance)
        self._recorders.append(recorder)
        return recorder

    async def settle(self) -> None:
        """Return once nothing moves any more: no key is worked on and no event waits, for some turns of the loop."""
        quiet = 0
        async with asyncio.timeout(5):
            while quiet < _QUIET_TURNS:
                await asyncio.sleep(0)
                idle = all(each.idle for each in self.controllers) and all(each.idle for each in self._recorders)
                quiet = quiet + 1 if idle else 0

    async def advance(self, seconds: float) -> None:
        """Move the clock, then settle."""
        self.clock.advance(seconds)
        await self.settle()

    def told(self) -> list[tuple[str, str]]:
        """(reason, message) of every event written, in order."""
        return [(event["reason"], event["message"]) for event in self.api.all(EVENTS)]

    def status(self, gvr: GVR, key: str) -> Object:
        """An object's status as it is now."""
        obj = self.api.find(gvr, key)
        assert obj is not None
        status: Object = obj.get("status", {})
        return status

    def make_ready(self, *pods: Object) -> None:
        """Let pods run and be ready as of now; all those that are not terminating when none is named."""
        for pod in pods or self.pods():
            ready = {"type": "Ready", "status": "True", "lastTransitionTime": to_time(self.clock.now())}
            status = {"phase": "Running", "conditions": [ready]}
            node = pod["spec"].get("nodeName") or "node-1"
            self.api.change(PODS, key_of(pod), {"spec": {"nodeName": node}, "status": status})

    def pods(self) -> list[Object]:
        """The pods that have not been asked to go."""
        return [pod for pod in self.api.all(PODS) if "deletionTimestamp" not in pod["metadata"]]

    def reap(self) -> None:
        """Let all pods that were asked to go be gone, as their kubelets would."""
        for pod in self.api.all(PODS):
            if "deletionTimestamp" in pod["metadata"]:
                self.api.remove(PODS, key_of(pod))

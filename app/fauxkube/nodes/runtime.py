"""The containers of all simulated nodes: which start now, which have ended, which must wait, which are not ready.

`step` looks at a pod as the cluster has it and says what its status should be next, what to do once that is written,
and when there will be more to do. Nothing is written here, and whatever a step decided it decides again when its write
was lost: only `Change.then` moves what is remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fauxkube.kinds.core.pod_status import phase_of
from fauxkube.kit.clock import Clock
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import to_time
from fauxkube.nodes import lifecycle
from fauxkube.nodes.add_on_agents import Agents
from fauxkube.nodes.endings import Endings, ended
from fauxkube.nodes.pod_change import Change
from fauxkube.nodes.pod_events import PodEvents
from fauxkube.nodes.pod_faults import PodFaults
from fauxkube.nodes.pod_memory import PodMemories
from fauxkube.nodes.restarts import next_pause, pause_of
from fauxkube.nodes.settings import NodeSettings
from fauxkube.nodes.starts import Starts


class Runtime:
    """The container runtime of every simulated node, seen pod by pod."""

    def __init__(
        self,
        *,
        clock: Clock,
        events: Callable[[str], PodEvents],
        faults: PodFaults,
        settings: NodeSettings,
        agents: Agents,
    ) -> None:
        self._clock = clock
        self._events = events
        self._faults = faults
        self._memories = PodMemories()
        self._endings = Endings(clock, faults, self._memories, agents)
        self._starts = Starts(
            clock=clock,
            events=events,
            faults=faults,
            memories=self._memories,
            endings=self._endings,
            settings=settings,
        )
        self.images = self._starts.images

    def forget(self, pod: Object) -> None:
        """The pod is gone or has run to its end."""
        self._memories.forget(pod)

    def is_at_rest(self, pod: Object) -> bool:
        """Whether there is nothing to do for the pod, and will not be until it or the faults change."""
        if not lifecycle.is_at_rest(pod) or self._endings.may_come(pod):
            return False
        return not self._memories.find(pod).unready

    def take_over(self, pod: Object) -> None:
        """Find out from the pod's status what another runtime knew of it: its images, and the pauses under way."""
        status, node, now = pod.get("status", {}), pod["spec"].get("nodeName") or "", self._clock.now()
        for own in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
            if own.get("imageID"):
                self.images.add(node, own["image"])
            if own.get("restartCount"):
                self._memories.of(pod).restarts[own["name"]] = pause_of(own)
            waiting = (own.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") == "ImagePullBackOff":
                failure = (waiting.get("message") or "").partition("ErrImagePull: ")[2]
                self._memories.of(pod).pulls[own["image"]] = next_pause(None, now, now), failure

    def step(self, pod: Object) -> Change:
        """What becomes of the pod now: containers that have ended are reported before others start."""
        change = Change(pod["status"])
        if not self._end(pod, change):
            self._starts.advance(pod, change)
            self._probe(pod, change)
        return change

    def _end(self, pod: Object, change: Change) -> bool:
        """Report the containers that have ended; False when none has."""
        if phase_of(pod) != "Pending" and not self._endings.may_come(pod):
            return False
        now = self._clock.now()
        moved = {}
        for container, own in lifecycle.running_containers(pod):
            ending = self._endings.of(pod, container, own)
            if ending is not None and ending.at <= now:
                moved[container["name"]] = ended(pod, container, own, ending, now)
                if ending.probe is not None:
                    change.then.append(partial(self._tell_unhealthy, pod, container, ending.probe))
            elif ending is not None:
                change.wait_for((ending.at - now).total_seconds())
        if moved:
            change.status = lifecycle.with_containers(pod, moved, to_time(now))
        return bool(moved)

    def _tell_unhealthy(self, pod: Object, container: Object, output: str) -> None:
        self._events(pod["spec"]["nodeName"]).unhealthy(pod, container, output)

    def _probe(self, pod: Object, change: Change) -> None:
        """Let readiness probes fail, and succeed again, as the faults have it."""
        memory = self._memories.find(pod)
        if not self._faults.any and not memory.unready:
            return
        ahead = pod | {"status": change.status}
        moved = {}
        for container, own in lifecycle.running_containers(ahead):
            name, output = container["name"], self._faults.unready(pod, container)
            if output is not None and own.get("ready"):
                moved[name] = own | {"ready": False}
                change.then.append(partial(self._events(pod["spec"]["nodeName"]).unready, pod, container, output))
            if output is not None and name not in memory.unready:
                change.then.append(partial(self._note_unready, pod, name))
            elif output is None and name in memory.unready:
                moved[name] = own | {"ready": True}
                change.then.append(partial(memory.unready.discard, name))
        if moved:
            change.status = lifecycle.with_containers(ahead, moved, to_time(self._clock.now()))

    def _note_unready(self, pod: Object, name: str) -> None:
        self._memories.of(pod).unready.add(name)

"""Starting containers: which may start now, which must wait and why, which images cannot be pulled.

As in the kubelet's `SyncPod` they are started one after the other; one that may not start yet does not keep the next
from it. A start that was begun goes on where it was when its write is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from fauxkube.kit.clock import Clock
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import moment_or, to_time
from fauxkube.nodes import containers, lifecycle
from fauxkube.nodes.endings import Endings, ended
from fauxkube.nodes.image_pulls import NodeImages, back_off, unknown_image
from fauxkube.nodes.pod_change import Change
from fauxkube.nodes.pod_events import PodEvents, full_name, go_duration
from fauxkube.nodes.pod_faults import PodFaults
from fauxkube.nodes.pod_memory import PodMemories, Start
from fauxkube.nodes.restarts import next_pause
from fauxkube.nodes.settings import NodeSettings


class _Hold(NamedTuple):
    """Why a container may not be started yet, and until when."""

    reason: str
    message: str
    until: datetime
    tell: Callable[[Object, Object], None]


class Starts:
    """Starts the containers of every simulated node."""

    def __init__(
        self,
        *,
        clock: Clock,
        events: Callable[[str], PodEvents],
        faults: PodFaults,
        memories: PodMemories,
        endings: Endings,
        settings: NodeSettings,
    ) -> None:
        self._clock = clock
        self._events = events
        self._faults = faults
        self._memories = memories
        self._endings = endings
        self._settings = settings
        self.images = NodeImages()

    def advance(self, pod: Object, change: Change) -> None:
        """Start all of the pod's containers that can be started by now; those that must wait say why."""
        ahead = pod
        tried: set[str] = set()
        while wanted := [each for each in lifecycle.next_containers(ahead) if each["name"] not in tried]:
            moved: dict[str, Object] = {}
            for container in wanted:
                tried.add(container["name"])
                own = lifecycle.status_of(ahead, container)
                became = self._next_status(ahead, container, own, change)
                if became is None:
                    tried.update(each["name"] for each in wanted)
                    break
                if became is not own:
                    moved[container["name"]] = became
            if moved:
                ahead = ahead | {"status": lifecycle.with_containers(ahead, moved, to_time(self._clock.now()))}
        change.status = ahead["status"]

    def _next_status(self, pod: Object, container: Object, own: Object, change: Change) -> Object | None:
        """The status of a container that is to be started; None while it is on its way, and the next must wait."""
        if hold := self._hold(pod, container, own):
            return self._held(pod, container, own, hold, change)
        start = self._begun(pod, container)
        wait = start.due - self._clock.monotonic()
        if wait > 0:
            change.wait_for(wait)
            change.then.append(partial(self._tell_pulling, pod, container, start))
            return None
        change.then.append(partial(self._note_try, pod, container, start, containers.last_end(own)))
        if start.failure is not None:
            return containers.held_back(own, "ErrImagePull", start.failure)
        return self._started(pod, container, own)

    def _hold(self, pod: Object, container: Object, own: Object) -> _Hold | None:
        """What keeps the container from being started: it ended, or its image could not be pulled, just before."""
        memory = self._memories.find(pod)
        if not memory:
            return None
        name, image, now, events = container["name"], container["image"], self._clock.now(), self._pod_events(pod)
        pause, end = memory.restarts.get(name), containers.last_end(own)
        if pause and end and (until := pause.ends(moment_or(end.get("finishedAt"), now))) > now:
            message = f"back-off {go_duration(pause.seconds)} restarting failed container={name} pod={full_name(pod)}"
            return _Hold("CrashLoopBackOff", message, until, events.restart_backed_off)
        if image in memory.pulls and self.images.must_pull(_node_of(pod), container):
            pause, failure = memory.pulls[image]
            if (until := pause.ends(pause.since)) > now:
                return _Hold("ImagePullBackOff", back_off(image, failure), until, events.pull_backed_off)
        return None

    def _held(self, pod: Object, container: Object, own: Object, hold: _Hold, change: Change) -> Object:
        change.wait_for((hold.until - self._clock.now()).total_seconds())
        if own["state"] == {"waiting": {"reason": hold.reason, "message": hold.message}}:
            return own
        change.then.append(partial(hold.tell, pod, container))
        return containers.held_back(own, hold.reason, hold.message)

    def _begun(self, pod: Object, container: Object) -> Start:
        """The container's start, begun if it was not."""
        starts, name, image = self._memories.of(pod).starts, container["name"], container["image"]
        start = starts.get(name)
        if start is None or start.image != image:
            pulls = self.images.must_pull(_node_of(pod), container)
            failure = self._faults.pull_failure(pod, container) if pulls else None
            seconds = self._settings.image_pull_seconds if pulls else 0.0
            if failure is None:
                seconds += self._settings.container_start_seconds + self._faults.start_delay(pod, container)
            why = None if failure is None else failure or unknown_image(image)
            start = starts[name] = Start(image, pulls, why, self._clock.monotonic() + seconds)
        return start

    def _started(self, pod: Object, container: Object, own: Object) -> Object:
        """The status of a container that runs, or of one of init that has run to its end already."""
        now, is_init = self._clock.now(), lifecycle.is_init(pod, container)
        own = containers.running(pod, container, to_time(now), own)
        if not (is_init or self._endings.may_come(pod)):
            return own
        runs = self._memories.of(pod).runs
        runs[own["name"]] = own["containerID"], now
        if not is_init:
            return own
        ending = self._endings.of(pod, container, own)
        if ending is None or ending.at > now:
            return own | {"ready": False}
        del runs[own["name"]]
        return ended(pod, container, own, ending, now)

    def _note_try(self, pod: Object, container: Object, start: Start, end: Object | None) -> None:
        """The container was started, or could not be: tell of it, and remember it for the next try."""
        memory, events, name, now = self._memories.of(pod), self._pod_events(pod), container["name"], self._clock.now()
        memory.starts.pop(name, None)
        if end is not None:
            memory.restarts[name] = next_pause(memory.restarts.get(name), moment_or(end.get("finishedAt"), now), now)
        self._tell_pulling(pod, container, start)
        if start.failure is not None:
            events.pull_failed(pod, container, start.failure)
            pause = memory.pulls[start.image][0] if start.image in memory.pulls else None
            memory.pulls[start.image] = next_pause(pause, now, now), start.failure
            return
        memory.pulls.pop(start.image, None)
        self.images.add(_node_of(pod), start.image)
        events.started(pod, container, pulled=start.pulls, seconds=self._settings.image_pull_seconds)
        if not memory:
            self._memories.forget(pod)

    def _tell_pulling(self, pod: Object, container: Object, start: Start) -> None:
        if start.pulls and not start.told:
            self._pod_events(pod).pulling(pod, container)
        start.told = True

    def _pod_events(self, pod: Object) -> PodEvents:
        return self._events(_node_of(pod))


def _node_of(pod: Object) -> str:
    return str(pod["spec"]["nodeName"])

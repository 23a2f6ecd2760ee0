"""The containers of all simulated nodes: which start now, which have ended, which must wait, which are not ready.

`step` looks at a pod as the cluster has it and says what its status should be next, what to do once that is written,
and when there will be more to do. Nothing is written here, and whatever a step decided it decides again when its write
was lost: only `Change.then` moves what is remembered. That is lost with the process, as a kubelet's own memory is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from fauxkube.kinds.core.pod_status import phase_of
from fauxkube.kit.clock import Clock
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import from_time, to_time
from fauxkube.nodes import containers, lifecycle
from fauxkube.nodes.container_runs import Ending, is_annotated, run_of
from fauxkube.nodes.image_pulls import NodeImages, back_off, unknown_image
from fauxkube.nodes.pod_events import PodEvents, go_duration
from fauxkube.nodes.pod_faults import PodFaults
from fauxkube.nodes.restarts import Pause, next_pause, pause_of
from fauxkube.nodes.settings import NodeSettings


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


@dataclass(slots=True)
class _Start:
    """A container on its way: its image, whether that is pulled, why that fails, and when it is done (monotonic)."""

    image: str
    pulls: bool
    failure: str | None
    due: float
    #: Whether an event has said that the image is being pulled.
    told: bool = False


class _Hold(NamedTuple):
    """Why a container may not be started yet, and until when."""

    reason: str
    message: str
    until: datetime
    tell: Callable[[Object, Object], None]


@dataclass(slots=True)
class _Memory:
    """What is remembered of one pod."""

    starts: dict[str, _Start] = field(default_factory=dict)
    #: The pauses before further restarts, by container.
    restarts: dict[str, Pause] = field(default_factory=dict)
    #: The pauses before further pulls, by image, and why the last one failed.
    pulls: dict[str, tuple[Pause, str]] = field(default_factory=dict)
    #: The run that each container is in (its ID), and when that began, to the microsecond.
    started: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    #: The containers whose readiness probe is made to fail.
    unready: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.starts or self.restarts or self.pulls or self.started or self.unready)


class Runtime:
    """The container runtime of every simulated node, seen pod by pod."""

    def __init__(
        self,
        *,
        clock: Clock,
        events: Callable[[str], PodEvents],
        faults: PodFaults,
        settings: NodeSettings,
    ) -> None:
        self._clock = clock
        self._events = events
        self._faults = faults
        self._settings = settings
        self.images = NodeImages()
        #: By the pods' UIDs.
        self._pods: dict[str, _Memory] = {}

    def forget(self, pod: Object) -> None:
        """The pod is gone or has run to its end."""
        self._pods.pop(pod.get("metadata", {}).get("uid", ""), None)

    def is_at_rest(self, pod: Object) -> bool:
        """Whether there is nothing to do for the pod, and will not be until it or the faults change."""
        return lifecycle.is_at_rest(pod) and not is_annotated(pod) and not self._faults.any

    def take_over(self, pod: Object) -> None:
        """Find out from the pod's status what another runtime knew of it: its images, and the pauses under way."""
        status, node = pod.get("status", {}), pod["spec"].get("nodeName") or ""
        for own in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
            if own.get("imageID"):
                self.images.add(node, own["image"])
            if own.get("restartCount"):
                self._memory(pod).restarts[own["name"]] = pause_of(own)
            waiting = own["state"].get("waiting") or {}
            if waiting.get("reason") == "ImagePullBackOff":
                _, _, failure = waiting["message"].partition("ErrImagePull: ")
                self._memory(pod).pulls[own["image"]] = next_pause(None, self._clock.now(), self._clock.now()), failure

    def step(self, pod: Object) -> Change:
        """What becomes of the pod now: containers that have ended are reported before others start."""
        change = Change(pod["status"])
        if not self._end(pod, change):
            self._start(pod, change)
            self._probe(pod, change)
        return change

    # Ends.

    def _end(self, pod: Object, change: Change) -> bool:
        """Report the containers that have ended; False when none has."""
        if phase_of(pod) != "Pending" and not is_annotated(pod) and not self._faults.any:
            return False
        now = self._clock.now()
        ended = {}
        for container, own in lifecycle.running_containers(pod):
            ending = self._ending(pod, container, own)
            if ending is not None and ending.at <= now:
                ended[container["name"]] = _ended(pod, container, own, ending, now)
            elif ending is not None:
                change.wait_for((ending.at - now).total_seconds())
        if ended:
            change.status = lifecycle.with_containers(pod, ended, to_time(now))
        return bool(ended)

    def _ending(self, pod: Object, container: Object, own: Object, started: datetime | None = None) -> Ending | None:
        """How the container's run is to end; None when it goes on until it is stopped."""
        run = run_of(pod, container, own.get("restartCount", 0))
        since = started or self._started_at(pod, own)
        planned = None
        if run.seconds is not None:
            planned = Ending.by_exit(since + timedelta(seconds=run.seconds), run.exit_code)
        crash = self._faults.crash(pod, container, own.get("containerID") or "")
        if crash is None:
            return planned
        at = since + timedelta(seconds=crash.run_for)
        return planned if planned and planned.at < at else Ending(at, crash.exit_code, crash.reason)

    def _started_at(self, pod: Object, own: Object) -> datetime:
        """When the container's run began; the status says so to the second only."""
        memory = self._pods.get(pod["metadata"]["uid"])
        known = memory.started.get(own["name"]) if memory else None
        if known and known[0] == own.get("containerID"):
            return known[1]
        return _moment(own["state"]["running"].get("startedAt"), self._clock.now())

    # Starts.

    def _start(self, pod: Object, change: Change) -> None:
        """Start all that can be started by now, one after the other; what must wait says why."""
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
                ahead = ahead | {"status": lifecycle.with_containers(ahead, moved, self._now())}
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
        memory = self._pods.get(pod["metadata"]["uid"])
        if memory is None:
            return None
        name, image, now, events = container["name"], container["image"], self._clock.now(), self._pod_events(pod)
        pause, end = memory.restarts.get(name), containers.last_end(own)
        if pause and end and (until := pause.ends(_moment(end.get("finishedAt"), now))) > now:
            message = f"back-off {go_duration(pause.seconds)} restarting failed container={name} pod={_full_name(pod)}"
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

    def _begun(self, pod: Object, container: Object) -> _Start:
        """The container's start, begun if it was not."""
        starts, name, image = self._memory(pod).starts, container["name"], container["image"]
        start = starts.get(name)
        if start is None or start.image != image:
            pulls = self.images.must_pull(_node_of(pod), container)
            failure = self._faults.pull_failure(pod, container) if pulls else None
            seconds = self._settings.image_pull_seconds if pulls else 0.0
            if failure is None:
                seconds += self._settings.container_start_seconds + self._faults.start_delay(pod, container)
            why = None if failure is None else failure or unknown_image(image)
            start = starts[name] = _Start(image, pulls, why, self._clock.monotonic() + seconds)
        return start

    def _started(self, pod: Object, container: Object, own: Object) -> Object:
        """The status of a container that runs, or of one of init that has run to its end already."""
        now = self._clock.now()
        own = containers.running(pod, container, to_time(now), own)
        is_init = lifecycle.is_init(pod, container)
        ending = self._ending(pod, container, own, now) if is_init else None
        if ending and ending.at <= now:
            return _ended(pod, container, own, ending, now)
        if is_init or is_annotated(pod) or self._faults.any:
            self._memory(pod).started[own["name"]] = own["containerID"], now
        return own

    def _note_try(self, pod: Object, container: Object, start: _Start, end: Object | None) -> None:
        """The container was started, or could not be: tell of it, and remember it for the next try."""
        memory, events, name, now = self._memory(pod), self._pod_events(pod), container["name"], self._clock.now()
        memory.starts.pop(name, None)
        if end is not None:
            memory.restarts[name] = next_pause(memory.restarts.get(name), _moment(end.get("finishedAt"), now), now)
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
            self.forget(pod)

    def _tell_pulling(self, pod: Object, container: Object, start: _Start) -> None:
        if start.pulls and not start.told:
            self._pod_events(pod).pulling(pod, container)
        start.told = True

    # Readiness.

    def _probe(self, pod: Object, change: Change) -> None:
        """Let readiness probes fail, and succeed again, as the faults have it."""
        memory = self._pods.get(pod["metadata"]["uid"])
        if not self._faults.any and not (memory and memory.unready):
            return
        ahead = pod | {"status": change.status}
        moved = {}
        for container, own in lifecycle.running_containers(ahead):
            output = self._faults.unready(pod, container)
            if output is not None and own.get("ready"):
                moved[container["name"]] = own | {"ready": False}
                change.then.append(partial(self._pod_events(pod).unready, pod, container, output))
            if output is not None and not (memory and container["name"] in memory.unready):
                change.then.append(partial(self._note_unready, pod, container))
            elif output is None and memory and container["name"] in memory.unready:
                moved[container["name"]] = own | {"ready": True}
                change.then.append(partial(memory.unready.discard, container["name"]))
        if moved:
            change.status = lifecycle.with_containers(ahead, moved, self._now())

    def _note_unready(self, pod: Object, container: Object) -> None:
        self._memory(pod).unready.add(container["name"])

    def _memory(self, pod: Object) -> _Memory:
        return self._pods.setdefault(pod["metadata"]["uid"], _Memory())

    def _pod_events(self, pod: Object) -> PodEvents:
        return self._events(_node_of(pod))

    def _now(self) -> str:
        return to_time(self._clock.now())


def _ended(pod: Object, container: Object, own: Object, ending: Ending, now: datetime) -> Object:
    well_done = lifecycle.is_init(pod, container) and not ending.exit_code
    return containers.ended(own, ending.exit_code, ending.reason, to_time(now), ready=well_done)


def _moment(text: str | None, otherwise: datetime) -> datetime:
    """A time of a status, which someone else may have written without it."""
    return from_time(text) if text else otherwise


def _node_of(pod: Object) -> str:
    return str(pod["spec"]["nodeName"])


def _full_name(pod: Object) -> str:
    """As the kubelet's messages name a pod."""
    metadata = pod["metadata"]
    return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"

"""When and how the containers that run are going to end: by their pod's annotations, or by a fault before that.

The agents of network add-ons end with an error when what they are told is wrong.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fauxkube.kit.clock import Clock
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import moment_or, to_time
from fauxkube.nodes import containers, lifecycle
from fauxkube.nodes.add_on_agents import Agents
from fauxkube.nodes.container_runs import Ending, is_annotated, run_of
from fauxkube.nodes.pod_faults import PodFaults
from fauxkube.nodes.pod_memory import PodMemories


class Endings:
    """The ends of containers' runs."""

    def __init__(self, clock: Clock, faults: PodFaults, memories: PodMemories, agents: Agents) -> None:
        self._clock = clock
        self._faults = faults
        self._memories = memories
        self._agents = agents

    def may_come(self, pod: Object) -> bool:
        """Whether any container of the pod may end by itself, those of init aside."""
        return self._faults.any or is_annotated(pod) or self._agents.fails(pod)

    def of(self, pod: Object, container: Object, own: Object) -> Ending | None:
        """How the run of the container with this status is to end; None when it goes on until it is stopped."""
        since = self._began(pod, own)
        run = run_of(pod, container, own.get("restartCount", 0))
        planned = None
        if run.seconds is not None:
            planned = Ending.by_exit(since + timedelta(seconds=run.seconds), run.exit_code)
        elif self._agents.fails(pod):
            planned = Ending.by_exit(since, 1)
        crash = self._faults.crash(pod, container, own.get("containerID") or "")
        if crash is None:
            return planned
        at = since + timedelta(seconds=crash.run_for)
        return planned if planned and planned.at < at else Ending(at, crash.exit_code, crash.reason, crash.probe)

    def _began(self, pod: Object, own: Object) -> datetime:
        """When the container's run began, which the status says to the second only."""
        known = self._memories.find(pod).runs.get(own["name"])
        if known and known[0] == own.get("containerID"):
            return known[1]
        return moment_or(own["state"]["running"].get("startedAt"), self._clock.now())


def ended(pod: Object, container: Object, own: Object, ending: Ending, now: datetime) -> Object:
    """The container's status once it has ended so; an init container that has done its work is ready."""
    well_done = lifecycle.is_init(pod, container) and not ending.exit_code
    return containers.ended(own, ending.exit_code, ending.reason, to_time(now), ready=well_done)

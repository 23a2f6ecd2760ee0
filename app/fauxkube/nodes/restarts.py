"""When a container that has ended runs again: restart policies, and the kubelet's growing pauses.

The pause is 10 seconds, doubles with every try up to five minutes, and starts afresh after ten minutes without one
(client-go's `flowcontrol.Backoff` with the kubelet's limits).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from fauxkube.kinds.core.pod_status import is_sidecar
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import from_time

FIRST_PAUSE = 10.0
LONGEST_PAUSE = 300.0
#: Seconds of quiet after which the next pause is the first again.
_RESET_SECONDS = 2 * LONGEST_PAUSE


class Pause(NamedTuple):
    """How long to wait after a failure, and when that was decided."""

    seconds: float
    since: datetime

    def ends(self, event: datetime) -> datetime:
        """When what failed at `event` may be tried again."""
        if (event - self.since).total_seconds() > _RESET_SECONDS:
            return event
        return event + timedelta(seconds=self.seconds)


def next_pause(pause: Pause | None, event: datetime, now: datetime) -> Pause:
    """The pause that follows on one more try, made because of what happened at `event`."""
    if pause is None or (event - pause.since).total_seconds() > _RESET_SECONDS:
        return Pause(FIRST_PAUSE, now)
    return Pause(min(2 * pause.seconds, LONGEST_PAUSE), now)


def pause_of(status: Object) -> Pause:
    """The pause that a container with this status, which has been restarted, has reached if none was ever reset."""
    restarts: int = status["restartCount"]
    seconds = min(FIRST_PAUSE * 2 ** min(restarts - 1, 10), LONGEST_PAUSE)
    state = status.get("state") or {}
    run = state.get("running") or state.get("terminated") or (status.get("lastState") or {}).get("terminated") or {}
    return Pause(seconds, from_time(run["startedAt"]) if run.get("startedAt") else datetime.min.replace(tzinfo=UTC))


def runs_again(pod: Object, container: Object, exit_code: int, *, is_init: bool) -> bool:
    """Whether a container that ended with this exit code is to run again; one of init that ended well is not."""
    policy = container.get("restartPolicy") or pod["spec"].get("restartPolicy") or "Always"
    if is_init and not is_sidecar(container) and policy == "Always":
        policy = "OnFailure"
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)

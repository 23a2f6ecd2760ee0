"""Saying on a pod itself why it was not scheduled: the condition `PodScheduled` False.

The condition is written only where it says something new, against the newest version of the pod; a pod that went or
got its node meanwhile is left alone.
"""

from __future__ import annotations

import logging
from datetime import datetime

from fauxkube.client.protocol import Client
from fauxkube.kinds.core.pod_status import condition, set_condition
from fauxkube.kinds.gvrs import PODS
from fauxkube.machinery.objects import Object, copy_of, key_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError

#: How often the condition is tried to be written against other writers.
_TRIES = 3

_log = logging.getLogger("fauxkube.scheduler")


def says_already(pod: Object, message: str) -> bool:
    """Whether the pod says just that; at the first look at a pod, it was told before this process knew of it."""
    scheduled = condition(pod, "PodScheduled")
    return scheduled is not None and scheduled.get("status") == "False" and scheduled.get("message") == message


async def write_condition(client: Client, pod: Object, *, reason: str, message: str, now: datetime) -> None:
    """Write the condition; a failure is logged, as the pod's next attempt will write it again."""
    latest: Object | None = pod
    for _ in range(_TRIES):
        changed = copy_of(latest or pod)
        more = {"reason": reason, "message": message, "observedGeneration": changed["metadata"].get("generation")}
        if not set_condition(changed, "PodScheduled", "False", now=now, **more):
            return
        try:
            await client.update(PODS, changed, subresource="status")
        except StatusError as error:
            if error.code != 409:
                _log.log(logging.DEBUG if error.code == 404 else logging.WARNING, "%s: %s", key_of(pod), error.message)
                return
        else:
            return
        if (latest := await _read_again(client, pod)) is None:
            return


async def _read_again(client: Client, pod: Object) -> Object | None:
    """The pod as it is now; None when it is gone or has its node."""
    try:
        found = await client.get(PODS, name_of(pod), namespace_of(pod))
    except StatusError:
        return None
    same = found["metadata"].get("uid") == pod["metadata"].get("uid")
    return found if same and not found["spec"].get("nodeName") else None

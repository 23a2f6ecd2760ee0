"""The agents of network add-ons: which of their pods' containers cannot run, as what they are told is wrong."""

from __future__ import annotations

from fauxkube.client.protocol import Client
from fauxkube.machinery.objects import Object
from fauxkube.nodes.add_on_facts import facts_of
from fauxkube.nodes.add_on_plan import failure
from fauxkube.nodes.add_ons import add_on_of


class Agents:
    """What agents end with, found out as their pods are seen to. `used` tells whether add-ons count in the cluster."""

    def __init__(self, client: Client, *, used: bool) -> None:
        self._client = client
        self._used = used
        #: By the pod's UID.
        self._failures: dict[str, str] = {}

    async def learn(self, pod: Object, node: Object) -> None:
        """Find out what the pod's agent makes of what it is told now; of other pods there is nothing to learn."""
        add_on = add_on_of(pod) if self._used and pod["spec"].get("volumes") else None
        if add_on is None:
            return
        why = failure(add_on, node, await facts_of(self._client, pod, add_on))
        if why:
            self._failures[pod["metadata"]["uid"]] = why
        else:
            self.forget(pod)

    def fails(self, pod: Object) -> bool:
        """Whether the pod's containers end with an error as soon as they have started."""
        return bool(self._failures) and pod["metadata"]["uid"] in self._failures

    def forget(self, pod: Object) -> None:
        """The pod is gone, or its agent runs."""
        self._failures.pop(pod.get("metadata", {}).get("uid", ""), None)

"""Static pods: a node runs them whatever the API says, so their mirrors come back when they are deleted.

There are no folders of manifests; what a node's static pods are is what their mirrors said last. Mirrors upstream's
`pkg/kubelet/pod/mirror_client.go`.
"""

from __future__ import annotations

from fauxkube.client.loop import Loop, Requeue
from fauxkube.kinds.gvrs import NODES, PODS
from fauxkube.machinery.objects import Object, key_of
from fauxkube.machinery.status import StatusError
from fauxkube.nodes.context import Context
from fauxkube.nodes.node_faults import NodeFaults
from fauxkube.nodes.node_sync import is_simulated

MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
#: Seconds after which a kubelet that nothing is heard from is looked at again.
_SILENT_SECONDS = 10.0
_KEPT = ("name", "namespace", "labels", "annotations")


class StaticPods:
    """One loop, whose keys are the mirrors that are gone."""

    def __init__(self, context: Context, faults: NodeFaults) -> None:
        self._client = context.client
        self._pods, self._nodes = context.informers.of(PODS), context.informers.of(NODES)
        self._faults = faults
        #: What mirrors said last, by key.
        self._gone: dict[str, Object] = {}
        self.loop = Loop("kubelet-static-pods", context.clock, self.sync, workers=1)
        self._pods.on_change(self._changed)

    def _changed(self, old: Object | None, new: Object | None) -> None:
        if new is None and old is not None and is_mirror(old):
            self._gone[key_of(old)] = old
            self.loop.queue.add(key_of(old))

    async def sync(self, key: str) -> None:
        """Mirror the pod again, if its node is still there."""
        last = self._gone.get(key)
        node = self._nodes.get(last["spec"]["nodeName"]) if last else None
        if last is None or node is None or not is_simulated(node) or self._pods.get(key) is not None:
            self._gone.pop(key, None)
            return
        if self._faults.silent(last["spec"]["nodeName"]):
            raise Requeue(_SILENT_SECONDS)
        try:
            await self._client.create(PODS, mirror_again(last, node))
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
        self._gone.pop(key, None)


def is_mirror(pod: Object) -> bool:
    """Whether the pod stands for a static one of its node."""
    bound = bool(pod.get("spec", {}).get("nodeName"))
    return bound and MIRROR_ANNOTATION in (pod["metadata"].get("annotations") or {})


def mirror_again(last: Object, node: Object) -> Object:
    """A new mirror of the same static pod, owned by the node as it is now."""
    metadata = {name: last["metadata"][name] for name in _KEPT if name in last["metadata"]}
    owner = {"apiVersion": "v1", "kind": "Node", "name": node["metadata"]["name"], "uid": node["metadata"]["uid"]}
    metadata["ownerReferences"] = [{**owner, "controller": True}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": last["spec"]}

"""An API server in memory, just enough of one to run control loops against.

`FakeApi` implements `client.protocol.Client`: resource versions, watches with history (and 410 after `compact`), uids,
generated names, generations, optimistic concurrency, status subresources, finalizers, graceful deletion of pods that
have a node, and `pods/binding`. It neither defaults nor validates nor admits: what a test creates is what it gets,
status included.

    api = FakeApi()
    api.seed(PODS, pod)                     # create without awaiting
    await api.until(lambda: api.find(PODS, "default/web"))
    api.fail("create", EVENTS, unavailable("no"))
    assert api.calls == [("create", "pods", "default/web")]
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from fauxkube.client.protocol import Listed, WatchEvent
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock, SystemClock
from fauxkube.machinery.objects import GVR, Object, copy_of, key_of, labels_of
from fauxkube.machinery.status import (
    OBJECT_MODIFIED,
    StatusError,
    already_exists,
    conflict,
    expired,
    not_found,
    unsupported_media_type,
)
from fauxkube.machinery.times import to_time

#: Resources that no namespace holds.
CLUSTER_SCOPED = frozenset({"clusterroles", "customresourcedefinitions", "nodes", "namespaces"})


class FakeApi:
    """The whole server; `as_user_agent` gives views of it that differ only in what `agents` notes."""

    def __init__(self, clock: Clock | None = None, chance: Chance | None = None) -> None:
        self.clock = clock or SystemClock()
        self.chance = chance or Chance(1)
        self.revision = 0
        #: Every write tried: (verb, resource, key).
        self.calls: list[tuple[str, str, str]] = []
        self._objects: dict[GVR, dict[str, Object]] = defaultdict(dict)
        self._history: dict[GVR, list[tuple[int, WatchEvent]]] = defaultdict(list)
        self._compacted: dict[GVR, int] = defaultdict(int)
        self._failures: dict[tuple[str, GVR], list[StatusError]] = defaultdict(list)
        self._changed: asyncio.Event = asyncio.Event()
        self._generation_of_watches = 0

    # What tests use.

    def find(self, gvr: GVR, key: str) -> Object | None:
        """The object as it is now, by `namespace/name` or `name`."""
        return self._objects[gvr].get(key)

    def all(self, gvr: GVR, namespace: str = "") -> list[Object]:
        """A collection as it is now."""
        return [obj for obj in self._objects[gvr].values() if namespace in ("", obj["metadata"].get("namespace"))]

    def seed(self, gvr: GVR, obj: Object, namespace: str = "") -> Object:
        """Create `obj`, without a call being noted."""
        obj = copy_of(obj)
        self._fill_in(gvr, obj, namespace)
        if key_of(obj) in self._objects[gvr]:
            raise already_exists(gvr.group_resource, obj["metadata"]["name"])
        return self._store(gvr, "ADDED", obj)

    def change(self, gvr: GVR, key: str, patch: Any) -> Object:
        """Merge `patch` into an object, status too, without a call being noted."""
        return self._commit(gvr, _merged(self._get(gvr, key), patch))

    def remove(self, gvr: GVR, key: str) -> None:
        """Take an object away at once, whatever holds it, without a call being noted."""
        self._store(gvr, "DELETED", copy_of(self._get(gvr, key)))

    def fail(self, verb: str, gvr: GVR, *errors: StatusError) -> None:
        """Let the next calls of `verb` (get, list, watch, create, ...) on `gvr` fail, one with each of `errors`."""
        self._failures[verb, gvr].extend(errors)

    def compact(self, gvr: GVR) -> None:
        """Forget the history: a watch from before now gets 410."""
        self._history[gvr].clear()
        self._compacted[gvr] = self.revision

    def end_watches(self) -> None:
        """End every watch that runs, as a server does after its timeout."""
        self._generation_of_watches += 1
        self._wake()

    async def until(self, condition: Callable[[], Any], seconds: float = 5.0) -> None:
        """Return once `condition` holds; it is looked at after every change of the server's or turn of the loop."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110  the condition may be on anything, not only on this server
                await asyncio.sleep(0)

    # The protocol.

    def as_user_agent(self, user_agent: str) -> FakeApi:
        return self

    async def get(self, gvr: GVR, name: str, namespace: str = "") -> Object:
        self._may_fail("get", gvr)
        return self._get(gvr, _key(namespace, name))

    async def list(
        self, gvr: GVR, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> Listed:
        self._may_fail("list", gvr)
        items = [
            obj
            for obj in self.all(gvr, namespace)
            if _selects(label_selector, labels_of(obj).get) and _selects(field_selector, partial(_field, obj))
        ]
        return Listed(items, str(self.revision))

    async def watch(self, gvr: GVR, namespace: str = "", *, resource_version: str) -> AsyncIterator[WatchEvent]:
        self._may_fail("watch", gvr)
        generation = self._generation_of_watches
        seen = int(resource_version)
        while generation == self._generation_of_watches:
            if seen < self._compacted[gvr]:
                raise expired(f"too old resource version: {seen} ({self._compacted[gvr]})")
            changed = self._changed
            for revision, event in [entry for entry in self._history[gvr] if entry[0] > seen]:
                seen = revision
                if namespace in ("", event.object["metadata"].get("namespace")):
                    yield event
            if changed is self._changed:
                await changed.wait()

    async def create(
        self, gvr: GVR, obj: Object, *, namespace: str = "", subresource: str = "", name: str = ""
    ) -> Object:
        obj = copy_of(obj)
        namespace = namespace or obj["metadata"].get("namespace", "")
        if subresource == "binding":
            self._call("bind", gvr, _key(namespace, name))
            return self._bind(_key(namespace, name), obj)
        self._fill_in(gvr, obj, namespace)
        self._call("create", gvr, key_of(obj))
        if key_of(obj) in self._objects[gvr]:
            raise already_exists(gvr.group_resource, obj["metadata"]["name"])
        return self._store(gvr, "ADDED", obj)

    async def update(self, gvr: GVR, obj: Object, *, subresource: str = "") -> Object:
        key = key_of(obj)
        self._call("update/status" if subresource else "update", gvr, key)
        old = self._get(gvr, key)
        given = obj["metadata"].get("resourceVersion")
        if given and given != old["metadata"]["resourceVersion"]:
            raise conflict(gvr.group_resource, old["metadata"]["name"], OBJECT_MODIFIED)
        return self._commit(gvr, _subresource(old, copy_of(obj), subresource))

    async def patch(
        self, gvr: GVR, name: str, patch: Any, *, namespace: str = "", kind: str = "merge", subresource: str = ""
    ) -> Object:
        key = _key(namespace, name)
        self._call("patch/status" if subresource else "patch", gvr, key)
        if kind != "merge":
            raise unsupported_media_type(["application/merge-patch+json"])
        old = self._get(gvr, key)
        return self._commit(gvr, _subresource(old, _merged(old, patch), subresource))

    async def delete(
        self,
        gvr: GVR,
        name: str,
        *,
        namespace: str = "",
        grace_period_seconds: int | None = None,
        uid: str = "",
        propagation: str = "",
    ) -> None:
        key = _key(namespace, name)
        self._call("delete", gvr, key)
        old = self._get(gvr, key)
        if uid and uid != old["metadata"]["uid"]:
            raise conflict(gvr.group_resource, name, "Precondition failed: UID in precondition")
        self._delete(gvr, old, grace_period_seconds)

    async def delete_collection(self, gvr: GVR, namespace: str = "", *, label_selector: str = "") -> None:
        self._call("deletecollection", gvr, namespace)
        for obj in self.all(gvr, namespace):
            if _selects(label_selector, labels_of(obj).get):
                self._delete(gvr, obj, None)

    # How it works.

    def _call(self, verb: str, gvr: GVR, key: str) -> None:
        self.calls.append((verb, gvr.resource, key))
        self._may_fail(verb, gvr)

    def _may_fail(self, verb: str, gvr: GVR) -> None:
        if failures := self._failures[verb, gvr]:
            raise failures.pop(0)

    def _get(self, gvr: GVR, key: str) -> Object:
        obj = self._objects[gvr].get(key)
        if obj is None:
            raise not_found(gvr.group_resource, key.rpartition("/")[2])
        return obj

    def _fill_in(self, gvr: GVR, obj: Object, namespace: str) -> None:
        metadata = obj["metadata"]
        if gvr.resource not in CLUSTER_SCOPED:
            metadata["namespace"] = metadata.get("namespace") or namespace or "default"
        if not metadata.get("name"):
            metadata["name"] = metadata["generateName"] + self.chance.suffix()
        metadata.setdefault("uid", self.chance.uuid())
        metadata.setdefault("creationTimestamp", to_time(self.clock.now()))
        if "spec" in obj:
            metadata["generation"] = 1

    def _commit(self, gvr: GVR, obj: Object) -> Object:
        """Store a changed object; one that was only waiting for its finalizers goes."""
        old = self._objects[gvr][key_of(obj)]
        metadata = obj["metadata"]
        for name in ("uid", "creationTimestamp", "resourceVersion", "deletionTimestamp", "generation"):
            if name in old["metadata"]:
                metadata[name] = old["metadata"][name]
        if obj == old:
            return old
        if "spec" in obj and obj["spec"] != old.get("spec"):
            metadata["generation"] = metadata.get("generation", 0) + 1
        gone = "deletionTimestamp" in metadata and not metadata.get("finalizers")
        if gone and not metadata.get("deletionGracePeriodSeconds"):
            return self._store(gvr, "DELETED", obj)
        return self._store(gvr, "MODIFIED", obj)

    def _delete(self, gvr: GVR, old: Object, grace: int | None) -> None:
        if grace is None and gvr.resource == "pods":
            grace = old["spec"].get("terminationGracePeriodSeconds", 30)
        if gvr.resource != "pods" or not old["spec"].get("nodeName"):
            grace = 0
        obj = copy_of(old)
        if not grace and not obj["metadata"].get("finalizers"):
            self._store(gvr, "DELETED", obj)
        elif "deletionTimestamp" not in obj["metadata"] or grace != obj["metadata"].get("deletionGracePeriodSeconds"):
            obj["metadata"].setdefault("deletionTimestamp", to_time(self.clock.now()))
            obj["metadata"]["deletionGracePeriodSeconds"] = grace
            self._store(gvr, "MODIFIED", obj)

    def _bind(self, key: str, binding: Object) -> Object:
        pods = GVR("", "v1", "pods")
        pod = self._get(pods, key)
        if pod["spec"].get("nodeName"):
            problem = f'pod {pod["metadata"]["name"]} is already assigned to node "{pod["spec"]["nodeName"]}"'
            raise conflict("pods/binding", pod["metadata"]["name"], problem)
        now = to_time(self.clock.now())
        scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
        others = [each for each in pod.get("status", {}).get("conditions", ()) if each["type"] != "PodScheduled"]
        patch = {"spec": {"nodeName": binding["target"]["name"]}, "status": {"conditions": [*others, scheduled]}}
        self._commit(pods, _merged(pod, patch))
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}

    def _store(self, gvr: GVR, type: str, obj: Object) -> Object:
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        key = key_of(obj)
        if type == "DELETED":
            del self._objects[gvr][key]
        else:
            self._objects[gvr][key] = obj
        self._history[gvr].append((self.revision, WatchEvent(type, obj)))
        self._wake()
        return obj

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _key(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


def _merged(doc: Any, patch: Any) -> Any:
    """RFC 7386, on a copy of `doc`."""
    if not isinstance(patch, dict):
        return patch
    merged = copy_of(doc) if isinstance(doc, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged


def _subresource(old: Object, new: Object, subresource: str) -> Object:
    """What a write takes: only the status when it is sent to `/status`, else all but that."""
    taken, kept = (copy_of(old), new) if subresource == "status" else (new, old)
    if "status" in kept:
        taken["status"] = copy_of(kept["status"])
    else:
        taken.pop("status", None)
    return taken


def _field(obj: Object, path: str) -> str:
    value: Any = obj
    for name in path.split("."):
        value = value.get(name, "") if isinstance(value, dict) else ""
    return str(value)


def _selects(selector: str, value_of: Callable[[str], str | None]) -> bool:
    """Equality-based requirements (`a=b,c!=d,e`), of labels or fields."""
    for requirement in filter(None, selector.split(",")):
        name, equals, value = requirement.replace("==", "=").partition("=")
        actual = value_of(name.rstrip("!"))
        if not equals and not actual:
            return False
        if equals and (actual == value) == name.endswith("!"):
            return False
    return True

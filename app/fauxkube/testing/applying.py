"""Client-side apply, as `kubectl apply` does it: what was applied last is kept in an annotation of the object.

So kubectl and this apply take turns on the same objects without undoing each other's work.
"""

from __future__ import annotations

import orjson

from fauxkube.client.protocol import Client
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object, copy_of, name_of
from fauxkube.machinery.patch.three_way import three_way_patch
from fauxkube.machinery.schema import Schemas
from fauxkube.machinery.status import StatusError

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


async def apply(client: Client, resource: Resource, obj: Object, schemas: Schemas) -> Object:
    """Create `obj`, or bring what is there to what it says; the live object. `obj` has its namespace and is kept."""
    modified = _annotated(obj)
    namespace = obj["metadata"].get("namespace", "")
    try:
        live = await client.get(resource.gvr, name_of(obj), namespace)
    except StatusError as error:
        if error.code != 404:
            raise
        return await client.create(resource.gvr, modified, namespace=namespace)
    schema = schemas.of(resource.group, resource.version, resource.kind)
    patch = three_way_patch(_last_applied(live), modified, live, schema)
    if not patch:
        return live
    kind = "strategic" if schema else "merge"
    return await client.patch(resource.gvr, name_of(obj), patch, namespace=namespace, kind=kind)


def _annotated(obj: Object) -> Object:
    """A copy with the annotation that says what was applied, which is the object without it."""
    applied = copy_of(obj)
    annotations = applied["metadata"].setdefault("annotations", {})
    annotations.pop(LAST_APPLIED, None)
    text = orjson.dumps(applied, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE).decode()
    annotations[LAST_APPLIED] = text
    return applied


def _last_applied(live: Object) -> Object:
    """What was applied last; nothing for an object that was made otherwise."""
    text = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    try:
        applied = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}
    return applied if isinstance(applied, dict) else {}

"""The handlers: a resolved request to a call of the pipelines, and its outcome to an answer.

Codes as apiserver's: 201 for what was created, 202 for a foreground deletion that is under way, a `Status` for a
deletion whose kind does not answer the object.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

import orjson

from fauxkube.kinds.resource import Resource
from fauxkube.kit.clock import Clock
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object
from fauxkube.registry.options import Deleted, DeleteOptions, Patch, PatchKind, WriteOptions, Written
from fauxkube.server import bodies, queries, responses, tables
from fauxkube.server.asgi import Request, Response
from fauxkube.server.negotiation import OBJECTS, MediaType, negotiate
from fauxkube.server.paths import PROXY, RequestInfo
from fauxkube.server.pipelines import Pipelines, Reads

_Handler: TypeAlias = Callable[["Verbs", Request, RequestInfo], Awaitable[Response]]

_COLLECTION_VERBS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_OBJECT_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_SUBRESOURCE_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch"}
_PROXY_VERBS = _SUBRESOURCE_VERBS | {"DELETE": "delete", "HEAD": "get", "OPTIONS": "get"}


def verb_of(request: Request, info: RequestInfo) -> str:
    """The Kubernetes verb of a request; 405 when the path or the resource does not have it."""
    if info.watch or (request.method == "GET" and not info.name and queries.flag(request.query, "watch")):
        verb = "watch" if request.method == "GET" else ""
    elif info.subresource == PROXY:
        verb = _PROXY_VERBS.get(request.method, "")
    elif info.subresource:
        verb = _SUBRESOURCE_VERBS.get(request.method, "")
    elif info.name:
        verb = _OBJECT_VERBS.get(request.method, "")
    else:
        verb = _COLLECTION_VERBS.get(request.method, "")
        if verb != "list" and info.resource.namespaced and not info.namespace:
            verb = ""
    served = info.resource.subresources[info.subresource] if info.subresource else info.resource.verbs
    if verb not in served:
        raise status.method_not_allowed()
    return verb


class Verbs:
    """The verbs that answer once; `watching` serves the other."""

    def __init__(self, pipelines: Pipelines, *, clock: Clock, reads: Reads | None = None) -> None:
        """What is read is read from `reads`, where that is given."""
        self._pipelines = pipelines
        self._reads = reads or pipelines
        self._clock = clock

    def reading(self, reads: Reads) -> Verbs:
        """The same verbs, which read from there."""
        return Verbs(self._pipelines, clock=self._clock, reads=reads)

    async def handle(self, verb: str, request: Request, info: RequestInfo) -> Response:
        """Answer a request; any failure is raised."""
        return await _HANDLERS[verb](self, request, info)

    async def _get(self, request: Request, info: RequestInfo) -> Response:
        media = negotiate(request.accept, OBJECTS)
        resource, namespace, name, subresource, _ = info
        version = queries.text(request.query, "resourceVersion")
        value = await self._reads.get(resource, namespace, name, resource_version=version, subresource=subresource)
        return self._object(request, info, media, value)

    async def _list(self, request: Request, info: RequestInfo) -> Response:
        media = negotiate(request.accept, OBJECTS)
        include = tables.include_of(queries.text(request.query, "includeObject"))
        query = queries.list_query(request.query)
        result = await self._reads.list(info.resource, info.namespace, query)
        body = tables.collection_document(info.resource, result, media, include=include, now=self._clock.now())
        return responses.object_response(media, body, pretty=request.pretty)

    async def _create(self, request: Request, info: RequestInfo) -> Response:
        media = negotiate(request.accept, OBJECTS)
        options, body = await self._write_request(request, info, "CreateOptions")
        written = await self._pipelines.create(
            info.resource, info.namespace, body, options, name=info.name, subresource=info.subresource
        )
        return self._written(request, info, media, written, created=True)

    async def _update(self, request: Request, info: RequestInfo) -> Response:
        media = negotiate(request.accept, OBJECTS)
        options, body = await self._write_request(request, info, "UpdateOptions")
        resource, namespace, name, subresource, _ = info
        written = await self._pipelines.update(resource, namespace, name, body, options, subresource=subresource)
        return self._written(request, info, media, written, created=written.created)

    async def _write_request(self, request: Request, info: RequestInfo, kind: str) -> tuple[WriteOptions, Object]:
        options = queries.write_options(request.query, kind)
        data = await bodies.read(request)
        strict = options.field_validation != "Ignore"
        decoded = bodies.decode_object(request, data, info, self._pipelines.catalogue, strict=strict)
        author = queries.author_of(request.user, request.user_agent, options.field_manager)
        return replace(options, problems=decoded.problems, author=author, user=request.sender), decoded.object

    async def _patch(self, request: Request, info: RequestInfo) -> Response:
        media = negotiate(request.accept, OBJECTS)
        kind: PatchKind = bodies.patch_kind(request)
        options = queries.write_options(request.query, "PatchOptions")
        strict = options.field_validation != "Ignore"
        content, problems = bodies.decode_patch(await bodies.read(request), kind, strict=strict)
        author = queries.author_of(request.user, request.user_agent, options.field_manager)
        resource, namespace, name, subresource, _ = info
        written = await self._pipelines.patch(
            resource,
            namespace,
            name,
            Patch(kind, content),
            replace(options, problems=problems, author=author, user=request.sender),
            subresource=subresource,
        )
        return self._written(request, info, media, written, created=written.created)

    async def _delete(self, request: Request, info: RequestInfo) -> Response:
        media = negotiate(request.accept, OBJECTS)
        options = await self._delete_options(request)
        deleted = await self._pipelines.delete(info.resource, info.namespace, info.name, options)
        code = _deletion_code(deleted, options)
        if deleted.gone and not info.resource.returns_deleted:
            outcome = orjson.dumps(_deletion_status(info.resource, deleted.object))
            return responses.object_response(media, outcome, status=code, pretty=request.pretty)
        return self._object(request, info, media, deleted.value, code=code)

    async def _delete_collection(self, request: Request, info: RequestInfo) -> Response:
        media = negotiate(request.accept, OBJECTS)
        include = tables.include_of(queries.text(request.query, "includeObject"))
        query = queries.list_query(request.query)
        options = await self._delete_options(request)
        result = await self._pipelines.delete_collection(info.resource, info.namespace, query, options)
        body = tables.collection_document(info.resource, result, media, include=include, now=self._clock.now())
        return responses.object_response(media, body, pretty=request.pretty)

    async def _delete_options(self, request: Request) -> DeleteOptions:
        data = await bodies.read(request)
        options = queries.delete_options(request.query, bodies.decode_options(request, data))
        return replace(options, author=queries.author_of(request.user, request.user_agent))

    def _written(
        self, request: Request, info: RequestInfo, media: MediaType, written: Written, *, created: bool
    ) -> Response:
        request.warnings.extend(written.warnings)
        return self._object(request, info, media, written.value, code=201 if created else 200)

    def _object(
        self, request: Request, info: RequestInfo, media: MediaType, value: bytes, *, code: int = 200
    ) -> Response:
        if media.kind:
            include = tables.include_of(queries.text(request.query, "includeObject"))
            now = self._clock.now()
            value = tables.object_document(
                info.resource, value, media, include=include, now=now, subresource=info.subresource
            )
        return responses.object_response(media, value, status=code, pretty=request.pretty)


_HANDLERS: dict[str, _Handler] = {
    "get": Verbs._get,
    "list": Verbs._list,
    "create": Verbs._create,
    "update": Verbs._update,
    "patch": Verbs._patch,
    "delete": Verbs._delete,
    "deletecollection": Verbs._delete_collection,
}


def _deletion_code(deleted: Deleted, options: DeleteOptions) -> int:
    waited_for = options.orphan_dependents is False or options.propagation_policy == "Foreground"
    return 202 if waited_for and not deleted.gone else 200


def _deletion_status(resource: Resource, obj: Object) -> Object:
    details: Object = {"name": obj["metadata"]["name"]}
    if resource.group:
        details["group"] = resource.group
    details |= {"kind": resource.plural, "uid": obj["metadata"]["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

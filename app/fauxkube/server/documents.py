"""Everything that is neither a resource nor a health check: discovery, OpenAPI, `/version` and the index of paths."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import orjson

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object
from fauxkube.machinery.schema import Schemas
from fauxkube.server import discovery, paths, responses
from fauxkube.server.asgi import Request, Response
from fauxkube.server.negotiation import DISCOVERY, PLAIN, MediaType, negotiate
from fauxkube.server.openapi import OpenAPI
from fauxkube.server.version import version_info

_ALWAYS_THERE = ("/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version")


class Documents:
    """The documents of one catalogue, made when they are asked for."""

    def __init__(self, catalogue: Catalogue, schemas: Schemas, *, kubernetes_version: str) -> None:
        self._catalogue = catalogue
        self._openapi = OpenAPI(catalogue, schemas, kubernetes_version=kubernetes_version)
        self._version = version_info(kubernetes_version)
        self._fixed: dict[str, Callable[[], Object]] = {"/version": lambda: self._version, "/": self._index}

    def answer(self, request: Request, address: str) -> Response:
        """The document at a path; 404 where there is none, 405 for anything but a read."""
        path = request.path.rstrip("/") or "/"
        make = self._maker(path, request, address)
        if make is None:
            failure = paths.missing(path, self._catalogue)
            if failure is None:
                return responses.page_not_found()
            raise failure
        if request.method not in ("GET", "HEAD"):
            raise status.method_not_allowed()
        return make()

    def _maker(self, path: str, request: Request, address: str) -> Callable[[], Response] | None:
        if path.startswith("/openapi/"):
            return self._openapi.maker(path, request)
        if path in ("/api", "/apis"):
            return lambda: self._root(request, address)
        make = self._fixed.get(path)
        document = make() if make is not None else self._group_document(path)
        if document is None:
            return None
        media = negotiate(request.accept, PLAIN)
        return lambda: responses.document(media, document, pretty=request.pretty)

    def _index(self) -> Object:
        groups = [group for group in self._catalogue.groups() if group]
        versions = [f"/apis/{group}/{version}" for group in groups for version in self._catalogue.groups()[group]]
        found = ["/api", "/api/v1", "/apis", *(f"/apis/{group}" for group in groups), *versions]
        return {"paths": sorted([*found, *_ALWAYS_THERE])}

    def _root(self, request: Request, address: str) -> Response:
        """`/api` or `/apis`: aggregated for those who ask, else as of old."""
        core = request.path.rstrip("/") == "/api"
        media = negotiate(request.accept, DISCOVERY)
        if media.kind:
            return self._aggregated(request, media, core=core)
        document = discovery.api_versions(address) if core else discovery.api_group_list(self._catalogue)
        return responses.document(media, document, pretty=request.pretty)

    def _aggregated(self, request: Request, media: MediaType, *, core: bool) -> Response:
        body = orjson.dumps(discovery.aggregated(self._catalogue, core=core, version=media.version))
        tag = etag(body)
        headers = [(b"etag", tag), (b"vary", b"Accept")]
        parameters = f";g={media.group};v={media.version};as={media.kind}".encode()
        if request.if_none_match == tag:
            return Response(304, b"", media.content_type + parameters, headers)
        response = responses.object_response(media, body, pretty=request.pretty)
        return response._replace(content_type=media.content_type + parameters, headers=headers)

    def _group_document(self, path: str) -> Object | None:
        parts = path.split("/")[1:]
        match parts:
            case ["api", version]:
                return discovery.api_resource_list(self._catalogue, "", version)
            case ["apis", group]:
                return discovery.api_group(self._catalogue, group)
            case ["apis", group, version]:
                return discovery.api_resource_list(self._catalogue, group, version)
        return None


def etag(body: bytes) -> bytes:
    """A strong entity tag of a body."""
    return b'"%b"' % hashlib.sha512(body).hexdigest().upper().encode()

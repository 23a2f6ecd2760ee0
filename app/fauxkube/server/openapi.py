"""`/openapi/v3`, one document a group version, and `/openapi/v2`: made when they are first asked for.

The index names each document with a hash, and a request with that hash may be cached for good (KEP-2896). Version 2
comes in protobuf too, as its clients take nothing else; those of version 3 take JSON.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from weakref import WeakKeyDictionary

import orjson

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object
from fauxkube.machinery.schema import Schemas
from fauxkube.server import queries
from fauxkube.server.asgi import Header, Request, Response
from fauxkube.server.negotiation import JSON_ONLY, OPENAPI_V2, MediaType, negotiate
from fauxkube.server.openapi_custom import custom_definitions
from fauxkube.server.openapi_paths import Writer, operated_kinds
from fauxkube.server.openapi_schemas import SHARED, Names, components

_V2 = "/openapi/v2"
_V3 = "/openapi/v3"

_IMMUTABLE: Header = (b"cache-control", b"public, immutable")
_VARY: Header = (b"vary", b"Accept")

#: How many documents are kept of the same schemas: a set of them for several sets of resources.
_MOST_KEPT = 128
#: The documents that were made from schemas, by path, media type and what their resources are. Clusters share schemas,
#: and a document takes long to make.
_kept: WeakKeyDictionary[Schemas, OrderedDict[tuple[str, bytes, str], bytes]] = WeakKeyDictionary()


class OpenAPI:
    """The documents of one catalogue, shared with all whose resources and schemas are the same."""

    def __init__(self, catalogue: Catalogue, schemas: Schemas, *, kubernetes_version: str) -> None:
        self._catalogue = catalogue
        self._schemas = schemas
        self._version = kubernetes_version
        self._kept = _kept.setdefault(schemas, OrderedDict())

    def maker(self, path: str, request: Request) -> Callable[[], Response] | None:
        """What makes the document at a path; None where there is none."""
        if path == _V3:
            return lambda: _answer(request, self._index(request.root), negotiate(request.accept, JSON_ONLY))
        if path == _V2:
            return lambda: self._document(request, _V2, self._catalogue.resources)
        resources = self._group_versions().get(path.removeprefix(f"{_V3}/"))
        return (lambda: self._document(request, path, resources)) if resources else None

    def _group_versions(self) -> dict[str, list[Resource]]:
        """The resources of each group version, by the rest of its document's path."""
        found: dict[str, list[Resource]] = {}
        for resource in self._catalogue.resources:
            path = f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"
            found.setdefault(path, []).append(resource)
        return found

    def _index(self, root: str) -> bytes:
        paths = {
            path: {"serverRelativeURL": f"{root}{_V3}/{path}?hash={self._hash(resources)}"}
            for path, resources in self._group_versions().items()
        }
        return orjson.dumps({"paths": paths})

    def _hash(self, resources: Iterable[Resource]) -> str:
        """A digest of what a document is made from, so that the index needs none of them made."""
        parts = [
            (each.plural, each.kind, sorted(each.verbs), sorted(each.subresources), each.form and each.form.digest)
            for each in resources
        ]
        return hashlib.sha256(f"{self._version}{parts}".encode()).hexdigest()[:32].upper()

    def _document(self, request: Request, path: str, resources: Sequence[Resource]) -> Response:
        media = negotiate(request.accept, OPENAPI_V2 if path == _V2 else JSON_ONLY)
        fingerprint = self._hash(resources)
        asked = queries.text(request.query, "hash")
        if asked and asked != fingerprint:
            return Response(301, b"", headers=[(b"location", f"{request.root}{path}?hash={fingerprint}".encode())])
        key = path, media.content_type, fingerprint
        body = self._kept.get(key)
        if body is None:
            body = self._kept[key] = _encoded(self._v2(resources) if path == _V2 else self._v3(resources), media)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return _answer(request, body, media, [_IMMUTABLE] if asked else [])

    def _v3(self, resources: Sequence[Resource]) -> Object:
        definitions = self._schemas.raw_definitions() | custom_definitions(resources)
        names = Names(definitions)
        roots = [*SHARED, *_known(names, resources)]
        return {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": f"v{self._version}"},
            "paths": Writer(names).paths(resources),
            "components": {"schemas": components(definitions, roots)},
        }

    def _v2(self, resources: Sequence[Resource]) -> Object:
        definitions = self._schemas.raw_definitions() | custom_definitions(resources)
        names = Names(definitions)
        roots = [*SHARED, *_known(names, resources)]
        return {
            "swagger": "2.0",
            "info": {"title": "Kubernetes", "version": f"v{self._version}"},
            "paths": Writer(names, v2=True).paths(resources),
            "definitions": components(definitions, roots, v2=True),
        }


def _encoded(document: Object, media: MediaType) -> bytes:
    if media.format == "json":
        return orjson.dumps(document)
    from fauxkube.server import openapi_protobuf

    return openapi_protobuf.encode(document)


def _answer(request: Request, body: bytes, media: MediaType, headers: Iterable[Header] = ()) -> Response:
    tag = b'"%b"' % hashlib.sha256(body).hexdigest().upper().encode()
    added = [(b"etag", tag), _VARY, *headers]
    if request.if_none_match == tag:
        return Response(304, b"", headers=added)
    return Response(200, body, media.content_type, added)


def _known(names: Names, resources: Iterable[Resource]) -> list[str]:
    """The names of the definitions that operations on these resources use."""
    return [name for kind in operated_kinds(resources) if (name := names.of(*kind))]

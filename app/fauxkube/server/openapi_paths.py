"""The operations of a group version's resources, as OpenAPI v3 and v2 describe them.

What clients look for is there: the operations with their kind and action, the parameters of each (kubectl asks whether
a PATCH knows `dryRun` and `fieldValidation`), the media types of patches, and the schemas of bodies and answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object
from fauxkube.server.openapi_schemas import Names
from fauxkube.server.subresources import CONNECTIONS, Kind, kind_of

_BODIES = ("application/json", "application/yaml")
_PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
#: What a custom resource can be patched by: its schema has no merge keys that a strategic patch could go by.
_CUSTOM_PATCHES = _PATCHES[:2]
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."

_DRY_RUN = ("dryRun", "string", "When present, nothing is persisted; the one valid value is All.")
_WRITING = (
    _DRY_RUN,
    ("fieldManager", "string", "The name of the actor that makes the changes."),
    ("fieldValidation", "string", "What to do with unknown or duplicate fields: Ignore, Warn or Strict."),
)
_DELETING = (
    _DRY_RUN,
    ("gracePeriodSeconds", "integer", "Seconds before the object is deleted; 0 means at once."),
    ("orphanDependents", "boolean", "Deprecated: use propagationPolicy."),
    ("propagationPolicy", "string", "What becomes of the dependents: Orphan, Background or Foreground."),
)
_LISTING = (
    ("allowWatchBookmarks", "boolean", "Asks for BOOKMARK events in a watch."),
    ("continue", "string", "The token of a list's page to go on from."),
    ("fieldSelector", "string", "Restricts the objects by their fields."),
    ("labelSelector", "string", "Restricts the objects by their labels."),
    ("limit", "integer", "The most objects to answer with."),
    ("resourceVersion", "string", "The version to read at or to watch from."),
    ("resourceVersionMatch", "string", "How resourceVersion is applied to a list."),
    ("sendInitialEvents", "boolean", "Has a watch begin with the state so far."),
    ("timeoutSeconds", "integer", "Seconds after which the call ends."),
    ("watch", "boolean", "Watches for changes instead of listing."),
)
_NO_PARAMETERS: tuple[tuple[str, str, str], ...] = ()
_CONTAINER = ("container", "string", "The container; the only one if it is left out.")
_ATTACHING = (
    _CONTAINER,
    ("stderr", "boolean", "Whether the error output is attached, which it is unless there is a terminal."),
    ("stdin", "boolean", "Whether the input is attached."),
    ("stdout", "boolean", "Whether the output is attached, which it always is."),
    ("tty", "boolean", "Whether there is a terminal."),
)
_LOGGED = (
    _CONTAINER,
    ("follow", "boolean", "Whether to go on with what is still to be written."),
    ("limitBytes", "integer", "The most bytes to answer with."),
    ("previous", "boolean", "Whether that of the container that ran before is meant."),
    ("sinceSeconds", "integer", "Leaves out what is older than so many seconds."),
    ("sinceTime", "string", "Leaves out what is older (RFC 3339)."),
    ("tailLines", "integer", "The number of lines to begin with, from the end."),
    ("timestamps", "boolean", "Whether each line begins with its time."),
)
#: The parameters of the subresources that are answered by containers.
_STREAMED = {
    "attach": _ATTACHING,
    "exec": (("command", "string", "The program and its arguments, one each."), *_ATTACHING),
    "log": _LOGGED,
    "portforward": (("ports", "integer", "The ports, for clients that speak plain WebSocket."),),
}

#: A verb's HTTP method, `x-kubernetes-action` and parameters.
_VERBS = {
    "create": ("post", "post", _WRITING),
    "delete": ("delete", "delete", _DELETING),
    "deletecollection": ("delete", "deletecollection", (*_DELETING, *_LISTING)),
    "get": ("get", "get", _NO_PARAMETERS),
    "list": ("get", "list", _LISTING),
    "patch": ("patch", "patch", (*_WRITING, ("force", "boolean", "Only for apply patches."))),
    "update": ("put", "put", _WRITING),
}
_CODES = {
    "create": ("200", "201", "202"),
    "update": ("200", "201"),
    "patch": ("200", "201"),
    "delete": ("200", "202"),
}
_COLLECTION = ("list", "create", "deletecollection")
_OBJECT = ("get", "update", "patch", "delete")


class Place(NamedTuple):
    """A path and what is behind it: the verbs, and the kind."""

    path: str
    verbs: Collection[str]
    kind: Kind
    patches: tuple[str, ...] = _PATCHES


def places(resource: Resource) -> Iterable[Place]:
    """The paths of a resource and of its subresources."""
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    base = f"{root}/namespaces/{{namespace}}" if resource.namespaced else root
    kind, patches = kind_of(resource), _PATCHES if resource.form is None else _CUSTOM_PATCHES
    if resource.namespaced and "list" in resource.verbs:
        yield Place(f"{root}/{resource.plural}", ("list",), kind)
    collection = f"{base}/{resource.plural}"
    yield Place(collection, [verb for verb in _COLLECTION if verb in resource.verbs], kind)
    yield Place(f"{collection}/{{name}}", [verb for verb in _OBJECT if verb in resource.verbs], kind, patches)
    for name, verbs in sorted(resource.subresources.items()):
        if (resource.group_resource, name) in CONNECTIONS:
            continue
        served = [verb for verb in ("get", "create", "update", "patch") if verb in verbs]
        yield Place(f"{collection}/{{name}}/{name}", served, kind_of(resource, name), patches)


class Writer:
    """Writes path items in one version's form."""

    def __init__(self, names: Names, *, v2: bool = False) -> None:
        self._names = names
        self._v2 = v2
        self._prefix = "#/definitions/" if v2 else "#/components/schemas/"

    def paths(self, resources: Iterable[Resource]) -> dict[str, Object]:
        """The path items of these resources."""
        found = [place for resource in resources for place in places(resource) if place.verbs]
        return {place.path: self._item(place) for place in sorted(found)}

    def _item(self, place: Place) -> Object:
        item: Object = {}
        for verb in place.verbs:
            method, action, parameters = _VERBS[verb]
            streamed = place.path.rpartition("/{name}/")[2] if "/pods/{name}/" in place.path else ""
            if streamed in _STREAMED:
                item[method] = self._streamed(place, verb, streamed)
            else:
                item[method] = self._operation(place, verb, action, parameters)
        item["parameters"] = list(self._path_parameters(place.path))
        return item

    def _path_parameters(self, path: str) -> Iterable[Object]:
        for name in ("name", "namespace"):
            if f"{{{name}}}" in path:
                yield self._parameter(name, "string", f"The {name} of the object.", where="path")
        yield self._parameter("pretty", "string", "If 'true', the output is indented.")

    def _parameter(self, name: str, type_: str, description: str, *, where: str = "query") -> Object:
        parameter: Object = {"name": name, "in": where, "description": description}
        if where == "path":
            parameter["required"] = True
        if self._v2:
            return parameter | {"type": type_, "uniqueItems": True}
        return parameter | {"schema": {"type": type_, "uniqueItems": True}}

    def _operation(self, place: Place, verb: str, action: str, parameters: Iterable[tuple[str, str, str]]) -> Object:
        group, version, kind = place.kind
        listed = [self._parameter(*parameter) for parameter in parameters]
        operation: Object = {"operationId": _operation_id(place.path, verb), "parameters": listed}
        self._set_body(operation, place, verb)
        operation["responses"] = self._responses(place.kind, verb)
        operation["x-kubernetes-action"] = action
        operation["x-kubernetes-group-version-kind"] = {"group": group, "version": version, "kind": kind}
        return operation

    def _streamed(self, place: Place, verb: str, subresource: str) -> Object:
        """An operation whose answer is text, or what the connection turns into."""
        group, version, kind = place.kind
        text: Object = {"type": "string"}
        content: Object = {"schema": text} if self._v2 else {"content": {"text/plain": {"schema": text}}}
        action = "get" if subresource == "log" else "connect"
        return {
            "operationId": _operation_id(place.path, verb),
            "parameters": [self._parameter(*parameter) for parameter in _STREAMED[subresource]],
            "responses": {"200": {"description": "OK", **content}},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
        }

    def _set_body(self, operation: Object, place: Place, verb: str) -> None:
        schema = self._body_schema(place.kind, verb)
        if schema is None:
            return
        media = place.patches if verb == "patch" else _BODIES
        required = verb not in ("delete", "deletecollection")
        if self._v2:
            operation["consumes"] = list(media)
            operation["parameters"].append({"name": "body", "in": "body", "required": required, "schema": schema})
        else:
            content = {each: {"schema": schema} for each in media}
            operation["requestBody"] = {"content": content} | ({"required": True} if required else {})

    def _body_schema(self, kind: Kind, verb: str) -> Object | None:
        match verb:
            case "patch":
                return self._reference(f"{_META}Patch")
            case "delete" | "deletecollection":
                return self._reference(f"{_META}DeleteOptions")
            case "create" | "update":
                return self._reference(self._names.of(*kind))
        return None

    def _responses(self, kind: Kind, verb: str) -> Object:
        group, version, name = kind
        answered = self._names.of(group, version, f"{name}List" if verb == "list" else name)
        if verb in ("delete", "deletecollection"):
            answered = f"{_META}Status"
        return {code: self._response(answered) for code in _CODES.get(verb, ("200",))}

    def _response(self, name: str | None) -> Object:
        schema = self._reference(name)
        if self._v2:
            return {"description": "OK", "schema": schema}
        return {"description": "OK", "content": {media: {"schema": schema} for media in _BODIES}}

    def _reference(self, name: str | None) -> Object:
        return {"$ref": self._prefix + name} if name else {"type": "object"}


def _operation_id(path: str, verb: str) -> str:
    words = [part.strip("{}").replace(".", "").capitalize() for part in path.split("/") if part]
    return verb + "".join(words)


def operated_kinds(resources: Iterable[Resource]) -> Iterable[tuple[str, str, str]]:
    """The kinds, with their lists, that these resources' operations take and give."""
    seen: Mapping[tuple[str, str, str], None] = dict.fromkeys(
        place.kind for resource in resources for place in places(resource)
    )
    for group, version, kind in seen:
        yield group, version, kind
        yield group, version, f"{kind}List"

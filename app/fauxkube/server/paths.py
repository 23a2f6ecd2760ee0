"""From a path to what it names, by dictionary look-ups in the catalogue, as apiserver's `RequestInfo` resolves it.

    /api/v1/namespaces/default/pods/web/status    /apis/apps/v1/deployments    /api/v1/watch/pods

The legacy `watch/` prefix turns a read into a watch. A subresource that upstream has and this server does not is
refused by name (501), so that nobody takes it for a mistyped path.
"""

from __future__ import annotations

from typing import NamedTuple

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.machinery import status
from fauxkube.machinery.status import StatusError
from fauxkube.server.subresources import refuse_unserved
from fauxkube.simulation.calls import Call

_FINALIZED = frozenset({"status", "finalize"})

#: The subresource that has paths of its own below it, which are not ours.
PROXY = "proxy"


class RequestInfo(NamedTuple):
    """What a path names: a collection (no `name`), an object, or an object's `subresource`.

    `namespace` is empty for cluster-scoped resources and for a read across all namespaces.
    """

    resource: Resource
    namespace: str
    name: str
    subresource: str
    watch: bool

    def describe(self, call: Call) -> None:
        """Tell `call` what its path names."""
        call.gvr, call.subresource = self.resource.gvr, self.subresource
        call.namespace, call.name = self.namespace, self.name


class GroupVersion(NamedTuple):
    """A path's `/api/v1` or `/apis/<group>/<version>`, and what follows."""

    group: str
    version: str
    rest: list[str]


def split(path: str) -> GroupVersion | None:
    """A path below `/api/` or `/apis/` taken apart; None when it names less than a group version and a resource."""
    parts = path.split("/")
    if parts[-1] == "":
        parts.pop()
    if len(parts) > 3 and parts[1] == "api":
        return GroupVersion("", parts[2], parts[3:])
    if len(parts) > 4 and parts[1] == "apis":
        return GroupVersion(parts[2], parts[3], parts[4:])
    return None


def resolve(catalogue: Catalogue, path: str) -> RequestInfo | None:
    """What `path` names; None when no resource serves it, 501 when only upstream does."""
    place = split(path)
    if place is None:
        return None
    group, version, rest = place
    rest = _up_to_proxy(rest)
    if "" in rest:
        return None
    watch = rest[0] == "watch"
    if watch:
        del rest[0]
    namespace, rest = _namespace(rest)
    if not rest:
        return None
    resource = catalogue.find(group, version, rest[0])
    if resource is None:
        return None
    return _named(resource, namespace, rest[1:], watch=watch)


def _up_to_proxy(rest: list[str]) -> list[str]:
    """The path without what is asked of somebody else."""
    end = 5 if rest[0] == "namespaces" else 3
    return rest[:end] if rest[end - 1 : end] == [PROXY] else rest


def _namespace(rest: list[str]) -> tuple[str, list[str]]:
    """The namespace and the rest of the path; `namespaces/<name>/status` is a namespace's own subresource."""
    if len(rest) < 3 or rest[0] != "namespaces" or rest[2] in _FINALIZED:
        return "", rest
    return rest[1], rest[2:]


def _named(resource: Resource, namespace: str, rest: list[str], *, watch: bool) -> RequestInfo | None:
    if bool(namespace) != resource.namespaced and (namespace or rest):
        return None
    if not rest:
        return RequestInfo(resource, namespace, "", "", watch)
    name, *below = rest
    if not below:
        return RequestInfo(resource, namespace, name, "", watch)
    subresource = below[0]
    if len(below) == 1 and subresource in resource.subresources and not watch:
        return RequestInfo(resource, namespace, name, subresource, False)
    if subresource not in resource.subresources:
        refuse_unserved(resource, subresource)
    return None


def missing(path: str, catalogue: Catalogue) -> StatusError | None:
    """The `Status` that a path without a resource is answered with; None where upstream answers plain text.

    Upstream's routers know the groups, so only what lies below one of them gets a `Status`.
    """
    parts = path.strip("/").split("/")
    known = parts[0] == "api" or (parts[0] == "apis" and (len(parts) == 1 or parts[1] in catalogue.groups()))
    return status.no_such_path() if known else None

"""Discovery: which groups, versions and resources there are, in the legacy documents and in the aggregated one.

`/api` and `/apis` answer the aggregated `APIGroupDiscoveryList` (KEP-3352) to clients that ask for it, and the legacy
documents otherwise. Documents are made from the catalogue when they are first asked for, and again when it changes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object
from fauxkube.server.subresources import kind_of

_CORE_VERSION = "v1"


def api_versions(address: str) -> Object:
    """`/api`: the core group's versions, and the address that every client is told to use."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": [_CORE_VERSION], "serverAddressByClientCIDRs": addresses}


def api_group_list(catalogue: Catalogue) -> Object:
    """`/apis`: every named group with its versions."""
    groups = [_group(group, versions) for group, versions in catalogue.groups().items() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(catalogue: Catalogue, group: str) -> Object | None:
    """`/apis/<group>`; None when there is no such group."""
    versions = catalogue.groups().get(group)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, versions)} if group and versions else None


def _group(group: str, versions: Iterable[str]) -> Object:
    listed = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def api_resource_list(catalogue: Catalogue, group: str, version: str) -> Object | None:
    """`/api/v1` or `/apis/<group>/<version>`; None when that is not served."""
    resources = sorted(catalogue.of_version(group, version), key=lambda resource: resource.plural)
    if not resources:
        return None
    listed = [entry for resource in resources for entry in _entries(resource)]
    document: Object = {"kind": "APIResourceList", "groupVersion": resources[0].api_version, "resources": listed}
    return document | {"apiVersion": "v1"} if group else document


def _entries(resource: Resource) -> Iterable[Object]:
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": sorted(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if "get" in resource.verbs:
        entry["storageVersionHash"] = storage_version_hash(resource)
    yield entry
    for name in sorted(resource.subresources):
        yield _subresource_entry(resource, name)


def _subresource_entry(resource: Resource, name: str) -> Object:
    group, version, kind = kind_of(resource, name)
    entry: Object = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
    if (group, version) != (resource.group, resource.version):
        entry |= {"group": group, "version": version}
    return entry | {"kind": kind, "verbs": sorted(resource.subresources[name])}


def storage_version_hash(resource: Resource) -> str:
    """A short digest of the kind that is stored, as apiserver's `discovery.StorageVersionHash`."""
    text = f"{resource.group}/{resource.version}/{resource.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def aggregated(catalogue: Catalogue, *, core: bool, version: str) -> Object:
    """The `APIGroupDiscoveryList` of the core group or of all others, in `apidiscovery.k8s.io/<version>`."""
    items = [
        _aggregated_group(catalogue, group, versions)
        for group, versions in catalogue.groups().items()
        if (group == "") == core
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }


def _aggregated_group(catalogue: Catalogue, group: str, versions: Iterable[str]) -> Object:
    return {
        "metadata": {"name": group} if group else {},
        "versions": [
            {
                "version": version,
                "resources": [
                    _aggregated_resource(resource)
                    for resource in sorted(catalogue.of_version(group, version), key=lambda each: each.plural)
                ],
                "freshness": "Current",
            }
            for version in versions
        ],
    }


def _aggregated_resource(resource: Resource) -> Object:
    entry: Object = {
        "resource": resource.plural,
        "responseKind": kind_of(resource)._asdict(),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": sorted(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [_aggregated_subresource(resource, name) for name in sorted(resource.subresources)]
    return entry


def _aggregated_subresource(resource: Resource, name: str) -> Object:
    return {
        "subresource": name,
        "responseKind": kind_of(resource, name)._asdict(),
        "verbs": sorted(resource.subresources[name]),
    }

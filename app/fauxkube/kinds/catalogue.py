"""The catalogue: every resource that the API serves, found by its name or by its kind.

`default_catalogue` lists the built-in ones, in the order in which discovery names them. Resources may join and leave
while the server runs, as custom resource definitions make them do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fauxkube.kinds.apps import controller_revision, daemon_set, deployment, replica_set
from fauxkube.kinds.certificates import certificate_signing_request
from fauxkube.kinds.coordination import lease
from fauxkube.kinds.core import (
    config_map,
    endpoints,
    event,
    namespace,
    node,
    pod,
    pod_binding,
    secret,
    service,
    service_account,
)
from fauxkube.kinds.discovery import endpoint_slice
from fauxkube.kinds.events import event as event_v1
from fauxkube.kinds.networking import ingress, ingress_class, network_policy
from fauxkube.kinds.policy import pod_disruption_budget
from fauxkube.kinds.rbac import cluster_role, cluster_role_binding, role, role_binding
from fauxkube.kinds.resource import Resource
from fauxkube.kinds.scheduling import priority_class
from fauxkube.machinery.objects import GVR, Object

#: In the order of discovery: groups by their priority, resources by their names.
_MODULES = (
    pod_binding,
    config_map,
    endpoints,
    event,
    namespace,
    node,
    pod,
    secret,
    service_account,
    service,
    controller_revision,
    daemon_set,
    deployment,
    replica_set,
    event_v1,
    certificate_signing_request,
    ingress_class,
    ingress,
    network_policy,
    pod_disruption_budget,
    cluster_role_binding,
    cluster_role,
    role_binding,
    role,
    priority_class,
    lease,
    endpoint_slice,
)
#: The resources that every cluster serves.
BUILT_IN: Sequence[Resource] = tuple(module.RESOURCE for module in _MODULES)


class Catalogue:
    """Resources by group, version and plural name; every look-up is one dictionary access."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._by_name: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str, str], Resource] = {}
        self._by_group: dict[str, dict[str, dict[str, Resource]]] = {}
        for resource in resources:
            self.add(resource)

    @property
    def resources(self) -> Sequence[Resource]:
        """All resources, in the order in which they were added."""
        return tuple(self._by_name.values())

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource that a path names; a `GVR`'s parts."""
        return self._by_name.get((group, version, plural))

    def of_kind(self, group: str, version: str, kind: str) -> Resource | None:
        """The resource that an object's `apiVersion` and `kind` name."""
        return self._by_kind.get((group, version, kind))

    def of_object(self, obj: Object) -> Resource | None:
        """The resource that an object's own `apiVersion` and `kind` name, if both are there and served."""
        group, _, version = str(obj.get("apiVersion") or "").rpartition("/")
        return self.of_kind(group, version, str(obj.get("kind") or ""))

    def groups(self) -> dict[str, list[str]]:
        """Each group with its versions, the preferred one first; the core group is the empty string."""
        return {group: list(versions) for group, versions in self._by_group.items()}

    def of_version(self, group: str, version: str) -> Sequence[Resource]:
        """The resources of one group version; none when it is not served."""
        return tuple(self._by_group.get(group, {}).get(version, {}).values())

    def add(self, resource: Resource) -> None:
        """Serve `resource`, in the place of one of the same name if there is one."""
        if self.find(*resource.gvr):
            self.remove(resource.gvr)
        group, version = resource.group, resource.version
        self._by_name[resource.gvr] = resource
        self._by_kind[group, version, resource.kind] = resource
        self._by_group.setdefault(group, {}).setdefault(version, {})[resource.plural] = resource

    def remove(self, gvr: GVR) -> None:
        """Serve it no longer; KeyError when it was not served."""
        resource = self._by_name.pop(gvr)
        del self._by_kind[gvr.group, gvr.version, resource.kind]
        versions = self._by_group[gvr.group]
        del versions[gvr.version][gvr.resource]
        if not versions[gvr.version]:
            del versions[gvr.version]
        if not versions:
            del self._by_group[gvr.group]


def default_catalogue() -> Catalogue:
    """A catalogue of the built-in resources; each call makes a new one."""
    return Catalogue(BUILT_IN)

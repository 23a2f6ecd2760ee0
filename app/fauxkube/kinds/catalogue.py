"""The catalogue: every resource that the API serves, found by its name or by its kind.

`default_catalogue` lists the built-in ones, in the order in which discovery names them. Resources may join and leave
while the server runs, as custom resource definitions make them do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fauxkube.kinds.apiextensions import custom_resource_definition
from fauxkube.kinds.apiextensions.versions import priority
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
    custom_resource_definition,
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
        self._of_owner: dict[str, list[GVR]] = {}
        self._handlers: list[Callable[[], None]] = []
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
        """Each group with its versions, the preferred one first; the core group is the empty string.

        Groups of custom resources follow the built-in ones, by name.
        """
        built_in = {group: position for position, group in enumerate(dict.fromkeys(each.group for each in BUILT_IN))}
        ordered = sorted(self._by_group, key=lambda group: (built_in.get(group, len(built_in)), group))
        return {group: sorted(self._by_group[group], key=priority) for group in ordered}

    def of_version(self, group: str, version: str) -> Sequence[Resource]:
        """The resources of one group version; none when it is not served."""
        return tuple(self._by_group.get(group, {}).get(version, {}).values())

    def collections(self) -> Sequence[Resource]:
        """One resource of each collection of objects: where several show the same, the one that they are stored as."""
        found: dict[str, Resource] = {}
        for resource in self._by_name.values():
            if resource.prefix not in found or resource.conversion is None:
                found[resource.prefix] = resource
        return tuple(found.values())

    def on_change(self, handler: Callable[[], None]) -> None:
        """Call `handler` whenever `replace` has changed what is served."""
        self._handlers.append(handler)

    def owned_by(self, owner: str) -> Sequence[GVR]:
        """What is served in the name of `owner`, a custom resource definition."""
        return tuple(self._of_owner.get(owner, ()))

    def replace(self, owner: str, resources: Iterable[Resource]) -> None:
        """Serve these in the name of `owner`, and no longer what was served in its name before.

        What is served in another name, or is built in, is left as it is.
        """
        before = self._of_owner.pop(owner, [])
        for gvr in before:
            self.remove(gvr)
        served = [resource for resource in resources if self.find(*resource.gvr) is None]
        for resource in served:
            self.add(resource)
        if served:
            self._of_owner[owner] = [resource.gvr for resource in served]
        for handler in self._handlers if served or before else ():
            handler()

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

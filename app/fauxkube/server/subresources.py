"""What is to be known of subresources beside the verbs that the catalogue names: their kinds, and those not served."""

from __future__ import annotations

from typing import NamedTuple

from fauxkube.kinds.resource import Resource
from fauxkube.machinery.status import StatusError


class Kind(NamedTuple):
    """A kind with its group and version."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """As in an object's `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version


#: The kinds of the subresources that are only acted through.
_ACTIONS = {
    "attach": Kind("", "v1", "PodAttachOptions"),
    "binding": Kind("", "v1", "Binding"),
    "eviction": Kind("policy", "v1", "Eviction"),
    "exec": Kind("", "v1", "PodExecOptions"),
    "portforward": Kind("", "v1", "PodPortForwardOptions"),
}

#: The subresources of pods that their containers answer.
STREAMED = frozenset({"attach", "exec", "log", "portforward"})

#: The kinds of the options of those that lead to what runs in pods, by resource and subresource.
CONNECTIONS = {
    ("pods", "proxy"): Kind("", "v1", "PodProxyOptions"),
    ("services", "proxy"): Kind("", "v1", "ServiceProxyOptions"),
}

#: Upstream's subresources that are not served here unless the catalogue has them, by resource.
UPSTREAM = {
    "nodes": frozenset(("proxy",)),
    "pods": frozenset(("attach", "ephemeralcontainers", "exec", "log", "portforward", "proxy", "resize")),
    "serviceaccounts": frozenset(("token",)),
    "services": frozenset(("proxy",)),
}


def kind_of(resource: Resource, subresource: str = "") -> Kind:
    """The kind that a resource, or one of its subresources, takes and gives."""
    if (connection := CONNECTIONS.get((resource.group_resource, subresource))) is not None:
        return connection
    if subresource in _ACTIONS:
        return _ACTIONS[subresource]
    shown = resource.projections.get(subresource, resource)
    return Kind(shown.group, shown.version, shown.kind)


def refuse_unserved(resource: Resource, subresource: str) -> None:
    """Raise 501 for a subresource that Kubernetes has and fauxkube does not, so that it is not taken for a typo."""
    if subresource in UPSTREAM.get(resource.group_resource, ()):
        message = f"fauxkube does not serve {resource.group_resource}/{subresource}"
        raise StatusError(501, "NotImplemented", message)

"""The informer indexes that several control loops read; asking for one that is there already is harmless."""

from __future__ import annotations

from fauxkube.client.informer import Informer
from fauxkube.machinery.objects import Object, namespace_of

_NAMESPACE = "namespace"
_NODE = "node"


def index_by_namespace(informer: Informer) -> None:
    """Let `in_namespace` find the informer's objects."""
    informer.add_index(_NAMESPACE, lambda obj: (namespace_of(obj),))


def in_namespace(informer: Informer, namespace: str) -> list[Object]:
    """The objects of one namespace."""
    return informer.by_index(_NAMESPACE, namespace)


def index_by_node(pods: Informer) -> None:
    """Let `on_node` find the pods."""
    pods.add_index(_NODE, lambda pod: (pod["spec"].get("nodeName") or "",))


def on_node(pods: Informer, node: str) -> list[Object]:
    """The pods bound to a node."""
    return pods.by_index(_NODE, node)

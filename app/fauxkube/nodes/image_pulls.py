"""Images on nodes: which are there, and what is said of one that cannot be pulled.

The words are containerd's and the kubelet's in 1.36 (`pkg/kubelet/images`). A pull that failed is tried again after a
pause that grows, by pod and image; until then the container waits with `ImagePullBackOff`.
"""

from __future__ import annotations

from fauxkube.machinery.objects import Object
from fauxkube.nodes.images import image_of, needs_pull


class NodeImages:
    """The full names of the images on each node."""

    def __init__(self) -> None:
        self._by_node: dict[str, set[str]] = {}

    def must_pull(self, node: str, container: Object) -> bool:
        """Whether the kubelet has to pull the container's image."""
        return needs_pull(container, self._by_node.setdefault(node, set()))

    def add(self, node: str, reference: str) -> None:
        """The image is on the node from now on."""
        self._by_node.setdefault(node, set()).add(image_of(reference).name)

    def forget(self, node: str) -> None:
        """The node is gone."""
        self._by_node.pop(node, None)


def unknown_image(reference: str) -> str:
    """What containerd says of an image that its registry does not know."""
    name = image_of(reference).name
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{name}": '
        f'failed to resolve reference "{name}": {name}: not found'
    )


def back_off(reference: str, failure: str) -> str:
    """What the waiting container's status says between two tries."""
    return f'Back-off pulling image "{reference}": ErrImagePull: {failure}'

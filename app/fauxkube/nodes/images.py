"""Container images that nobody pulls: their full names, digests and sizes, made up but always the same.

Every image can be had, also with `imagePullPolicy: Never`, as if it had been loaded onto the node by hand. Names are
completed as containerd does it: `nginx` is `docker.io/library/nginx:latest`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

from fauxkube.machinery.objects import Object

_DOCKER_HUB = "docker.io"
_SMALLEST = 20_000_000
_SPREAD = 180_000_000


class Image(NamedTuple):
    """An image: its full name, its name by digest (as in `imageID`), its size in bytes."""

    name: str
    id: str
    size: int


@lru_cache(maxsize=1024)
def image_of(reference: str) -> Image:
    """The image that a container's `image` means."""
    name, _, digest = _qualified(reference).partition("@")
    repository, tag = _split_tag(name)
    made_up = hashlib.sha256(f"{repository}:{tag or 'latest'}".encode()).hexdigest()
    digest = digest or f"sha256:{made_up}"
    full_name = f"{repository}:{tag or 'latest'}" if tag or "@" not in reference else f"{repository}@{digest}"
    return Image(full_name, f"{repository}@{digest}", _SMALLEST + int(made_up[:12], 16) % _SPREAD)


def needs_pull(container: Object, present: set[str]) -> bool:
    """Whether the kubelet pulls the container's image, given the full names of those on the node."""
    policy = container.get("imagePullPolicy") or "IfNotPresent"
    return policy == "Always" or (policy == "IfNotPresent" and image_of(container["image"]).name not in present)


def _qualified(reference: str) -> str:
    host, slash, _ = reference.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        return reference
    return f"{_DOCKER_HUB}/{reference}" if slash else f"{_DOCKER_HUB}/library/{reference}"


def _split_tag(name: str) -> tuple[str, str]:
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "")

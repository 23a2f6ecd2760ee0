"""Image names, digests and when they are pulled."""

from __future__ import annotations

import pytest

from fauxkube.nodes.images import image_of, needs_pull


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("acme/web", "docker.io/acme/web:latest"),
        ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
        ("localhost/web:dev", "localhost/web:dev"),
        ("localhost:5000/web", "localhost:5000/web:latest"),
        ("ghcr.io/a/b/c", "ghcr.io/a/b/c:latest"),
        ("nginx@sha256:abc", "docker.io/library/nginx@sha256:abc"),
        ("nginx:1.27@sha256:abc", "docker.io/library/nginx:1.27"),
    ],
)
def test_a_reference_is_completed_as_containerd_does(reference: str, name: str) -> None:
    assert image_of(reference).name == name


def test_a_digest_is_kept_or_made_up_once() -> None:
    assert image_of("nginx@sha256:abc").id == "docker.io/library/nginx@sha256:abc"
    made_up = image_of("nginx").id
    assert made_up.startswith("docker.io/library/nginx@sha256:")
    assert made_up == image_of("docker.io/library/nginx:latest").id
    assert made_up != image_of("nginx:1.27").id


@pytest.mark.parametrize(
    ("policy", "present", "pulls"),
    [
        ("Always", True, True),
        ("Always", False, True),
        ("IfNotPresent", True, False),
        ("IfNotPresent", False, True),
        ("Never", False, False),
        ("", False, True),
    ],
)
def test_the_pull_policy_decides(policy: str, present: bool, pulls: bool) -> None:
    there = {"docker.io/library/nginx:latest"} if present else set()
    assert needs_pull({"image": "nginx", "imagePullPolicy": policy}, there) is pulls

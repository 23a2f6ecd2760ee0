"""What people call resources by, as kubectl understands it."""

from __future__ import annotations

import pytest

from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.kinds.words import UnknownWordError, resolve, resource_of
from fauxkube.machinery.objects import GVR

PODS = GVR("", "v1", "pods")
DEPLOYMENTS = GVR("apps", "v1", "deployments")


@pytest.mark.parametrize("word", ["pods", "pod", "po", "Pod", "PODS", "pods.v1."])
def test_a_resource_goes_by_its_plural_its_singular_its_short_names_and_its_kind(word: str) -> None:
    assert resolve(default_catalogue(), word).gvr == PODS


@pytest.mark.parametrize("word", ["deploy", "deployments.apps", "deployment.v1.apps", "Deployment"])
def test_a_group_may_follow_with_its_version_or_without(word: str) -> None:
    assert resolve(default_catalogue(), word).gvr == DEPLOYMENTS


def test_the_group_that_discovery_lists_first_is_meant_unless_another_is_named() -> None:
    assert resolve(default_catalogue(), "events").gvr.group == ""
    assert resolve(default_catalogue(), "events.events.k8s.io").gvr.group == "events.k8s.io"


@pytest.mark.parametrize("word", ["nonsense", "pods.apps", "deployments.v2.apps", ""])
def test_a_word_that_names_nothing_is_refused_in_kubectls_words(word: str) -> None:
    with pytest.raises(UnknownWordError, match=rf'^the server doesn\'t have a resource type "{word}"$'):
        resolve(default_catalogue(), word)


def test_an_object_belongs_to_the_resource_of_its_kind() -> None:
    assert resource_of(default_catalogue(), {"apiVersion": "apps/v1", "kind": "Deployment"}).gvr == DEPLOYMENTS
    with pytest.raises(UnknownWordError, match=r'^no matches for kind "Pod" in version "v2"$'):
        resource_of(default_catalogue(), {"apiVersion": "v2", "kind": "Pod"})

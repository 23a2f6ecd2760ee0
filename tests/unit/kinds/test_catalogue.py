"""The catalogue: look-ups, and resources that join and leave at run time."""

from __future__ import annotations

import re

import pytest

from fauxkube.kinds import gvrs
from fauxkube.kinds.catalogue import Catalogue, default_catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import GVR

WIDGETS = Resource(group="example.com", version="v1", kind="Widget", plural="widgets", singular="widget")
NEWER_WIDGETS = Resource(group="example.com", version="v2", kind="Widget", plural="widgets", singular="widget")
ALL_GVRS = [value for value in vars(gvrs).values() if isinstance(value, GVR)]
BUILT_IN = default_catalogue().resources
READ = [resource for resource in BUILT_IN if "get" in resource.verbs]


@pytest.mark.parametrize("gvr", ALL_GVRS, ids=str)
def test_every_named_resource_is_built_in(gvr: GVR) -> None:
    catalogue = default_catalogue()

    resource = catalogue.find(*gvr)

    assert resource is not None
    assert catalogue.of_kind(resource.group, resource.version, resource.kind) is resource


def test_an_unknown_resource_is_not_found() -> None:
    catalogue = default_catalogue()

    assert catalogue.find("apps", "v2", "deployments") is None
    assert catalogue.of_kind("", "v1", "Deployment") is None


def test_groups_come_in_the_order_of_discovery() -> None:
    groups = default_catalogue().groups()

    assert list(groups) == [
        *("", "apps", "events.k8s.io", "certificates.k8s.io", "networking.k8s.io", "policy"),
        *("rbac.authorization.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io", "coordination.k8s.io"),
        "discovery.k8s.io",
    ]
    assert set(map(tuple, groups.values())) == {("v1",)}


def test_a_resource_joins_and_leaves_while_others_stay() -> None:
    catalogue = default_catalogue()
    before = catalogue.resources

    catalogue.add(WIDGETS)
    catalogue.add(NEWER_WIDGETS)
    assert catalogue.groups()["example.com"] == ["v2", "v1"]
    assert catalogue.of_version("example.com", "v2") == (NEWER_WIDGETS,)

    catalogue.remove(WIDGETS.gvr)
    assert catalogue.find(*WIDGETS.gvr) is None
    assert catalogue.of_kind("example.com", "v1", "Widget") is None
    assert catalogue.groups()["example.com"] == ["v2"]

    catalogue.remove(NEWER_WIDGETS.gvr)
    assert "example.com" not in catalogue.groups()
    assert catalogue.of_version("example.com", "v2") == ()
    assert catalogue.resources == before


def test_a_resource_takes_the_place_of_one_of_its_name() -> None:
    renamed = Resource(group="example.com", version="v1", kind="Gadget", plural="widgets", singular="widget")
    catalogue = Catalogue([WIDGETS])

    catalogue.add(renamed)

    assert catalogue.resources == (renamed,)
    assert catalogue.of_kind("example.com", "v1", "Widget") is None


def test_removing_what_is_not_served_is_an_error() -> None:
    with pytest.raises(KeyError):
        Catalogue().remove(WIDGETS.gvr)


def test_catalogues_share_nothing() -> None:
    first, second = default_catalogue(), default_catalogue()

    first.remove(gvrs.PODS)

    assert second.find(*gvrs.PODS) is not None


@pytest.mark.parametrize("resource", READ, ids=lambda each: each.group_resource)
def test_every_resource_that_is_read_has_a_table_and_names_for_its_fields(resource: Resource) -> None:
    assert resource.row is not None
    assert resource.columns[0].priority == 0
    assert bool(resource.fields) == bool(resource.field_names)
    assert re.fullmatch("[a-z]+", resource.singular)
    assert set(resource.projections) | set(resource.subresource_strategies) <= set(resource.subresources)


def test_short_names_belong_to_one_kind_each() -> None:
    owners: dict[str, set[str]] = {}
    for resource in BUILT_IN:
        for name in resource.short_names:
            owners.setdefault(name, set()).add(resource.kind)

    assert all(len(kinds) == 1 for kinds in owners.values())


def test_the_category_all_is_what_kubectl_get_all_shows() -> None:
    listed = {resource.plural for resource in BUILT_IN if "all" in resource.categories}

    assert listed == {"pods", "services", "daemonsets", "deployments", "replicasets"}

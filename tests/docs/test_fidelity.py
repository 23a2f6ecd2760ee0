"""The list of differences is complete where that can be told: kinds and subresources that are not served."""

from __future__ import annotations

import re

from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.machinery.objects import Object
from fauxkube.machinery.schema_source import load_definitions
from fauxkube.server.subresources import UPSTREAM
from support.documents import section, text_of

FIDELITY = text_of("docs/fidelity.md")
CATALOGUE = default_catalogue()

#: What has a kind and is not the kind of a resource.
_NO_RESOURCES = {
    "APIGroup",
    "APIVersions",
    "DeleteOptions",
    "Eviction",
    "Scale",
    "Status",
    "TokenRequest",
    "WatchEvent",
}


def test_every_stable_kind_of_kubernetes_is_served_or_listed_as_missing() -> None:
    served = {(resource.group, resource.kind) for resource in CATALOGUE.resources}
    missing = {kind for kind in _stable_kinds(load_definitions("1.36")) if kind not in served}
    assert _listed() == missing


def test_every_subresource_that_is_refused_is_listed() -> None:
    served = {f"{each.group_resource}/{name}" for each in CATALOGUE.resources for name in each.subresources}
    refused = {f"{resource}/{name}" for resource, names in UPSTREAM.items() for name in names} - served
    _, _, missing = FIDELITY.partition("## Not there yet")
    assert set(re.findall(r"`((?:nodes|pods|serviceaccounts|services)/\w+)`", missing)) == refused


def _stable_kinds(definitions: dict[str, Object]) -> set[tuple[str, str]]:
    found = {
        (each["group"], each["kind"])
        for definition in definitions.values()
        for each in definition.get("x-kubernetes-group-version-kind", ())
        if re.fullmatch(r"v\d+", each["version"])
    }
    return {(group, kind) for group, kind in found if kind not in _NO_RESOURCES and not kind.endswith("List")}


def _listed() -> set[tuple[str, str]]:
    rows = re.findall(r"^\| ([\w.]+) \| ([A-Z][\w, ]+) \|$", section(FIDELITY, "Kinds"), re.MULTILINE)
    named = [("" if group == "core" else group, kinds) for group, kinds in rows if group != "Group"]
    return {(group, kind) for group, kinds in named for kind in kinds.split(", ")}

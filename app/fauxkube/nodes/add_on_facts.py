"""What a network add-on is told by whoever installed it: its ConfigMaps, its containers' environment, its pools.

Read when its agent starts, as its agent does; what cannot be read says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from fauxkube.client.protocol import Client
from fauxkube.kinds.gvrs import CONFIG_MAPS
from fauxkube.machinery.decoding import MalformedError, decode_yaml
from fauxkube.machinery.objects import GVR, Object, name_of, namespace_of
from fauxkube.machinery.status import StatusError
from fauxkube.nodes.add_ons import AddOn

IP_POOLS = GVR("crd.projectcalico.org", "v1", "ippools")
_NOT_THERE = 404


class Fact(NamedTuple):
    """What is said, and where: `net-conf.json of ConfigMap kube-flannel/kube-flannel-cfg`."""

    value: Any
    source: str


class Facts:
    """The facts of one add-on's pod by their names, see `nodes.add_ons`."""

    def __init__(self, found: Iterable[tuple[str, Fact]] = ()) -> None:
        #: What comes first counts.
        self._facts: dict[str, Fact] = {}
        for name, fact in found:
            self._facts.setdefault(name, fact)

    def first(self, names: Iterable[str]) -> Fact | None:
        """The first of the facts that says something, as text."""
        for name in names:
            fact, _, path = name.partition("#")
            if (known := self._facts.get(fact)) is None:
                continue
            value = _at(known.value, path) if path else known.value
            if value not in (None, ""):
                return Fact(str(value).strip(), known.source)
        return None

    def says(self, name: str) -> str:
        """What the fact of that name says; empty when it says nothing."""
        found = self.first([name]) if name else None
        return found.value if found is not None else ""


async def facts_of(client: Client, pod: Object, add_on: AddOn) -> Facts:
    """Everything that the add-on's pod is told."""
    namespace = namespace_of(pod)
    names = [(namespace, name) for name in _config_maps_of(pod["spec"])]
    names += [(space or namespace, name) for space, name in add_on.config_maps]
    maps = {key: await _config_map(client, *key) for key in dict.fromkeys(names)}
    found = [*_environment(pod, maps)]
    for (space, name), data in maps.items():
        source = f"ConfigMap {space}/{name}"
        found += [(f"config/{key}", Fact(value, f"{key} of {source}")) for key, value in data.items()]
    if any(name.startswith("pool/") for name in add_on.ranges):
        found += [fact async for fact in _pools(client)]
    return Facts(found)


async def _config_map(client: Client, namespace: str, name: str) -> dict[str, str]:
    try:
        return (await client.get(CONFIG_MAPS, name, namespace)).get("data") or {}
    except StatusError as error:
        if error.code != _NOT_THERE:
            raise
        return {}


async def _pools(client: Client) -> Any:
    """The address pools that are not disabled, where the kind is served."""
    try:
        listed = await client.list(IP_POOLS)
    except StatusError as error:
        if error.code != _NOT_THERE:
            raise
        return
    for pool in listed.items:
        spec = pool.get("spec") or {}
        if not spec.get("disabled") and ":" not in str(spec.get("cidr") or ""):
            for key, value in spec.items():
                yield f"pool/{key}", Fact(value, f"IPPool {name_of(pool)}")


def _environment(pod: Object, maps: dict[tuple[str, str], dict[str, str]]) -> Iterator[tuple[str, Fact]]:
    for container in _containers(pod["spec"]):
        for each in container.get("env") or ():
            reference = (each.get("valueFrom") or {}).get("configMapKeyRef") or {}
            value = each.get("value")
            if reference:
                value = maps.get((namespace_of(pod), reference.get("name", "")), {}).get(reference.get("key", ""))
            if value:
                yield f"env/{each['name']}", Fact(value, f"{each['name']} of container {container['name']}")


def _config_maps_of(spec: Object) -> Iterator[str]:
    """The ConfigMaps that the pod's volumes and environment name."""
    for volume in spec.get("volumes") or ():
        sources = [volume, *((volume.get("projected") or {}).get("sources") or ())]
        yield from (each["configMap"]["name"] for each in sources if (each.get("configMap") or {}).get("name"))
    for container in _containers(spec):
        references = [(each.get("valueFrom") or {}).get("configMapKeyRef") for each in container.get("env") or ()]
        references += [each.get("configMapRef") for each in container.get("envFrom") or ()]
        yield from (each["name"] for each in references if each and each.get("name"))


def _containers(spec: Object) -> Iterator[Object]:
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()


def _at(text: Any, path: str) -> Any:
    """What a document (JSON, or YAML) says at a path of names; None when it is none or says nothing there."""
    try:
        value, _ = decode_yaml(str(text).encode())
    except MalformedError:
        return None
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value

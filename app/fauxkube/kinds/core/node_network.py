"""Which network gives a node's pods their addresses: what lies on the node's disk, read off the node itself.

A container runtime takes the first file of `/etc/cni/net.d`. Which files an add-on has put there, and what its agent
has found out since, is kept in an annotation of the node for each add-on, so that it stays when the add-on is deleted,
as the files do:

    fauxkube.io/cni.flannel: {"conf": "10-flannel.conflist", "plugin": "flannel", "range": "10.244.0.0/16", ...}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fauxkube.ipam.families import IPV4, IPV6, cidrs_of, family_of
from fauxkube.machinery.objects import Object

#: The networks that a cluster can begin with: a block a node with routes between all, the same lone bridge on every
#: node, and none.
ROUTED, BRIDGE, NONE = "routed", "bridge", "none"
NETWORKS = (ROUTED, BRIDGE, NONE)

#: What the annotations of add-ons begin with.
PREFIX = "fauxkube.io/cni."
#: The ranges of Docker's own bridge, the same on every machine, and the file that stands for it, which goes last. Of
#: IPv6 Docker would draw one.
BRIDGE_RANGES = {IPV4: "172.17.0.0/16", IPV6: "fd00:172:17::/64"}
_BRIDGE_CONF = "99-docker-bridge.conf"


@dataclass(frozen=True, slots=True)
class NodeNetwork:
    """A network on a node: `blocks` are what its pods' addresses come out of, none before its agent has run.

    `range` is the CIDR (or two) that the add-on was told to use, by `source`. `run` names the agent's run that found
    this out, `own` says that its blocks are out of that range, not those that the cluster gave the node, `running`
    tells whether it still runs, `error` why it does not. `agent` is the key of its pod. `joined` tells whether nodes
    have routes to each other's blocks.
    """

    name: str
    conf: str
    plugin: str
    blocks: tuple[str, ...] = ()
    range: str = ""
    source: str = ""
    run: str = ""
    running: bool = True
    error: str = ""
    own: bool = False
    agent: str = ""
    joined: bool = True

    @property
    def ranges(self) -> tuple[str, ...]:
        """The CIDRs of `range`."""
        return cidrs_of(self.range)

    @property
    def annotation(self) -> tuple[str, str]:
        """The name and value that keep it on the node."""
        kept = {name: value for name, value in asdict(self).items() if name not in {"name", "joined"}}
        return f"{PREFIX}{self.name}", json.dumps(kept, separators=(",", ":"))


#: That of a machine which knows the routes of every network that joins nodes.
EVERYWHERE = NodeNetwork("every network", "", "")


def network_of(node: Object, kind: str) -> NodeNetwork | None:
    """The network that the node's runtime uses, in a cluster that began with a network of that kind; None without."""
    spec = node.get("spec") or {}
    if kind == ROUTED:
        blocks = node_blocks(spec)
        return NodeNetwork(ROUTED, "", "bridge", blocks) if blocks else None
    found = list(installed(node))
    if kind == BRIDGE:
        found.append(NodeNetwork(BRIDGE, _BRIDGE_CONF, "bridge", _bridge_blocks(spec), joined=False))
    return min(found, key=lambda each: each.conf, default=None)


def _bridge_blocks(spec: Object) -> tuple[str, ...]:
    """The ranges of the node's own bridge, of the families that the cluster has."""
    families = map(family_of, node_blocks(spec))
    return tuple(BRIDGE_RANGES[family] for family in families) or (BRIDGE_RANGES[IPV4],)


def node_blocks(spec: Object) -> tuple[str, ...]:
    """The blocks that the cluster gave the node."""
    return tuple(spec.get("podCIDRs") or ([spec["podCIDR"]] if spec.get("podCIDR") else ()))


def installed(node: Object) -> Iterator[NodeNetwork]:
    """The add-ons that have put a file on the node; an annotation that says nothing of the kind is passed over."""
    for name, text in (node.get("metadata", {}).get("annotations") or {}).items():
        if name.startswith(PREFIX) and (kept := _kept(text)) is not None:
            yield NodeNetwork(
                name.removeprefix(PREFIX),
                _text(kept, "conf"),
                _text(kept, "plugin"),
                tuple(each for each in _listed(kept.get("blocks")) if isinstance(each, str)),
                _text(kept, "range"),
                _text(kept, "source"),
                _text(kept, "run"),
                kept.get("running") is not False,
                _text(kept, "error"),
                kept.get("own") is True,
                _text(kept, "agent"),
            )


def own_blocks(node: Object) -> list[str]:
    """The blocks that add-ons took for the node out of ranges of their own."""
    return [block for each in installed(node) if each.own for block in each.blocks]


def _kept(text: Any) -> Object | None:
    try:
        kept = json.loads(text)
    except (TypeError, ValueError):
        return None
    return kept if isinstance(kept, dict) and _text(kept, "conf") else None


def _text(kept: Object, name: str) -> str:
    value = kept.get(name)
    return value if isinstance(value, str) else ""


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()

"""What becomes of an add-on's network on a node: its file put there, its blocks found, or why its agent ends.

Mirrors flannel's `AcquireLease` for add-ons that use the blocks of the cluster; others cut blocks out of a range of
their own, as Calico's and Cilium's address management do.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import replace

from fauxkube.ipam.families import family_of, lies_in
from fauxkube.ipam.ranges import BlockRange
from fauxkube.kinds.core.node_network import NodeNetwork, node_blocks
from fauxkube.machinery.objects import Object, name_of
from fauxkube.nodes.add_on_facts import Fact, Facts
from fauxkube.nodes.add_ons import AddOn

#: By how many bits an address of IPv6 is longer.
_LONGER = 96


def failure(add_on: AddOn, node: Object, facts: Facts) -> str:
    """What the agent says as it ends, on this node and with these facts; empty when it runs."""
    text = told(add_on, facts).value
    if not text and add_on.ranges:
        return "Failed to create SubnetManager: error parsing subnet config: no network in net-conf.json"
    if text and not _is_cidr(text):
        return f"invalid CIDR address: {text}"
    if add_on.block:
        return _block_problem(add_on, text, facts) if uses_own_blocks(add_on, facts) else ""
    given = node_blocks(node["spec"])
    if not given:
        return f'Error registering network: failed to acquire lease: node "{name_of(node)}" pod cidr not assigned'
    mine = next((block for block in given if family_of(block) == family_of(text)), None)
    if not text or (mine is not None and lies_in(mine, text)):
        return ""
    return (
        f'Error registering network: failed to acquire lease: subnet "{text}" specified in the flannel net config '
        f'doesn\'t contain "{mine or given[0]}" PodCIDR of the "{name_of(node)}" node'
    )


def told(add_on: AddOn, facts: Facts) -> Fact:
    """The range that it is told to use, and where; its default one, which nobody says, otherwise."""
    return facts.first(add_on.ranges) or Fact(add_on.default_range, "")


def uses_own_blocks(add_on: AddOn, facts: Facts) -> bool:
    """Whether it takes blocks out of a range of its own."""
    name, value = add_on.given_blocks
    return bool(add_on.block) and not (name and facts.says(name) == value)


def started(
    add_on: AddOn, node: Object, facts: Facts, before: NodeNetwork, *, run: str, taken: Collection[str]
) -> NodeNetwork:
    """The network once the agent runs, which has found no fault with what it was told."""
    said = told(add_on, facts)
    after = replace(before, range=said.value, source=said.source, run=run, running=True, error="")
    if not uses_own_blocks(add_on, facts):
        families = set(map(family_of, after.ranges))
        blocks = tuple(each for each in node_blocks(node["spec"]) if not families or family_of(each) in families)
        given = replace(after, blocks=blocks, own=False)
        return replace(given, blocks=node_blocks(node["spec"]), range="", source="") if add_on.block else given
    mine = before.blocks if before.own else ()
    if any(lies_in(block, said.value) for block in mine):
        return after
    return grown(replace(after, blocks=mine, own=True), length_of(add_on, facts), taken)


def grown(network: NodeNetwork, length: int, taken: Collection[str]) -> NodeNetwork:
    """The network with a further block, the first that nobody has; as it was, with an error, when there is none."""
    blocks = BlockRange(network.range, length)
    for number in range(len(blocks)):
        if (block := blocks.at(number)) not in taken:
            return replace(network, blocks=(block, *network.blocks))
    return replace(network, error=f"no block of /{length} is free in {network.range}")


def length_of(add_on: AddOn, facts: Facts) -> int:
    """The length of the prefix of its blocks; of IPv6 they hold as many addresses as of IPv4."""
    said = facts.first(add_on.block_sizes)
    if said is not None and said.value.isdecimal():
        return int(said.value)
    return add_on.block + _LONGER if ":" in told(add_on, facts).value else add_on.block


def _block_problem(add_on: AddOn, text: str, facts: Facts) -> str:
    try:
        BlockRange(text, length_of(add_on, facts))
    except ValueError as error:
        return str(error)
    return ""


def _is_cidr(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True

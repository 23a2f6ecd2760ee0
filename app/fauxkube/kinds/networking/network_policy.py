"""NetworkPolicies: which traffic may reach the pods that a selector names, and which may leave them.

Mirrors upstream's `ValidateNetworkPolicySpec` with strict CIDRs (KEP-4858). The API stores policies and judges their
form alone; whether traffic passes is for the network to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fauxkube.kinds.core.field_checks import cidr_errors, cidr_warnings, parsed_cidr, port_errors, range_errors
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.selectors import label_selector_from, validate_label_selector
from fauxkube.machinery.table import NONE, age

_SPEC = Path("spec")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_TYPES = ("Ingress", "Egress")
#: The two lists of rules, each with its rules' list of peers.
_DIRECTIONS = (("ingress", "from"), ("egress", "to"))


class NetworkPolicyStrategy(Strategy):
    """The rules of a network policy's writes."""

    generation_of = ("spec",)

    def default(self, obj: Object) -> None:
        spec = obj.setdefault("spec", {})
        spec.setdefault("podSelector", {})
        for direction, _ in _DIRECTIONS:
            for rule in spec.get(direction) or ():
                for port in rule.get("ports") or ():
                    port.setdefault("protocol", "TCP")
        if not spec.get("policyTypes"):
            spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        errors = validate_label_selector(spec["podSelector"], _SPEC.child("podSelector"))
        for direction, peers in _DIRECTIONS:
            for index, rule in enumerate(spec.get(direction) or ()):
                errors += _rule_errors(rule, peers, _SPEC.child(direction).index(index))
        return errors + _type_errors(spec["policyTypes"], _SPEC.child("policyTypes"))

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return [
            warning
            for block, path in _ip_blocks(obj["spec"])
            for cidr, at in _cidrs(block, path)
            for warning in cidr_warnings(cidr, at)
        ]


def _rule_errors(rule: Object, peers: str, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, port in enumerate(rule.get("ports") or ()):
        errors += _port_errors(port, path.child("ports").index(index))
    for index, peer in enumerate(rule.get(peers) or ()):
        errors += _peer_errors(peer, path.child(peers).index(index))
    return errors


def _port_errors(port: Object, path: Path) -> Iterator[FieldError]:
    protocol, number, end = port["protocol"], port.get("port"), port.get("endPort")
    if protocol not in _PROTOCOLS:
        yield path.child("protocol").not_supported(protocol, _PROTOCOLS)
    if number is not None:
        yield from port_errors(number, path.child("port"))
    if end is not None:
        yield from _end_port_errors(end, number, path.child("endPort"))


def _end_port_errors(end: int, start: int | str | None, path: Path) -> Iterator[FieldError]:
    """The end of a range of ports, which must have a number as its start."""
    if start is None:
        yield path.invalid(end, "may not be specified when `port` is not specified")
    elif isinstance(start, str):
        yield path.invalid(end, "may not be specified when `port` is non-numeric")
    else:
        if end < start:
            yield path.invalid(end, "must be greater than or equal to `port`")
        yield from range_errors(end, 1, 65535, path)


def _peer_errors(peer: Object, path: Path) -> Iterator[FieldError]:
    selectors = [name for name in ("podSelector", "namespaceSelector") if peer.get(name) is not None]
    for name in selectors:
        yield from validate_label_selector(peer[name], path.child(name))
    block = peer.get("ipBlock")
    if block is not None:
        yield from _ip_block_errors(block, path.child("ipBlock"))
        if selectors:
            yield path.forbidden("may not specify both ipBlock and another peer")
    elif not selectors:
        yield path.required("must specify a peer")


def _ip_block_errors(block: Object, path: Path) -> Iterator[FieldError]:
    cidr = block.get("cidr")
    if not cidr:
        yield path.child("cidr").required()
        return
    yield from cidr_errors(cidr, path.child("cidr"))
    if parsed_cidr(cidr) is None:
        return
    for index, excepted in enumerate(block.get("except") or ()):
        at = path.child("except").index(index)
        yield from cidr_errors(excepted, at)
        if parsed_cidr(excepted) is not None and not _is_strictly_within(excepted, cidr):
            yield at.invalid(excepted, "must be a strict subset of `cidr`")


def _is_strictly_within(inner: str, outer: str) -> bool:
    """Whether one range is a part of another, and not all of it."""
    within, around = parsed_cidr(inner), parsed_cidr(outer)
    if within is None or around is None or within.version != around.version:
        return False
    return within.network_address in around and within.prefixlen > around.prefixlen


def _type_errors(types: list[str], path: Path) -> list[FieldError]:
    if len(types) > len(_TYPES):
        return [path.invalid(types, "may not specify more than two policyTypes")]
    wrong = [(index, each) for index, each in enumerate(types) if each not in _TYPES]
    return [path.index(index).not_supported(each, _TYPES) for index, each in wrong]


def _ip_blocks(spec: Object) -> Iterator[tuple[Object, Path]]:
    for direction, peers in _DIRECTIONS:
        for rule_index, rule in enumerate(spec.get(direction) or ()):
            at = _SPEC.child(direction).index(rule_index).child(peers)
            for index, peer in enumerate(rule.get(peers) or ()):
                if peer.get("ipBlock") is not None:
                    yield peer["ipBlock"], at.index(index).child("ipBlock")


def _cidrs(block: Object, path: Path) -> Iterator[tuple[str, Path]]:
    yield block["cidr"], path.child("cidr")
    for index, excepted in enumerate(block.get("except") or ()):
        yield excepted, path.child("except").index(index)


def _row(policy: Object, now: datetime) -> list[Any]:
    selector = str(label_selector_from(policy["spec"]["podSelector"]))
    return [policy["metadata"]["name"], selector or NONE, age(policy, now)]


RESOURCE = Resource(
    group="networking.k8s.io",
    kind="NetworkPolicy",
    plural="networkpolicies",
    singular="networkpolicy",
    short_names=("netpol",),
    strategy=NetworkPolicyStrategy(),
    columns=(NAME_COLUMN, Column("Pod-Selector", "The labels of the pods that the policy is for."), AGE_COLUMN),
    row=_row,
)

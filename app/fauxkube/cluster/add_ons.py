"""Installing a network add-on in a cluster: what is asked for, checked, as manifests to load."""

from __future__ import annotations

import ipaddress

import orjson

from fauxkube.cluster.add_on_manifests import manifests
from fauxkube.cluster.settings import Settings
from fauxkube.ipam.families import cidrs_of
from fauxkube.kinds.core.node_network import ROUTED
from fauxkube.machinery import status
from fauxkube.machinery.fields import Path
from fauxkube.machinery.names import dns_label_problems
from fauxkube.nodes.add_ons import add_on_named

_LONGEST_NAME = 50


def installing(settings: Settings, name: str, cidr: str) -> str:
    """The manifests that install the add-on in a cluster of these settings, as text.

    422 for a name or a range that cannot be, 409 where the network is routed already.
    """
    problems = [Path("name").invalid(name, problem) for problem in dns_label_problems(name)]
    if len(name) > _LONGEST_NAME:
        problems.append(Path("name").invalid(name, f"must be no more than {_LONGEST_NAME} characters"))
    try:
        ipaddress.ip_network(cidr or cidrs_of(settings.ranges.cluster_cidr)[0])
    except ValueError as error:
        problems.append(Path("cidr").invalid(cidr, str(error)))
    if problems:
        raise status.unfit(problem.to_cause() for problem in problems)
    if settings.network == ROUTED:
        problem = "the network of this cluster is routed from the start; begin one with --network none"
        raise status.conflict("networks", name, problem)
    objects = manifests(add_on_named(name), cidr or cidrs_of(settings.ranges.cluster_cidr)[0])
    return "\n---\n".join(orjson.dumps(each).decode() for each in objects)

"""What the dump of a real cluster (`kubectl get … -A -o yaml`) says of that cluster, and what it leaves out.

Address ranges are read off the control plane's own flags where its pods are in the dump, else worked out from the
addresses in use. A dump need not be whole: nodes that pods run on, and namespaces that things lie in, are filled in.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from fauxkube.kinds.core.pod_status import pod_ip_of
from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.machinery.objects import Object, name_of, namespace_of
from fauxkube.registry.pools import Ranges

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: The smallest prefix length that a worked out range has: room for more than is in use.
_WIDEST = 16


class StandIn(NamedTuple):
    """A node that is not in the dump but has pods there: its block of pod addresses and its own address, if known."""

    name: str
    pod_cidr: str
    address: str


def ranges_of(objects: Iterable[Object], known: Ranges) -> Ranges:
    """The ranges of the cluster that was dumped: `known` where nothing speaks against it."""
    listed = list(objects)
    flags = _flags(listed)
    ports = flags.get("service-node-port-range", "")
    return replace(
        known,
        cluster_cidr=flags.get("cluster-cidr") or _cluster_cidr(listed, known.cluster_cidr),
        node_prefix=_node_prefix(listed, flags, known.node_prefix),
        service_cidr=flags.get("service-cluster-ip-range") or _service_cidr(listed, known.service_cidr),
        node_ports=_pair(ports) if ports else _node_ports(listed, known.node_ports),
    )


def _flags(objects: Iterable[Object]) -> dict[str, str]:
    """The flags of the control plane's pods; of two address families the first."""
    found: dict[str, str] = {}
    for pod in _of_kind(objects, "Pod"):
        if namespace_of(pod) != "kube-system" or (pod["metadata"].get("labels") or {}).get("tier") != "control-plane":
            continue
        for container in pod["spec"].get("containers") or ():
            for argument in (*(container.get("command") or ()), *(container.get("args") or ())):
                name, given, value = str(argument).removeprefix("--").partition("=")
                if given:
                    found[name] = value.split(",")[0]
    return found


def _pair(ports: str) -> tuple[int, int]:
    first, _, last = ports.partition("-")
    return int(first), int(last or first)


def _node_prefix(objects: Iterable[Object], flags: dict[str, str], known: int) -> int:
    for flag in ("node-cidr-mask-size", "node-cidr-mask-size-ipv4"):
        if flags.get(flag, "").isdigit():
            return int(flags[flag])
    lengths = {block.prefixlen for block in _node_blocks(objects)}
    return lengths.pop() if len(lengths) == 1 else known


def _node_blocks(objects: Iterable[Object]) -> list[_Network]:
    blocks = (node["spec"].get("podCIDR") for node in _of_kind(objects, "Node"))
    return [ipaddress.ip_network(block) for block in blocks if block]


def _cluster_cidr(objects: Iterable[Object], known: str) -> str:
    return _widened(_node_blocks(objects), known)


def _service_cidr(objects: Sequence[Object], known: str) -> str:
    """The service `kubernetes` has the first address of the range; without it the addresses in use must do."""
    addresses = [each for service in _of_kind(objects, "Service") for each in cluster_ips(service)[:1]]
    used = [ipaddress.ip_network(address) for address in addresses]
    first = next((cluster_ips(each) for each in _of_kind(objects, "Service") if _is_api_server(each)), [])
    if not first or _holds(known, used):
        return _widened(used, known)
    start = ipaddress.ip_address(first[0]) - 1
    for length in range(_WIDEST, start.max_prefixlen):
        if int(start) % (1 << (start.max_prefixlen - length)) == 0:
            return _widened(used, f"{start}/{length}")
    return _widened(used, known)


def _is_api_server(service: Object) -> bool:
    return (namespace_of(service), name_of(service)) == ("default", "kubernetes")


def _widened(used: Sequence[_Network], known: str) -> str:
    """`known` if it holds all that is in use, else the network around that."""
    if _holds(known, used):
        return known
    around = used[0]
    while not all(around.version == each.version and each.subnet_of(around) for each in used):  # type: ignore[arg-type]
        if not around.prefixlen or any(around.version != each.version for each in used):
            return known
        around = around.supernet()
    return str(around if around.prefixlen <= _WIDEST else around.supernet(new_prefix=_WIDEST))


def _holds(cidr: str, used: Iterable[_Network]) -> bool:
    network = ipaddress.ip_network(cidr)
    return all(each.version == network.version and each.subnet_of(network) for each in used)  # type: ignore[arg-type]


def _node_ports(objects: Iterable[Object], known: tuple[int, int]) -> tuple[int, int]:
    used = [
        port["nodePort"]
        for service in _of_kind(objects, "Service")
        for port in service["spec"].get("ports") or ()
        if port.get("nodePort")
    ]
    return min([known[0], *used]), max([known[1], *used])


def stand_ins(objects: Sequence[Object], ranges: Ranges) -> list[StandIn]:
    """The nodes that pods run on and that are not there themselves."""
    there = {name_of(node) for node in _of_kind(objects, "Node")}
    pods: defaultdict[str, list[Object]] = defaultdict(list)
    for pod in _of_kind(objects, "Pod"):
        if (node := pod["spec"].get("nodeName")) and node not in there:
            pods[node].append(pod)
    return [_stand_in(node, pods[node], ranges) for node in sorted(pods)]


def _stand_in(name: str, pods: Iterable[Object], ranges: Ranges) -> StandIn:
    cluster = ipaddress.ip_network(ranges.cluster_cidr)
    blocks, address = set(), ""
    for pod in pods:
        address = (pod.get("status") or {}).get("hostIP") or address
        own = pod_ip_of(pod)
        if own and not pod["spec"].get("hostNetwork") and ipaddress.ip_address(own) in cluster:
            blocks.add(str(ipaddress.ip_network(f"{own}/{ranges.node_prefix}", strict=False)))
    return StandIn(name, blocks.pop() if len(blocks) == 1 else "", address)


def missing_namespaces(objects: Sequence[Object]) -> list[str]:
    """The namespaces that things lie in and that are not there themselves."""
    there = {name_of(namespace) for namespace in _of_kind(objects, "Namespace")}
    return sorted({namespace_of(each) for each in objects} - there - {""})


def drop_lost_owners(objects: Sequence[Object], served: Collection[tuple[str, str]]) -> Iterator[str]:
    """Take away references to owners that are not there, so that nothing is collected for want of them.

    Told are the objects concerned. Owners of kinds that are not `served` (by `apiVersion` and `kind`) can stay: nobody
    asks for them.
    """
    there = {each["metadata"].get("uid") for each in objects}
    for each in objects:
        references = each["metadata"].get("ownerReferences") or []
        kept = [one for one in references if one["uid"] in there or (one["apiVersion"], one["kind"]) not in served]
        for lost in references:
            if lost not in kept:
                yield f"{each['kind']} {namespace_of(each)}/{name_of(each)} without its {lost['kind']} {lost['name']}"
        each["metadata"]["ownerReferences"] = kept


def _of_kind(objects: Iterable[Object], kind: str) -> Iterator[Object]:
    return (each for each in objects if each["kind"] == kind)

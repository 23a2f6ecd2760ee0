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

from fauxkube.ipam.families import IPV4, IPV6, cidrs_of, families_of, family_of
from fauxkube.kinds.core.pod_status import pod_ips_of
from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.machinery.objects import Object, name_of, namespace_of
from fauxkube.registry.pools import Ranges

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: The smallest prefix length that a worked out range has: room for more than is in use. Of a cluster's IPv6 range what
#: its nodes' blocks leave (`_BLOCK_BITS`), of a service range what kubeadm takes.
_WIDEST = {IPV4: 16, IPV6: 108}
_BLOCK_BITS = 8


class StandIn(NamedTuple):
    """A node that is not in the dump but has pods there: its blocks and its own addresses, as far as known."""

    name: str
    pod_cidrs: tuple[str, ...]
    addresses: tuple[str, ...]


def ranges_of(objects: Iterable[Object], known: Ranges) -> Ranges:
    """The ranges of the cluster that was dumped: `known` where nothing speaks against it."""
    listed = list(objects)
    flags = _flags(listed)
    ports = flags.get("service-node-port-range", "")
    prefixes = replace(
        known,
        node_prefix=_node_prefix(listed, flags, IPV4, known.node_prefix),
        node_prefix_v6=_node_prefix(listed, flags, IPV6, known.node_prefix_v6),
    )
    return replace(
        prefixes,
        cluster_cidr=flags.get("cluster-cidr") or _cluster_cidr(listed, prefixes),
        service_cidr=flags.get("service-cluster-ip-range") or _service_cidr(listed, known.service_cidr),
        node_ports=_pair(ports) if ports else _node_ports(listed, known.node_ports),
    )


def _flags(objects: Iterable[Object]) -> dict[str, str]:
    """The flags of the control plane's pods."""
    found: dict[str, str] = {}
    for pod in _of_kind(objects, "Pod"):
        if namespace_of(pod) != "kube-system" or (pod["metadata"].get("labels") or {}).get("tier") != "control-plane":
            continue
        for container in pod["spec"].get("containers") or ():
            for argument in (*(container.get("command") or ()), *(container.get("args") or ())):
                name, given, value = str(argument).removeprefix("--").partition("=")
                if given:
                    found[name] = value
    return found


def _pair(ports: str) -> tuple[int, int]:
    first, _, last = ports.partition("-")
    return int(first), int(last or first)


def _node_prefix(objects: Iterable[Object], flags: dict[str, str], family: str, known: int) -> int:
    alone = families_of(flags.get("cluster-cidr", "")) in {(), (family,)}
    names = [f"node-cidr-mask-size-{family.lower()}", *(["node-cidr-mask-size"] if alone else [])]
    for flag in names:
        if flags.get(flag, "").isdigit():
            return int(flags[flag])
    lengths = {block.prefixlen for block in _node_blocks(objects) if _family(block) == family}
    return lengths.pop() if len(lengths) == 1 else known


def _node_blocks(objects: Iterable[Object]) -> list[_Network]:
    specs = (node["spec"] for node in _of_kind(objects, "Node"))
    blocks = (block for spec in specs for block in spec.get("podCIDRs") or [spec.get("podCIDR")])
    return [ipaddress.ip_network(block) for block in blocks if block]


def _cluster_cidr(objects: Iterable[Object], known: Ranges) -> str:
    widest = {IPV4: _WIDEST[IPV4], IPV6: known.node_prefix_v6 - _BLOCK_BITS}
    return _by_family(_node_blocks(objects), known.cluster_cidr, widest)


def _service_cidr(objects: Sequence[Object], known: str) -> str:
    """The service `kubernetes` has the first address of the main range; without it the addresses in use must do."""
    services = sorted(_of_kind(objects, "Service"), key=lambda each: not _is_api_server(each))
    used = [ipaddress.ip_network(address) for service in services for address in cluster_ips(service)]
    if used and _is_api_server(services[0]) and not _held_by(cidrs_of(known), used):
        start = used[0].network_address - 1
        for length in range(_WIDEST[_family(used[0])], start.max_prefixlen):
            if int(start) % (1 << (start.max_prefixlen - length)) == 0:
                others = [each for each in cidrs_of(known) if family_of(each) != _family(used[0])]
                known = ",".join([f"{start}/{length}", *others])
                break
    return _by_family(used, known, _WIDEST)


def _by_family(used: Sequence[_Network], known: str, widest: dict[str, int]) -> str:
    """`known` if it holds all that is in use, else a range for each family of that, in its order."""
    cidrs = cidrs_of(known)
    if not used or (_family(used[0]) == family_of(cidrs[0]) and _held_by(cidrs, used)):
        return known
    found = []
    for family in dict.fromkeys(map(_family, used)):
        own = [each for each in used if _family(each) == family]
        expected = next((each for each in cidrs if family_of(each) == family), "")
        found.append(_widened(own, expected, widest[family]))
    return ",".join(found)


def _family(network: _Network) -> str:
    return family_of(str(network))


def _held_by(cidrs: Sequence[str], used: Iterable[_Network]) -> bool:
    return all(any(_holds(cidr, [each]) for cidr in cidrs) for each in used)


def _is_api_server(service: Object) -> bool:
    return (namespace_of(service), name_of(service)) == ("default", "kubernetes")


def _widened(used: Sequence[_Network], known: str, widest: int) -> str:
    """`known` if it holds all that is in use, of one family, else the network around that."""
    if known and _holds(known, used):
        return known
    around = used[0]
    while not _holds(str(around), used):
        around = around.supernet()
    return str(around if around.prefixlen <= widest else around.supernet(new_prefix=widest))


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
    clusters = [ipaddress.ip_network(each) for each in cidrs_of(ranges.cluster_cidr)]
    blocks: list[set[str]] = [set() for _ in clusters]
    hosts: tuple[str, ...] = ()
    for pod in pods:
        hosts = _host_ips(pod) or hosts
        for own in () if pod["spec"].get("hostNetwork") else pod_ips_of(pod):
            for cluster, found in zip(clusters, blocks, strict=True):
                if ipaddress.ip_address(own) in cluster:
                    found.add(str(ipaddress.ip_network(f"{own}/{ranges.prefix_of(own)}", strict=False)))
    known = all(len(each) == 1 for each in blocks)
    return StandIn(name, tuple(each.pop() for each in blocks) if known else (), hosts)


def _host_ips(pod: Object) -> tuple[str, ...]:
    status = pod.get("status") or {}
    listed = tuple(each["ip"] for each in status.get("hostIPs") or () if each.get("ip"))
    return listed or ((status["hostIP"],) if status.get("hostIP") else ())


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

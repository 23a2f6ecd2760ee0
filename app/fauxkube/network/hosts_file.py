"""A pod's /etc/hosts as the kubelet writes it (`managedHostsFileContent` of upstream's `pkg/kubelet`).

A pod of the node's network gets the node's own file with another first line. The kubelet writes no file for a pod that
has no address yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fauxkube.machinery.objects import Object
from fauxkube.network.hostname import naming_of
from fauxkube.network.hosts import Node, Pod
from fauxkube.network.topology import Topology

_HEADER = "# Kubernetes-managed hosts file."
_HEADER_OF_HOST_NETWORK = "# Kubernetes-managed hosts file (host network)."
#: The kubelet's lines for IPv6, odd prefixes and all.
_LOCAL = (
    ("127.0.0.1", "localhost"),
    ("::1", "localhost ip6-localhost ip6-loopback"),
    ("fe00::0", "ip6-localnet"),
    ("fe00::0", "ip6-mcastprefix"),
    ("fe00::1", "ip6-allnodes"),
    ("fe00::2", "ip6-allrouters"),
)
#: What a container engine writes into the file of a node that is a container.
_LOCAL_TO_NODES = (
    ("127.0.0.1", "localhost"),
    ("::1", "localhost ip6-localhost ip6-loopback"),
    ("fe00::0", "ip6-localnet"),
    ("ff00::0", "ip6-mcastprefix"),
    ("ff02::1", "ip6-allnodes"),
    ("ff02::2", "ip6-allrouters"),
)


def hosts_file(topology: Topology, pod: Pod) -> str:
    """The file's text; that of the image (here none) stays where the kubelet writes none."""
    aliases = pod.object["spec"].get("hostAliases") or ()
    if pod.host_network:
        node = topology.nodes.by_name.get(pod.node)
        text = node_hosts_file(node) if node is not None else _lines(_LOCAL_TO_NODES)
        return "".join((_HEADER_OF_HOST_NETWORK, "\n", text, *_aliases(aliases)))
    if not pod.addresses:
        return ""
    naming = naming_of(topology, pod)
    names = f"{naming.full}\t{naming.short}" if naming.domain else naming.short
    own = _lines([(address, names) for address in pod.addresses])
    return "".join((_HEADER, "\n", _lines(_LOCAL), own, *_aliases(aliases)))


def found_in(text: str, name: str, *, like: str) -> tuple[str, ...]:
    """The addresses that a hosts file has for a name, of the family of `like`: programs look there before they ask."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    found = (fields[0] for fields in lines if name.lower() in map(str.lower, fields[1:]))
    return tuple(address for address in found if (":" in address) == (":" in like))


def node_hosts_file(node: Node) -> str:
    """The node's own /etc/hosts."""
    return _lines(_LOCAL_TO_NODES) + _lines([(address, node.name) for address in node.addresses])


def _lines(entries: Sequence[tuple[str, str]]) -> str:
    return "".join(f"{address}\t{names}\n" for address, names in entries)


def _aliases(aliases: Sequence[Object]) -> Iterator[str]:
    if aliases:
        yield "\n# Entries added by HostAliases.\n"
    for each in aliases:
        names = "\t".join(each.get("hostnames") or ())
        yield f"{each['ip']}\t{names}\n"

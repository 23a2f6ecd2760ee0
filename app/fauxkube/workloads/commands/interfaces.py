"""Programs that show the container's own network: ip, ifconfig, route, netstat, ss, arp; none changes anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_interface, ip_network

from fauxkube.network.hosts import Node
from fauxkube.network.topology import Topology
from fauxkube.workloads.commands.options import read_options
from fauxkube.workloads.container import Container, mac_of
from fauxkube.workloads.process import Process, Program, UsageError

_NODE_MTU = _POD_MTU = 1500


@dataclass(frozen=True, slots=True)
class _Interface:
    """A network interface: its number, name and hardware address, and its addresses with the lengths of prefixes."""

    number: int
    name: str
    mac: str
    addresses: tuple[str, ...]
    flags: str
    #: What the name is printed with: the number of its other end.
    peer: str = ""

    def of_version(self, version: int) -> list[str]:
        """Its addresses of one IP version."""
        return [each for each in self.addresses if ip_interface(each).version == version]


@dataclass(frozen=True, slots=True)
class _RouteLine:
    """A route: where to (empty for everywhere else), by which router (empty for none), from which address."""

    target: str
    via: str
    device: str
    source: str = ""

    @property
    def version(self) -> int:
        """Of IP."""
        return 6 if ":" in (self.target or self.via) else 4


_LOOPBACK = _Interface(1, "lo", "00:00:00:00:00:00", ("127.0.0.1/8", "::1/128"), "LOOPBACK,UP,LOWER_UP")
_UP = "BROADCAST,MULTICAST,UP,LOWER_UP"


def _interfaces(topology: Topology, container: Container) -> list[_Interface]:
    host = container.host
    node = topology.nodes.by_name.get(host.node)
    if host.host_network:
        return [_LOOPBACK, *(_node_interfaces(topology, node) if node is not None else ())]
    addresses = tuple(f"{each}/{_prefix(node, each)}" for each in host.addresses)
    if not addresses:
        return [_LOOPBACK]
    link = _link_local(mac_of(host.addresses[0]))
    return [_LOOPBACK, _Interface(2, "eth0", mac_of(host.addresses[0]), (*addresses, link), f"{_UP},M-DOWN", "@if5")]


def _node_interfaces(topology: Topology, node: Node) -> Iterator[_Interface]:
    networks = [ip_network(each) for each in topology.ranges.nodes]
    lengths = {each.version: each.prefixlen for each in networks}
    own = tuple(f"{each}/{lengths.get(6 if ':' in each else 4, 24)}" for each in node.addresses)
    yield _Interface(2, "eth0", mac_of(node.name), own, _UP)
    bridges = tuple(f"{node.gateway(cidr)}/{ip_network(cidr).prefixlen}" for cidr in node.pod_cidrs)
    if bridges:
        yield _Interface(3, "cni0", mac_of(f"{node.name}/cni0"), bridges, _UP)


def _prefix(node: Node | None, address: str) -> int:
    """The length of the prefix of the node's block that the address is out of; a whole address without one."""
    for cidr in node.pod_cidrs if node is not None else ():
        if ip_interface(address).ip in ip_network(cidr, strict=False):
            return ip_network(cidr, strict=False).prefixlen
    return 128 if ":" in address else 32


def _link_local(mac: str) -> str:
    first, *rest = (int(each, 16) for each in mac.split(":"))
    octets = [first ^ 2, *rest[:2], 0xFF, 0xFE, *rest[2:]]
    words = [f"{octets[at] << 8 | octets[at + 1]:x}" for at in range(0, 8, 2)]
    return f"fe80::{':'.join(words)}/64"


def _routes(topology: Topology, container: Container) -> list[_RouteLine]:
    host = container.host
    node = topology.nodes.by_name.get(host.node)
    if node is None or not host.addresses:
        return []
    if host.host_network:
        return list(_node_routes(topology, node))
    found: list[_RouteLine] = []
    for address in host.addresses:
        gateway = node.gateway(address)
        if gateway:
            block = ip_network(f"{address}/{_prefix(node, address)}", strict=False)
            found += [_RouteLine("", gateway, "eth0"), _RouteLine(str(block), "", "eth0", address)]
    return found


def _node_routes(topology: Topology, node: Node) -> Iterator[_RouteLine]:
    for each in topology.ranges.nodes:
        network = ip_network(each)
        address = node.address(each)
        yield _RouteLine("", str(network[1]), "eth0")
        for other in topology.nodes:
            for cidr in other.pod_cidrs:
                if (":" in cidr) == (":" in each) and other.name != node.name:
                    yield _RouteLine(cidr, other.address(cidr), "eth0")
        for cidr in node.pod_cidrs:
            if (":" in cidr) == (":" in each):
                yield _RouteLine(cidr, "", "cni0", node.gateway(cidr))
        yield _RouteLine(each, "", "eth0", address)


# ip


async def _ip(process: Process) -> int:
    words = process.arguments[1:]
    version, brief = 0, False
    while words and words[0].startswith("-"):
        option = words.pop(0).lstrip("-")
        if option in {"4", "6"}:
            version = int(option)
        elif option in {"br", "brief"}:
            brief = True
        elif option not in {"o", "d", "details", "color", "c"}:
            raise UsageError(f"invalid argument '-{option}'")
    if not words:
        raise UsageError("usage: ip [-4|-6] [-br] address | route | link | neigh")
    topology = await process.container.look()
    name = next((full for full in ("address", "route", "link", "neighbour", "neigh") if full.startswith(words[0])), "")
    _refuse_changes(words[1:])
    device = _device(words[1:])
    if name in {"address", "link"}:
        return await _show_interfaces(process, topology, name, version, device=device, brief=brief)
    if name == "route":
        get = words[1:2] == ["get"]
        routes = _routes(topology, process.container)
        return await (
            _show_route_to(process, routes, words[2:]) if get else _show_routes(process, routes, version or 4)
        )
    if name:
        return 0
    raise UsageError(f"fauxkube's ip knows address, route, link and neigh, not '{words[0]}'")


def _refuse_changes(words: list[str]) -> None:
    if words and words[0] in {"add", "del", "delete", "set", "flush", "change", "replace"}:
        raise UsageError("RTNETLINK answers: Operation not permitted", 2)


def _device(words: list[str]) -> str:
    rest = [word for word in words if word not in {"show", "list", "ls", "s", "l", "dev", "sh"}]
    return rest[0] if rest else ""


async def _show_interfaces(
    process: Process, topology: Topology, what: str, version: int, *, device: str, brief: bool
) -> int:
    found = [each for each in _interfaces(topology, process.container) if device in {"", each.name}]
    if not found:
        return await process.fail(f"can't find device '{device}'")
    for each in found:
        shown = [address for address in each.addresses if version in {0, ip_interface(address).version}]
        if brief:
            state = "UNKNOWN" if each.name == "lo" else "UP"
            tail = " ".join(shown) if what == "address" else f"{each.mac} <{each.flags}>"
            await process.write(f"{each.name + each.peer:<16} {state:<14} {tail} \n")
            continue
        await process.write("".join(f"{line}\n" for line in _interface_lines(each, shown if what == "address" else [])))
    return 0


def _interface_lines(each: _Interface, addresses: list[str]) -> Iterator[str]:
    loopback = each.name == "lo"
    mtu, queue = (65536, "noqueue qlen 1000") if loopback else (_POD_MTU, "noqueue ")
    kind, everybody = ("loopback", "00:00:00:00:00:00") if loopback else ("ether", "ff:ff:ff:ff:ff:ff")
    yield f"{each.number}: {each.name}{each.peer}: <{each.flags}> mtu {mtu} qdisc {queue}"
    yield f"    link/{kind} {each.mac} brd {everybody}"
    for address in addresses:
        yield from _address_lines(each, address)


def _address_lines(each: _Interface, address: str) -> Iterator[str]:
    interface = ip_interface(address)
    scope = "link" if interface.ip.is_link_local else "host" if each.name == "lo" else "global"
    if interface.version == 6:
        yield f"    inet6 {address} scope {scope} "
    elif each.name == "lo":
        yield f"    inet {address} scope host lo"
    else:
        yield f"    inet {address} brd {interface.network.broadcast_address} scope {scope} {each.name}"
    yield "       valid_lft forever preferred_lft forever"


async def _show_routes(process: Process, routes: list[_RouteLine], version: int) -> int:
    for each in routes:
        if each.version == version:
            await process.write(f"{_route_text(each)}\n")
    return 0


def _route_text(each: _RouteLine) -> str:
    via = f"via {each.via} " if each.via else ""
    source = f"scope link  src {each.source} " if each.source else ""
    return f"{each.target or 'default'} {via}dev {each.device} {source}"


async def _show_route_to(process: Process, routes: list[_RouteLine], words: list[str]) -> int:
    """`ip route get`: the route with the longest prefix that holds the address."""
    if not words:
        raise UsageError("need at least a destination address")
    try:
        address = ip_interface(words[0]).ip
    except ValueError:
        raise UsageError(f"invalid address '{words[0]}'") from None
    fitting = [
        each
        for each in routes
        if each.version == address.version and (not each.target or address in ip_network(each.target))
    ]
    if not fitting:
        return await process.fail("RTNETLINK answers: Network is unreachable", 2)
    best = max(fitting, key=lambda each: ip_network(each.target).prefixlen if each.target else -1)
    own = [each for each in process.container.host.addresses if (":" in each) == (address.version == 6)]
    via = f"via {best.via} " if best.via else ""
    await process.write(f"{address} {via}dev {best.device}  src {best.source or next(iter(own), '')} \n")
    return 0


# ifconfig, route


async def _ifconfig(process: Process) -> int:
    words = [word for word in process.arguments[1:] if word != "-a"]
    topology = await process.container.look()
    found = [each for each in _interfaces(topology, process.container) if not words or each.name == words[0]]
    if not found:
        return await process.fail(f"{words[0]}: error fetching interface information: Device not found")
    for each in sorted(found, key=lambda each: each.name):
        await process.write("".join(f"{line}\n" for line in _ifconfig_lines(each)) + "\n")
    return 0


def _ifconfig_lines(each: _Interface) -> Iterator[str]:
    loopback = each.name == "lo"
    encapsulation = "Local Loopback  " if loopback else f"Ethernet  HWaddr {each.mac.upper()}  "
    yield f"{each.name:<9s} Link encap:{encapsulation}"
    for address in each.of_version(4):
        interface = ip_interface(address)
        broadcast = "" if loopback else f"Bcast:{interface.network.broadcast_address}  "
        yield f"          inet addr:{interface.ip}  {broadcast}Mask:{interface.netmask}"
    for address in each.of_version(6):
        scope = "Host" if loopback else "Link" if address.startswith("fe80") else "Global"
        yield f"          inet6 addr: {address} Scope:{scope}"
    flags, mtu = ("UP LOOPBACK RUNNING", 65536) if loopback else ("UP BROADCAST RUNNING MULTICAST", _POD_MTU)
    yield f"          {flags}  MTU:{mtu}  Metric:1"
    yield "          RX packets:0 errors:0 dropped:0 overruns:0 frame:0"
    yield "          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0"
    yield f"          collisions:0 txqueuelen:{1000 if loopback else 0} "
    yield "          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)"


async def _route(process: Process) -> int:
    read_options(process.arguments[1:], "ne")
    topology = await process.container.look()
    lines = ["Kernel IP routing table\n"]
    lines.append("Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n")
    for each in _routes(topology, process.container):
        if each.version == 4:
            network = ip_network(each.target or "0.0.0.0/0")
            flags = "UG" if each.via else "U"
            gateway = each.via or "0.0.0.0"
            start = f"{network.network_address!s:<15s} {gateway:<15s} {network.netmask!s:<15s} {flags:<5s}"
            lines.append(f"{start} {0:<6d} {0:<6d} {0:>3d} {each.device}\n")
    await process.write("".join(lines))
    return 0


# Sockets


def _listening(container: Container) -> list[tuple[str, int]]:
    """The ports that the pod's containers declare, which they are taken to listen on, with their protocols."""
    return sorted({(port.protocol.lower(), port.number) for port in container.host.ports()})


async def _netstat(process: Process) -> int:
    options = read_options(process.arguments[1:], "tulnpaWer")
    if "r" in options:
        return await _route(process.with_arguments("route"))
    await process.container.look()
    kinds = {kind for kind, letter in (("tcp", "t"), ("udp", "u")) if letter in options} or {"tcp", "udp"}
    scope = "only servers" if "l" in options else "servers and established" if "a" in options else "w/o servers"
    lines = [f"Active Internet connections ({scope})\n"]
    tail = "PID/Program name" if "p" in options else ""
    lines.append(f"Proto Recv-Q Send-Q Local Address           Foreign Address         State       {tail}\n")
    if {"l", "a"} & options.values.keys():
        program = f" 1/{process.container.command[0].rpartition('/')[2]}" if "p" in options else ""
        for protocol, port in _listening(process.container):
            if protocol in kinds:
                state = "LISTEN" if protocol == "tcp" else ""
                lines.append(
                    f"{protocol:<5s}      0      0 {f'0.0.0.0:{port}':<23s} {'0.0.0.0:*':<23s} {state:<11s}{program}\n"
                )
    await process.write("".join(lines))
    return 0


async def _ss(process: Process) -> int:
    options = read_options(process.arguments[1:], "tulnpaH46")
    await process.container.look()
    kinds = {kind for kind, letter in (("tcp", "t"), ("udp", "u")) if letter in options} or {"tcp", "udp"}
    several = len(kinds) > 1
    lines = []
    if "H" not in options:
        start = "Netid " if several else ""
        lines.append(f"{start}State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n")
    if {"l", "a"} & options.values.keys():
        for protocol, port in _listening(process.container):
            if protocol in kinds:
                state = "LISTEN" if protocol == "tcp" else "UNCONN"
                start = f"{protocol:<5s} " if several else ""
                queue = 4096 if protocol == "tcp" else 0
                lines.append(f"{start}{state:<6s} {0:<6d} {queue:<6d} {f'0.0.0.0:{port}':>18s} {'0.0.0.0:*':>17s}\n")
    await process.write("".join(lines))
    return 0


async def _arp(process: Process) -> int:
    topology = await process.container.look()
    for each in _routes(topology, process.container):
        if each.via and each.version == 4:
            await process.write(f"? ({each.via}) at {mac_of(each.via)} [ether]  on {each.device}\n")
    return 0


PROGRAMS: Mapping[str, Program] = {
    "arp": _arp,
    "ifconfig": _ifconfig,
    "ip": _ip,
    "netstat": _netstat,
    "route": _route,
    "ss": _ss,
}

"""What a cluster is made with."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from fauxkube.ipam.families import cidrs_of, family_of
from fauxkube.kinds.core.node_network import NETWORKS, ROUTED
from fauxkube.machinery.names import label_value_problems
from fauxkube.machinery.schema_source import known_versions
from fauxkube.registry.pools import Ranges
from fauxkube.simulation.requests import DEFAULT_LIMIT
from fauxkube.simulation.strictness import OFF, StrictnessError, as_text

#: The Kubernetes version that is served unless another is asked for.
DEFAULT_VERSION = "1.36"

#: As kube-apiserver requires: the fewest addresses of a service range, and the shortest prefix of one of IPv6.
_SMALLEST_SERVICE_RANGE = 8
_SHORTEST_SERVICE_PREFIX_V6 = 64
#: As kube-controller-manager requires: the most bits between a cluster CIDR's prefix and that of its nodes' blocks.
_MOST_BLOCK_BITS = 16


class SettingsError(ValueError):
    """A setting that cannot be; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A cluster's settings; the defaults are those of kubeadm and its friends.

    `data` names the file that keeps the state (None: in memory), `nodes` counts the simulated nodes to begin with,
    which are put into the `zones` in turn, `network` is the kind of network that pods begin with (`routed`, `bridge` or
    `none`, see `kinds.core.node_network`), `seed` fixes every random choice: who lets the cluster settle between one
    step and the next finds the same names, UIDs, addresses, nodes and revisions on every run. `history` is how many
    changes are remembered: a watch or a list from before them is answered 410, as on a cluster whose etcd has been
    compacted. The cluster's clock starts at `clock_start` (None: now) and goes `clock_rate` times as fast as real time;
    0 freezes it. Of its time pods take `image_pull_seconds` for each image pulled, `container_start_seconds` for each
    container started, and `stop_seconds` (their grace period at most) to stop. `requests` is how many requests are kept
    on record, and `strict` how strictly they are judged: a mode for all rules (`off`, `warn`, `fail`) or others for
    some (`"warn,hot-loop=fail"`, `{"*": "warn", "hot-loop": "fail"}`), see `simulation.strictness`.
    With `dataplane` its services and host ports are listened for on loopback; with `ingress` it begins with a default
    ingress class of our own controller.
    """

    nodes: int = 3
    zones: tuple[str, ...] = ()
    data: Path | None = None
    kubernetes_version: str = DEFAULT_VERSION
    ranges: Ranges = field(default_factory=Ranges)
    network: str = ROUTED
    seed: int | None = None
    history: int = 16_384
    clock_start: datetime | None = None
    clock_rate: float = 1.0
    image_pull_seconds: float = 0.0
    container_start_seconds: float = 0.0
    stop_seconds: float = 0.0
    requests: int = DEFAULT_LIMIT
    strict: str | Mapping[str, str] = OFF
    dataplane: bool = False
    ingress: bool = False

    def __post_init__(self) -> None:
        if self.nodes < 0:
            raise SettingsError(f"nodes must not be negative: {self.nodes}")
        if self.network not in NETWORKS:
            raise SettingsError(f"there is no network {self.network!r}, but {', '.join(NETWORKS)}")
        self._check_times()
        self._check_requests()
        if self.kubernetes_version not in (versions := known_versions()):
            served = f"{versions[0]} to {versions[-1]}"
            raise SettingsError(f"Kubernetes {self.kubernetes_version} is not served, but {served} are")
        self._check_zones()
        self._check_ranges()
        first, last = self.ranges.node_ports
        if not 1 <= first <= last <= 65535:
            raise SettingsError(f"node port range {first}-{last} must lie in 1-65535")

    def _check_zones(self) -> None:
        for zone in self.zones:
            if not zone or (problems := label_value_problems(zone)):
                raise SettingsError(f"zone {zone!r}: {problems[0] if zone else 'must not be empty'}")

    def _check_ranges(self) -> None:
        ranges = self.ranges
        cluster = _networks("cluster CIDR", ranges.cluster_cidr)
        service = _networks("service CIDR", ranges.service_cidr)
        balancers = _networks("load balancer CIDR", ranges.load_balancer_cidr)
        if ranges.service_families[0] != ranges.families[0]:
            main = f"{ranges.service_families[0]}, but pods' is {ranges.families[0]}"
            raise SettingsError(f"services' main IP family is {main}: both CIDRs must begin with the same family")
        for network in cluster:
            _check_travels("cluster CIDR", network)
        for network in service:
            _check_travels("service CIDR", network)
            _check_service_range(network, ranges)
        _check_apart(cluster=cluster, service=service, load_balancer=balancers)
        for network in cluster:
            _check_node_blocks(network, ranges.prefix_of(str(network)), self.nodes)

    def _check_times(self) -> None:
        numbers = {
            "the clock's rate": self.clock_rate,
            "an image's pull": self.image_pull_seconds,
            "a container's start": self.container_start_seconds,
            "a pod's stop": self.stop_seconds,
        }
        for name, number in numbers.items():
            if not (math.isfinite(number) and number >= 0):
                raise SettingsError(f"{name} must be 0 or more: {number}")
        if self.clock_start is not None and self.clock_start.tzinfo is None:
            raise SettingsError(f"the clock's start must name its time zone: {self.clock_start}")

    def _check_requests(self) -> None:
        object.__setattr__(self, "strict", as_text(self.strict))
        if self.requests < 0:
            raise SettingsError(f"requests must not be negative: {self.requests}")
        if self.strict == OFF:
            return
        from fauxkube.simulation.strictness.strictness import Strictness

        try:
            strictness = Strictness(self.strict)
        except StrictnessError as error:
            raise SettingsError(str(error)) from None
        if strictness and not self.requests:
            raise SettingsError("strict rules look at earlier requests: requests must not be 0")


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(name: str, cidrs: str) -> list[_Network]:
    """Those of a list of one, or of two of different families."""
    try:
        networks = [ipaddress.ip_network(each) for each in cidrs_of(cidrs)]
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None
    if not networks:
        raise SettingsError(f"{name}: none is given")
    if len(networks) > len({each.version for each in networks}):
        raise SettingsError(f"{name}: {cidrs} must be one CIDR, or one of IPv4 and one of IPv6")
    return networks


def _check_travels(name: str, network: _Network) -> None:
    """Packets must be able to leave their machine under the range's addresses (RFC 1122, RFC 3927, RFC 4291)."""
    if network.is_loopback:
        raise SettingsError(f"{name}: {network} is a loopback range: what has such an address never leaves its machine")
    if network.is_link_local:
        raise SettingsError(f"{name}: {network} is a link-local range: no router sends such an address on")
    if network.is_multicast or network.is_unspecified:
        raise SettingsError(f"{name}: {network} holds no addresses that a single host can have")


def _check_service_range(network: _Network, ranges: Ranges) -> None:
    if network.num_addresses < _SMALLEST_SERVICE_RANGE:
        raise SettingsError(f"the service CIDR {network} must have at least {_SMALLEST_SERVICE_RANGE} addresses")
    if network.version == 6 and network.prefixlen < _SHORTEST_SERVICE_PREFIX_V6:
        shortest = _SHORTEST_SERVICE_PREFIX_V6
        raise SettingsError(f"the service CIDR {network} is too large: an IPv6 prefix must be /{shortest} or longer")
    if family_of(str(network)) not in ranges.families:
        raise SettingsError(f"services have IPv{network.version} addresses ({network}), but pods have none")


def _check_apart(**networks: list[_Network]) -> None:
    named = [(name, each) for name, listed in networks.items() for each in listed]
    for index, (name, network) in enumerate(named):
        for other_name, other in named[index + 1 :]:
            if name != other_name and network.version == other.version and network.overlaps(other):
                raise SettingsError(
                    f"the {name} CIDR {network} and the {other_name} CIDR {other} overlap".replace("_", " ")
                )


def _check_node_blocks(cluster: _Network, prefix: int, nodes: int) -> None:
    if not cluster.prefixlen <= prefix <= cluster.max_prefixlen - 2:
        raise SettingsError(f"node blocks of /{prefix} cannot be cut out of {cluster}")
    if prefix - cluster.prefixlen > _MOST_BLOCK_BITS:
        longest = cluster.prefixlen + _MOST_BLOCK_BITS
        raise SettingsError(f"node blocks of /{prefix} are too many for {cluster}: /{longest} is the longest prefix")
    blocks = 1 << (prefix - cluster.prefixlen)
    if nodes > blocks:
        raise SettingsError(f"{cluster} has only {blocks} blocks of /{prefix}, too few for {nodes} nodes")

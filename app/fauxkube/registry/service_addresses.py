"""A service's cluster IPs and node ports, as upstream's `pkg/registry/core/service/storage/alloc.go` hands them out.

Values that the client names are honoured or refused; missing ones come out of the pools. Two ports that differ only in
their protocol share a node port. Each IP family has pools of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxkube.ipam.families import canonical_ip
from fauxkube.kinds.core import service_allocation as rules
from fauxkube.machinery import status
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object, name_of
from fauxkube.registry.pools import CLUSTER_IPS, LOAD_BALANCERS, NODE_PORTS, Pools, of_family
from fauxkube.store.model import Claim, Taken

if TYPE_CHECKING:
    from fauxkube.registry.allocation import Reservation

_SPEC = Path("spec")
_TAKEN = "provided port is already allocated"


class ServiceAddresses:
    """Holds `spec.clusterIPs`, the node ports and the load balancer's addresses."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self._families = pools.ranges.service_families

    def assign(self, obj: Object, old: Object | None, reservation: Reservation) -> None:
        errors = rules.default_families(obj, self._families, old)
        if not errors:
            errors = self._assign_cluster_ips(obj, old, reservation)
        if not errors and rules.needs_node_port(obj):
            errors = self._assign_node_ports(obj, old, reservation)
        if not errors and rules.needs_health_check_node_port(obj):
            errors = self._assign_health_check_port(obj, old, reservation)
        if errors:
            raise status.invalid("", "Service", name_of(obj), [error.to_cause() for error in errors])

    def _assign_cluster_ips(self, obj: Object, old: Object | None, reservation: Reservation) -> list[FieldError]:
        spec = obj["spec"]
        if not rules.needs_cluster_ip(obj):
            return []
        if rules.is_headless(obj):
            spec["clusterIP"], spec["clusterIPs"] = rules.HEADLESS, [rules.HEADLESS]
            return []
        wanted = spec.get("clusterIPs") or []
        mine = old["spec"].get("clusterIPs") or [] if old is not None else []
        addresses = []
        for index, family in enumerate(spec["ipFamilies"]):
            if index >= len(wanted):
                addresses.append(self._next_address(family, reservation))
                continue
            address = wanted[index]
            if address not in mine and (problem := self._take_address(address, family, reservation)):
                detail = f"failed to allocate IP {address}: {problem}"
                return [_SPEC.child("clusterIPs").invalid(wanted, detail)]
            addresses.append(address)
        spec["clusterIP"], spec["clusterIPs"] = addresses[0], addresses
        return []

    def _next_address(self, family: str, reservation: Reservation) -> str:
        pool = of_family(CLUSTER_IPS, family)
        address = self._pools[pool].reserve()
        if address is None:
            raise status.internal("failed to allocate a serviceIP: range is full")
        return reservation.hold(pool, address)

    def _take_address(self, address: str, family: str, reservation: Reservation) -> str:
        """Reserve the address that the client asks for; answers what is wrong with it."""
        name = of_family(CLUSTER_IPS, family)
        pool = self._pools[name]
        if not pool.contains(address):
            return f"the provided IP ({address}) is not in the valid range. The range of valid IPs is {pool.range}"
        if not pool.reserve_exact(address):
            return "provided IP is already allocated"
        reservation.hold(name, address)
        return ""

    def _assign_node_ports(self, obj: Object, old: Object | None, reservation: Reservation) -> list[FieldError]:
        ports = obj["spec"].get("ports") or []
        mine = _node_ports(old) if old is not None else set()
        by_port: dict[int, int] = {}
        for index, port in enumerate(ports):
            wanted = port.get("nodePort") or by_port.get(port["port"]) or _named_for(port["port"], ports[index + 1 :])
            if not wanted:
                wanted = self._next_node_port(reservation)
            elif wanted not in mine and (problem := self._take_node_port(wanted, reservation)):
                return [_SPEC.child("ports").index(index).child("nodePort").invalid(wanted, problem)]
            port["nodePort"] = wanted
            by_port.setdefault(port["port"], wanted)
            mine.add(wanted)
        return []

    def _next_node_port(self, reservation: Reservation) -> int:
        number = self._pools[NODE_PORTS].reserve()
        if number is None:
            raise status.internal("failed to allocate a nodePort: range is full")
        return int(reservation.hold(NODE_PORTS, number))

    def _take_node_port(self, number: int, reservation: Reservation) -> str:
        """Reserve the node port that the client asks for; answers what is wrong with it."""
        pool = self._pools[NODE_PORTS]
        if not pool.contains(str(number)):
            first, last = self._pools.ranges.node_ports
            return f"provided port is not in the valid range. The range of valid ports is {first}-{last}"
        if not pool.reserve_exact(str(number)):
            return _TAKEN
        reservation.hold(NODE_PORTS, str(number))
        return ""

    def _assign_health_check_port(self, obj: Object, old: Object | None, reservation: Reservation) -> list[FieldError]:
        spec = obj["spec"]
        wanted = spec.get("healthCheckNodePort")
        if not wanted:
            spec["healthCheckNodePort"] = self._next_node_port(reservation)
        elif (old is None or old["spec"].get("healthCheckNodePort") != wanted) and (
            problem := self._take_node_port(wanted, reservation)
        ):
            return [_SPEC.child("healthCheckNodePort").invalid(wanted, problem)]
        return []

    def holdings(self, key: str, obj: Object) -> set[Claim]:
        held = {Claim(NODE_PORTS, str(number)) for number in _node_ports(obj)}
        if obj["spec"].get("type") != "ExternalName":
            addresses = obj["spec"].get("clusterIPs") or ()
            known = (canonical_ip(each) for each in addresses if each != rules.HEADLESS)
            held |= {Claim(of_family(CLUSTER_IPS, each), each) for each in known}
        ingress = obj.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
        points = (canonical_ip(each["ip"]) for each in ingress if each.get("ip"))
        held |= {claim for each in points if self._may_hold(key, claim := Claim(of_family(LOAD_BALANCERS, each), each))}
        return held

    def _may_hold(self, key: str, claim: Claim) -> bool:
        pool = self._pools.find(claim.pool)
        return pool is not None and pool.contains(claim.value) and pool.owner_of(claim.value) in {None, key}

    def refusal(self, obj: Object, taken: Taken) -> status.StatusError:
        pool, value = taken.claim
        if pool == NODE_PORTS:
            error = _SPEC.child("ports").index(0).child("nodePort").invalid(int(value), _TAKEN)
        else:
            problem = f"failed to allocate IP {value}: provided IP is already allocated"
            error = _SPEC.child("clusterIPs").invalid([value], problem)
        return status.invalid("", "Service", name_of(obj), [error.to_cause()])


def _named_for(port: int, later: list[Object]) -> int:
    """The node port that a later entry names for the same port (under another protocol), or 0."""
    return next((each["nodePort"] for each in later if each["port"] == port and each.get("nodePort")), 0)


def _node_ports(service: Object) -> set[int]:
    spec = service["spec"]
    numbers = {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}
    if spec.get("healthCheckNodePort"):
        numbers.add(spec["healthCheckNodePort"])
    return numbers

"""IPAM's invariants of both IP families, in any order of what can happen: nothing twice, nothing leaked."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, invariant, multiple, rule

from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.kinds.gvrs import NODES, PODS, SERVICES
from fauxkube.machinery.objects import Object
from fauxkube.registry.pools import CLUSTER_IPS, POD_CIDRS, Pools, Ranges, of_family, pod_pool_name
from support.rig_machine import RigMachine

FAMILIES = ("IPv4", "IPv6")
#: So small that every pool runs dry now and then.
TINY = Ranges(
    cluster_cidr="10.244.0.0/27,fd00:10:244::/124",
    node_prefix=29,
    node_prefix_v6=125,
    service_cidr="10.96.0.0/29,fd00:10:96::/125",
)
POLICIES = st.sampled_from(["SingleStack", "PreferDualStack", "RequireDualStack"])


class Addresses(RigMachine):
    """Services, nodes and pods come, change and go; processes restart; writes fail."""

    services = Bundle("services")
    nodes = Bundle("nodes")
    pods = Bundle("pods")

    ranges = TINY

    def name(self, kind: str) -> str:
        self.made += 1
        return f"{kind}{self.made}"

    @rule(target=services, policy=POLICIES, families=st.sampled_from([None, ["IPv4"], ["IPv6"], ["IPv6", "IPv4"]]))
    def create_service(self, policy: str, families: list[str] | None) -> Any:
        name = self.name("s")
        spec: Object = {"ports": [{"port": 80}], "selector": {"a": "b"}, "ipFamilyPolicy": policy}
        spec |= {"ipFamilies": families} if families else {}
        made = self.run(self.rig.create({"metadata": {"name": name}, "spec": spec}, SERVICES))
        return name if made else multiple()

    @rule(name=services, policy=POLICIES)
    def change_families(self, name: str, policy: str) -> None:
        self.run(self.rig.patch(name, {"spec": {"ipFamilyPolicy": policy}}, SERVICES))

    @rule(name=services, kind=st.sampled_from(["ExternalName", "ClusterIP"]))
    def change_type(self, name: str, kind: str) -> None:
        spec = {"type": kind, "externalName": "example.com" if kind == "ExternalName" else None}
        self.run(self.rig.patch(name, {"spec": spec}, SERVICES))

    @rule(name=services, last=st.integers(0, 9))
    def ask_for_an_address(self, name: str, last: int) -> None:
        """Of the second family, free or taken, within the range or not, in another form than the canonical one."""
        service = self.run(self.rig.get(name, SERVICES))
        addresses = cluster_ips(service) if service else []
        if len(addresses) == 1 and ":" not in addresses[0]:
            spec = {"clusterIPs": [addresses[0], f"fd00:0010:96::{last}"], "ipFamilyPolicy": "RequireDualStack"}
            self.run(self.rig.patch(name, {"spec": spec}, SERVICES))

    @rule(name=consumes(services))
    def delete_service(self, name: str) -> None:
        self.run(self.rig.delete(name, SERVICES))

    @rule(target=nodes)
    def create_node(self) -> Any:
        name = self.name("n")
        return name if self.run(self.rig.create({"metadata": {"name": name}}, NODES)) else multiple()

    @rule(name=nodes)
    def poke_node(self, name: str) -> None:
        self.run(self.rig.patch(name, {"metadata": {"labels": {"a": str(self.made)}}}, NODES))

    @rule(name=consumes(nodes))
    def delete_node(self, name: str) -> None:
        self.run(self.rig.delete(name, NODES))

    @rule(target=pods, node=nodes)
    def run_pod(self, node: str) -> Any:
        """As the network add-on does: an address of each block, then the status that carries them."""
        found = self.run(self.rig.get(node, NODES))
        cidrs = found["spec"].get("podCIDRs") if found else None
        if not cidrs:
            return multiple()
        pools = [self.rig.pools.of_pods(node, cidr) for cidr in cidrs]
        reserved = [pool.reserve() for pool in pools]
        if None in reserved:
            for pool, value in zip(pools, reserved, strict=True):
                pool.cancel(value or "")
            return multiple()
        name = self.name("p")
        containers = [{"name": "c", "image": "i"}]
        pod = {"metadata": {"name": name}, "spec": {"nodeName": node, "containers": containers}}
        self.run(self.rig.create(pod, PODS))
        status = {"podIPs": [{"ip": each} for each in reserved], "podIP": reserved[0]}
        assert self.run(self.rig.patch(name, {"status": status}, PODS, subresource="status"))
        return name

    @rule(name=consumes(pods))
    def delete_pod(self, name: str) -> None:
        self.run(self.rig.delete(name, PODS, grace_period_seconds=0))

    @rule()
    def restart(self) -> None:
        """What a new process makes of the store says the same."""
        before, after = self.rig.pools, Pools(TINY, self.rig.store)
        after.load()
        for name in before.names():
            fresh = after.find(name)
            assert fresh is None or fresh.used == before[name].used, name

    @invariant()
    def nothing_is_had_twice_and_nothing_leaks(self) -> None:
        if not hasattr(self, "rig"):
            return
        held: dict[str, str] = {}
        for family in FAMILIES:
            for pool in (of_family(CLUSTER_IPS, family), of_family(POD_CIDRS, family)):
                held |= self.rig.held(pool)
        wanted: dict[str, str] = {}
        for gvr, of in ((SERVICES, cluster_ips), (NODES, lambda node: node["spec"].get("podCIDRs") or [])):
            for name in self.run(self.rig.names(gvr)) or []:
                obj = self.run(self.rig.get(name, gvr))
                for value in of(obj or {}):
                    text = value.replace("fd00:0010:", "fd00:10:")
                    assert text not in wanted, f"{name} and {wanted[text]} both have {text}"
                    wanted[text] = name
        assert {value: owner.rpartition("/")[2] for value, owner in held.items()} == wanted

    @invariant()
    def pods_of_a_node_differ(self) -> None:
        if not hasattr(self, "rig"):
            return
        seen: set[tuple[str, str]] = set()
        for name in self.run(self.rig.names(PODS)) or []:
            pod = self.run(self.rig.get(name, PODS)) or {}
            for each in pod["status"]["podIPs"]:
                key = (pod["spec"]["nodeName"], each["ip"])
                assert key not in seen
                seen.add(key)
        for node in {node for node, _ in seen}:
            for family in FAMILIES:
                own = {ip for at, ip in seen if at == node and (":" in ip) == (family == "IPv6")}
                assert set(self.rig.held(pod_pool_name(node, family))) == own


Addresses.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
test_addresses = Addresses.TestCase

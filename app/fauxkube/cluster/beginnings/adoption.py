"""What a dump needs so that our control loops go on with it rather than do it all over again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fauxkube.cluster.settings import Settings
from fauxkube.controllers.controller_refs import controller_ref
from fauxkube.controllers.controller_revisions import data_of, hash_of
from fauxkube.controllers.daemonset_nodes import HASH_LABEL
from fauxkube.controllers.serviceloadbalancer import FINALIZER, wants_load_balancer
from fauxkube.ipam.families import cidrs_of
from fauxkube.kinds.core.pod_status import controller_of
from fauxkube.kinds.gvrs import CONTROLLER_REVISIONS, DAEMON_SETS
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.machinery.objects import Object, labels_of, name_of, namespace_of
from fauxkube.machinery.times import to_time
from fauxkube.nodes.registration import new_node, node_status
from fauxkube.nodes.settings import NodeSettings
from fauxkube.simulation.dumps import StandIn


def stand_in_node(wanted: StandIn, settings: Settings, clock: Clock, chance: Chance) -> Object:
    """A node, ready, for pods whose own is not in the dump; without blocks of pod addresses it will get some."""
    made, now = NodeSettings(count=0, kubernetes_version=settings.kubernetes_version), clock.now()
    node = new_node(wanted.name, wanted.addresses, made, now)
    node["metadata"] |= _identity(clock, chance)
    cidrs = list(wanted.pod_cidrs)
    networked = node | {"spec": {"podCIDR": (cidrs or cidrs_of(settings.ranges.cluster_cidr))[0]}}
    node["status"] = node_status(networked, wanted.addresses, made, now=now)
    if cidrs:
        node["spec"] |= {"podCIDR": cidrs[0], "podCIDRs": cidrs}
    return node


def namespace_of_name(name: str, clock: Clock, chance: Chance) -> Object:
    """A namespace that things in the dump lie in."""
    labels = {"kubernetes.io/metadata.name": name}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": labels} | _identity(clock, chance),
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def prepared(objects: Sequence[Object], clock: Clock, chance: Chance) -> list[Object]:
    """The objects as our controllers recognise them, with what they look for beside them.

    A load balancer that has its address is one of ours from now on. The revision that a daemon set's pods are of says
    what our controller compares with; one that the dump lacks is made.
    """
    for service in (each for each in objects if each["kind"] == "Service"):
        _adopt_addresses(service)
    for each in objects:
        each["metadata"].setdefault("creationTimestamp", to_time(clock.now()))
    made: list[Object] = []
    for daemon_set in (each for each in objects if each["kind"] == "DaemonSet"):
        made += _current_revision(daemon_set, objects, clock, chance)
    return [*objects, *made]


def _identity(clock: Clock, chance: Chance) -> dict[str, Any]:
    return {"uid": chance.of("uid", "dump").uuid(), "creationTimestamp": to_time(clock.now())}


def _adopt_addresses(service: Object) -> None:
    spec, metadata = service["spec"], service["metadata"]
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    balanced = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    finalizers = metadata.get("finalizers") or []
    if balanced and wants_load_balancer(service) and FINALIZER not in finalizers:
        metadata["finalizers"] = [*finalizers, FINALIZER]


def _current_revision(daemon_set: Object, objects: Iterable[Object], clock: Clock, chance: Chance) -> Iterator[Object]:
    """Put the newest revision of a daemon set right; yield it where it is not there."""
    status, metadata = daemon_set.get("status") or {}, daemon_set["metadata"]
    if status.get("observedGeneration") != metadata.get("generation"):
        return
    owned = [each for each in objects if _owner_of(each) == metadata["uid"]]
    revisions = [each for each in owned if each["kind"] == "ControllerRevision"]
    if revisions:
        max(revisions, key=lambda each: int(each["revision"]))["data"] = data_of(daemon_set)
        return
    hashes = {hash_of(each) for each in owned if each["kind"] == "Pod" and HASH_LABEL in labels_of(each)}
    if len(hashes) == 1:
        yield _revision(daemon_set, hashes.pop(), _identity(clock, chance))


def _owner_of(obj: Object) -> str:
    owner = controller_of(obj)
    return owner["uid"] if owner else ""


def _revision(daemon_set: Object, hashed: str, identity: Object) -> Object:
    """The revision, the first, that pods with that hash are of."""
    labels = daemon_set["spec"]["template"]["metadata"].get("labels") or {}
    metadata = {
        "name": f"{name_of(daemon_set)}-{hashed}",
        "namespace": namespace_of(daemon_set),
        "labels": labels | {HASH_LABEL: hashed},
        "ownerReferences": [controller_ref(daemon_set, DAEMON_SETS, "DaemonSet")],
    }
    return {
        "apiVersion": CONTROLLER_REVISIONS.api_version,
        "kind": "ControllerRevision",
        "metadata": metadata | identity,
        "data": data_of(daemon_set),
        "revision": 1,
    }

"""The API server's connection to the kubelet of a pod's node, which faults may keep it from making."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.gvrs import NODES
from fauxkube.machinery.objects import Object, labels_of, name_of
from fauxkube.server.pipelines import Reads
from fauxkube.simulation.faults.controllers import KUBELET
from fauxkube.simulation.faults.engine import Faults

_PORT = 10250
_SWALLOWED, _OFF = "i/o timeout", "connect: no route to host"


class Dialled(NamedTuple):
    """A kubelet's address, and what Go says of it when it cannot be reached; empty when it can."""

    address: str
    problem: str


class Kubelets:
    """Those of one cluster."""

    def __init__(self, catalogue: Catalogue, faults: Faults) -> None:
        self._nodes = catalogue.find(*NODES)
        self._faults = faults

    async def dial(self, node: str, reads: Reads) -> Dialled:
        """Connect to a node's kubelet; 404 when there is no such node."""
        if self._nodes is None:
            return Dialled("", "")
        found: Object = orjson.loads(await reads.get(self._nodes, "", node))
        address = f"{_host(found)}:{_PORT}"
        problem = self._problem(found)
        return Dialled(address, f"dial tcp {address}: {problem}" if problem else "")

    def _problem(self, node: Object) -> str:
        name = name_of(node)
        subject = {"name": name, "labels": labels_of(node)}
        if self._faults.held("node", name, subject, ("down",)):
            return _OFF
        paused = {"name": KUBELET, "node": name}
        if self._faults.held("node", name, subject, ("partitioned",)) or self._faults.held(
            "controller", f"{KUBELET}/{name}", paused, ("pause",)
        ):
            return _SWALLOWED
        return ""


def _host(node: Object) -> str:
    addresses = (node.get("status") or {}).get("addresses") or ()
    found = next((each["address"] for each in addresses if each.get("type") == "InternalIP"), name_of(node))
    return f"[{found}]" if ":" in found else str(found)

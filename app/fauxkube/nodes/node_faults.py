"""What the cluster's faults do to nodes: which are cut off or off, and what their kubelets report of them.

A node is silent when it is down, partitioned, or its kubelet is paused: neither its lease nor its status is written,
and nothing is done for its pods. `on_change` tells which nodes may be better or worse off than before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fauxkube.client.informer import Informer
from fauxkube.machinery.objects import Object, labels_of, name_of
from fauxkube.simulation.faults.controllers import KUBELET
from fauxkube.simulation.faults.engine import Fault, Faults

_NODE, _CONTROLLER = "node", "controller"
MEMORY, DISK, PID = "memory-pressure", "disk-pressure", "pid-pressure"
_PRESSURES = (MEMORY, DISK, PID)


class Trouble(NamedTuple):
    """What a node that can speak reports of itself beside the usual."""

    #: Those of the pressures that it is under.
    pressures: tuple[str, ...] = ()
    #: Reason and message, when it says that it is not ready.
    not_ready: tuple[str, str] | None = None
    network_unavailable: bool = False


NO_TROUBLE = Trouble()


class NodeFaults:
    """The faults of kind `node`, and those of kind `controller` that pause kubelets."""

    def __init__(self, faults: Faults, nodes: Informer) -> None:
        self._faults = faults
        self._nodes = nodes
        self._handlers: list[Callable[[str], None]] = []
        faults.on_change(self._changed)

    @property
    def any(self) -> bool:
        """Whether any node may be unwell."""
        return bool(self._faults.in_force(_NODE) or self._faults.in_force(_CONTROLLER))

    def on_change(self, handler: Callable[[str], None]) -> None:
        """Call `handler` with the name of every node that a fault may have begun or ceased to hold."""
        self._handlers.append(handler)

    def silent(self, name: str) -> bool:
        """Whether nothing is heard from the node's kubelet, and nothing reaches it."""
        if not self.any:
            return False
        return bool(self._held(name, "down", "partitioned") or self._paused(name))

    def leaves_pods_alone(self, name: str) -> bool:
        """Whether the node's kubelet does nothing for its pods: it is silent, or has no container runtime."""
        return self.any and (self.silent(name) or self._held(name, "not-ready") is not None)

    def down(self, name: str) -> bool:
        """Whether the node is off."""
        return self._held(name, "down") is not None

    def out_of_ips(self, name: str) -> bool:
        """Whether the node's network add-on has no address for a further pod."""
        return self._held(name, "out-of-ips") is not None

    def trouble(self, name: str) -> Trouble:
        """What the node's kubelet reports."""
        if not self._faults.in_force(_NODE):
            return NO_TROUBLE
        fault = self._held(name, "not-ready")
        return Trouble(
            pressures=tuple(each for each in _PRESSURES if self._held(name, each)),
            not_ready=(fault.effect["reason"], fault.effect["message"]) if fault else None,
            network_unavailable=self._held(name, "network-unavailable") is not None,
        )

    def pressure(self, name: str, type: str) -> Fault | None:
        """The fault by which the node is under this pressure."""
        return self._held(name, type)

    def _held(self, name: str, *types: str) -> Fault | None:
        if not self._faults.in_force(_NODE):
            return None
        node: Object = self._nodes.get(name) or {"metadata": {}}
        return self._faults.held(_NODE, name, {"name": name, "labels": labels_of(node)}, types)

    def _paused(self, name: str) -> bool:
        subject = {"name": KUBELET, "node": name}
        return self._faults.held(_CONTROLLER, f"{KUBELET}/{name}", subject, ("pause",)) is not None

    def _changed(self, fault: Fault) -> None:
        if fault.kind not in (_NODE, _CONTROLLER):
            return
        for name in map(name_of, self._nodes.items()):
            for handler in self._handlers:
                handler(name)

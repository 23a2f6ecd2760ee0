"""What the kubelets are given of the cluster that they work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fauxkube.client.events import EventRecorder
from fauxkube.client.informers import SharedInformers
from fauxkube.client.protocol import Client
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.simulation.faults.engine import Faults

#: What a kubelet calls itself, as a user agent and as the source of events.
COMPONENT = "kubelet"


@dataclass(frozen=True, slots=True)
class Context:
    """The cluster as kubelets see it; `recorder` gives the event recorder of a component on a host."""

    client: Client
    informers: SharedInformers
    clock: Clock
    chance: Chance
    recorder: Callable[[str, str], EventRecorder]
    faults: Faults

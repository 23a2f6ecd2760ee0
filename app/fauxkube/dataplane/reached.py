"""Whom a connection or datagram gets to, as the network's model says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from fauxkube.dataplane.bindings import Binding
from fauxkube.network.local_ports import LocalPort
from fauxkube.workloads.http_server import Answer


@dataclass(frozen=True, slots=True)
class Reached:
    """Who takes it: what answers in this process, or a local process, for the pod of that key (empty for a node).

    Without either it is refused, or lost in silence. `source` is where the taker sees it come from.
    """

    taker: Answer | LocalPort | None = None
    source: str = ""
    pod: str = ""
    refused: bool = False


#: Tells whom a client with that address gets to by a binding; at once, for a connection waits for it.
Dial: TypeAlias = Callable[[Binding, str], Reached]

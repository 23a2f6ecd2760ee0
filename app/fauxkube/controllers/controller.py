"""The skeleton of every controller: keys come in from informers, workers reconcile them, failures are tried again.

A controller is level-triggered: `reconcile(key)` reads everything the key stands for, computes what should be, and
writes only the difference. It is never run twice at a time for one key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Protocol

from fauxkube.client.events import EventRecorder
from fauxkube.client.informers import SharedInformers
from fauxkube.client.loop import Loop
from fauxkube.client.protocol import Client
from fauxkube.kinds.catalogue import Catalogue, default_catalogue
from fauxkube.kit.backoff import Backoff
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.machinery.objects import Object, key_of


class AddressPool(Protocol):
    """Addresses to hand out; one that is reserved is given to no one else until it is cancelled."""

    def reserve(self) -> str | None:
        """An address that is free; None when there is none."""

    def reserve_exact(self, value: str) -> bool:
        """Reserve this very address; False when it is taken or not of the pool."""

    def cancel(self, value: str) -> None:
        """Give a reserved address back."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a controller is given of the cluster it works on; `recorder` makes a component's event recorder."""

    client: Client
    informers: SharedInformers
    clock: Clock
    chance: Chance
    recorder: Callable[[str], EventRecorder]
    #: By IP family.
    load_balancer_pools: Mapping[str, AddressPool] = field(default_factory=dict)
    #: What the cluster serves, which changes with its custom resource definitions.
    catalogue: Catalogue = field(default_factory=default_catalogue)


class Controller:
    """A queue of keys and the workers that reconcile them; a subclass registers handlers and writes `reconcile`."""

    #: The controller's name as upstream has it: user agent and source of events.
    name: ClassVar[str]
    #: What its events say they come from, where that is another name.
    source: ClassVar[str] = ""
    #: Keys reconciled side by side.
    workers: ClassVar[int] = 4

    def __init__(self, context: Context) -> None:
        self.context = context
        self.client = context.client.as_user_agent(self.name)
        self.informers = context.informers
        self.clock = context.clock
        self.loop = Loop(self.name, context.clock, self.reconcile, workers=self.workers, backoff=self.backoff())
        self.queue = self.loop.queue

    @cached_property
    def recorder(self) -> EventRecorder:
        """What records the controller's events."""
        return self.context.recorder(self.source or self.name)

    @property
    def idle(self) -> bool:
        """Whether no key waits and none is being reconciled."""
        return self.loop.idle

    def backoff(self) -> Backoff:
        """The pauses between the tries of a key that fails."""
        return Backoff()

    async def reconcile(self, key: str) -> None:
        """Make the cluster right for `key`; raise to be called again, after a pause that grows."""
        raise NotImplementedError

    def enqueue(self, old: Object | None, new: Object | None) -> None:
        """An informer's handler for controllers whose keys are the changed objects themselves."""
        changed = new or old
        if changed is not None:
            self.queue.add(key_of(changed))

    def start(self) -> None:
        """Reconcile from now on until `close`; the informers must have been started."""
        self.loop.start()

    async def close(self) -> None:
        """Stop: no reconcile runs any more when this returns. Harmless when called again."""
        await self.loop.close()

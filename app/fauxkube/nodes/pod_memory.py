"""What a kubelet keeps in mind of pods beside what their statuses say; it is lost with the process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from fauxkube.machinery.objects import Object
from fauxkube.nodes.restarts import Pause


@dataclass(slots=True)
class Start:
    """A container on its way: its image, whether that is pulled, why that fails, and when it is done (monotonic)."""

    image: str
    pulls: bool
    failure: str | None
    due: float
    #: Whether an event has said that the image is being pulled.
    told: bool = False


@dataclass(slots=True)
class PodMemory:
    """What is remembered of one pod; false when that is nothing."""

    #: By container.
    starts: dict[str, Start] = field(default_factory=dict)
    #: The pauses before further restarts, by container.
    restarts: dict[str, Pause] = field(default_factory=dict)
    #: The pauses before further pulls, by image, and why the last one failed.
    pulls: dict[str, tuple[Pause, str]] = field(default_factory=dict)
    #: The run that each container is in (its ID), and when that began, to the microsecond.
    runs: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    #: The containers whose readiness probe is made to fail.
    unready: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.starts or self.restarts or self.pulls or self.runs or self.unready)


class PodMemories:
    """The memories of pods, by UID; most pods need none."""

    def __init__(self) -> None:
        self._by_uid: dict[str, PodMemory] = {}

    def find(self, pod: Object) -> PodMemory:
        """What is remembered of a pod; nothing that is put there stays, unless there is something already."""
        return self._by_uid.get(pod["metadata"]["uid"]) or PodMemory()

    def of(self, pod: Object) -> PodMemory:
        """The same, to be changed."""
        return self._by_uid.setdefault(pod["metadata"]["uid"], PodMemory())

    def forget(self, pod: Object) -> None:
        """Remember nothing of the pod any more."""
        self._by_uid.pop(pod.get("metadata", {}).get("uid", ""), None)

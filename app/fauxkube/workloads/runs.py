"""The containers of a cluster that somebody has looked into: their runs, what was written, what goes on in them.

A run is known by its container ID; another one takes its place, with empty files and a new log, as soon as the pod's
status tells of it. What belonged to a pod goes with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.machinery.objects import Object, key_of
from fauxkube.workloads.container import Container, Volumes, pod_holder, status_of
from fauxkube.workloads.logs import Log, access_line
from fauxkube.workloads.surroundings import Surroundings


@dataclass(slots=True, eq=False)
class Run:
    """One run of a container: its files, its log, and the programs that others started in it."""

    id: str
    make: Callable[[], Container]
    log: Log = field(default_factory=Log)
    programs: set[asyncio.Future[Any]] = field(default_factory=set)
    #: The code that the container's own program ended with, once it has.
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    exit_code: int = 137
    _container: Container | None = None

    @property
    def container(self) -> Container:
        """The container, made once somebody looks into it."""
        if self._container is None:
            self._container = self.make()
        return self._container

    def end(self, exit_code: int) -> None:
        """The container has ended, and with it whatever runs in it."""
        self.exit_code = exit_code
        self.ended.set()
        self.log.end()
        for each in self.programs:
            each.cancel()


@dataclass(slots=True, eq=False)
class _PodRuns:
    """What is known of one pod: the newest state of it, and the runs of its containers, the last but one too."""

    pod: Object
    runs: dict[str, Run] = field(default_factory=dict)
    before: dict[str, Log] = field(default_factory=dict)


class Runs:
    """The runs of one cluster's containers, by the pods' UIDs."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._pods: dict[str, _PodRuns] = {}
        self._volumes = Volumes()

    def __len__(self) -> int:
        """Of how many pods something is known."""
        return len(self._pods)

    def of(self, pod: Object, name: str) -> Run:
        """The container's run of the moment."""
        held = self._held(pod)
        current = str(status_of(held.pod, name).get("containerID") or "")
        run = held.runs.get(name)
        if run is None or run.id != current:
            if run is not None:
                self._end(held, name, run)
            run = held.runs[name] = Run(current, partial(self._container, held, name))
        return run

    def _container(self, held: _PodRuns, name: str) -> Container:
        from fauxkube.workloads.commands import COMMANDS

        return Container(
            lambda: held.pod, name, self._surroundings, volumes=self._volumes, programs=frozenset(COMMANDS)
        )

    def answered(self, pod: Object, port: int, request: HttpRequest, response: HttpResponse) -> None:
        """A pod has answered a request: its container logs it."""
        name = _listener(pod, port)
        now = self._surroundings.clock.now()
        self.of(pod, name).log.add(now, access_line(now, request, response))

    def log_before(self, pod: Object, name: str) -> Log | None:
        """The log of the run before; None when it is not known."""
        self.of(pod, name)
        return self._held(pod).before.get(name)

    def see(self, old: Object | None, new: Object | None) -> None:
        """The pod has changed, or is gone (None)."""
        pod = new or old
        assert pod is not None
        held = self._pods.get(_uid(pod))
        if held is None:
            return
        if new is None:
            for run in held.runs.values():
                run.end(137)
            del self._pods[_uid(pod)]
            self._volumes.forget(pod_holder(pod))
            return
        held.pod = new
        for name, run in list(held.runs.items()):
            status = status_of(new, name)
            if str(status.get("containerID") or "") != run.id or "running" not in (status.get("state") or {}):
                self._end(held, name, run)

    def close(self) -> None:
        """End every program."""
        for held in self._pods.values():
            for run in held.runs.values():
                run.end(137)
        self._pods.clear()

    def _held(self, pod: Object) -> _PodRuns:
        held = self._pods.get(_uid(pod))
        if held is None:
            held = self._pods[_uid(pod)] = _PodRuns(pod)
        if _revision(pod) >= _revision(held.pod):
            held.pod = pod
        return held

    def _end(self, held: _PodRuns, name: str, run: Run) -> None:
        if run.ended.is_set():
            return
        status = status_of(held.pod, name)
        state = (status.get("state") or {}).get("terminated") or (status.get("lastState") or {}).get("terminated") or {}
        run.end(int(state.get("exitCode", 137)))
        held.before[name] = run.log


def _listener(pod: Object, port: int) -> str:
    """The container that declares the port, else the first."""
    containers = pod["spec"]["containers"]
    declaring = (each for each in containers if any(port == it["containerPort"] for it in each.get("ports") or ()))
    return str(next(declaring, containers[0])["name"])


def _revision(pod: Object) -> int:
    return int(pod["metadata"].get("resourceVersion") or 0)


def _uid(pod: Object) -> str:
    return str(pod["metadata"].get("uid") or key_of(pod))

"""Expectations of a cluster's objects, which are waited for and, when they are not met, explained.

    cluster.expect("deployment/web").to_be_available()
    cluster.expect("service/web").to_have_endpoints(3)
    cluster.expect("configmap/settings").to_have({"data": {"mode": "fast"}})
    cluster.expect("pods", labels="app=old").not_to_exist()

Each looks once the cluster is settled, and then waits for some seconds of real time before it fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from fauxkube.machinery.jsonpath import shown
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.selectors import selector_from_set
from fauxkube.simulation.requests.partial import differences
from fauxkube.testing.conditions import ABSENT, PRESENT, Condition, every, status_condition, value_at
from fauxkube.testing.explaining import explain
from fauxkube.testing.references import Reference, reference
from fauxkube.testing.waiting import WaitTimeout

if TYPE_CHECKING:
    from fauxkube.testing.holding import Holding

#: pytest shows a failure where the test stands, and not what is done here.
__tracebackhide__ = True

#: Seconds that an expectation is waited for unless told otherwise.
SECONDS = 10.0


class Expectation:
    """What is expected of one object, or of all that there are of a label; each method fails with an AssertionError."""

    def __init__(self, cluster: Holding, wanted: Reference) -> None:
        self._cluster = cluster
        self._wanted = wanted

    def to_exist(self, *, timeout: float = SECONDS) -> Self:
        """There is such an object."""
        return self._expect("to exist", PRESENT, timeout)

    def not_to_exist(self, *, timeout: float = SECONDS) -> Self:
        """There is no such object, or no longer."""
        return self._expect("not to exist", ABSENT, timeout)

    def to_be_available(self, *, timeout: float = SECONDS) -> Self:
        """Its condition `Available` is true, for the spec as it is."""
        return self.to_have_condition("Available", timeout=timeout)

    def to_be_ready(self, *, timeout: float = SECONDS) -> Self:
        """Its condition `Ready` is true."""
        return self.to_have_condition("Ready", timeout=timeout)

    def to_have_condition(self, name: str, status: str = "True", *, timeout: float = SECONDS) -> Self:
        """A condition has that status."""
        return self._expect(f"to have the condition {name}={status}", status_condition(name, status), timeout)

    def to_have(self, wanted: Mapping[str, Any] | str, value: object = None, *, timeout: float = SECONDS) -> Self:
        """It has at least these fields with these values, or at a JSONPath that value.

        `to_have({"spec": {"replicas": 3}})`, `to_have("{.status.phase}", "Running")`.
        """
        if isinstance(wanted, str):
            return self._expect(f"to have {wanted}={shown(value)}", value_at(wanted, shown(value)), timeout)
        fields = dict(wanted)
        condition = every(f"with {fields}", lambda obj: not differences(fields, obj))
        return self._expect(f"to have {fields}", condition, timeout, explained=lambda found: _lacks(fields, found))

    def to_have_count(self, count: int, *, timeout: float = SECONDS) -> Self:
        """There are so many of them."""
        condition = Condition(f"{count} in number", lambda objects: len(objects) == count)
        return self._expect(f"to be {count}", condition, timeout, explained=lambda found: f"there are {len(found)}")

    def to_have_event(self, reason: str, *, message: str = "", timeout: float = SECONDS) -> Self:
        """An event with that reason has happened to it, with that text in its message."""
        name, kind = self._wanted.name, self._wanted.resource.kind

        def told(event: Object) -> bool:
            about = event.get("involvedObject") or {}
            is_its = about.get("name") == name and about.get("kind") == kind
            return is_its and event.get("reason") == reason and message in (event.get("message") or "")

        condition = Condition(f"with the event {reason}", lambda events: any(map(told, events)))
        events = self._other("events")
        return self._expect(f"to have the event {reason}", condition, timeout, looked_at=events)

    def to_have_endpoints(self, count: int, *, timeout: float = SECONDS) -> Self:
        """So many ready addresses stand behind the service, by its endpoint slices."""
        slices = self._other("endpointslices.discovery.k8s.io", {"kubernetes.io/service-name": self._wanted.name})
        condition = Condition(f"{count} ready endpoints", lambda found: len(_ready_addresses(found)) == count)
        return self._expect(
            f"to have {count} endpoints", condition, timeout, looked_at=slices, explained=self._explained_backends
        )

    def _expect(
        self,
        text: str,
        condition: Condition,
        timeout: float,
        *,
        looked_at: Reference | None = None,
        explained: Callable[[Sequence[Object]], str] | None = None,
    ) -> Self:
        """Wait for the condition on what is looked at, which is the object itself unless it is something about it."""
        from fauxkube.testing.holding import settled_wait

        member = self._cluster.member
        try:
            self._cluster.run(settled_wait(member, looked_at or self._wanted, condition, timeout))
        except WaitTimeout as error:
            lines = [f"expected {self._wanted} {text}, within {timeout:g} s"]
            lines.append(explained(error.objects) if explained else "")
            lines.append(error.state if looked_at is None else self._state(self._wanted))
            raise AssertionError("\n".join(filter(None, lines))) from None
        return self

    def _other(self, what: str, labels: Mapping[str, str] | None = None) -> Reference:
        """Something about the object, in its namespace."""
        catalogue = self._cluster.member.objects().catalogue
        return reference(catalogue, what, namespace=self._wanted.namespace, labels=labels or "")

    def _state(self, wanted: Reference) -> str:
        objects = self._cluster.member.objects()
        return self._cluster.run(explain(objects.client, wanted, self._cluster.run(objects.list(wanted))))

    def _explained_backends(self, slices: Sequence[Object]) -> str:
        """Which endpoints there are, and how the pods are that the service selects."""
        ready = _ready_addresses(slices)
        there = f"it has {len(ready)}: {', '.join(ready)}" if ready else "it has none"
        services = self._cluster.run(self._cluster.member.objects().list(self._wanted))
        selector = services[0]["spec"].get("selector") if services else None
        if not selector:
            return f"{there}; the service " + ("selects no pods" if services else "does not exist")
        pods = self._state(self._other("pods", selector))
        return f"{there}; it selects pods with {selector_from_set(selector)}:\n{pods}"


def _lacks(fields: Object, found: Sequence[Object]) -> str:
    """What the objects lack of the fields."""
    return "\n".join(f"{name_of(obj)}: {each}" for obj in found for each in differences(fields, obj))


def _ready_addresses(slices: Sequence[Object]) -> list[str]:
    """The addresses behind a service that are ready; one that does not say is."""
    return [
        address
        for each in slices
        for endpoint in each.get("endpoints") or ()
        for address in endpoint["addresses"]
        if (endpoint.get("conditions") or {}).get("ready") is not False
    ]

"""The objects of a cluster, in the hands of a program that waits for each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from fauxkube.kinds.words import UnknownWordError
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.testing.conditions import ABSENT, Condition, For, condition
from fauxkube.testing.references import DEFAULT_NAMESPACE, ObjectList, Reference, Selector, What, reference
from fauxkube.testing.servers import Member
from fauxkube.testing.sources import Source, objects_in

if TYPE_CHECKING:
    from fauxkube.server.control import Executed
    from fauxkube.testing.expecting import Expectation
    from fauxkube.testing.findings import Diagnosis
    from fauxkube.testing.traces import Trace

T = TypeVar("T")

#: pytest shows a failure where the test stands, and not what is done here.
__tracebackhide__ = True

#: Seconds that is waited unless told otherwise.
SECONDS = 30.0


class Holding(Protocol):
    """What a cluster's handle does with objects; failures of requests are `StatusError`."""

    @property
    def member(self) -> Member:
        """The cluster in its server; RuntimeError unless it is started."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What comes of something that the member does."""

    def apply(self, source: Source, *, namespace: str = DEFAULT_NAMESPACE) -> ObjectList:
        """Bring about what manifests say, as `kubectl apply` would: the live objects.

        `source` is an object, a list of them, YAML text, or the path of a file or directory; what names no namespace
        goes to `namespace`.
        """
        return self.run(self.member.objects().apply(objects_in(source), namespace))

    def create(self, obj: Mapping[str, Any], *, namespace: str = DEFAULT_NAMESPACE) -> Object:
        """Create an object, as the server then has it."""
        return self.run(self.member.objects().create(dict(obj), namespace))

    def get(self, what: What, name: str = "", *, namespace: str = DEFAULT_NAMESPACE) -> Object:
        """An object: `get("pod/web")`, `get("deploy", "web", namespace="shop")`."""
        return self.run(self.member.objects().get(self._reference(what, name, namespace)))

    def list(
        self, what: str, *, namespace: str = DEFAULT_NAMESPACE, labels: Selector = "", fields: Selector = ""
    ) -> ObjectList:
        """The objects of a collection, in all namespaces if `namespace` is empty."""
        wanted = self._reference(what, "", namespace, labels, fields)
        return self.run(self.member.objects().list(wanted))

    def patch(
        self,
        what: What,
        patch: Mapping[str, Any] | ObjectList,
        name: str = "",
        *,
        namespace: str = DEFAULT_NAMESPACE,
        kind: str = "merge",
        subresource: str = "",
    ) -> Object:
        """Change an object by a `merge`, `strategic` or `json` patch, or a part of it such as its `status`."""
        wanted = self._reference(what, name, namespace)
        return self.run(self.member.objects().patch(wanted, patch, kind=kind, subresource=subresource))

    def delete(
        self,
        what: What,
        name: str = "",
        *,
        namespace: str = DEFAULT_NAMESPACE,
        labels: Selector = "",
        wait: bool = True,
        timeout: float = SECONDS,
        grace_period: int | None = None,
        propagation: str = "Background",
    ) -> None:
        """Delete an object, or all with these labels, and wait until they are gone."""
        wanted = self._reference(what, name, namespace, labels)
        if not (wanted.name or wanted.labels):
            raise ValueError(f"which {wanted.resource.plural} to delete? Give a name, or labels")
        objects = self.member.objects()
        self.run(objects.delete(wanted, grace_period=grace_period, propagation=propagation))
        if wait:
            self.run(objects.wait(wanted, ABSENT, timeout))

    def wait(
        self,
        what: What,
        until: For,
        *,
        name: str = "",
        namespace: str = DEFAULT_NAMESPACE,
        labels: Selector = "",
        timeout: float = SECONDS,
    ) -> ObjectList:
        """Wait until an object, or all that there are (of a label), is as wanted: the objects.

        `until` is in kubectl's words, such as `Available` or `jsonpath={.status.phase}=Running`, or a function; see
        `fauxkube.testing.conditions`. What the control loops can do at once they have done before it is looked at.
        WaitTimeout shows how things are after `timeout` (real) seconds.
        """
        wanted = self._reference(what, name, namespace, labels)
        return self.run(settled_wait(self.member, wanted, condition(until), timeout))

    def expect(
        self, what: What, name: str = "", *, namespace: str = DEFAULT_NAMESPACE, labels: Selector = ""
    ) -> Expectation:
        """What is expected of an object: `expect("deployment/web").to_be_available()`. Failures explain themselves."""
        from fauxkube.testing.expecting import Expectation

        return Expectation(self, self._reference(what, name, namespace, labels))

    def trace(
        self,
        sender: str,
        target: str,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        protocol: str = "",
        port: str | int = "",
        every: bool = False,
    ) -> Trace:
        """What becomes of a packet, hop by hop: `trace("pod/client", "http://shop")`.

        One way by chance, or with `every` each that it may take. The texts are those of `fauxkube.network.places`.
        What the control loops can do at once they have done before it is looked at.
        """
        from fauxkube.testing.traces import Trace

        asked = settled_trace(
            self.member, sender, target, namespace=namespace, protocol=protocol, port=str(port), every=every
        )
        return Trace(self.run(asked))

    def exec(
        self, pod: str, *command: str, namespace: str = DEFAULT_NAMESPACE, container: str = "", stdin: str = ""
    ) -> Executed:
        """Run a program in a pod's container: `exec("client", "wget", "-qO-", "shop").stdout`.

        A single text is a command line for the shell. The first container is meant unless another is named. What the
        control loops can do at once they have done before.
        """
        words = command if len(command) != 1 else ("sh", "-c", *command)
        name = pod.removeprefix("pod/")
        asked = settled_execution(self.member, name, words, namespace=namespace, container=container, stdin=stdin)
        return self.run(asked)

    def doctor(self, *, namespace: str = "") -> Diagnosis:
        """What is wrong with the network, of the cluster or of a namespace: `assert cluster.doctor().healthy`.

        What the control loops can do at once they have done before it is looked at.
        """
        from fauxkube.testing.findings import Diagnosis

        return Diagnosis(self.run(settled_diagnosis(self.member, namespace)))

    def events(self, *, namespace: str = "") -> ObjectList:
        """The events, of all namespaces unless one is named, in the order in which they last happened."""
        return self.run(self.member.objects().events(namespace))

    def history(self, what: What, name: str = "", *, namespace: str = DEFAULT_NAMESPACE) -> ObjectList:
        """Who changed what of an object, field by field, the oldest change first, also of one that is gone."""
        wanted = self._reference(what, name, namespace)
        asked = {"resource": wanted.resource.group_resource, "name": wanted.name, "namespace": wanted.namespace}
        return self.run(self.member.control.history(**asked))

    def _reference(
        self, what: What, name: str = "", namespace: str = "", labels: Selector = "", fields: Selector = ""
    ) -> Reference:
        objects = self.member.objects()

        def refer() -> Reference:
            return reference(objects.catalogue, what, name, namespace=namespace, labels=labels, fields=fields)

        try:
            return refer()
        except UnknownWordError:
            self.run(objects.learn())
            return refer()


async def settled_wait(member: Member, wanted: Reference, until: Condition, seconds: float) -> ObjectList:
    """Let the control loops do what they can at once, then wait; one that does not come to rest holds up nothing."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    with suppress(StatusError):
        await member.control.settle(timeout=seconds)
    return await member.objects().wait(wanted, until, seconds, waited=loop.time() - begun)


async def settled_trace(member: Member, sender: str, target: str, **asked: Any) -> Object:
    """The same before a trace."""
    with suppress(StatusError):
        await member.control.settle(timeout=SECONDS)
    return await member.control.trace(sender, target, **asked)


async def settled_execution(member: Member, pod: str, command: Sequence[str], **asked: str) -> Executed:
    """The same before a program runs."""
    with suppress(StatusError):
        await member.control.settle(timeout=SECONDS)
    return await member.control.execute(pod, command, **asked)


async def settled_diagnosis(member: Member, namespace: str) -> Object:
    """The same before the network is examined."""
    with suppress(StatusError):
        await member.control.settle(timeout=SECONDS)
    return await member.control.doctor(namespace=namespace)

"""What the pods of a test's cluster serve: a function of the test's, an application, or a local process.

@cluster.serve("web", port=80)
def answer(request: HttpRequest) -> str:
    return f"you asked for {request.target}"
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from fauxkube.testing.references import DEFAULT_NAMESPACE
from fauxkube.testing.servers import Member

if TYPE_CHECKING:
    from fauxkube.kit.exchange import Handler
    from fauxkube.network.local_ports import LocalPort
    from fauxkube.workloads.handlers import Function

T = TypeVar("T")
F = TypeVar("F", bound="Function")


class ServingPods(Protocol):
    """What a cluster's handle does for what its pods serve."""

    @property
    def member(self) -> Member:
        """The cluster in its server."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What comes of something that the member does."""

    def serve(
        self, who: str | Mapping[str, str], *, port: int = 0, namespace: str = DEFAULT_NAMESPACE
    ) -> Callable[[F], F]:
        """Have a function answer HTTP requests to pods, at one port or all: `@cluster.serve("web", port=80)`.

        `who` is the name of a pod or of a service, whose pods are meant, or the pods' labels (`"app=web"`, or a
        mapping). The function takes an `HttpRequest` and returns an `HttpResponse`, text, bytes, or what is to be sent
        as JSON; an asynchronous one runs in the loop of the cluster's server, any other in a thread. It answers until
        the cluster ends or is reset. What was served last goes first.
        """

        def serving(function: F) -> F:
            from fauxkube.workloads.handlers import handler_of

            self._serve(who, handler_of(function), namespace=namespace, port=port)
            return function

        return serving

    def serve_asgi(
        self, who: str | Mapping[str, str], application: Any, *, port: int = 0, namespace: str = DEFAULT_NAMESPACE
    ) -> None:
        """Have an ASGI application answer, as `serve` a function, in the loop of the cluster's server."""
        from fauxkube.workloads.handlers import asgi_handler

        self._serve(who, asgi_handler(application), namespace=namespace, port=port)

    def serve_wsgi(
        self, who: str | Mapping[str, str], application: Any, *, port: int = 0, namespace: str = DEFAULT_NAMESPACE
    ) -> None:
        """Have a WSGI application answer, as `serve` a function, in a thread."""
        from fauxkube.workloads.handlers import wsgi_handler

        self._serve(who, wsgi_handler(application), namespace=namespace, port=port)

    def serve_local(
        self,
        who: str | Mapping[str, str],
        local_port: int | str,
        *,
        port: int = 0,
        namespace: str = DEFAULT_NAMESPACE,
    ) -> None:
        """Have a process of this machine answer whatever is sent to pods: `9000`, or `"127.0.0.1:9000"`."""
        from fauxkube.network.local_ports import read_local_port

        local = read_local_port(str(local_port))
        if local is None:
            raise ValueError(f"{local_port!r} is no port of this machine such as 9000 or '127.0.0.1:9000'")
        self._serve(who, local, namespace=namespace, port=port)

    def listening(self, service: str, *, port: int = 0, node: str = "", namespace: str = DEFAULT_NAMESPACE) -> str:
        """Where on loopback a service is listened for: `127.0.10.1:30008`, for `Cluster(settings={"dataplane": True})`.

        `port` is the service's or its node port, and `node` names the node whose port is meant; the first there is is
        taken. LookupError when there is none.
        """
        control = self.member.control
        self.run(control.settle())
        found = self.run(control.dataplane())["listeners"]
        owner = f"service/{namespace}/{service}"
        for each in found:
            if each["owner"] == owner and port in {0, each["port"]} and node in {"", each["node"]} and each["at"]:
                return str(each["at"])
        raise LookupError(f"{owner} is not listened for on loopback: {found}")

    def _serve(self, who: str | Mapping[str, str], answer: Handler | LocalPort, *, namespace: str, port: int) -> None:
        from fauxkube.testing.local import LocalMember

        member = self.member
        if not isinstance(member, LocalMember):
            raise RuntimeError(
                "only pods of a cluster in this process are served from here: for others name a process's port in the "
                "pod's annotation fauxkube.io/local-port"
            )
        self.run(member.serve(who, answer, namespace=namespace, port=port))

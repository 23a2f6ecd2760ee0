"""A cluster for programs with an event loop, asyncio's or trio's: the methods of `Cluster`, awaited.

    async with Cluster() as cluster:
        await cluster.apply("manifests/")
        await cluster.expect("deployment/web").to_be_available()

Each runs in a worker thread, so the loop is not held up, and a wait that is cancelled is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from fauxkube.testing.clock import Clock
from fauxkube.testing.cluster import Cluster
from fauxkube.testing.expecting import Expectation
from fauxkube.testing.faults import Faults
from fauxkube.testing.network import Network
from fauxkube.testing.references import DEFAULT_NAMESPACE, Selector, What
from fauxkube.testing.requests import Requests
from fauxkube.testing.serving import F

if TYPE_CHECKING:
    from types import TracebackType

    import httpx

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")


class _Awaited(Generic[S]):
    """What has methods that are to be awaited."""

    def __init__(self, held: S) -> None:
        self._held = held


def _awaited(
    method: Callable[Concatenate[S, P], T],
) -> Callable[Concatenate[_Awaited[S], P], Coroutine[Any, Any, T]]:
    """The method of what is held, run in a worker thread."""

    @wraps(method)
    async def run(self: _Awaited[S], /, *args: P.args, **kwargs: P.kwargs) -> T:
        from anyio import to_thread

        return await to_thread.run_sync(partial(method, self._held, *args, **kwargs), abandon_on_cancel=True)

    return run


class AsyncClock(_Awaited[Clock]):
    """`Clock`, awaited."""

    read = _awaited(Clock.read)
    freeze = _awaited(Clock.freeze)
    run = _awaited(Clock.run)
    advance = _awaited(Clock.advance)


class AsyncFaults(_Awaited[Faults]):
    """`Faults`, awaited."""

    add = _awaited(Faults.add)
    add_spec = _awaited(Faults.add_spec)
    list = _awaited(Faults.list)
    remove = _awaited(Faults.remove)
    clear = _awaited(Faults.clear)


class AsyncNetwork(_Awaited[Network]):
    """`Network`, awaited."""

    install = _awaited(Network.install)
    check = _awaited(Network.check)


class AsyncRequests(_Awaited[Requests]):
    """`Requests`, awaited."""

    mark = _awaited(Requests.mark)
    calls = _awaited(Requests.calls)
    count = _awaited(Requests.count)
    assert_called = _awaited(Requests.assert_called)
    assert_called_once = _awaited(Requests.assert_called_once)
    assert_not_called = _awaited(Requests.assert_not_called)
    assert_order = _awaited(Requests.assert_order)
    clear = _awaited(Requests.clear)
    findings = _awaited(Requests.findings)


class AsyncExpectation(_Awaited[Expectation]):
    """`Expectation`, awaited."""

    to_exist = _awaited(Expectation.to_exist)
    not_to_exist = _awaited(Expectation.not_to_exist)
    to_be_available = _awaited(Expectation.to_be_available)
    to_be_ready = _awaited(Expectation.to_be_ready)
    to_have = _awaited(Expectation.to_have)
    to_have_condition = _awaited(Expectation.to_have_condition)
    to_have_count = _awaited(Expectation.to_have_count)
    to_have_endpoints = _awaited(Expectation.to_have_endpoints)
    to_have_event = _awaited(Expectation.to_have_event)


class AsyncCluster(_Awaited[Cluster]):
    """`Cluster`, awaited; `cluster` is the same one for those who wait."""

    apply = _awaited(Cluster.apply)
    create = _awaited(Cluster.create)
    get = _awaited(Cluster.get)
    list = _awaited(Cluster.list)
    patch = _awaited(Cluster.patch)
    delete = _awaited(Cluster.delete)
    wait = _awaited(Cluster.wait)
    trace = _awaited(Cluster.trace)
    exec = _awaited(Cluster.exec)
    events = _awaited(Cluster.events)
    history = _awaited(Cluster.history)
    kubectl = _awaited(Cluster.kubectl)
    doctor = _awaited(Cluster.doctor)
    ipam = _awaited(Cluster.ipam)
    whose = _awaited(Cluster.whose)
    settle = _awaited(Cluster.settle)
    reset = _awaited(Cluster.reset)
    add_user = _awaited(Cluster.add_user)
    logs = _awaited(Cluster.logs)
    load = _awaited(Cluster.load)
    snapshot = _awaited(Cluster.snapshot)
    restore = _awaited(Cluster.restore)
    serve_asgi = _awaited(Cluster.serve_asgi)
    serve_wsgi = _awaited(Cluster.serve_wsgi)
    serve_local = _awaited(Cluster.serve_local)
    listening = _awaited(Cluster.listening)
    start = _awaited(Cluster.start)
    stop = _awaited(Cluster.stop)
    _fork = _awaited(Cluster.fork)

    @property
    def cluster(self) -> Cluster:
        return self._held

    @property
    def name(self) -> str:
        return self._held.name

    @property
    def url(self) -> str:
        return self._held.url

    @property
    def kubeconfig(self) -> str:
        return self._held.kubeconfig

    @property
    def dns_address(self) -> tuple[str, int]:
        return self._held.dns_address

    @property
    def clock(self) -> AsyncClock:
        return AsyncClock(self._held.clock)

    @property
    def network(self) -> AsyncNetwork:
        return AsyncNetwork(self._held.network)

    @property
    def faults(self) -> AsyncFaults:
        return AsyncFaults(self._held.faults)

    @property
    def requests(self) -> AsyncRequests:
        return AsyncRequests(self._held.requests)

    def client(self, **options: Any) -> httpx.AsyncClient:
        """An HTTP client whose base URL is the cluster's, to be closed by the caller (`async with`)."""
        return self._held.async_client(**options)

    def serve(
        self, who: str | Mapping[str, str], *, port: int = 0, namespace: str = DEFAULT_NAMESPACE
    ) -> Callable[[F], F]:
        """As `Cluster.serve`, a decorator: what it does is done at once."""
        return self._held.serve(who, port=port, namespace=namespace)

    def expect(
        self, what: What, name: str = "", *, namespace: str = DEFAULT_NAMESPACE, labels: Selector = ""
    ) -> AsyncExpectation:
        """What is expected of an object: `await cluster.expect("deployment/web").to_be_available()`."""
        return AsyncExpectation(self._held.expect(what, name, namespace=namespace, labels=labels))

    async def fork(self, name: str = "") -> AsyncCluster:
        """A cluster that begins as this one is now: `async with await cluster.fork() as other`."""
        return AsyncCluster(await self._fork(name))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from anyio import CancelScope

        with CancelScope(shield=True):
            await self.stop()

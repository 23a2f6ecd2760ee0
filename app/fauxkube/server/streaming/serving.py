"""The subresources of pods that are answered by containers: each request to an answer that goes on, or to a refusal.

What the API server finds wrong is a `Status`; what the kubelet behind it would, plain text, as upstream hands it
through, or for version 5 of the remote commands a `Status` in the stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import orjson

from fauxkube.kit.clock import Clock
from fauxkube.kit.containers import Terminal
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.server import errors, queries, responses
from fauxkube.server.asgi import Request, Response
from fauxkube.server.connections import Upgrade, offered
from fauxkube.server.containers import Containers
from fauxkube.server.paths import RequestInfo
from fauxkube.server.pipelines import Reads
from fauxkube.server.streaming import handshake, locating, options, port_forward, sessions
from fauxkube.server.streaming.handshake import WEBSOCKET, Switch
from fauxkube.server.streaming.kubelets import Dialled, Kubelets
from fauxkube.server.streaming.logs import LogAnswer
from fauxkube.server.streaming.remote_command import V1, V2, V3, V4, V5, Program
from fauxkube.server.streaming.takeover import Session, Takeover

Answer: TypeAlias = Response | Takeover | LogAnswer

_SPDY = (V4, V3, V2, V1)
_CHANNELS = (V1, f"base64.{V1}", V4, f"v4.base64.{V1}")


class _Refusal(NamedTuple):
    """How it is told that no program will run: as an answer, and in the stream where the API server translates."""

    answer: Response
    translated: StatusError


class Streaming:
    """Answers for the containers of one cluster, and knows which answers are still going on."""

    def __init__(self, containers: Containers, kubelets: Kubelets, *, clock: Clock) -> None:
        self._containers = containers
        self._kubelets = kubelets
        self._clock = clock
        self._open: set[Takeover | LogAnswer] = set()
        self._closed = False

    async def answer(self, request: Request, info: RequestInfo, reads: Reads) -> Answer:
        """What a request is answered; the pod is read from `reads`."""
        if self._closed:
            raise status.unavailable("the server is shutting down")
        if info.subresource == "log":
            return await self._log(request, info, reads)
        asked = None if info.subresource == "portforward" else options.remote_options(request.query)
        ports = options.ports(request.query) if asked is None else ()
        pod = await _pod(info, reads)
        container = locating.container_of(pod, asked.container) if asked else ""
        locating.check_assigned(pod)
        dialled = await self._kubelets.dial(pod["spec"]["nodeName"], reads)
        upgrade = offered(request.scope)
        if upgrade is None:
            raise status.bad_request("Upgrade request required")
        if asked is None:
            if dialled.problem:
                raise _undialled(dialled)
            return self._port_forward(request, upgrade, pod, ports)
        remote = sessions.Remote(self._program(info.subresource, pod, container, asked.command), asked, self._clock)
        refusal = None
        if dialled.problem:
            path = f"{info.subresource}/{info.namespace}/{info.name}/{container}?{asked.kubelet_query}"
            translated = f'error sending request: Post "https://{dialled.address}/{path}": {dialled.problem}'
            answer = errors.error_response(request, _undialled(dialled))
            refusal = _Refusal(answer, status.internal(translated))
        elif problem := locating.not_running(pod, container):
            refusal = _Refusal(
                responses.text(500, problem), status.internal(f"unable to upgrade connection: {problem}")
            )
        return self._remote(request, upgrade, remote, refusal=refusal)

    def close(self) -> None:
        """End all that is going on, and begin nothing more."""
        self._closed = True
        for answer in tuple(self._open):
            answer.close()

    def _program(self, subresource: str, pod: Object, container: str, command: Sequence[str]) -> Program:
        if subresource == "exec":
            return partial(self._containers.run, pod, container, command)

        async def attach(terminal: Terminal) -> int:
            await self._containers.attach(pod, container, terminal)
            return 0

        return attach

    def _remote(
        self, request: Request, upgrade: Upgrade, remote: sessions.Remote, *, refusal: _Refusal | None
    ) -> Answer:
        if upgrade.protocol == WEBSOCKET and V5 in handshake.subprotocols(request):
            if refusal:
                remote = sessions.Remote(_failing(refusal.translated), remote.options, remote.clock)
            switch = handshake.websocket(request, (V5,))
            return self._switched(upgrade, switch, partial(sessions.over_websocket, remote=remote, version=V5))
        if refusal:
            return refusal.answer
        if upgrade.protocol == WEBSOCKET:
            switch = handshake.websocket(request, _CHANNELS, unnamed=True)
            serve = sessions.over_websocket
        else:
            switch, serve = handshake.spdy(request, _SPDY), sessions.over_spdy
        version = switch.version if isinstance(switch, Switch) else ""
        return self._switched(upgrade, switch, partial(serve, remote=remote, version=version or V1))

    def _port_forward(self, request: Request, upgrade: Upgrade, pod: Object, ports: Sequence[int]) -> Answer:
        target = port_forward.Target(self._containers, pod, self._clock)
        asked = handshake.subprotocols(request) if upgrade.protocol == WEBSOCKET else []
        prefix = port_forward.TUNNELLED
        tunnelled = [each.removeprefix(prefix) for each in asked if each.startswith(prefix)]
        plain = upgrade.protocol == WEBSOCKET and not tunnelled
        if plain and (refusal := _port_refusal(ports)):
            return responses.text(400, refusal)
        if problem := locating.not_there(pod):
            return responses.text(500, problem)
        if tunnelled:
            version = handshake.negotiated(tunnelled, (port_forward.VERSION,))
            if isinstance(version, Response):
                return version
            switch = handshake.websocket(request, (f"{prefix}{version}",))
            return self._switched(upgrade, switch, partial(port_forward.tunnelled, target=target))
        if plain:
            switch = handshake.websocket(request, _CHANNELS[2:], unnamed=True)
            version = switch.version if isinstance(switch, Switch) else ""
            serve = partial(port_forward.over_websocket, target=target, ports=ports, version=version)
            return self._switched(upgrade, switch, serve)
        switch = handshake.spdy(request, (port_forward.VERSION,))
        return self._switched(upgrade, switch, partial(port_forward.over_spdy, target=target))

    def _switched(self, upgrade: Upgrade, switch: Switch | Response, session: Session) -> Answer:
        if isinstance(switch, Response):
            return switch
        answer = Takeover(upgrade, switch, session, done=self._open.discard)
        self._open.add(answer)
        return answer

    async def _log(self, request: Request, info: RequestInfo, reads: Reads) -> Answer:
        asked = options.log_options(request.query, info.name)
        pod = await _pod(info, reads)
        container = locating.container_of(pod, queries.text(request.query, "container"))
        if not pod["spec"].get("nodeName"):
            return Response(204, b"")
        dialled = await self._kubelets.dial(pod["spec"]["nodeName"], reads)
        if dialled.problem:
            url = f"https://{dialled.address}/containerLogs/{info.namespace}/{info.name}/{container}"
            raise StatusError(500, "", f'Get "{url}": {dialled.problem}')
        locating.check_logged(pod, container, previous=asked.previous)
        answer = LogAnswer(self._containers.log(pod, container, asked), done=self._open.discard)
        self._open.add(answer)
        await answer.settle()
        return answer


async def _pod(info: RequestInfo, reads: Reads) -> Object:
    pod: Object = orjson.loads(await reads.get(info.resource, info.namespace, info.name))
    return pod


def _undialled(dialled: Dialled) -> StatusError:
    return StatusError(500, "", f"error dialing backend: {dialled.problem}")


def _failing(refusal: StatusError) -> Program:
    async def fail(_: Terminal) -> int:
        raise refusal

    return fail


def _port_refusal(ports: Sequence[int]) -> str:
    """What the kubelet says of the ports that a plain WebSocket names; empty when nothing is wrong with them."""
    if not ports:
        return 'query parameter "port" is required'
    listed = ",".join(str(each) for each in ports)
    return "" if all(ports) else f'port "{listed}" must be > 0'

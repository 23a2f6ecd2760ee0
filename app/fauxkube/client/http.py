"""The client protocol over HTTP (httpx), so that control loops run against any API server.

Every failure is a `StatusError`: what the server answered, or 503 `ServiceUnavailable` when it could not be reached
or the connection broke.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from fauxkube.client.protocol import Listed, WatchEvent
from fauxkube.machinery.objects import GVR, Object, name_of, namespace_of
from fauxkube.machinery.status import StatusError, unavailable

if TYPE_CHECKING:
    import httpx

_PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}
#: Seconds to connect and to wait for an answer; a watch waits for ever.
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 60.0


class HttpClient:
    """Requests to the API server at `base_url` (`http://127.0.0.1:8001`)."""

    def __init__(
        self,
        base_url: str,
        *,
        user_agent: str = "fauxkube",
        http: httpx.AsyncClient | None = None,
        field_validation: str = "",
    ) -> None:
        """`field_validation` says what becomes of unknown fields: `Strict`, `Warn`, `Ignore`, or as the server does."""
        self._base_url = base_url.rstrip("/")
        self._user_agent = user_agent
        self._http = http or new_http()
        self._field_validation = field_validation

    def as_user_agent(self, user_agent: str) -> HttpClient:
        """The same client, on the same connections, under another name."""
        return HttpClient(
            self._base_url, user_agent=user_agent, http=self._http, field_validation=self._field_validation
        )

    async def close(self) -> None:
        """Close the connections, which all clients made by `as_user_agent` share."""
        await self._http.aclose()

    async def get(self, gvr: GVR, name: str, namespace: str = "") -> Object:
        return await self._ask("GET", path_of(gvr, namespace, name))

    async def list(
        self, gvr: GVR, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> Listed:
        params = _given(labelSelector=label_selector, fieldSelector=field_selector)
        listed = await self._ask("GET", path_of(gvr, namespace), params=params)
        kind = {"apiVersion": listed["apiVersion"], "kind": listed["kind"].removesuffix("List")}
        items = [kind | item for item in listed.get("items") or ()]
        return Listed(items, listed["metadata"]["resourceVersion"])

    async def watch(self, gvr: GVR, namespace: str = "", *, resource_version: str) -> AsyncIterator[WatchEvent]:
        params = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": resource_version}
        request = self._request("GET", path_of(gvr, namespace), params=params)
        async for line in self._lines(request):
            event = orjson.loads(line)
            if event["type"] == "ERROR":
                raise error_of(event["object"], event["object"].get("code", 500))
            yield WatchEvent(event["type"], event["object"])

    async def create(
        self, gvr: GVR, obj: Object, *, namespace: str = "", subresource: str = "", name: str = ""
    ) -> Object:
        path = path_of(gvr, namespace or namespace_of(obj), name if subresource else "", subresource)
        return await self._write("POST", path, body=obj)

    async def update(self, gvr: GVR, obj: Object, *, subresource: str = "") -> Object:
        return await self._write("PUT", path_of(gvr, namespace_of(obj), name_of(obj), subresource), body=obj)

    async def patch(
        self, gvr: GVR, name: str, patch: Any, *, namespace: str = "", kind: str = "merge", subresource: str = ""
    ) -> Object:
        path = path_of(gvr, namespace, name, subresource)
        return await self._write("PATCH", path, body=patch, media_type=_PATCH_TYPES[kind])

    async def delete(
        self,
        gvr: GVR,
        name: str,
        *,
        namespace: str = "",
        grace_period_seconds: int | None = None,
        uid: str = "",
        propagation: str = "",
    ) -> None:
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions"} | _given(propagationPolicy=propagation)
        if grace_period_seconds is not None:
            options["gracePeriodSeconds"] = grace_period_seconds
        if uid:
            options["preconditions"] = {"uid": uid}
        await self._ask("DELETE", path_of(gvr, namespace, name), body=options)

    async def delete_collection(self, gvr: GVR, namespace: str = "", *, label_selector: str = "") -> None:
        await self._ask("DELETE", path_of(gvr, namespace), params=_given(labelSelector=label_selector))

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: Any = None,
        media_type: str = "application/json",
    ) -> httpx.Request:
        headers = {"User-Agent": self._user_agent, "Accept": "application/json"}
        content = None
        if body is not None:
            headers["Content-Type"] = media_type
            content = orjson.dumps(body)
        return self._http.build_request(method, self._base_url + path, params=params, headers=headers, content=content)

    async def _write(self, method: str, path: str, **parts: Any) -> Object:
        return await self._ask(method, path, params=_given(fieldValidation=self._field_validation), **parts)

    async def _ask(self, method: str, path: str, **parts: Any) -> Object:
        import httpx

        try:
            response = await self._http.send(self._request(method, path, **parts))
        except httpx.HTTPError as error:
            raise unreachable(error) from error
        return _answer(response.status_code, response.content)

    async def _lines(self, request: httpx.Request) -> AsyncIterator[bytes]:
        """The lines of a streamed answer. They end at newlines alone: a JSON text may hold other line separators."""
        import httpx

        request.extensions["timeout"] = httpx.Timeout(None, connect=_CONNECT_SECONDS).as_dict()
        try:
            response = await self._http.send(request, stream=True)
            try:
                if response.status_code >= 400:
                    _answer(response.status_code, await response.aread())
                rest = b""
                async for chunk in response.aiter_bytes():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        if line:
                            yield line
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise unreachable(error) from error


def path_of(gvr: GVR, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """The path of a collection, an object or a subresource: `/api/v1/namespaces/default/pods/web/status`."""
    root = f"/apis/{gvr.group}/{gvr.version}" if gvr.group else f"/api/{gvr.version}"
    scope = ("namespaces", namespace) if namespace else ()
    parts: Iterable[str] = (*scope, gvr.resource, name, subresource)
    return "/".join([root, *(quote(part, safe="") for part in parts if part)])


def new_http() -> httpx.AsyncClient:
    """Connections as control loops and tests need them: any number, patient, and whatever the environment says."""
    import httpx

    timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
    return httpx.AsyncClient(timeout=timeout, limits=httpx.Limits(max_connections=None), trust_env=False)


def _given(**params: str) -> dict[str, str]:
    return {name: value for name, value in params.items() if value}


def _answer(code: int, content: bytes) -> Object:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = None
    if code < 400 and isinstance(body, dict):
        return body
    raise error_of(body if isinstance(body, dict) else {"message": content.decode(errors="replace")}, code)


def error_of(status: Object, code: int) -> StatusError:
    """The error that a body with HTTP status `code` tells of: a `Status`, or anything that has a message."""
    message = status.get("message") or f"the server answered {code}"
    return StatusError(code, status.get("reason") or "Unknown", message, details=status.get("details"))


def unreachable(error: Exception) -> StatusError:
    """503 for a server that could not be reached or did not go on."""
    return unavailable(str(error) or type(error).__name__)

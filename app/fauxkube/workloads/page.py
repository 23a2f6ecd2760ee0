"""The page that a simulated container serves at every port where nothing else answers: it tells who answered whom.

As plain text, or as JSON for clients that accept that before others. What is asked for is not looked at otherwise:
every path has the page.
"""

from __future__ import annotations

import json

from fauxkube.ipam.families import family_of
from fauxkube.kinds.core.pod_status import pod_ip_of, pod_ips_of
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.machinery.objects import Object, name_of, namespace_of

_JSON = "application/json"


def page(pod: Object, port: int, request: HttpRequest) -> HttpResponse:
    """What the pod answers at that port."""
    told = {
        "pod": name_of(pod),
        "namespace": namespace_of(pod),
        "node": pod["spec"].get("nodeName") or "",
        "address": _reached_at(pod, request.client),
        "port": port,
        "client": request.client,
        "method": request.method,
        "path": request.target,
        "host": request.header("Host"),
    }
    headers = (("Content-Type", "text/plain; charset=utf-8"), ("Server", "fauxkube"))
    if request.header("Accept").strip().startswith(_JSON):
        return HttpResponse(200, json.dumps(told).encode() + b"\n", (("Content-Type", _JSON), *headers[1:]))
    lines = (f"{name}: {value}" for name, value in told.items() if value != "")
    return HttpResponse(200, f"Hello from {told['pod']}\n{chr(10).join(lines)}\n".encode(), headers)


def _reached_at(pod: Object, client: str) -> str:
    """The pod's address of the client's family, for packets have both ends in one; else its first."""
    alike = (each for each in pod_ips_of(pod) if client and family_of(each) == family_of(client))
    return next(alike, pod_ip_of(pod))

"""A request to the API server, as faults match it and the record of requests keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from fauxkube.machinery.objects import GVR


@dataclass(slots=True)
class Call:
    """One request; what its path names is filled in once it has been resolved, its answer once it has been sent.

    `verb` is Kubernetes' (`get`, `list`, `watch`, `create`, ...) on a resource, and the method in lower case on any
    other path, whose `gvr` is None. `user` is empty for a client that did not say who it is. `started` is the
    cluster's time, `seconds` what the answer took in real time.
    """

    method: str
    path: str
    query: str
    headers: list[tuple[bytes, bytes]]
    user_agent: str
    started: datetime
    user: str = ""
    verb: str = ""
    gvr: GVR | None = None
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    body: bytes = b""
    status: int = 0
    answer: bytes = b""
    content_type: str = ""
    seconds: float = 0.0
    #: Warnings that the answer carried.
    warnings: list[str] = field(default_factory=list)

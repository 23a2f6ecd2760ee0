"""A request to the API server, as faults match it and the record of requests keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fauxkube.machinery.objects import GVR
from fauxkube.simulation.contents import decoded


@dataclass(slots=True, eq=False)
class Call:
    """One request; what its path names is filled in once it has been resolved, its answer once it has been made.

    `verb` is Kubernetes' (`get`, `list`, `watch`, `create`, ...) on a resource, and the method in lower case on any
    other path, whose `gvr` is None. `user` is empty for a client that did not say who it is. `started` is the
    cluster's time; `began` (a monotonic reading) and `seconds`, what the answer took, are real time. `status` is 0
    until there is an answer.
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
    #: The body and the answer; empty where they are larger than what is kept, which their sizes tell.
    body: bytes = b""
    status: int = 0
    answer: bytes = b""
    content_type: str = ""
    seconds: float = 0.0
    #: Warnings that the answer carried.
    warnings: list[str] = field(default_factory=list)
    #: The number in the record, from 1, in the order of arrival; 0 for what is not recorded.
    id: int = 0
    began: float = 0.0
    body_size: int = 0
    answer_size: int = 0
    #: Of a watch: how many events were sent, and whether it is still being streamed.
    events: int = 0
    open: bool = False
    #: What the record counts it as, in bytes.
    weighed: int = 0

    @property
    def resource(self) -> str:
        """The resource as messages name it (`pods`, `deployments.apps`); empty for other paths."""
        return self.gvr.group_resource if self.gvr else ""

    @property
    def object_name(self) -> str:
        """The name of the object that the call is about: of a create, as its body or its answer has it."""
        if self.name or self.verb != "create":
            return self.name
        return name_in(self.body_object) or name_in(self.answer_object)

    @property
    def body_object(self) -> Any:
        """The body decoded from JSON, YAML or protobuf; None where there is none or it cannot be read."""
        return decoded(self.header("content-type") or "application/json", self.body)

    @property
    def answer_object(self) -> Any:
        """The answer decoded, as `body_object`."""
        return decoded(self.content_type, self.answer)

    def header(self, name: str) -> str:
        """The first header of that name, in lower case; empty when there is none."""
        wanted = name.encode("latin-1")
        return next((value.decode("latin-1") for each, value in self.headers if each == wanted), "")


def name_in(obj: Any) -> str:
    """The name in what may be an object; empty when it is none, or has none."""
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""

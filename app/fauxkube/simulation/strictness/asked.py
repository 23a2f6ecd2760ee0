"""What a rule looks at: a call, the resource it is about, and what came before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object
from fauxkube.simulation.calls import Call
from fauxkube.simulation.contents import decoded

#: The programs that people run, whose ways no reader of a finding could change.
_TOOLS = ("kubectl", "helm")


@dataclass
class AskedFor:
    """A request as the rules see it: `body` is whole, and so is `answer` once there is one.

    `stored` is the object that an update replaces, where there is one. `earlier` are calls before this one, the
    newest first.
    """

    call: Call
    resource: Resource
    body: bytes = b""
    stored: Object | None = None
    earlier: Sequence[Call] = ()
    answer: bytes = b""

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters; of a repeated one the first counts."""
        return {name: values[0] for name, values in parse_qs(self.call.query, keep_blank_values=True).items()}

    @cached_property
    def content(self) -> Any:
        """The body, decoded; None when it cannot be."""
        return decoded(self.content_type, self.body)

    @property
    def object(self) -> Object:
        """The object in the body, or a patch of it; empty when there is none."""
        return self.content if isinstance(self.content, dict) else {}

    @property
    def metadata(self) -> Object:
        """The metadata in the body; empty when there is none."""
        metadata = self.object.get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    @property
    def content_type(self) -> str:
        """The body's media type."""
        return self.call.header("content-type").partition(";")[0].strip().lower() or "application/json"

    @property
    def by_tool(self) -> bool:
        """Whether kubectl or Helm asks."""
        return self.call.user_agent.lower().startswith(_TOOLS)

    def is_current(self) -> bool:
        """Whether an update is based on what is stored."""
        return self.stored is not None and self.version == self.stored["metadata"]["resourceVersion"]

    @property
    def version(self) -> str:
        """The resource version that the body names."""
        return str(self.metadata.get("resourceVersion") or "")

    @cached_property
    def of_client(self) -> list[Call]:
        """The earlier calls of the same client."""
        return [call for call in self.earlier if call.user_agent == self.call.user_agent]

"""What can be wrong with a body in protobuf; messages as upstream's generated code words them."""

from __future__ import annotations

from fauxkube.machinery.decoding import MalformedError


class ProtobufError(MalformedError):
    """The bytes are no protobuf, or no object's."""


class MessageError(ProtobufError):
    """The bytes name a kind, but cannot be read as one of that kind."""

    def __init__(self, api_version: str, kind: str, problem: str) -> None:
        super().__init__(problem)
        self.api_version = api_version
        self.kind = kind


class UnknownKindError(MessageError):
    """The bytes name a kind whose fields are not known."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(api_version, kind, f'no kind "{kind}" is registered for version "{api_version}"')

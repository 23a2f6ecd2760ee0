"""Bodies against their kind's schema: unknown fields are pruned and reported, wrong types refused.

What `fieldValidation` asks for is done here: `Strict` refuses a body with unknown or duplicate fields, `Warn` (the
default) warns of them, `Ignore` drops them in silence.
"""

from __future__ import annotations

from typing import Protocol

from fauxkube.kinds.resource import Form, Resource
from fauxkube.machinery import schema, status
from fauxkube.machinery.objects import Object
from fauxkube.registry.options import WriteOptions


class Kind(Protocol):
    """What names a kind: a `Resource`, a `Projection`."""

    @property
    def group(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def kind(self) -> str: ...


class Undecodable(ValueError):
    """A body that is not what its kind's schema says; the message is the API server's decoder's.

    `conversion` is what it says of the outcome of a strategic merge patch, which it has no need to decode.
    """

    def __init__(self, message: str, conversion: str = "") -> None:
        super().__init__(message)
        self.conversion = conversion or message


class Decoder:
    """Decodes bodies by the schemas of one Kubernetes version."""

    def __init__(self, schemas: schema.Schemas) -> None:
        self._schemas = schemas

    def schema_of(self, kind: Kind) -> schema.ObjectSchema | None:
        """The schema of a kind, where there is one."""
        return self._schemas.of(kind.group, kind.version, kind.kind)

    def decode(self, resource: Resource, body: Object, options: WriteOptions) -> tuple[Object, list[str]]:
        """Check and prune `body`: the object in its stored form, and what to warn of; 400 for what cannot be read."""
        warnings = self.read(resource, body, options)
        return stored_form(resource, body), warnings

    def read(self, kind: Kind, body: Object, options: WriteOptions) -> list[str]:
        """Check and prune a body of any kind, in place: what to warn of; 400 for what cannot be read."""
        try:
            return self.check(kind, body, options)
        except Undecodable as error:
            message = f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {error}'
            raise status.bad_request(message) from None

    def check(self, kind: Kind, body: Object, options: WriteOptions) -> list[str]:
        """As `read`, but raises Undecodable."""
        problems = list(options.problems)
        if isinstance(kind, Resource) and kind.form is not None and not options.typed:
            problems += self._read_custom(kind.form, body)
        kind_schema = None if options.typed else self.schema_of(kind)
        if kind_schema is not None:
            try:
                problems += schema.decode(kind_schema, body)
            except schema.DecodeError as error:
                raise Undecodable(str(error), error.conversion) from None
        if problems and options.field_validation == "Strict":
            raise Undecodable(f"strict decoding error: {', '.join(problems)}")
        if not isinstance(body.get("metadata"), dict):
            body["metadata"] = {}
        return problems if options.field_validation == "Warn" else []

    def _read_custom(self, form: Form, body: Object) -> list[str]:
        """Read a custom resource: its metadata as every object's, the rest as its own schema says."""
        problems: list[str] = []
        if isinstance(body.get("metadata"), dict):
            try:
                problems += schema.decode_metadata(self._schemas, body["metadata"])
            except schema.DecodeError as error:
                raise Undecodable(str(error), error.conversion) from None
        return problems + form.read(body)


def stored_form(resource: Resource, body: Object) -> Object:
    """A decoded body as it is stored."""
    return resource.conversion.to_stored(body) if resource.conversion else body

"""Bodies against their kind's schema: unknown fields are pruned and reported, wrong types refused.

What `fieldValidation` asks for is done here: `Strict` refuses a body with unknown or duplicate fields, `Warn` (the
default) warns of them, `Ignore` drops them in silence.
"""

from __future__ import annotations

from fauxkube.kinds.resource import Resource
from fauxkube.machinery import schema, status
from fauxkube.machinery.objects import Object
from fauxkube.registry.options import WriteOptions


class Decoder:
    """Decodes bodies by the schemas of one Kubernetes version."""

    def __init__(self, schemas: schema.Schemas) -> None:
        self._schemas = schemas

    def schema_of(self, resource: Resource) -> schema.ObjectSchema | None:
        """The schema of the resource's kind, where there is one."""
        return self.schema_of_kind(resource.group, resource.version, resource.kind)

    def schema_of_kind(self, group: str, version: str, kind: str) -> schema.ObjectSchema | None:
        """The schema of any kind, where there is one."""
        return self._schemas.of(group, version, kind)

    def decode(self, resource: Resource, body: Object, options: WriteOptions) -> tuple[Object, list[str]]:
        """Check and prune `body`: the object in its stored form, and what to warn of; 400 for what cannot be read."""
        problems = list(options.problems)
        kind_schema = None if options.typed else self.schema_of(resource)
        if kind_schema is not None:
            try:
                problems += schema.decode(kind_schema, body)
            except schema.DecodeError as error:
                raise _refusal(resource, str(error)) from None
        if problems and options.field_validation == "Strict":
            raise _refusal(resource, f"strict decoding error: {', '.join(problems)}")
        if not isinstance(body.get("metadata"), dict):
            body["metadata"] = {}
        stored = resource.conversion.to_stored(body) if resource.conversion else body
        return stored, problems if options.field_validation == "Warn" else []


def _refusal(resource: Resource, problem: str) -> status.StatusError:
    return status.bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {problem}'
    )

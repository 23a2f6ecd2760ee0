"""Patches (JSON, merge, strategic merge), applied to the newest object until one write wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fauxkube.machinery import status
from fauxkube.machinery.objects import Object
from fauxkube.machinery.patch import PatchError, json_patch, merge, strategic
from fauxkube.machinery.schema import ObjectSchema
from fauxkube.registry import metadata as meta
from fauxkube.registry.decoding import Decoder
from fauxkube.registry.options import Patch, WriteOptions, Written
from fauxkube.registry.writing import Target, Writer


class Patcher:
    """Applies patches through the writer."""

    def __init__(self, writer: Writer, decoder: Decoder) -> None:
        self._writer = writer
        self._decoder = decoder

    async def patch(self, target: Target, patch: Patch, options: WriteOptions) -> Written:
        """Patch an object or its status; 404 when it is not there, 422 when the patch does not apply to it."""
        warnings: list[str] = []
        apply = applier(patch, self._decoder.schema_of(target.resource))

        def transform(current: Object) -> Object:
            conversion = target.resource.conversion
            patched = _patched(apply, conversion.from_stored(current) if conversion else current)
            if not isinstance(patched, dict):
                raise status.bad_request("a patch must leave an object")
            patched, warnings[:] = self._decoder.decode(target.resource, patched, options)
            meta.adopt_namespace(target.resource, patched, target.namespace)
            meta.check_name(patched, target.name)
            target.strategy.default(patched)
            return patched

        return await self._writer.guaranteed_update(target, transform, options, warnings=warnings)


def applier(patch: Patch, schema: ObjectSchema | None) -> Callable[[Object], Any]:
    """A patch as a function of the document; `schema` is needed by strategic ones only."""
    kind, content = patch
    if kind == "json":
        return lambda document: json_patch.apply(document, content)
    if kind == "merge":
        return lambda document: merge.apply(document, content)
    if schema is None:
        raise status.unsupported_media_type(("application/json-patch+json", "application/merge-patch+json"))
    return lambda document: strategic.apply(document, content, schema)


def _patched(apply: Callable[[Object], Any], document: Object) -> Any:
    try:
        return apply(document)
    except PatchError as error:
        raise _refusal(error) from None


def _refusal(error: PatchError) -> status.StatusError:
    """Upstream's answer to a patch that does not apply."""
    reasons = {400: "BadRequest", 413: "RequestEntityTooLarge", 422: "Invalid"}
    return status.StatusError(error.code, reasons.get(error.code, ""), str(error))

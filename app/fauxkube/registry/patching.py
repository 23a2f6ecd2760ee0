"""Patches (JSON, merge, strategic merge), applied to the newest object until one write wins.

What a patch leaves behind is decoded as a body would be; that it cannot be is the patch's fault (422), as in
apiserver's `endpoints/handlers/patch.go`.
"""

from __future__ import annotations

from typing import Any

import orjson

from fauxkube.machinery import status
from fauxkube.machinery.decoding import is_too_deep
from fauxkube.machinery.fields import Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.patch import PatchError, go_text, json_patch, merge, strategic
from fauxkube.registry import metadata as meta
from fauxkube.registry.decoding import Decoder, Kind, Undecodable, stored_form
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
        resource = target.resource

        def transform(current: Object) -> Object:
            shown = resource.conversion.from_stored(current) if resource.conversion else current
            patched, warnings[:] = self.apply(patch, shown, resource, options)
            patched = stored_form(resource, patched)
            meta.adopt_namespace(resource, patched, target.namespace)
            meta.check_name(patched, target.name)
            target.strategy.default(patched)
            return patched

        return await self._writer.guaranteed_update(target, transform, options, warnings=warnings)

    def apply(self, patch: Patch, document: Object, kind: Kind, options: WriteOptions) -> tuple[Object, list[str]]:
        """What the patch makes of a document of that kind, decoded, and what to warn of."""
        try:
            patched = self._applied(patch, document, kind)
        except PatchError as error:
            raise _refusal(error) from None
        if not options.typed and is_too_deep(patched):
            raise _refusal(PatchError("exceeded max depth", code=422))
        try:
            if patch.kind != "strategic":
                _check_kind(patched, document)
            return patched, self._decoder.check(kind, patched, options)
        except Undecodable as error:
            raise _misfit(patch, patched, error) from None

    def _applied(self, patch: Patch, document: Object, kind: Kind) -> Any:
        if patch.kind == "json":
            return json_patch.apply(document, patch.content)
        if patch.kind == "merge":
            return merge.apply(document, patch.content)
        schema = self._decoder.schema_of(kind)
        if schema is None:
            raise status.unsupported_media_type(("application/json-patch+json", "application/merge-patch+json"))
        return strategic.apply(document, patch.content, schema)


def _check_kind(patched: Object, document: Object) -> None:
    """A patch may leave the object's kind out, but not make it another."""
    version, kind = (patched.get(name) or document[name] for name in ("apiVersion", "kind"))
    if (version, kind) != (document["apiVersion"], document["kind"]):
        raise Undecodable(f'no kind "{kind}" is registered for version "{version}" in this resource')


def _misfit(patch: Patch, patched: Object, error: Undecodable) -> status.StatusError:
    """Upstream's answer to a patch whose outcome is not of the kind: it shows the patch, or what came of it."""
    if patch.kind == "strategic":
        problem = Path("patch").invalid(go_text.shown(patch.content), error.conversion)
    else:
        problem = Path("patch").invalid(orjson.dumps(patched).decode(), str(error))
    return status.invalid("", "", "", [problem.to_cause()])


def _refusal(error: PatchError) -> status.StatusError:
    """Upstream's answer to a patch that does not apply; of one that is well-formed it does not say what is wrong."""
    reasons = {400: "BadRequest", 413: "RequestEntityTooLarge"}
    if error.code == 422:
        return status.StatusError(422, "Invalid", "the server rejected our request due to an error in our request")
    return status.StatusError(error.code, reasons.get(error.code, ""), str(error))

"""Manifests from whatever they are in: a dictionary, a list, a YAML text, a file or a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from fauxkube.machinery.objects import Object
from fauxkube.simulation.manifests import Manifest, read_path, read_text

#: An object, several of them, YAML or JSON text, or the path of a file or a folder of such.
Source: TypeAlias = "Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | PathLike[str]"

#: What a path has not: a manifest's text is more than one line, or one in JSON, or has a field.
_TEXT = re.compile(r"\n|^\s*[{\[]|:\s")


def objects_in(source: Source) -> list[Object]:
    """The objects, those in lists (`kind: List`) one by one; ManifestError for what is no object or cannot be read."""
    return [manifest.object for manifest in _manifests(source)]


def _manifests(source: Source) -> Iterable[Manifest]:
    if isinstance(source, Mapping):
        return read_text(orjson.dumps(source), "the object")
    if isinstance(source, str) and _TEXT.search(source):
        return read_text(source.encode(), "the text")
    if isinstance(source, str | PathLike):
        return read_path(Path(source))
    return [manifest for each in source for manifest in _manifests(each)]

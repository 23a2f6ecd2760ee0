"""Manifests from whatever they are in: a dictionary, a list, a YAML text, a file or a directory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from fauxkube.machinery.objects import Object

#: An object, several of them, YAML or JSON text, or the path of a file or a directory of such.
Source: TypeAlias = "Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | PathLike[str]"

_SUFFIXES = (".yaml", ".yml", ".json")
_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
#: What a path has not: a manifest's text is more than one line, or one in JSON, or has a field.
_TEXT = re.compile(r"\n|^\s*[{\[]|:\s")


class SourceError(ValueError):
    """What was given holds no Kubernetes object, or something else beside."""


def objects_in(source: Source) -> list[Object]:
    """The objects, those in lists (`kind: List`) one by one.

    SourceError for what is no object; OSError for a file that cannot be read.
    """
    return [obj for value, origin in _values(source) for obj in _flat(value, origin)]


def _values(source: Source) -> Iterable[tuple[Any, str]]:
    """Every value, with where it came from."""
    if isinstance(source, str) and _TEXT.search(source):
        return [(value, "the text") for value in _documents(source)]
    if isinstance(source, str | PathLike):
        return [(value, str(file)) for file in _files(Path(source)) for value in _documents(file.read_text("utf-8"))]
    return [(source, "what was given")]


def _files(path: Path) -> list[Path]:
    """The file, or the manifests of a directory in the order of their names, as `kubectl apply -f` reads them."""
    if not path.is_dir():
        return [path]
    files = sorted(each for each in path.iterdir() if each.suffix in _SUFFIXES)
    if not files:
        raise SourceError(f"{path} holds no manifests ({', '.join(_SUFFIXES)})")
    return files


def _documents(text: str) -> Iterable[Any]:
    from fauxkube.machinery.decoding import MalformedError, decode_yaml

    for part in _SEPARATOR.split(text):
        if part.strip():
            try:
                yield decode_yaml(part.encode())[0]
            except MalformedError as error:
                raise SourceError(str(error)) from None


def _flat(value: Any, origin: str) -> Iterable[Object]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        items = value.get("items")
        if str(value.get("kind")).endswith("List") and isinstance(items, list):
            return [obj for item in items for obj in _flat(item, origin)]
        if value.get("kind") and value.get("apiVersion"):
            return [dict(value)]
        raise SourceError(f"{origin} holds an object without apiVersion and kind")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [obj for item in value for obj in _flat(item, origin)]
    raise SourceError(f"{origin} holds no Kubernetes object but {value!r}")

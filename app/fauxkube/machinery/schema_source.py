"""Where the schemas come from: upstream's own definitions, as the package kubernetes-validate ships them.

The package itself is never imported (its imports are heavy); only its data file is read. One file holds every
definition of one Kubernetes minor version, about 1.6 MB of JSON, most of it descriptions.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import orjson

Definition: TypeAlias = dict[str, Any]

_PACKAGE = "kubernetes_validate"
_FOLDER = "kubernetes-json-schema"
_FILE = _FOLDER + "/v{version}.0-local/_definitions.json"


class UnknownVersionError(LookupError):
    """There are no schemas of that Kubernetes version."""


def _root() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UnknownVersionError(f"the package {_PACKAGE} is not installed")
    return Path(spec.submodule_search_locations[0])


@cache
def known_versions() -> tuple[str, ...]:
    """The minor versions of Kubernetes that there are schemas of, such as `1.36`, the oldest first."""
    files = (_root() / _FOLDER).glob("v*.0-local/_definitions.json")
    versions = [file.parent.name.removeprefix("v").removesuffix(".0-local") for file in files]
    return tuple(sorted(versions, key=lambda version: [int(part) for part in version.split(".")]))


def load_definitions(kubernetes_version: str) -> dict[str, Definition]:
    """All definitions of a version such as `1.36`, by name (`io.k8s.api.core.v1.Pod`), as upstream words them."""
    path = _root() / _FILE.format(version=kubernetes_version)
    if not path.is_file():
        raise UnknownVersionError(f"there are no schemas of Kubernetes {kubernetes_version}")
    definitions: dict[str, Definition] = orjson.loads(path.read_bytes())["$defs"]
    return definitions


def load_compact_definitions(kubernetes_version: str) -> dict[str, Definition]:
    """The same without descriptions, which are most of their size."""
    definitions = load_definitions(kubernetes_version)
    for definition in definitions.values():
        definition.pop("description", None)
        for field in definition.get("properties", {}).values():
            field.pop("description", None)
    return definitions

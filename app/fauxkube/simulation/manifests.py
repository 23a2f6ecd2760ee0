"""Manifests as people keep them: files and folders of YAML and JSON, what `helm template` prints, dumps by kubectl.

Reading is pure: a text or a folder gives the objects that it holds, each with the place where it stands, or a
`ManifestError` that names that place. `List`s are taken apart. `in_order` puts objects that need each other in the
order in which Helm installs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from fauxkube.machinery.decoding import MalformedError
from fauxkube.machinery.objects import Object, name_of, namespace_of

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
#: A line that begins a document, or ends one.
_MARKER = re.compile(rb"^(?:---|\.\.\.)(?=\s|\Z)", re.MULTILINE)
_PREFIXES = ("error converting YAML to JSON: ", "yaml: ")

HOOK = "helm.sh/hook"
_HOOK_WEIGHT = "helm.sh/hook-weight"
_INSTALLED_BEFORE, _INSTALLED_AFTER = "pre-install", "post-install"

#: Helm's order of installation (`releaseutil.InstallOrder`), with nodes among what all else may need.
_ORDER = (
    "PriorityClass",
    "Namespace",
    "Node",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
)
_PLACES = {kind: place for place, kind in enumerate(_ORDER)}


class ManifestError(ValueError):
    """A file that holds no manifests; the message names the file and, where it can, the line."""


class Manifest(NamedTuple):
    """An object, and where it was read: `web.yaml:12`, the line on which its document begins."""

    object: Object
    place: str

    @property
    def title(self) -> str:
        """What it is: `Deployment shop/web`."""
        namespace = namespace_of(self.object)
        name = f"{namespace}/{name_of(self.object)}" if namespace else name_of(self.object)
        return f"{self.object['kind']} {name}"

    @property
    def is_live(self) -> bool:
        """Whether it is an object of a cluster, read from there, rather than one to be made."""
        return bool(self.object["metadata"].get("uid"))

    @property
    def hook(self) -> str:
        """The moments of a release at which Helm makes the object; empty for what is simply part of it."""
        return str((self.object["metadata"].get("annotations") or {}).get(HOOK) or "")

    @property
    def is_installed(self) -> bool:
        """Whether an installation makes the object; hooks of tests, upgrades and deletions wait for those."""
        moments = {moment.strip() for moment in self.hook.split(",")}
        return not self.hook or not moments.isdisjoint({_INSTALLED_BEFORE, _INSTALLED_AFTER})


def read_path(path: Path) -> list[Manifest]:
    """The objects of a file, or of all files of those kinds below a folder, in the order of their paths."""
    if not path.is_dir():
        return list(read_text(_content(path), str(path)))
    files = sorted(each for each in path.rglob("*") if each.suffix.lower() in _SUFFIXES and each.is_file())
    if not files:
        raise ManifestError(f"{path}: no .yaml, .yml or .json file is there")
    return [manifest for file in files for manifest in read_text(_content(file), str(file))]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror or error}") from None


def read_text(text: bytes, place: str) -> Iterator[Manifest]:
    """The objects of a text that comes from `place`; JSON is YAML, too."""
    for line, document in _documents(text, place):
        if document is not None:
            yield from _objects(document, f"{place}:{line}")


def _documents(text: bytes, place: str) -> Iterator[tuple[int, Any]]:
    """Each document with its first line. Large dumps are JSON, which is read much faster as that."""
    if text.lstrip()[:1] == b"{":
        with suppress(orjson.JSONDecodeError):
            return iter([(1, orjson.loads(text))])
    starts = [0, *(match.start() for match in _MARKER.finditer(text))]
    return _yaml_documents(text, [*dict.fromkeys(starts), len(text)], place)


def _yaml_documents(text: bytes, bounds: list[int], place: str) -> Iterator[tuple[int, Any]]:
    from fauxkube.machinery import yaml_decoding

    line = 1
    for start, end in pairwise(bounds):
        document = text[start:end].removeprefix(b"...")
        try:
            value, problems = yaml_decoding.load(document, strict=True)
        except MalformedError as error:
            raise _located(str(error), place, line) from None
        if problems:
            raise _located(problems[0].split("\n")[1].strip(), place, line)
        yield line, value
        line += document.count(b"\n")


def _located(problem: str, place: str, first: int) -> ManifestError:
    """The parser's words, with the line counted from the start of the file."""
    for prefix in _PREFIXES:
        problem = problem.removeprefix(prefix)
    if found := re.match(r"line (\d+): ", problem):
        return ManifestError(f"{place}:{first + int(found[1]) - 1}: {problem[found.end() :]}")
    return ManifestError(f"{place}:{first}: {problem}")


def _objects(document: Any, place: str) -> Iterator[Manifest]:
    """A document's object, or those of its list."""
    if not isinstance(document, dict):
        raise ManifestError(f"{place}: this is no Kubernetes object but {str(document)[:40]!r}")
    for name in ("apiVersion", "kind"):
        if not isinstance(document.get(name), str) or not document[name]:
            raise ManifestError(f"{place}: {name} is missing")
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _objects(_typed_like(document, item), place)
        return
    metadata = document.setdefault("metadata", {})
    if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
        raise ManifestError(f"{place}: the {document['kind']} has no name")
    yield Manifest(document, place)


def _typed_like(listed: Object, item: Any) -> Any:
    """An item of a `PodList` need not say that it is a pod."""
    kind = listed["kind"].removesuffix("List")
    if not kind or not isinstance(item, dict):
        return item
    return {"apiVersion": listed["apiVersion"], "kind": kind} | item


def in_order(manifests: Iterable[Manifest]) -> list[Manifest]:
    """As Helm installs them: hooks before and after the rest, by their weight; then by kind; else as they stand."""
    return sorted(manifests, key=_rank)


def _rank(manifest: Manifest) -> tuple[int, int, int]:
    place = _PLACES.get(manifest.object["kind"], len(_ORDER))
    if not manifest.hook:
        return 0, 0, place
    weight = str(manifest.object["metadata"]["annotations"].get(_HOOK_WEIGHT, ""))
    return -1 if _INSTALLED_BEFORE in manifest.hook else 1, int(weight) if _is_whole(weight) else 0, place


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()

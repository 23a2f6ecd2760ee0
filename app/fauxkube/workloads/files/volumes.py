"""The volumes of a pod as trees of files: config maps, secrets, downward API files, projections of them, empty folders.

Projected files are laid out as the kubelet's atomic writer does: a folder with the time in its name, `..data` that
leads there, and a link for each key. They are made anew whenever somebody looks, so that they show what is so now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import moment_or
from fauxkube.workloads.config_data import keys_of
from fauxkube.workloads.downward import field_value, resource_value
from fauxkube.workloads.files.nodes import LONG_AGO, File, Folder, Link

_DEFAULT_MODE = 0o644


@dataclass(frozen=True, slots=True)
class VolumeSources:
    """What volumes are made of: finders by kind (`configmaps`, `secrets`) and name, the node's amounts, tokens.

    `token` gives a service account's token for an audience; empty where there is none.
    """

    find: Callable[[str, str], Object | None]
    allocatable: Callable[[], Object]
    token: Callable[[Object, str], str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file of a volume: its path there, what it holds, its permissions."""

    path: str
    content: bytes
    mode: int


#: The kinds of volumes that show something; all others are empty folders.
_PROJECTED = ("configMap", "secret", "downwardAPI", "projected")


def is_computed(volume: Object) -> bool:
    """Whether the volume shows what the cluster holds, and takes no writes."""
    return any(volume.get(kind) is not None for kind in _PROJECTED)


def tree_of(volume: Object, pod: Object, sources: VolumeSources) -> Folder:
    """What a computed volume shows now."""
    kind = next(each for each in _PROJECTED if volume.get(each) is not None)
    source = volume[kind]
    default = source.get("defaultMode") or _DEFAULT_MODE
    if kind != "projected":
        return _laid_out(list(_entries(kind, source, pod, sources, default)), _started(pod))
    entries: list[_Entry] = []
    for projection in source.get("sources") or ():
        for each in ("configMap", "secret", "downwardAPI", "serviceAccountToken"):
            if projection.get(each) is not None:
                entries += _entries(each, projection[each], pod, sources, default)
    return _laid_out(entries, _started(pod))


def _entries(kind: str, source: Object, pod: Object, sources: VolumeSources, default: int) -> Iterator[_Entry]:
    if kind == "downwardAPI":
        for item in source.get("items") or ():
            yield _Entry(item["path"], _told(item, pod, sources).encode(), item.get("mode") or default)
        return
    if kind == "serviceAccountToken":
        if token := sources.token(pod, source.get("audience") or ""):
            yield _Entry(source.get("path") or "token", token.encode(), 0o600 | default)
        return
    resource = "configmaps" if kind == "configMap" else "secrets"
    obj = sources.find(resource, source.get("name") or source.get("secretName") or "")
    values = keys_of(obj) if obj is not None else {}
    items = source.get("items")
    if not items:
        yield from (_Entry(key, value, default) for key, value in values.items())
        return
    for item in items:
        if item.get("key") in values:
            yield _Entry(item["path"], values[item["key"]], item.get("mode") or default)


def _told(item: Object, pod: Object, sources: VolumeSources) -> str:
    if (field := item.get("fieldRef")) is not None:
        return field_value(pod, field.get("fieldPath") or "")
    return resource_value(pod["spec"], "", item.get("resourceFieldRef") or {}, sources.allocatable())


def _laid_out(entries: list[_Entry], made: datetime) -> Folder:
    data = Folder(modified=made)
    for entry in entries:
        *parents, name = [part for part in entry.path.split("/") if part]
        folder = data
        for parent in parents:
            below = folder.entries.setdefault(parent, Folder(modified=made))
            folder = below if isinstance(below, Folder) else folder
        folder.entries[name] = File(entry.content, entry.mode, modified=made)
    stamp = f"..{made:%Y_%m_%d_%H_%M_%S}.000000000"
    links = {name: Link(f"..data/{name}", modified=made) for name in data.entries}
    return Folder({stamp: data, "..data": Link(stamp, modified=made), **links}, 0o777, modified=made)


def _started(pod: Object) -> datetime:
    return moment_or((pod.get("status") or {}).get("startTime"), LONG_AGO)


def volume_of(pod: Object, name: str) -> Object | None:
    """The pod's volume of that name."""
    return next((each for each in pod["spec"].get("volumes") or () if each.get("name") == name), None)

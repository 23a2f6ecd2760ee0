"""Reading snapshots that anyone may have written: everything is checked, and nothing but data is made of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, TypeVar

import orjson

from fauxkube.kinds.apiextensions.custom_resource import resources_of
from fauxkube.kinds.apiextensions.naming import is_established
from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.core.node_network import ROUTED
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.times import from_time
from fauxkube.registry.codec import attributes_of, encode, in_order
from fauxkube.registry.pools import Ranges
from fauxkube.simulation.snapshot import FORMAT, VERSION, SavedClock, Snapshot, SnapshotError
from fauxkube.store.model import Allocation, Entry

#: The most bytes that a snapshot may hold unpacked, and a line of it: ten times what the API takes of an object.
_LARGEST, _LONGEST_LINE = 1 << 30, 1 << 25
_STEP = 1 << 20
#: How every gzip stream begins.
_MAGIC = b"\x1f\x8b"
_FOREIGN = "this is not a fauxkube snapshot"

T = TypeVar("T")


def decode(data: bytes, catalogue: Catalogue) -> Snapshot:
    """The snapshot that a file's bytes hold; SnapshotError for anything else, and for kinds that are not served."""
    lines = _lines(data)
    header = _header(next(lines, b""))
    try:
        return _snapshot(header, lines, catalogue)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, SnapshotError):
            raise
        raise SnapshotError(f"the snapshot is damaged: {_described(error)}") from None


def _described(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)


def _lines(data: bytes) -> Iterator[bytes]:
    """The lines of the stream, unpacked step by step, so that a small file cannot fill the memory."""
    if not data.startswith(_MAGIC):
        raise SnapshotError(_FOREIGN)
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    rest, size = b"", 0
    while not unpacker.eof:
        try:
            part = unpacker.decompress(data, _STEP)
        except zlib.error as error:
            raise SnapshotError(f"the snapshot is damaged: {error}") from None
        data = unpacker.unconsumed_tail
        size += len(part)
        if size > _LARGEST or len(rest) > _LONGEST_LINE:
            raise SnapshotError("the snapshot holds more than a cluster may")
        if not part and not unpacker.eof:
            raise SnapshotError("the snapshot is cut off")
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
    if rest or unpacker.unused_data:
        raise SnapshotError("the snapshot is damaged: something follows its end")


def _header(line: bytes) -> Object:
    try:
        header = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise SnapshotError(_FOREIGN) from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise SnapshotError(_FOREIGN)
    if header.get("version") != VERSION:
        raise SnapshotError(
            f"the snapshot is of version {header.get('version')} of the format; this fauxkube reads {VERSION}"
        )
    return header


def _snapshot(header: Object, lines: Iterable[bytes], catalogue: Catalogue) -> Snapshot:
    rows = [orjson.loads(line) for line in lines]
    allocated = _whole(header["allocations"])
    if len(rows) != allocated + _whole(header["objects"]):
        raise SnapshotError("the snapshot is damaged: it does not hold what its header counts")
    revision = _whole(header["revision"])
    objects: list[Object] = []
    _serve_definitions((row[2] for row in rows[allocated:]), catalogue)
    entries = [_entry(row, revision, catalogue, objects) for row in rows[allocated:]]
    keys = [entry.key for entry in entries]
    if any(key >= after for key, after in pairwise(keys)):
        raise SnapshotError("the snapshot is damaged: its objects are not in order")
    seed = header["seed"]
    return Snapshot(
        kubernetes_version=_text(header["kubernetesVersion"]),
        ranges=_ranges(header["ranges"]),
        nodes=_whole(header["nodes"]),
        network=_text(header.get("network", ROUTED)),
        history=_whole(header["history"]),
        registers=[_text(name) for name in _typed(header["registers"], list)],
        seed=None if seed is None else _typed(seed, int),
        chance=None if header["chance"] is None else _typed(header["chance"], dict),
        clock=_clock(header["clock"]),
        revision=revision,
        allocations=_allocations(rows[:allocated], set(keys), revision),
        entries=entries,
        objects=objects,
    )


def _serve_definitions(objects: Iterable[Any], catalogue: Catalogue) -> None:
    """Serve what the custom resource definitions among the objects made, in every version that may be stored."""
    kind = "CustomResourceDefinition"
    for obj in objects:
        if isinstance(obj, dict) and obj.get("kind") == kind and is_established(obj):
            catalogue.replace(name_of(obj), resources_of(obj, unserved=True))


def _ranges(ranges: Object) -> Ranges:
    first, last = ranges["node_ports"]
    return Ranges(
        cluster_cidr=_text(ranges["cluster_cidr"]),
        node_prefix=_whole(ranges["node_prefix"]),
        node_prefix_v6=_whole(ranges.get("node_prefix_v6", Ranges().node_prefix_v6)),
        service_cidr=_text(ranges["service_cidr"]),
        node_ports=(_whole(first), _whole(last)),
        load_balancer_cidr=_text(ranges["load_balancer_cidr"]),
        node_blocks=ranges.get("node_blocks", True) is True,
    )


def _clock(clock: Object) -> SavedClock:
    return SavedClock(
        now=from_time(_text(clock["now"])),
        rate=float(clock["rate"]),
        real=_typed(clock["real"], bool),
        stamp=_whole(clock["stamp"]),
    )


def _allocations(rows: Iterable[Any], keys: set[str], newest: int) -> list[Allocation]:
    found: dict[tuple[str, str], Allocation] = {}
    for pool, value, owner, revision in rows:
        allocation = Allocation(_text(pool), _text(value), owner, _revision(revision, newest))
        if owner is not None and owner not in keys:
            raise SnapshotError(f"the snapshot is damaged: {value} is held by {owner}, which is not there")
        if found.setdefault((pool, value), allocation) is not allocation:
            raise SnapshotError(f"the snapshot is damaged: {value} of {pool} is there twice")
    return list(found.values())


def _entry(row: Any, newest: int, catalogue: Catalogue, objects: list[Object]) -> Entry:
    """The entry of an object, which joins `objects`."""
    key, created, obj = row
    resource = _resource_of(obj, catalogue)
    metadata = _typed(obj["metadata"], dict)
    for name in ("name", "uid", "creationTimestamp", *(["namespace"] if resource.namespaced else [])):
        _text(metadata[name])
    if key != resource.key(metadata.get("namespace", ""), metadata["name"]):
        raise SnapshotError(f"the snapshot is damaged: {key} is not the key of its object")
    revision = _revision(int(_text(metadata["resourceVersion"])), newest)
    ordered = in_order(resource, obj)
    objects.append(ordered)
    value = encode(ordered)
    return Entry(key, revision, _revision(created, revision), value, attributes_of(resource, ordered))


def _resource_of(obj: Any, catalogue: Catalogue) -> Resource:
    for name in ("apiVersion", "kind"):
        _text(_typed(obj, dict)[name])
    resource = catalogue.of_object(obj)
    elsewhere = resource is not None and resource.conversion is not None and resource.form is None
    if resource is None or elsewhere or "list" not in resource.verbs:
        raise SnapshotError(f"the snapshot holds a {obj['kind']} of {obj['apiVersion']}, which is not served here")
    return resource


def _typed(value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{str(value)[:40]!r} is no {kind.__name__}")
    return value


def _text(value: Any) -> str:
    return _typed(value, str)


def _whole(value: Any) -> int:
    if _typed(value, int) < 0:
        raise ValueError(f"{value} is negative")
    return int(value)


def _revision(value: Any, newest: int) -> int:
    if not 0 < _typed(value, int) <= newest:
        raise ValueError(f"{value} is no revision up to {newest}")
    return int(value)

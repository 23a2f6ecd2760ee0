"""Snapshots: a cluster's state as one file, to be kept, passed on and loaded elsewhere.

The file is a gzip stream of lines of JSON, so that `zcat` shows it:

    {"format": "fauxkube.io/snapshot", "version": 1, "kubernetesVersion": "1.36", "revision": 812,
     "ranges": {...}, "nodes": 3, "network": "routed", "history": 16384, "registers": [], "seed": null, "chance": null,
     "clock": {"now": "2026-01-01T00:00:00.000000Z", "rate": 1.0, "real": true, "stamp": 0},
     "allocations": 17, "objects": 39}
    ["services/clusterips", "10.96.0.1", "services/default/kubernetes", 9]      so many allocations, then
    ["apps/deployments/default/web", 801, {...}]                                so many objects

The header is one line. An allocation is a pool, a value, the key that holds it (null: given back) and the revision of
that; those of a pool come in the order in which their values are handed out again. An object comes with its key and
the revision at which it was created, objects in key order; its own revision is its `resourceVersion`. What happened
before is not kept, nor are users, for their tokens are secrets. The same state always makes the same bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import to_micro_time
from fauxkube.registry.pools import Ranges
from fauxkube.store.model import Allocation, Entry

FORMAT = "fauxkube.io/snapshot"
#: The newest version of the format, which is the one that is written.
VERSION = 1
#: What begins every gzip stream that is written: no name, no time, no system, so that bytes depend on the state alone.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
#: Fast, at a twelfth of the size.
_LEVEL = 3


class SnapshotError(ValueError):
    """A snapshot that cannot be read, or whose cluster cannot be served; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedClock:
    """A clock's time and pace. One in `real` time goes on in real time; others go on from `now`.

    `stamp` is greater than every stamp that the clock has given.
    """

    now: datetime
    rate: float
    real: bool
    stamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A cluster at one revision: what it was made with, its clock and chance, its objects and what they hold.

    `registers` names the nodes that were still to be made. `objects` are the decoded values of `entries`, in their
    order, which is that of the keys; they are left empty by those who only write the snapshot.
    """

    kubernetes_version: str
    ranges: Ranges
    nodes: int
    network: str
    history: int
    registers: Sequence[str]
    seed: int | None
    chance: Mapping[str, Any] | None
    clock: SavedClock
    revision: int
    allocations: Sequence[Allocation]
    entries: Sequence[Entry]
    objects: Sequence[Object] = ()


def encode(snapshot: Snapshot) -> bytes:
    """The file's bytes."""
    compressor = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    written = [_GZIP_HEADER]
    checksum = size = 0
    for line in _lines(snapshot):
        checksum, size = zlib.crc32(line, checksum), size + len(line)
        written.append(compressor.compress(line))
    written += [compressor.flush(), checksum.to_bytes(4, "little"), (size & 0xFFFFFFFF).to_bytes(4, "little")]
    return b"".join(written)


def _lines(snapshot: Snapshot) -> Iterator[bytes]:
    yield orjson.dumps(_header(snapshot)) + b"\n"
    for allocation in sorted(snapshot.allocations, key=lambda each: (each.pool, each.revision)):
        yield orjson.dumps(list(allocation)) + b"\n"
    for entry in snapshot.entries:
        yield b"[%b,%d,%b]\n" % (orjson.dumps(entry.key), entry.created, entry.value)


def _header(snapshot: Snapshot) -> Object:
    clock = snapshot.clock
    return {
        "format": FORMAT,
        "version": VERSION,
        "kubernetesVersion": snapshot.kubernetes_version,
        "revision": snapshot.revision,
        "ranges": asdict(snapshot.ranges),
        "nodes": snapshot.nodes,
        "network": snapshot.network,
        "history": snapshot.history,
        "registers": sorted(snapshot.registers),
        "seed": snapshot.seed,
        "chance": snapshot.chance,
        "clock": {"now": to_micro_time(clock.now), "rate": clock.rate, "real": clock.real, "stamp": clock.stamp},
        "allocations": len(snapshot.allocations),
        "objects": len(snapshot.entries),
    }

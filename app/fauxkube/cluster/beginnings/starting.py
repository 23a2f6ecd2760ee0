"""How a server begins with what `sources` names."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fauxkube.cluster.beginnings import snapshots
from fauxkube.cluster.beginnings.loaded import Loaded
from fauxkube.cluster.beginnings.loading import Beginning, LoadError, begin, make
from fauxkube.cluster.beginnings.origin import Kept
from fauxkube.cluster.beginnings.sources import SourceError, Sources
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.host import Host
from fauxkube.cluster.settings import Settings
from fauxkube.cluster.time import NotSettledError
from fauxkube.simulation.manifests import Manifest, ManifestError, read_path, read_text
from fauxkube.simulation.snapshot import Snapshot, SnapshotError

_STDIN = "-"


async def start(host: Host, sources: Sources) -> Loaded:
    """Start the host with a first cluster that holds all of it; SourceError when it cannot."""
    try:
        return await _start(host, sources)
    except (LoadError, ManifestError, SnapshotError) as error:
        raise SourceError(str(error)) from None


async def _start(host: Host, sources: Sources) -> Loaded:
    settings, beginning = host.settings, await _beginning(sources, host.settings)
    if settings.data is not None:
        await host.start()
        return beginning.loaded + await make(host.control().cluster, beginning.manifests)
    cluster = Cluster(beginning.settings, state=beginning.state)
    try:
        kept, made = await _settled_with(cluster, beginning.manifests)
    finally:
        await cluster.close()
    await host.start(kept)
    return beginning.loaded + made


async def _beginning(sources: Sources, settings: Settings) -> Beginning:
    manifests = [each for source in sources.load for each in _read(source)]
    if sources.snapshot is None:
        beginning = await begin(manifests, settings)
        if sources.insists and beginning.settings.ranges != settings.ranges:
            ranges = beginning.settings.ranges
            raise SourceError(f"the cluster that was dumped has other address ranges than asked for: {ranges}")
        return beginning
    if settings.data is not None:
        raise SourceError(f"{sources.snapshot}: a snapshot is loaded into memory, and cannot be with a data file")
    if any(each.is_live for each in manifests):
        raise SourceError("a cluster begins with a snapshot or with a dump, not with both")
    snapshot = _snapshot(sources.snapshot)
    beginning = await begin(manifests, snapshots.settings_of(snapshot))
    return Beginning(
        settings=beginning.settings,
        state=snapshots.state_of(snapshot),
        manifests=beginning.manifests,
        loaded=beginning.loaded,
    )


def _snapshot(path: Path) -> Snapshot:
    try:
        return snapshots.load(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
    except SnapshotError as error:
        raise SourceError(f"{path}: {error}") from None


def _read(source: str) -> list[Manifest]:
    if source == _STDIN:
        import sys

        return list(read_text(sys.stdin.buffer.read(), "standard input"))
    return read_path(Path(source))


async def _settled_with(cluster: Cluster, manifests: Sequence[Manifest]) -> tuple[Kept, Loaded]:
    """Where a cluster begins that has what the manifests describe, and what that is."""
    await cluster.start()
    made = await make(cluster, manifests)
    with suppress(NotSettledError):  # what never comes to rest would not do so in a real cluster either
        await cluster.time.settle()
    return Kept(cluster.settings, cluster.state.fork()), made

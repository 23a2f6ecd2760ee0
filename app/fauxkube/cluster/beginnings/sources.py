"""What `fauxkube up` begins with, if not with nothing: a snapshot, manifests, the dump of a real cluster.

All of it is read and tried before the server listens to anyone. A reset of the cluster comes back to it. How that is
done (`starting`) is imported where there is something to begin with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fauxkube.cluster.beginnings.loaded import Loaded
from fauxkube.cluster.host import Host


class SourceError(ValueError):
    """Something that is to be begun with cannot be; the message names it and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """A snapshot's file, and files and folders of manifests (`-` is standard input), none of which need be given.

    With `insists` the settings' address ranges are the user's own wish, and a dump of a cluster that has others is
    refused.
    """

    snapshot: Path | None = None
    load: Sequence[str] = ()
    insists: bool = False

    async def start(self, host: Host, url: str = "") -> Loaded:
        """Start the host with a first cluster that holds all of it; SourceError when it cannot."""
        if self.snapshot is None and not self.load:
            await host.start()
            return Loaded()
        from fauxkube.cluster.beginnings.starting import start

        return await start(host, self)

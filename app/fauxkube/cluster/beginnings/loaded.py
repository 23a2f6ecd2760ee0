"""What has become of manifests that a cluster was given (`loading`)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of what was loaded, by kind and name.

    `skipped` are objects of kinds that are not served and hooks that no installation runs; `notes` tell what was
    filled in or left out of a dump that is not whole.
    """

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __add__(self, other: Loaded) -> Loaded:
        return Loaded(
            self.created + other.created,
            self.changed + other.changed,
            self.skipped + other.skipped,
            self.notes + other.notes,
        )

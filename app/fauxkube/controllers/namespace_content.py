"""What is left in a namespace that is to go, and how its status tells it.

The conditions are those of upstream's `namespace/deletion` package, word for word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from fauxkube.kinds.core.pod_status import set_condition
from fauxkube.machinery.objects import GVR, Object, copy_of
from fauxkube.machinery.status import StatusError


@dataclass(slots=True)
class Content:
    """The objects still there by resource, the finalizers that hold some of them, and what could not be deleted."""

    resources: Counter[GVR] = field(default_factory=Counter)
    finalizers: Counter[str] = field(default_factory=Counter)
    failures: list[StatusError] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether the namespace may go."""
        return not self.resources and not self.failures

    def count(self, gvr: GVR, objects: Iterable[Object]) -> None:
        """Add what a list of one resource shows."""
        for obj in objects:
            self.resources[gvr] += 1
            self.finalizers.update(obj["metadata"].get("finalizers") or ())


def with_conditions(namespace: Object, content: Content, now: datetime) -> Object:
    """A copy of the namespace, Terminating, its conditions telling of `content`."""
    told = copy_of(namespace)
    told.setdefault("status", {})["phase"] = "Terminating"
    for kind, holds, reason, message in _conditions(content):
        set_condition(told, kind, "True" if holds else "False", now=now, reason=reason, message=message)
    return told


def _conditions(content: Content) -> list[tuple[str, bool, str, str]]:
    return [
        (
            "NamespaceDeletionDiscoveryFailure",
            False,
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            False,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        _content_failure(content.failures),
        _content_remaining(content.resources),
        _finalizers_remaining(content.finalizers),
    ]


def _content_failure(failures: list[StatusError]) -> tuple[str, bool, str, str]:
    kind = "NamespaceDeletionContentFailure"
    if not failures:
        text = "All content successfully deleted, may be waiting on finalization"
        return kind, False, "ContentDeleted", text
    listed = ", ".join(sorted(failure.message for failure in failures))
    text = f"Failed to delete all resource types, {len(failures)} remaining: {listed}"
    return kind, True, "ContentDeletionFailed", text


def _content_remaining(resources: Counter[GVR]) -> tuple[str, bool, str, str]:
    kind = "NamespaceContentRemaining"
    if not resources:
        return kind, False, "ContentRemoved", "All content successfully removed"
    parts = sorted(f"{gvr.resource}.{gvr.group} has {count} resource instances" for gvr, count in resources.items())
    return kind, True, "SomeResourcesRemain", f"Some resources are remaining: {', '.join(parts)}"


def _finalizers_remaining(finalizers: Counter[str]) -> tuple[str, bool, str, str]:
    kind = "NamespaceFinalizersRemaining"
    if not finalizers:
        return kind, False, "ContentHasNoFinalizers", "All content-preserving finalizers finished"
    parts = sorted(f"{finalizer} in {count} resource instances" for finalizer, count in finalizers.items())
    text = f"Some content in the namespace has finalizers remaining: {', '.join(parts)}"
    return kind, True, "SomeFinalizersRemain", text

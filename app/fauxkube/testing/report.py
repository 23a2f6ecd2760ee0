"""How a failed test's clusters are, in brief: what is not ready, was warned of, asked for, broken on purpose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.testing.cluster import Cluster
from fauxkube.testing.explaining import described, told
from fauxkube.testing.fixtures import MADE
from fauxkube.testing.fixtures import told as told_finding

#: How many of a kind are told of.
_MOST = 5


def sections_of(item: pytest.Item) -> list[tuple[str, str]]:
    """A section for each cluster that the test was given or made."""
    given = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Cluster)]
    clusters = dict.fromkeys([*given, *item.stash.get(MADE, [])])
    return [(f"fauxkube cluster {cluster.name}", _brief(cluster)) for cluster in clusters if cluster.is_started]


def _brief(cluster: Cluster) -> str:
    """All of it, as far as the cluster still tells."""
    lines: list[str] = []
    try:
        lines.extend(_lines(cluster))
    except Exception as error:
        lines.append(f"more cannot be told: {error}")
    return "\n".join(lines) or "every pod is ready, and nothing was warned of"


def _lines(cluster: Cluster) -> Iterator[str]:
    waiting = [pod for pod in cluster.list("pods", namespace="") if not _is_done(pod)]
    yield from _listed("pods that are not ready", [line for pod in waiting[:_MOST] for line in described(pod)])
    warned = [told(event) for event in cluster.events() if event.get("type") == "Warning"]
    yield from _listed("last warnings", warned[-_MOST:])
    calls = cluster.requests.calls()[-_MOST:]
    yield from _listed(
        "last requests", [f"{call.method} {call.path} {call.status} {call.user_agent}" for call in calls]
    )
    yield from _listed("faults", [_fault(fault) for fault in cluster.faults.list()])
    yield from _listed("findings", [told_finding(finding) for finding in cluster.requests.findings()[:_MOST]])


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines)


def _is_done(pod: Object) -> bool:
    status = pod.get("status") or {}
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions") or ())
    return ready or status.get("phase") == "Succeeded"


def _fault(fault: Object) -> str:
    what = f"{fault['kind']} {fault['effect']['type']} {fault['match']}"
    return f"{fault['id']} ({fault['state']}, {fault['hits']} hits): {what}"

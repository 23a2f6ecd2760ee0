"""Faults of nodes, which their kubelets act out. All of them last.

| `effect.type`         | Options             | What happens                                                   |
| --------------------- | ------------------- | -------------------------------------------------------------- |
| `down`                |                     | The machine is off: no lease, no status, no pod starts or      |
|                       |                     | stops; when it is back it has booted, its containers restarted |
| `partitioned`         |                     | Kubelet and API server are cut off; what runs goes on running  |
| `not-ready`           | `reason`, `message` | The kubelet reports `Ready` as False and leaves pods alone     |
| `network-unavailable` |                     | The condition `NetworkUnavailable` holds                       |
| `out-of-ips`          |                     | The network add-on has no address for another pod              |
| `memory-pressure`     | `evict`             | Best-effort pods are refused, `evict` pods (1) are evicted     |
| `disk-pressure`       | `evict`             | All pods are refused, `evict` pods (1) are evicted             |
| `pid-pressure`        |                     | All pods are refused                                           |

They match by the node's `name` and `labels`.
"""

from __future__ import annotations

from fauxkube.simulation.faults.family import Family
from fauxkube.simulation.faults.fields import Field, text, whole
from fauxkube.simulation.faults.matching import GLOB, LABELS

_EVICT = Field(whole(0), 1)

FAMILY = Family(
    "node",
    match={"name": GLOB, "labels": LABELS},
    effects={
        "down": {},
        "partitioned": {},
        "not-ready": {
            "reason": Field(text, "KubeletNotReady"),
            "message": Field(text, "container runtime is down"),
        },
        "network-unavailable": {},
        "out-of-ips": {},
        "memory-pressure": {"evict": _EVICT},
        "disk-pressure": {"evict": _EVICT},
        "pid-pressure": {},
    },
)

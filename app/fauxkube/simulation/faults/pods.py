"""Faults of pods' containers, which the kubelets act out.

| `effect.type`      | Options                        | What happens                                            |
| ------------------ | ------------------------------ | ------------------------------------------------------- |
| `crash`            | `exitCode`, `runFor`, `repeat` | The container ends with `exitCode` (1), once it has run |
|                    |                                | for `runFor` (0 seconds)                                |
| `oom-kill`         | `runFor`, `repeat`             | The same for its memory: `OOMKilled`, exit code 137     |
| `image-pull-error` | `message`                      | Its image cannot be pulled: the registry does not know  |
|                    |                                | it, or what `message` says                              |
| `unready`          | `message`                      | Its readiness probe fails, `message` being its output   |
| `unhealthy`        | `message`, `runFor`, `repeat`  | Its liveness probe fails, so that it is killed, as if   |
|                    |                                | it had crashed with exit code 143                       |
| `slow-start`       | `delay` (required)             | It starts so much later                                 |

They match by the pod's `namespace`, `name`, `labels` and `node`, and by `container` and `image` (as the pod names it).
A crash comes once to each container, with `repeat` at every start; each is a hit, so that `repeat` with `count: 3`
crashes three times and then lets it run. A pull is a hit, and so is a start that is slow; `unready` lasts.
"""

from __future__ import annotations

from fauxkube.simulation.faults.family import Family
from fauxkube.simulation.faults.fields import Field, duration, flag, text, whole
from fauxkube.simulation.faults.matching import GLOB, LABELS

_RUN_FOR = Field(duration, 0.0)
_REPEAT = Field(flag, False)
_MESSAGE = Field(text, "")

FAMILY = Family(
    "pod",
    match={
        "namespace": GLOB,
        "name": GLOB,
        "labels": LABELS,
        "node": GLOB,
        "container": GLOB,
        "image": GLOB,
    },
    effects={
        "crash": {"exitCode": Field(whole(0, 255), 1), "runFor": _RUN_FOR, "repeat": _REPEAT},
        "oom-kill": {"runFor": _RUN_FOR, "repeat": _REPEAT},
        "image-pull-error": {"message": _MESSAGE},
        "unready": {"message": _MESSAGE},
        "unhealthy": {"message": _MESSAGE, "runFor": _RUN_FOR, "repeat": _REPEAT},
        "slow-start": {"delay": Field(duration, required=True)},
    },
)

"""How long a container runs and how it ends, as its pod's annotations say.

    fauxkube.io/run-seconds: "30"          every container of `spec.containers` ends after 30 seconds
    fauxkube.io/exit-code: "1"             and does so with exit code 1; without run-seconds, as soon as it has started
    fauxkube.io/exit-code: "1,1,0"         the first two runs fail, the third and all later ones end well
    fauxkube.io/run-seconds.prepare: "5"   the same for one container by its name, init containers and sidecars too

Without annotations containers run until they are stopped, and init containers end well at once. A value that means
nothing is told by a `Warning` event and counts as left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from fauxkube.kinds.core.pod_status import is_sidecar
from fauxkube.machinery.objects import Object

RUN_SECONDS = "fauxkube.io/run-seconds"
EXIT_CODE = "fauxkube.io/exit-code"
_EXIT_CODE_MAX = 255


class Run(NamedTuple):
    """A container's run: how long it takes (None: until it is stopped) and the exit code that it ends with."""

    seconds: float | None
    exit_code: int = 0


class Ending(NamedTuple):
    """How a container ends: when, and what its status says of it."""

    at: datetime
    exit_code: int
    reason: str
    #: What the liveness probe said that the container is killed for; None when it ends in another way.
    probe: str | None = None

    @classmethod
    def by_exit(cls, at: datetime, exit_code: int) -> Ending:
        """The process ends by itself."""
        return cls(at, exit_code, "Error" if exit_code else "Completed")


def is_annotated(pod: Object) -> bool:
    """Whether any of the pod's containers has a run of its own."""
    annotations = pod["metadata"].get("annotations")
    return bool(annotations) and any(map(_is_ours, annotations))


def run_of(pod: Object, container: Object, restarts: int) -> Run:
    """The run of a container that has been restarted so often."""
    is_init = any(each["name"] == container["name"] for each in pod["spec"].get("initContainers") or ())
    annotations = pod["metadata"].get("annotations") or {}
    seconds = _seconds(_value(annotations, RUN_SECONDS, container["name"], is_init=is_init))
    codes = _exit_codes(_value(annotations, EXIT_CODE, container["name"], is_init=is_init))
    if seconds is None and (codes or (is_init and not is_sidecar(container))):
        seconds = 0.0
    return Run(seconds, codes[min(restarts, len(codes) - 1)] if codes else 0)


def annotation_problems(pod: Object) -> Iterator[str]:
    """What is wrong with the annotations that say how containers run."""
    for name, value in (pod["metadata"].get("annotations") or {}).items():
        if _names(name, RUN_SECONDS) and _seconds(value) is None:
            yield f'annotation {name}: must be a number of seconds, not "{value}"'
        elif _names(name, EXIT_CODE) and not _exit_codes(value):
            yield f'annotation {name}: must be exit codes from 0 to 255, separated by commas, not "{value}"'


def _is_ours(name: str) -> bool:
    return _names(name, RUN_SECONDS) or _names(name, EXIT_CODE)


def _names(name: str, annotation: str) -> bool:
    return name == annotation or name.startswith(f"{annotation}.")


def _value(annotations: Object, name: str, container: str, *, is_init: bool) -> str:
    own = annotations.get(f"{name}.{container}")
    return str(own if own is not None or is_init else annotations.get(name, "")) if annotations else ""


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _exit_codes(text: str) -> list[int]:
    """The codes of the first, second, ... run; none when one of them is no exit code."""
    codes = [int(each) if each.strip().isdecimal() else -1 for each in text.split(",")]
    return codes if all(0 <= code <= _EXIT_CODE_MAX for code in codes) else []

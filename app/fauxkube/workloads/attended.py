"""Containers whose own program is run for whoever attaches: those with `stdin`, as `kubectl run -i` makes them."""

from __future__ import annotations

from fauxkube.machinery.objects import Object

#: Images whose own program is a shell.
_SHELLS = frozenset({"alpine", "bash", "busybox", "debian", "fedora", "toolbox", "ubuntu"})


def attended_command(spec: Object) -> list[str]:
    """The command of a container that keeps its input open; nothing where the pod does not tell, or it does not."""
    if not spec.get("stdin"):
        return []
    command = [*(spec.get("command") or ()), *(spec.get("args") or ())]
    image = str(spec.get("image") or "").rpartition("/")[2].partition("@")[0].partition(":")[0]
    return command or (["sh"] if image in _SHELLS else [])


def ends_with_it(pod: Object) -> bool:
    """Whether the pod has nothing left to do once its program has ended."""
    return pod["spec"].get("restartPolicy") == "Never" and len(pod["spec"]["containers"]) == 1

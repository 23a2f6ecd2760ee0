"""A container's environment: what the runtime sets, then what the kubelet's `makeEnvironmentVariables` adds.

`envFrom` comes before `env`, which replaces it; `$(NAME)` in values stands for what was set before it, or by services
(upstream's `third_party/forked/golang/expansion`). Config maps, secrets and keys that are not there are left
out, whether optional or not: the pod runs all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fauxkube.machinery.objects import Object
from fauxkube.workloads.config_data import keys_of, text_of
from fauxkube.workloads.downward import field_value, resource_value

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_reference = re.compile(r"\$(?:\$|\(([^)]*)\))")
_is_name = re.compile(r"[^=\x00-\x1f\x7f-\U0010ffff]+").fullmatch


@dataclass(frozen=True, slots=True)
class Sources:
    """What the environment comes from beside the pod: its services' variables, its node's amounts, its objects.

    `config_map` and `secret` find an object of the pod's namespace by name.
    """

    services: Mapping[str, str]
    allocatable: Object
    config_map: Callable[[str], Object | None]
    secret: Callable[[str], Object | None]


def environment(pod: Object, container: Object, sources: Sources) -> dict[str, str]:
    """What the kubelet hands to the runtime, in the order that `env` prints it."""
    found: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        found |= _all_of(source, sources)
    for variable in container.get("env") or ():
        value = variable.get("value") or ""
        if value:
            found[variable["name"]] = expand(value, found, sources.services)
        elif (given := variable.get("valueFrom")) is not None:
            told = _value_from(pod, container, given, sources)
            if told is not None:
                found[variable["name"]] = told
        else:
            found[variable["name"]] = ""
    return {**found, **{name: value for name, value in sources.services.items() if name not in found}}


def base(hostname: str, home: str, *, tty: bool = False) -> dict[str, str]:
    """What the image and the runtime set before that."""
    return {"PATH": PATH, "HOSTNAME": hostname, **({"TERM": "xterm"} if tty else {}), "HOME": home}


def expand(text: str, *values: Mapping[str, str]) -> str:
    """The text with `$(NAME)` replaced by what the first that knows the name has; `$$` stands for `$`."""

    def replace(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return next((each[match[1]] for each in values if match[1] in each), match[0])

    return _reference.sub(replace, text)


def _all_of(source: Object, sources: Sources) -> Iterator[tuple[str, str]]:
    """All keys of a config map or secret; those that are no names of variables are skipped."""
    prefix = source.get("prefix") or ""
    for kind, find in (("configMapRef", sources.config_map), ("secretRef", sources.secret)):
        if (reference := source.get(kind)) is not None and (obj := find(reference.get("name") or "")) is not None:
            for key, value in keys_of(obj, binary=False).items():
                if _is_name(f"{prefix}{key}"):
                    yield f"{prefix}{key}", text_of(value)


def _value_from(pod: Object, container: Object, given: Object, sources: Sources) -> str | None:
    if (field := given.get("fieldRef")) is not None:
        return field_value(pod, field.get("fieldPath") or "")
    if (resource := given.get("resourceFieldRef")) is not None:
        return resource_value(pod["spec"], container["name"], resource, sources.allocatable)
    for kind, find in (("configMapKeyRef", sources.config_map), ("secretKeyRef", sources.secret)):
        if (reference := given.get(kind)) is not None:
            obj = find(reference.get("name") or "")
            value = keys_of(obj, binary=False).get(reference.get("key") or "") if obj is not None else None
            return text_of(value) if value is not None else None
    return None

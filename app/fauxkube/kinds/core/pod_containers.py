"""The rules on a pod's containers: regular, init and ephemeral ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from fauxkube.kinds.core.field_checks import (
    PROTOCOLS,
    name_errors,
    range_errors,
    required_name_errors,
    supported_errors,
)
from fauxkube.kinds.core.pod_env import env_errors, env_from_errors
from fauxkube.kinds.core.pod_mounts import mount_errors
from fauxkube.kinds.core.pod_probes import container_probe_errors
from fauxkube.kinds.core.pod_resources import resource_errors
from fauxkube.kinds.core.pod_security import container_security_errors
from fauxkube.kinds.core.pod_status import is_sidecar
from fauxkube.kinds.core.pod_volumes import PULL_POLICIES, Volumes
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PROBED = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_EPHEMERAL = "cannot be set for an Ephemeral Container"
_NOT_EPHEMERAL = ("ports", *_PROBED, "resources", "resizePolicy", "restartPolicy")
RESTART_POLICIES = ("Always", "OnFailure", "Never")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What containers are judged against: the rest of their pod."""

    volumes: Volumes
    claims: Collection[str]
    restart_policy: str
    grace_period: int | None
    host_users: bool


def container_errors(spec: Object, around: Surroundings, path: Path) -> list[FieldError]:
    """What is wrong with all of a pod's containers; `path` is the spec's."""
    containers = spec.get("containers") or []
    errors = [] if containers else [path.child("containers").required()]
    taken: set[str] = set()
    for index, container in enumerate(containers):
        at = path.child("containers").index(index)
        errors += _common_errors(container, around, at) + _unique_name_errors(container, taken, at)
        errors += container_probe_errors(container, around.grace_period, at)
        if container.get("restartPolicy"):
            errors += supported_errors(container["restartPolicy"], RESTART_POLICIES, at.child("restartPolicy"))
    errors += _host_port_errors(containers, path.child("containers"))
    for index, container in enumerate(spec.get("initContainers") or ()):
        at = path.child("initContainers").index(index)
        errors += _common_errors(container, around, at)
        errors += _init_errors(container, around, at) + _unique_name_errors(container, taken, at)
        errors += _host_port_errors([container], path.child("initContainers"))
    return errors + _ephemeral_errors(spec, around, taken, path.child("ephemeralContainers"))


def _common_errors(container: Object, around: Surroundings, path: Path) -> list[FieldError]:
    errors = required_name_errors(container.get("name"), names.dns_label_problems, path.child("name"))
    if not container.get("image"):
        errors.append(path.child("image").required())
    policy = container.get("terminationMessagePolicy")
    errors += supported_errors(policy, _MESSAGE_POLICIES, path.child("terminationMessagePolicy"))
    errors += _port_errors(container.get("ports") or (), path.child("ports"))
    errors += env_errors(container.get("env") or (), path.child("env"))
    errors += env_from_errors(container.get("envFrom") or (), path.child("envFrom"))
    errors += mount_errors(container, around.volumes, path)
    errors += supported_errors(container.get("imagePullPolicy"), PULL_POLICIES, path.child("imagePullPolicy"))
    errors += resource_errors(container.get("resources"), path.child("resources"), claims=around.claims)
    errors += _resize_errors(container.get("resizePolicy") or (), around.restart_policy, path.child("resizePolicy"))
    context = container.get("securityContext")
    return errors + container_security_errors(context, path.child("securityContext"), host_users=around.host_users)


def _unique_name_errors(container: Object, taken: set[str], path: Path) -> list[FieldError]:
    name = container.get("name")
    if not name:
        return []
    if name in taken:
        return [path.child("name").duplicate(name)]
    taken.add(name)
    return []


def _port_errors(ports: Iterable[Object], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, port in enumerate(ports):
        at, name, number = path.index(index), port.get("name"), port.get("containerPort")
        if name:
            problems = name_errors(name, names.port_name_problems, at.child("name"))
            if not problems and name in seen:
                problems = [at.child("name").duplicate(name)]
            errors += problems
            seen.add(name)
        at_number = at.child("containerPort")
        errors += range_errors(number, 1, 65535, at_number) if number else [at_number.required()]
        if port.get("hostPort"):
            errors += range_errors(port["hostPort"], 1, 65535, at.child("hostPort"))
        errors += supported_errors(port.get("protocol"), PROTOCOLS, at.child("protocol"))
    return errors


def _host_port_errors(containers: Iterable[Object], path: Path) -> list[FieldError]:
    """A port of the host can be had once for each protocol and address."""
    errors = []
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for position, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            key = f"{port.get('protocol') or ''}/{port.get('hostIP') or ''}/{port['hostPort']}"
            if key in taken:
                errors.append(path.index(index).child("ports").index(position).child("hostPort").duplicate(key))
            taken.add(key)
    return errors


def _resize_errors(policies: Iterable[Object], restart_policy: str, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, policy in enumerate(policies):
        name, restart = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if name in seen:
            errors.append(path.index(index).duplicate(name))
        seen.add(name)
        errors += supported_errors(name, ("cpu", "memory"), path)
        errors += supported_errors(restart, ("NotRequired", "RestartContainer"), path)
        if restart_policy == "Never" and restart != "NotRequired":
            errors.append(path.invalid(restart, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
    return errors


def _init_errors(container: Object, around: Surroundings, path: Path) -> list[FieldError]:
    policy = container.get("restartPolicy")
    errors = supported_errors(policy, RESTART_POLICIES, path.child("restartPolicy")) if policy else []
    if is_sidecar(container):
        return errors + container_probe_errors(container, around.grace_period, path)
    detail = "may not be set for init containers without restartPolicy=Always"
    return errors + [path.child(field).forbidden(detail) for field in _PROBED if container.get(field) is not None]


def _ephemeral_errors(spec: Object, around: Surroundings, taken: set[str], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    targets = set(taken)
    for index, container in enumerate(spec.get("ephemeralContainers") or ()):
        at = path.index(index)
        errors += _common_errors(container, around, at) + _unique_name_errors(container, taken, at)
        target = container.get("targetContainerName")
        if target and target not in targets:
            errors.append(at.child("targetContainerName").not_found(target))
        errors += [at.child(field).forbidden(_EPHEMERAL) for field in _NOT_EPHEMERAL if container.get(field)]
        for position, mount in enumerate(container.get("volumeMounts") or ()):
            given = [field for field in ("subPath", "subPathExpr") if mount.get(field)]
            mount_path = at.child("volumeMounts").index(position)
            errors += [mount_path.child(field).forbidden(_EPHEMERAL) for field in given]
    return errors

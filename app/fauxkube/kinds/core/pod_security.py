"""The rules on security contexts, of pods and of containers, and on the host's namespaces."""

from __future__ import annotations

import re

from fauxkube.kinds.core.field_checks import descending_path_errors, optional_supported_errors, user_id_errors
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_SYSCTL = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
_is_sysctl = re.compile(_SYSCTL).match
_SYSCTL_LENGTH = 253
#: Sysctls by the host namespace that they belong to, and the pod's field that shares it.
_SYSCTL_NAMESPACES = {"net.": "hostNetwork", "kernel.shm": "hostIPC", "kernel.msg": "hostIPC", "fs.mqueue.": "hostIPC"}


def pod_security_errors(spec: Object, path: Path) -> list[FieldError]:
    """What is wrong with the pod's `securityContext` (at `path`) and the sharing of the host's namespaces."""
    context = spec.get("securityContext") or {}
    at = path.child("securityContext")
    errors: list[FieldError] = []
    for field in ("fsGroup", "runAsUser", "runAsGroup"):
        errors += user_id_errors(context.get(field), at.child(field))
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        errors += user_id_errors(group, at.child("supplementalGroups").index(index))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(at.child("shareProcessNamespace").invalid(True, detail))
    errors += _sysctl_errors(spec, context, at.child("sysctls"))
    for field, supported in (
        ("fsGroupChangePolicy", ("Always", "OnRootMismatch")),
        ("supplementalGroupsPolicy", ("Merge", "Strict")),
        ("seLinuxChangePolicy", ("MountOption", "Recursive")),
    ):
        errors += optional_supported_errors(context.get(field), supported, at.child(field))
    return errors + _profile_errors(context, at) + _user_namespace_errors(spec, path)


def _sysctl_errors(spec: Object, context: Object, path: Path) -> list[FieldError]:
    errors = []
    seen: set[str] = set()
    for index, sysctl in enumerate(context.get("sysctls") or ()):
        at, name = path.index(index).child("name"), sysctl.get("name") or ""
        if not name:
            errors.append(at.required())
        elif len(name) > _SYSCTL_LENGTH or not _is_sysctl(name):
            errors.append(at.invalid(name, f"must have at most {_SYSCTL_LENGTH} characters and match regex {_SYSCTL}"))
        elif name in seen:
            errors.append(at.duplicate(name))
        seen.add(name)
        for prefix, field in _SYSCTL_NAMESPACES.items():
            if spec.get(field) and name.replace("/", ".").startswith(prefix):
                errors.append(at.invalid(name, f"may not be specified when '{field}' is true"))
    return errors


def _user_namespace_errors(spec: Object, path: Path) -> list[FieldError]:
    if spec.get("hostUsers") is not False:
        return []
    fields = {"hostNetwork": "hostNetwork", "hostPID": "HostPID", "hostIPC": "HostIPC"}
    shared = [shown for field, shown in fields.items() if spec.get(field)]
    return [path.child(shown).forbidden("when `pod.Spec.HostUsers` is false") for shown in shared]


def container_security_errors(context: Object | None, path: Path, *, host_users: bool) -> list[FieldError]:
    """What is wrong with a container's `securityContext`."""
    if not context:
        return []
    errors = user_id_errors(context.get("runAsUser"), path.child("runAsUser"))
    errors += user_id_errors(context.get("runAsGroup"), path.child("runAsGroup"))
    mount = context.get("procMount")
    errors += optional_supported_errors(mount, ("Default", "Unmasked"), path.child("procMount"))
    if mount == "Unmasked" and host_users:
        errors.append(path.child("procMount").invalid(mount, "`hostUsers` must be false to use `Unmasked`"))
    return errors + _escalation_errors(context, path) + _profile_errors(context, path)


def _escalation_errors(context: Object, path: Path) -> list[FieldError]:
    if context.get("allowPrivilegeEscalation") is not False:
        return []
    errors = []
    if context.get("privileged"):
        detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        errors.append(path.invalid(context, detail))
    if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
        detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
        errors.append(path.invalid(context, detail))
    return errors


def _profile_errors(context: Object, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for field, word in (("seccompProfile", "seccomp"), ("appArmorProfile", "AppArmor")):
        profile = context.get(field)
        if profile is not None:
            errors += _one_profile_errors(profile, path.child(field), field, word)
    return errors


def _one_profile_errors(profile: Object, path: Path, field: str, word: str) -> list[FieldError]:
    kind, local = profile.get("type"), profile.get("localhostProfile")
    if not kind:
        return [path.child("type").required(f"type is required when {field} is set")]
    if kind not in _PROFILES:
        return [path.child("type").not_supported(kind, _PROFILES)]
    at = path.child("localhostProfile")
    if kind != "Localhost":
        return [] if local is None else [at.invalid(local, f"can only be set when {word} type is Localhost")]
    if not local:
        return [at.required(f"must be set when {word} type is Localhost")]
    if word == "seccomp":
        return descending_path_errors(local, at)
    return [] if local == local.strip() else [at.invalid(local, "must not be padded with whitespace")]

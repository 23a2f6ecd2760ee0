"""The rules on how containers use the pod's volumes: mounts and block devices."""

from __future__ import annotations

from collections.abc import Mapping

from fauxkube.kinds.core.field_checks import backstep_errors, descending_path_errors, optional_supported_errors
from fauxkube.kinds.core.pod_volumes import Volumes
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE_READ_ONLY = ("Disabled", "Enabled", "IfPossible")


def mount_errors(container: Object, volumes: Volumes, path: Path) -> list[FieldError]:
    """What is wrong with a container's `volumeMounts` and `volumeDevices`; `path` is the container's."""
    mounts, devices = container.get("volumeMounts") or (), container.get("volumeDevices") or ()
    if not mounts and not devices:
        return []
    mounted = {mount.get("name") or "": mount.get("mountPath") or "" for mount in mounts}
    used = {device.get("name") or "": device.get("devicePath") or "" for device in devices}
    errors: list[FieldError] = []
    places: set[str] = set()
    for index, mount in enumerate(mounts):
        at, place = path.child("volumeMounts").index(index), mount.get("mountPath") or ""
        errors += _name_errors(mount, volumes, at)
        errors += _place_errors(place, places, at.child("mountPath"))
        errors += _overlap_errors(mount.get("name") or "", place, used, at, kind=("mountPath", "volumeDevices"))
        errors += _sub_path_errors(mount, volumes, at, path.child("volumeMounts"))
        errors += _mode_errors(mount, container, path.child("volumeMounts"))
    return errors + _device_errors(container, volumes, mounted, path.child("volumeDevices"))


def _name_errors(mount: Object, volumes: Volumes, path: Path) -> list[FieldError]:
    name = mount.get("name") or ""
    errors = [] if name else [path.child("name").required()]
    if name not in volumes:
        errors.append(path.child("name").not_found(name))
    return errors


def _place_errors(place: str, places: set[str], path: Path) -> list[FieldError]:
    errors = [] if place else [path.required()]
    if place in places:
        errors.append(path.invalid(place, "must be unique"))
    places.add(place)
    return errors


def _overlap_errors(
    name: str, place: str, others: Mapping[str, str], path: Path, *, kind: tuple[str, str]
) -> list[FieldError]:
    field, other = kind
    errors = []
    if name in others:
        errors.append(path.child("name").invalid(name, f"must not already exist in {other}"))
    if place in others.values():
        errors.append(path.child(field).invalid(place, f"must not already exist as a path in {other}"))
    return errors


def _sub_path_errors(mount: Object, volumes: Volumes, path: Path, list_path: Path) -> list[FieldError]:
    """Upstream reports a sub-path's shape at the list's path, not at the mount's."""
    errors: list[FieldError] = []
    of_image = "image" in volumes.get(mount.get("name") or "", {})
    for field in ("subPath", "subPathExpr"):
        value = mount.get(field)
        if not value:
            continue
        if of_image:
            errors.append(path.child(field).invalid(value, "not allowed in image volume sources"))
        if field == "subPathExpr" and mount.get("subPath"):
            errors.append(path.child(field).invalid(value, "subPathExpr and subPath are mutually exclusive"))
        errors += descending_path_errors(value, list_path.child(field))
    return errors


def _mode_errors(mount: Object, container: Object, path: Path) -> list[FieldError]:
    propagation, recursive = mount.get("mountPropagation"), mount.get("recursiveReadOnly")
    errors = optional_supported_errors(propagation, _PROPAGATIONS, path.child("mountPropagation"))
    if propagation == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
        detail = "Bidirectional mount propagation is available only to privileged containers"
        errors.append(path.child("mountPropagation").forbidden(detail))
    at = path.child("recursiveReadOnly")
    errors += optional_supported_errors(recursive, _RECURSIVE_READ_ONLY, at)
    if recursive in {"Enabled", "IfPossible"}:
        if not mount.get("readOnly"):
            errors.append(at.forbidden("may only be specified when readOnly is true"))
        if propagation not in {None, "None"}:
            errors.append(at.forbidden("may only be specified when mountPropagation is None or not specified"))
    return errors


def _device_errors(container: Object, volumes: Volumes, mounted: Mapping[str, str], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    places: set[str] = set()
    for index, device in enumerate(container.get("volumeDevices") or ()):
        at, name, place = path.index(index), device.get("name") or "", device.get("devicePath") or ""
        errors += _name_errors(device, volumes, at)
        if name in names:
            errors.append(at.child("name").invalid(name, "must be unique"))
        volume = volumes.get(name)
        if volume is not None and not volume.keys() & {"persistentVolumeClaim", "ephemeral"}:
            detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            errors.append(at.child("name").invalid(name, detail))
        errors += _place_errors(place, places, at.child("devicePath"))
        if backstep_errors(place, at):
            errors.append(at.child("devicePath").invalid(place, "can not contain backsteps ('..')"))
        errors += _overlap_errors(name, place, mounted, at, kind=("devicePath", "volumeMounts"))
        names.add(name)
    return errors

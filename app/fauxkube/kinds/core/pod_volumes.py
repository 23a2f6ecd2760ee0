"""The rules on a pod's volumes: one source each, complete, and paths that stay inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeAlias

from fauxkube.kinds.core.field_checks import (
    backstep_errors,
    descending_path_errors,
    file_mode_errors,
    local_path_errors,
    name_errors,
    optional_supported_errors,
    range_errors,
    required_name_errors,
    supported_errors,
)
from fauxkube.kinds.core.pod_env import FILE_FIELDS, field_ref_errors, resource_ref_errors
from fauxkube.machinery import names, quantity
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

#: The volumes of a pod that have no error of their own, by name.
Volumes: TypeAlias = dict[str, Object]

HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MIN_TOKEN_SECONDS = 600
_MAX_TOKEN_SECONDS = 2**32
#: Sources of which no more is checked than that these fields are there.
_REQUIRED = {
    "awsElasticBlockStore": ("volumeID",),
    "azureDisk": ("diskName", "diskURI"),
    "azureFile": ("secretName", "shareName"),
    "cephfs": ("monitors",),
    "cinder": ("volumeID",),
    "configMap": ("name",),
    "csi": ("driver",),
    "ephemeral": ("volumeClaimTemplate",),
    "flexVolume": ("driver",),
    "gcePersistentDisk": ("pdName",),
    "gitRepo": ("repository",),
    "glusterfs": ("endpoints", "path"),
    "hostPath": ("path",),
    "iscsi": ("targetPortal", "iqn"),
    "nfs": ("server", "path"),
    "persistentVolumeClaim": ("claimName",),
    "photonPersistentDisk": ("pdID",),
    "portworxVolume": ("volumeID",),
    "quobyte": ("registry", "volume"),
    "rbd": ("monitors", "image"),
    "scaleIO": ("gateway", "system", "volumeName"),
    "secret": ("secretName",),
    "vsphereVolume": ("volumePath",),
}


def volume_errors(volumes: Sequence[Object], path: Path) -> tuple[Volumes, list[FieldError]]:
    """The volumes that containers may mount, and what is wrong with the others."""
    good: Volumes = {}
    errors: list[FieldError] = []
    for index, volume in enumerate(volumes):
        at, name = path.index(index), volume.get("name") or ""
        found = _source_errors(volume, at)
        found += required_name_errors(name, names.dns_label_problems, at.child("name"))
        if name in good:
            found.append(at.child("name").duplicate(name))
        if not found:
            good[name] = volume
        errors += found
    return good, errors


def _source_errors(volume: Object, path: Path) -> list[FieldError]:
    given = [name for name, source in volume.items() if name != "name" and source is not None]
    if not given:
        return [path.required("must specify a volume type")]
    first, *others = given
    source, at = volume[first], path.child(first)
    errors = [at.child(field).required() for field in _REQUIRED.get(first, ()) if not source.get(field)]
    check = _CHECKS.get(first)
    if check is not None:
        errors += check(source, at)
    return errors + [path.child(name).forbidden("may not specify more than 1 volume type") for name in others]


def _empty_dir_errors(source: Object, path: Path) -> list[FieldError]:
    limit = source.get("sizeLimit")
    if limit is not None and quantity.parse(limit) < 0:
        return [path.child("sizeLimit").forbidden("SizeLimit field must be a valid resource quantity")]
    return []


def _host_path_errors(source: Object, path: Path) -> list[FieldError]:
    if not source.get("path"):
        return []
    errors = backstep_errors(source["path"], path.child("path"))
    return errors + optional_supported_errors(source.get("type"), HOST_PATH_TYPES, path.child("type"))


def _git_repo_errors(source: Object, path: Path) -> list[FieldError]:
    return descending_path_errors(source.get("directory") or "", path.child("directory"))


def _nfs_errors(source: Object, path: Path) -> list[FieldError]:
    given = source.get("path") or ""
    return [] if given.startswith("/") else [path.child("path").invalid(given, "must be an absolute path")]


def _iscsi_errors(source: Object, path: Path) -> list[FieldError]:
    return range_errors(source.get("lun") or 0, 0, 255, path.child("lun"))


def _csi_errors(source: Object, path: Path) -> list[FieldError]:
    driver = source.get("driver") or ""
    if len(driver) > 63:
        return [path.child("driver").too_long(63)]
    return name_errors(driver.lower(), names.dns_subdomain_problems, path.child("driver")) if driver else []


def _claim_template_errors(source: Object, path: Path) -> list[FieldError]:
    template = source.get("volumeClaimTemplate")
    if not template:
        return []
    spec, at = template.get("spec") or {}, path.child("volumeClaimTemplate", "spec")
    errors = [] if spec.get("accessModes") else [at.child("accessModes").required("at least 1 access mode is required")]
    if not ((spec.get("resources") or {}).get("requests") or {}).get("storage"):
        errors.append(at.child("resources").key("storage").required())
    return errors


def _image_errors(source: Object, path: Path) -> list[FieldError]:
    return supported_errors(source.get("pullPolicy"), PULL_POLICIES, path.child("pullPolicy"))


def _keyed_errors(source: Object, path: Path) -> list[FieldError]:
    """A volume made of a config map's or a secret's keys."""
    errors = file_mode_errors(source.get("defaultMode"), path.child("defaultMode"))
    return errors + _items_errors(source, path)


def _items_errors(source: Object, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, item in enumerate(source.get("items") or ()):
        at = path.child("items").index(index)
        errors += [at.child(field).required() for field in ("key", "path") if not item.get(field)]
        errors += local_path_errors(item.get("path") or "", at.child("path"))
        errors += file_mode_errors(item.get("mode"), at.child("mode"))
    return errors


def _downward_api_errors(source: Object, path: Path) -> list[FieldError]:
    errors = file_mode_errors(source.get("defaultMode"), path.child("defaultMode"))
    return errors + list(chain.from_iterable(_downward_file_errors(item, path) for item in source.get("items") or ()))


def _downward_file_errors(item: Object, path: Path) -> list[FieldError]:
    errors = [] if item.get("path") else [path.child("path").required()]
    errors += local_path_errors(item.get("path") or "", path.child("path"))
    if item.get("fieldRef") is not None:
        errors += field_ref_errors(item["fieldRef"], FILE_FIELDS, path.child("fieldRef"))
        if item.get("resourceFieldRef") is not None:
            errors.append(path.invalid("resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
    elif item.get("resourceFieldRef") is not None:
        errors += resource_ref_errors(item["resourceFieldRef"], path.child("resourceFieldRef"), of_file=True)
    else:
        errors.append(path.required("one of fieldRef and resourceFieldRef is required"))
    return errors + file_mode_errors(item.get("mode"), path.child("mode"))


def _projected_errors(source: Object, path: Path) -> list[FieldError]:
    errors = file_mode_errors(source.get("defaultMode"), path.child("defaultMode"))
    taken: set[str] = set()
    for index, projection in enumerate(source.get("sources") or ()):
        at = path.child("sources").index(index)
        given = [name for name, each in projection.items() if each is not None]
        for name in given:
            errors += _projection_errors(name, projection[name], at.child(name), path)
            errors += _path_clash_errors(projection[name], taken, path)
        if len(given) > 1:
            errors.append(at.forbidden("may not specify more than 1 volume type per source"))
    return errors


def _projection_errors(name: str, source: Object, path: Path, volume_path: Path) -> list[FieldError]:
    match name:
        case "secret" | "configMap":
            missing = [] if source.get("name") else [path.child("name").required()]
            return missing + _items_errors(source, path)
        case "downwardAPI":
            return list(chain.from_iterable(_downward_file_errors(item, path) for item in source.get("items") or ()))
        case "serviceAccountToken":
            return _token_errors(source, path, volume_path.child("path"))
    if not source.get("path") and name == "clusterTrustBundle":
        return [path.child("path").required()]
    return local_path_errors(source.get("path") or "", path.child("path"))


def _token_errors(source: Object, path: Path, file_path: Path) -> list[FieldError]:
    seconds, at = source.get("expirationSeconds") or 0, path.child("expirationSeconds")
    errors: list[FieldError] = []
    if seconds < _MIN_TOKEN_SECONDS:
        errors.append(at.invalid(seconds, "may not specify a duration less than 10 minutes"))
    if seconds > _MAX_TOKEN_SECONDS:
        errors.append(at.invalid(seconds, "may not specify a duration larger than 2^32 seconds"))
    if not source.get("path"):
        errors.append(file_path.required())
    return errors + local_path_errors(source.get("path") or "", file_path)


def _path_clash_errors(source: Object, taken: set[str], path: Path) -> list[FieldError]:
    errors = []
    for item in source.get("items") or ():
        file = item.get("path")
        if file and file in taken:
            errors.append(path.invalid(source.get("name") or file, "conflicting duplicate paths"))
        taken.add(file or "")
    return errors


_CHECKS: dict[str, Callable[[Object, Path], list[FieldError]]] = {
    "configMap": _keyed_errors,
    "csi": _csi_errors,
    "downwardAPI": _downward_api_errors,
    "emptyDir": _empty_dir_errors,
    "ephemeral": _claim_template_errors,
    "gitRepo": _git_repo_errors,
    "hostPath": _host_path_errors,
    "image": _image_errors,
    "iscsi": _iscsi_errors,
    "nfs": _nfs_errors,
    "projected": _projected_errors,
    "secret": _keyed_errors,
}

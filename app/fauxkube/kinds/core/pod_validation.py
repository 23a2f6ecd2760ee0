"""The rules on a pod and on its spec by itself, as upstream 1.36's `ValidatePodSpec` and `ValidatePodCreate` have them.

The parts that are ideas of their own have modules of their own: containers, volumes, scheduling, security, resources.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fauxkube.kinds.core.field_checks import (
    MAX_INT32,
    ip_errors,
    name_errors,
    optional_supported_errors,
    range_errors,
    supported_errors,
)
from fauxkube.kinds.core.pod_containers import RESTART_POLICIES, Surroundings, container_errors
from fauxkube.kinds.core.pod_resources import pod_level_errors, resource_errors
from fauxkube.kinds.core.pod_scheduling import scheduling_errors
from fauxkube.kinds.core.pod_security import pod_security_errors
from fauxkube.kinds.core.pod_volumes import volume_errors
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_MAX_NAMESERVERS = 3
_MAX_SEARCHES = 32
_MAX_SEARCH_CHARACTERS = 2048
_SPEC = Path("spec")
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_is_integer = re.compile("0|-?[1-9][0-9]*").fullmatch
#: Fields that hold a name, with what the name must be.
_NAMED = (
    ("serviceAccountName", names.dns_subdomain_problems),
    ("nodeName", names.dns_subdomain_problems),
    ("hostname", names.dns_label_problems),
    ("subdomain", names.dns_label_problems),
    ("hostnameOverride", names.dns_subdomain_problems),
    ("priorityClassName", names.dns_subdomain_problems),
    ("runtimeClassName", names.dns_subdomain_problems),
)


def validate_pod(pod: Object) -> list[FieldError]:
    """What is wrong with a pod, whether new or changed."""
    spec = pod["spec"]
    errors = _annotation_errors(pod["metadata"].get("annotations") or {})
    errors += validate_pod_spec(spec, _SPEC, is_pod=True)
    if not spec.get("serviceAccountName"):
        errors += _token_errors(spec)
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(kind) or ()):
            image = container.get("image") or ""
            if image != image.strip():
                at = _SPEC.child(kind).index(index).child("image")
                errors.append(at.invalid(image, "must not have leading or trailing whitespace"))
    return errors if pod["metadata"].get("resourceVersion") else errors + _create_errors(spec)


def _annotation_errors(annotations: dict[str, str]) -> list[FieldError]:
    cost = annotations.get(_DELETION_COST)
    if cost is None or (_is_integer(cost) and abs(int(cost)) <= MAX_INT32):
        return []
    return [Path("metadata").child("annotations").key(_DELETION_COST).invalid(cost, "must be a 32bit integer")]


def _token_errors(spec: Object) -> list[FieldError]:
    errors = []
    for index, volume in enumerate(spec.get("volumes") or ()):
        for position, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            if source.get("serviceAccountToken") is not None:
                at = _SPEC.child("volumes").index(index).child("projected", "sources").index(position)
                detail = "must not be specified when serviceAccountName is not set"
                errors.append(at.child("serviceAccountToken").forbidden(detail))
    return errors


def _create_errors(spec: Object) -> list[FieldError]:
    """The rules on a pod that is not stored yet."""
    errors = []
    if spec.get("ephemeralContainers"):
        errors.append(_SPEC.child("ephemeralContainers").forbidden("cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        detail = "cannot be set until all schedulingGates have been cleared"
        errors.append(_SPEC.child("nodeName").forbidden(detail))
    return errors


def validate_pod_spec(spec: Object, path: Path, *, is_pod: bool = False) -> list[FieldError]:
    """What is wrong with the spec at `path`, of a pod or of a template."""
    grace_period = spec.get("terminationGracePeriodSeconds")
    errors = [path.child("terminationGracePeriodSeconds").required()] if grace_period is None else []
    volumes, found = volume_errors(spec.get("volumes") or (), path.child("volumes"))
    claims = {claim.get("name") or "" for claim in spec.get("resourceClaims") or ()}
    host_users = spec.get("hostUsers") is not False
    around = Surroundings(volumes, claims, spec.get("restartPolicy") or "", grace_period, host_users)
    errors += found + container_errors(spec, around, path)
    errors += pod_level_errors(spec, path.child("resources"))
    errors += _host_network_errors(spec, path, is_pod=is_pod)
    errors += supported_errors(spec.get("restartPolicy"), RESTART_POLICIES, path.child("restartPolicy"))
    errors += supported_errors(spec.get("dnsPolicy"), _DNS_POLICIES, path.child("dnsPolicy"))
    errors += pod_security_errors(spec, path)
    errors += scheduling_errors(spec, path)
    return errors + _dns_errors(spec, path.child("dnsConfig")) + _other_errors(spec, path)


def _host_network_errors(spec: Object, path: Path, *, is_pod: bool) -> list[FieldError]:
    if not spec.get("hostNetwork"):
        return []
    errors = []
    for index, container in enumerate(spec.get("containers") or ()):
        for position, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort") or 0
            if (is_pod or number) and number != port.get("containerPort"):
                at = path.child("containers").index(index).child("ports").index(position).child("hostPort")
                errors.append(at.invalid(number, "must match `containerPort` when `hostNetwork` is true"))
    return errors


def _dns_errors(spec: Object, path: Path) -> list[FieldError]:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            return [path.required("must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.get("nameservers"):
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [path.child("nameservers").required(detail)]
    if config is None:
        return []
    servers, at = config.get("nameservers") or [], path.child("nameservers")
    errors: list[FieldError] = []
    if len(servers) > _MAX_NAMESERVERS:
        errors.append(at.invalid(servers, f"must not have more than {_MAX_NAMESERVERS} nameservers"))
    for index, server in enumerate(servers):
        errors += ip_errors(server, at.index(index))
    errors += _search_errors(config.get("searches") or [], path.child("searches"))
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(path.child("options").index(index).required("must not be empty"))
    return errors


def _search_errors(searches: list[str], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if len(searches) > _MAX_SEARCHES:
        errors.append(path.invalid(searches, f"must not have more than {_MAX_SEARCHES} search paths"))
    if len(" ".join(searches)) > _MAX_SEARCH_CHARACTERS:
        limit = f"must not have more than {_MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list"
        errors.append(path.invalid(searches, limit))
    for index, search in enumerate(searches):
        if search != ".":
            # Underscores are allowed here, and nowhere else in a DNS name.
            plain = search.removesuffix(".").replace("_", "-")
            problems = names.dns_subdomain_problems(f"a{plain}" if plain.startswith("-") else plain)
            errors += [path.index(index).invalid(search.removesuffix("."), problem) for problem in problems]
    return errors


def _other_errors(spec: Object, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for field, problems in _NAMED:
        if spec.get(field):
            errors += name_errors(spec[field], problems, path.child(field))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None:
        errors += range_errors(deadline, 1, MAX_INT32, path.child("activeDeadlineSeconds"))
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        at = path.child("readinessGates").index(index).child("conditionType")
        errors += name_errors(gate.get("conditionType") or "", names.qualified_name_problems, at)
    errors += _host_alias_errors(spec.get("hostAliases") or (), path.child("hostAliases"))
    errors += _claim_errors(spec.get("resourceClaims") or (), path.child("resourceClaims"))
    preemption = spec.get("preemptionPolicy")
    supported = ("PreemptLowerPriority", "Never")
    errors += optional_supported_errors(preemption, supported, path.child("preemptionPolicy"))
    if spec.get("overhead"):
        errors += resource_errors({"limits": spec["overhead"]}, path.child("overhead"))
    if spec.get("os") is not None:
        errors += _os_errors(spec, path)
    return errors


def _host_alias_errors(aliases: Sequence[Object], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, alias in enumerate(aliases):
        at = path.index(index)
        errors += ip_errors(alias.get("ip") or "", at.child("ip"))
        for position, hostname in enumerate(alias.get("hostnames") or ()):
            errors += name_errors(hostname, names.dns_subdomain_problems, at.child("hostnames").index(position))
    return errors


def _claim_errors(claims: Sequence[Object], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[Any] = set()
    for index, claim in enumerate(claims):
        at, name = path.index(index), claim.get("name") or ""
        if not name:
            errors.append(at.child("name").required())
        elif name in seen:
            errors.append(at.child("name").duplicate(name))
        else:
            errors += name_errors(name, names.dns_label_problems, at.child("name"))
        seen.add(name)
        given = [field for field in ("resourceClaimName", "resourceClaimTemplateName") if claim.get(field) is not None]
        if len(given) > 1:
            detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            errors.append(at.invalid(claim, detail))
        elif not given:
            detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            errors.append(at.invalid(claim, detail))
        for field in given:
            errors += name_errors(claim[field], names.dns_subdomain_problems, at.child(field))
    return errors


def _os_errors(spec: Object, path: Path) -> list[FieldError]:
    name = spec["os"].get("name")
    if not name:
        return [path.child("os", "name").required("cannot be empty")]
    if name not in {"linux", "windows"}:
        return [path.child("os").not_supported(name, ("linux", "windows"))]
    if name == "linux" and (spec.get("securityContext") or {}).get("windowsOptions") is not None:
        at = path.child("securityContext", "windowsOptions")
        return [at.forbidden("windows options cannot be set for a linux pod")]
    return []

"""The rules on what the kubelet runs against a container: probes and lifecycle handlers."""

from __future__ import annotations

from collections.abc import Sequence

from fauxkube.kinds.core.field_checks import name_errors, non_negative_errors, port_errors, supported_errors
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_COUNTED = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_OF_PROBES = ("exec", "httpGet", "tcpSocket", "grpc")
_OF_LIFECYCLE = ("exec", "httpGet", "tcpSocket", "sleep")


def container_probe_errors(container: Object, grace_period: int | None, path: Path) -> list[FieldError]:
    """What is wrong with the container's lifecycle handlers and probes."""
    errors: list[FieldError] = []
    for moment in ("postStart", "preStop"):
        handler = (container.get("lifecycle") or {}).get(moment)
        if handler is not None:
            errors += _handler_errors(handler, _OF_LIFECYCLE, grace_period, path.child("lifecycle", moment))
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name) is not None:
            errors += _probe_errors(name, container[name], path.child(name))
    return errors


def _probe_errors(name: str, probe: Object, path: Path) -> list[FieldError]:
    errors = _handler_errors(probe, _OF_PROBES, None, path)
    for field in _COUNTED:
        errors += non_negative_errors(probe.get(field), path.child(field))
    grace = probe.get("terminationGracePeriodSeconds")
    grace_path = path.child("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        errors.append(grace_path.invalid(grace, "must be greater than 0"))
    if name == "readinessProbe":
        if grace is not None:
            errors.append(grace_path.invalid(grace, "must not be set for readinessProbes"))
    elif probe.get("successThreshold") != 1:
        errors.append(path.child("successThreshold").invalid(probe.get("successThreshold"), "must be 1"))
    return errors


def _handler_errors(handler: Object, kinds: Sequence[str], grace_period: int | None, path: Path) -> list[FieldError]:
    given = [kind for kind in kinds if handler.get(kind) is not None]
    if not given:
        return [path.required("must specify a handler type")]
    errors = _action_errors(given[0], handler[given[0]], grace_period, path.child(given[0]))
    return errors + [path.child(kind).forbidden("may not specify more than 1 handler type") for kind in given[1:]]


def _action_errors(kind: str, action: Object, grace_period: int | None, path: Path) -> list[FieldError]:
    match kind:
        case "exec":
            return [] if action.get("command") else [path.child("command").required()]
        case "httpGet":
            return _http_get_errors(action, path)
        case "sleep":
            return _sleep_errors(action.get("seconds") or 0, grace_period, path)
    return port_errors(action.get("port"), path.child("port"))


def _http_get_errors(action: Object, path: Path) -> list[FieldError]:
    errors = [] if action.get("path") else [path.child("path").required()]
    errors += port_errors(action.get("port"), path.child("port"))
    errors += supported_errors(action.get("scheme"), ("HTTP", "HTTPS"), path.child("scheme"))
    for header in action.get("httpHeaders") or ():
        errors += name_errors(header.get("name") or "", names.http_header_name_problems, path.child("httpHeaders"))
    return errors


def _sleep_errors(seconds: int, grace_period: int | None, path: Path) -> list[FieldError]:
    if grace_period is None or 0 <= seconds <= grace_period:
        return []
    detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace_period})"
    return [path.invalid(seconds, detail)]

"""Settings as plain data: how another cluster's differ from those of the server that it is created on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn

from fauxkube.cluster.settings import Settings, SettingsError
from fauxkube.machinery import status
from fauxkube.machinery.fields import Path
from fauxkube.registry.pools import port_range


def overridden(settings: Settings, overrides: Mapping[str, object]) -> Settings:
    """`settings` with what is given instead, kept in memory; 422 names what cannot be.

    The names are those of `Settings` and of its `ranges`; `node_ports` is written `30000-32767`, `zones`
    `a,b,c`, `clock_start` as in RFC 3339.
    """
    if not overrides and settings.data is None:
        return settings
    taken = {name: _read(name, value) for name, value in overrides.items() if value is not None}
    ranges = {name: taken.pop(name) for name in _RANGES & taken.keys()}
    try:
        return replace(settings, data=None, ranges=replace(settings.ranges, **ranges), **taken)
    except SettingsError as error:
        cause = {"reason": "FieldValueInvalid", "message": str(error), "field": "overrides"}
        raise status.unfit([cause]) from None


def _read(name: str, value: object) -> Any:
    read = _READERS.get(name)
    if read is None:
        _refuse(name, value, f"there is no such setting, but {', '.join(_READERS)}")
    try:
        return read(value)
    except ValueError as error:
        _refuse(name, value, str(error))


def _refuse(name: str, value: object, detail: str) -> NoReturn:
    raise status.unfit([Path("overrides").child(name).invalid(value, detail).to_cause()])


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError("must be a whole number")
    return value


def _number(value: object) -> float:
    if type(value) not in (int, float):
        raise ValueError("must be a number")
    return float(value)  # type: ignore[arg-type]


def _switch(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError("must be true or false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value


def _ports(value: object) -> tuple[int, int]:
    return port_range(_text(value))


def _zones(value: object) -> tuple[str, ...]:
    """Written `a,b,c`."""
    return tuple(each.strip() for each in _text(value).split(",") if each.strip())


def _moment(value: object) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))


_RANGES = {"cluster_cidr", "node_prefix", "node_prefix_v6", "service_cidr", "node_ports", "load_balancer_cidr"}

_READERS: dict[str, Callable[[object], Any]] = {
    "nodes": _whole,
    "zones": _zones,
    "kubernetes_version": _text,
    "network": _text,
    "seed": _whole,
    "history": _whole,
    "clock_start": _moment,
    "clock_rate": _number,
    "image_pull_seconds": _number,
    "container_start_seconds": _number,
    "stop_seconds": _number,
    "requests": _whole,
    "strict": _text,
    "dataplane": _switch,
    "ingress": _switch,
    "cluster_cidr": _text,
    "node_prefix": _whole,
    "node_prefix_v6": _whole,
    "service_cidr": _text,
    "node_ports": _ports,
    "load_balancer_cidr": _text,
}

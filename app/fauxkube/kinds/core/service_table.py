"""The services' printed table, column by column as a real cluster's `kubectl get services` shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import age

COLUMNS = (
    NAME_COLUMN,
    Column("Type", "How the service is exposed."),
    Column("Cluster-IP", "The service's address inside the cluster."),
    Column("External-IP", "The addresses that the service answers on from outside."),
    Column("Port(s)", "The service's ports, each with its node port and protocol."),
    AGE_COLUMN,
    Column("Selector", "The labels of the pods that the service sends traffic to.", priority=1),
)

NONE = "<none>"


def row(service: Object, now: datetime) -> list[Any]:
    """The cells of `COLUMNS` for one service."""
    spec = service["spec"]
    return [
        service["metadata"]["name"],
        spec.get("type") or "",
        (spec.get("clusterIPs") or [NONE])[0],
        _external_addresses(service),
        ",".join(map(_port, spec.get("ports") or ())) or NONE,
        age(service, now),
        ",".join(f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items())) or NONE,
    ]


def _external_addresses(service: Object) -> str:
    spec = service["spec"]
    given = list(spec.get("externalIPs") or ())
    match spec.get("type"):
        case "ClusterIP" | "NodePort":
            return ",".join(given) or NONE
        case "LoadBalancer":
            return ",".join(_ingress(service) + given) or "<pending>"
        case "ExternalName":
            return spec.get("externalName") or ""
    return "<unknown>"


def _ingress(service: Object) -> list[str]:
    points = (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or ()
    return sorted({each.get("ip") or each.get("hostname") for each in points} - {None, ""})


def _port(port: Object) -> str:
    node_port = port.get("nodePort")
    number = f"{port.get('port')}:{node_port}" if node_port else port.get("port")
    return f"{number}/{port.get('protocol') or 'TCP'}"

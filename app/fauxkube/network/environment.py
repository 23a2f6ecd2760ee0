"""The environment variables by which the kubelet tells containers of services: Docker's links, and simpler ones.

As upstream's `pkg/kubelet/envvars` makes them, for the services that `getServiceEnvVarMap` of `pkg/kubelet` picks: all
of the pod's namespace unless its `enableServiceLinks` is false, and the API server's, `default/kubernetes`, in any
case. A service without a cluster IP has none. The kubelet hands them over in no order; here it is service by service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.machinery.objects import Object, name_of
from fauxkube.network.endpoints import socket_address
from fauxkube.network.hosts import Pod
from fauxkube.network.proxy import ports_of
from fauxkube.network.topology import Topology

#: The service that every pod is told of, wherever it is.
_MASTER_NAMESPACE, _MASTER = "default", "kubernetes"


def service_environment(topology: Topology, pod: Pod, *, started: str = "") -> dict[str, str]:
    """What a container of the pod has in its environment because of services: those that were there when it `started`.

    That is a time as the API writes it; without one, it starts now.
    """
    found: dict[str, Object] = {}
    if (master := topology.services.by_key.get(f"{_MASTER_NAMESPACE}/{_MASTER}")) is not None:
        found[_MASTER] = master
    if pod.object["spec"].get("enableServiceLinks") is not False:
        found |= {name_of(each): each for each in topology.services.within(pod.namespace)}
    there = (found[name] for name in sorted(found) if _was_there(found[name], started))
    return environment_of(there)


def _was_there(service: Object, moment: str) -> bool:
    return not moment or (service["metadata"].get("creationTimestamp") or "") <= moment


def environment_of(services: Iterable[Object]) -> dict[str, str]:
    """The variables of these services, in their order."""
    return {name: value for service in services if cluster_ips(service) for name, value in _variables(service)}


def _variables(service: Object) -> Iterator[tuple[str, str]]:
    prefix, address = _upper(name_of(service)), cluster_ips(service)[0]
    ports = ports_of(service)
    if not ports:
        return
    yield f"{prefix}_SERVICE_HOST", address
    yield f"{prefix}_SERVICE_PORT", str(ports[0].number)
    for port in ports:
        if port.name:
            yield f"{prefix}_SERVICE_PORT_{_upper(port.name)}", str(port.number)
    first = ports[0]
    yield f"{prefix}_PORT", _url(first.protocol, address, first.number)
    for port in ports:
        link = f"{prefix}_PORT_{port.number}_{port.protocol.upper()}"
        yield link, _url(port.protocol, address, port.number)
        yield f"{link}_PROTO", port.protocol.lower()
        yield f"{link}_PORT", str(port.number)
        yield f"{link}_ADDR", address


def _upper(name: str) -> str:
    """The name as a part of a variable's, also where it begins with a digit."""
    return name.replace("-", "_").upper()


def _url(protocol: str, address: str, port: int) -> str:
    return f"{protocol.lower()}://{socket_address(address, port)}"

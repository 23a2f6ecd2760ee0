"""Load balancer addresses for services of type LoadBalancer, as the service controller of a cloud provider.

A service gets one of each of its IP families out of the cluster's pools, told in `status.loadBalancer`; a finalizer
keeps the service until they have been given up. Services with a `loadBalancerClass` are another controller's. Without a
pool nothing is done at all, and services wait for an address for ever, as in a cluster without a cloud.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import NoReturn

from fauxkube.client.loop import Requeue, is_namespace_terminating
from fauxkube.client.own_writes import OwnWrites
from fauxkube.controllers.controller import AddressPool, Context, Controller
from fauxkube.ipam.families import IPV4, family_of
from fauxkube.kinds.gvrs import SERVICES
from fauxkube.kit.backoff import Backoff
from fauxkube.machinery.objects import Object, is_terminating, key_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
#: How long (seconds) to wait at most for the informer to show the last write.
_LAG_SECONDS = 1.0


class ServiceLoadBalancerController(Controller):
    """Keys are services."""

    name = "service-controller"
    workers = 1

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._services = context.informers.of(SERVICES)
        self._pools = context.load_balancer_pools
        self._own_writes = OwnWrites(self._services)
        self._services.on_change(self._service_changed)

    def backoff(self) -> Backoff:
        return Backoff(base=5.0, cap=300.0)

    async def reconcile(self, key: str) -> None:
        service = self._services.get(key)
        if service is None or not self._pools:
            self._own_writes.forget(key)
            return
        if self._own_writes.must_wait(key):
            raise Requeue(_LAG_SECONDS)
        if not wants_load_balancer(service) or is_terminating(service):
            await self._clean_up(service)
        elif not _is_ensured(service, self._pools):
            await self._ensure(service)

    def _service_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None or not (wants_load_balancer(new) or _has_finalizer(new)):
            return
        before, after = (old or new)["spec"].get("type"), new["spec"].get("type")
        if before != after:
            self._tell(new, "Type", f"{before} -> {after}")
        self.enqueue(old, new)

    async def _ensure(self, service: Object) -> None:
        self._tell(service, "EnsuringLoadBalancer", "Ensuring load balancer")
        try:
            if not _has_finalizer(service):
                service = await self._put_finalizers(service, [*_finalizers(service), FINALIZER])
            await self._give_addresses(service)
        except StatusError as error:
            if not is_namespace_terminating(error) and error.code not in {404, 409}:
                self._tell_failure(service, error.message)
            raise
        self._tell(service, "EnsuredLoadBalancer", "Ensured load balancer")

    async def _give_addresses(self, service: Object) -> None:
        """Keep the addresses that the service has of its families, and add those that are missing."""
        taken: dict[str, str] = {}
        try:
            for family in _missing(service, self._pools):
                taken[family] = self._take(service, family)
            points = [each for each in _ingress(service) if not _is_surplus(service, each, taken)]
            points += [{"ip": address, "ipMode": "VIP"} for address in taken.values()]
            if not points:
                self._fail(service)
            await self._put_status(service, {"ingress": points})
        except BaseException:
            for family, address in taken.items():
                self._pools[family].cancel(address)
            raise

    def _take(self, service: Object, family: str) -> str:
        address = _reserve(self._pools[family], _wanted(service, family))
        return address or self._fail(service)

    def _fail(self, service: Object) -> NoReturn:
        self._tell_failure(service, f"failed to ensure load balancer: {_shortage(service)}")
        raise Requeue

    async def _clean_up(self, service: Object) -> None:
        """Give the address up: the API server frees it with the service, or with the status that names it."""
        if not _has_finalizer(service):
            return
        if _ingress(service):
            self._tell(service, "DeletingLoadBalancer", "Deleting load balancer")
            await self._put_status(service, {"ingress": None})
        rest = [each for each in _finalizers(service) if each != FINALIZER]
        await self._put_finalizers(service, rest)
        self._tell(service, "DeletedLoadBalancer", "Deleted load balancer")

    async def _put_status(self, service: Object, load_balancer: Object) -> None:
        await self._patch(service, {"status": {"loadBalancer": load_balancer}}, subresource="status")

    async def _put_finalizers(self, service: Object, finalizers: list[str]) -> Object:
        patch = {"metadata": {"finalizers": finalizers, "uid": service["metadata"]["uid"]}}
        return await self._patch(service, patch)

    async def _patch(self, service: Object, patch: Object, *, subresource: str = "") -> Object:
        name, namespace = name_of(service), namespace_of(service)
        written = await self.client.patch(SERVICES, name, patch, namespace=namespace, subresource=subresource)
        self._own_writes.note(key_of(service), written)
        return written

    def _tell(self, service: Object, reason: str, message: str) -> None:
        self.recorder.event(service, "Normal", reason, message)

    def _tell_failure(self, service: Object, problem: str) -> None:
        self.recorder.event(service, "Warning", "SyncLoadBalancerFailed", f"Error syncing load balancer: {problem}")


def wants_load_balancer(service: Object) -> bool:
    """Whether the service is one that this controller serves."""
    spec = service["spec"]
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass")


def _is_ensured(service: Object, pools: Container[str]) -> bool:
    points = _ingress(service)
    if not _has_finalizer(service) or not points or _missing(service, pools):
        return False
    return not any(_is_surplus(service, each, ()) for each in points)


def _missing(service: Object, families: Container[str]) -> list[str]:
    """The families, of those that there are addresses of, in which the service lacks an address, or the one it wants.

    A load balancer that goes by a name is another's and lacks none.
    """
    if any(each.get("hostname") for each in _ingress(service)):
        return []
    found = {each["ip"] for each in _ingress(service) if each.get("ip")}
    own = [family for family in service["spec"].get("ipFamilies") or (IPV4,) if family in families]
    return [each for each in own if (_wanted(service, each) or next(_of_family(found, each), None)) not in found]


def _is_surplus(service: Object, point: Object, replaced: Container[str]) -> bool:
    """Whether the address is of a family that the service has not got, or that is given another one."""
    if not point.get("ip"):
        return False
    family = family_of(point["ip"])
    return family in replaced or family not in (service["spec"].get("ipFamilies") or (IPV4,))


def _of_family(addresses: Iterable[str], family: str) -> Iterator[str]:
    return (each for each in addresses if family_of(each) == family)


def _wanted(service: Object, family: str) -> str | None:
    """The address of a family that the service asks for, if it does."""
    wanted = service["spec"].get("loadBalancerIP")
    return wanted if wanted and family_of(wanted) == family else None


def _reserve(pool: AddressPool, wanted: str | None) -> str | None:
    if not wanted:
        return pool.reserve()
    return wanted if pool.reserve_exact(wanted) else None


def _shortage(service: Object) -> str:
    wanted = service["spec"].get("loadBalancerIP")
    return f"address {wanted} is not available" if wanted else "no address is available"


def _ingress(service: Object) -> list[Object]:
    return ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []


def _finalizers(service: Object) -> list[str]:
    return service["metadata"].get("finalizers") or []


def _has_finalizer(service: Object) -> bool:
    return FINALIZER in _finalizers(service)

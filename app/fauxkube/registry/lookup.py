"""How admission plugins see the cluster: the newest committed objects, decoded once for each version of them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.machinery.objects import GVR, Object
from fauxkube.registry.codec import decode
from fauxkube.store.model import Entry, StoreError
from fauxkube.store.store import Store

_KEPT = 256


class StoreLookup:
    """An `admission.chain.Lookup` over one store."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue
        self._decoded: OrderedDict[str, tuple[int, Object]] = OrderedDict()

    def find(self, gvr: GVR, namespace: str, name: str) -> Object | None:
        key = self._key(gvr, namespace, name)
        entry = self._store.get(key) if key else None
        return self._decode(entry) if entry else None

    def list_all(self, gvr: GVR) -> Sequence[Object]:
        resource = self._catalogue.find(*gvr)
        return [self._decode(entry) for entry in self._store.page(resource.prefix).entries] if resource else []

    def _decode(self, entry: Entry) -> Object:
        revision, obj = self._decoded.get(entry.key, (0, {}))
        if revision != entry.revision:
            obj = decode(entry.value)
            self._decoded[entry.key] = (entry.revision, obj)
            if len(self._decoded) > _KEPT:
                self._decoded.popitem(last=False)
        return obj

    async def wait_for(self, gvr: GVR, namespace: str, name: str, *, seconds: float) -> Object | None:
        key = self._key(gvr, namespace, name)
        if key is None:
            return None
        subscription = self._store.subscribe(key, after=self._store.revision)
        try:
            async with asyncio.timeout(seconds):
                while (found := self.find(gvr, namespace, name)) is None:
                    await subscription.next()
        except (TimeoutError, StoreError):
            return None
        finally:
            subscription.close()
        return found

    def _key(self, gvr: GVR, namespace: str, name: str) -> str | None:
        resource = self._catalogue.find(*gvr)
        return resource.key(namespace, name) if resource else None

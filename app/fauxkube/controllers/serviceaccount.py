"""The ServiceAccount controller: every active namespace has a service account `default`.

Mirrors upstream's `serviceaccount.ServiceAccountsController`: one that is deleted comes back.
"""

from __future__ import annotations

from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.gvrs import NAMESPACES, SERVICE_ACCOUNTS
from fauxkube.machinery.objects import Object, is_terminating, name_of, namespace_of

DEFAULT = "default"


class ServiceAccountController(Controller):
    """Keys are namespaces' names."""

    name = "service-account-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._namespaces = context.informers.of(NAMESPACES)
        self._accounts = context.informers.of(SERVICE_ACCOUNTS)
        self._namespaces.on_change(self.enqueue)
        self._accounts.on_change(self._account_changed)

    def _account_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None and old is not None and name_of(old) == DEFAULT:
            self.queue.add(namespace_of(old))

    async def reconcile(self, key: str) -> None:
        namespace = self._namespaces.get(key)
        if namespace is None or is_terminating(namespace) or self._accounts.get(f"{key}/{DEFAULT}"):
            return
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": DEFAULT, "namespace": key}}
        await self.client.create(SERVICE_ACCOUNTS, account, namespace=key)

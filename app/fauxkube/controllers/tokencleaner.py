"""Deletes bootstrap tokens once they have expired, as `token-cleaner-controller` does."""

from __future__ import annotations

from fauxkube.access.bootstrap_tokens import expiry_of, is_token_secret
from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.gvrs import SECRETS
from fauxkube.machinery.objects import Object, key_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError


class TokenCleaner(Controller):
    """Keys are the tokens' secrets."""

    name = "token-cleaner-controller"
    workers = 1

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._secrets = context.informers.of(SECRETS)
        self._secrets.on_change(self._secret_changed)

    def _secret_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None and is_token_secret(new):
            self.queue.add(key_of(new))

    async def reconcile(self, key: str) -> None:
        secret = self._secrets.get(key)
        expiry = expiry_of(secret) if secret else None
        if secret is None or expiry is None:
            return
        left = (expiry - self.clock.now()).total_seconds()
        if left > 0:
            self.queue.add_after(key, left)
            return
        try:
            uid = secret["metadata"]["uid"]
            await self.client.delete(SECRETS, name_of(secret), namespace=namespace_of(secret), uid=uid)
        except StatusError as error:
            if error.code not in (404, 409):
                raise

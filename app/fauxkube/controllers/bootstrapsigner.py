"""Signs `kube-public/cluster-info` with every bootstrap token that is for that, as `bootstrap-signer-controller` does.

So whoever has a token can tell that what it says, read before anything is trusted, is the cluster's own.
"""

from __future__ import annotations

from fauxkube.access.bootstrap_tokens import is_token_secret, signing_token
from fauxkube.access.jws import KEY_PREFIX, detached_signature
from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.gvrs import CONFIG_MAPS, SECRETS
from fauxkube.machinery.objects import Object, key_of

CLUSTER_INFO = "kube-public/cluster-info"
#: The key of what is signed.
KUBECONFIG = "kubeconfig"


class BootstrapSigner(Controller):
    """One key, the config map's."""

    name = "bootstrap-signer-controller"
    workers = 1

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._config_maps = context.informers.of(CONFIG_MAPS)
        self._secrets = context.informers.of(SECRETS)
        self._config_maps.on_change(self._config_map_changed)
        self._secrets.on_change(self._secret_changed)

    def _config_map_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None and key_of(new) == CLUSTER_INFO:
            self.queue.add(CLUSTER_INFO)

    def _secret_changed(self, old: Object | None, new: Object | None) -> None:
        if any(each is not None and is_token_secret(each) for each in (old, new)):
            self.queue.add(CLUSTER_INFO)

    async def reconcile(self, key: str) -> None:
        info = self._config_maps.get(key)
        content = ((info or {}).get("data") or {}).get(KUBECONFIG)
        if info is None or content is None:
            return
        data = self._signed(info["data"], content)
        if data != info["data"]:
            await self.client.update(CONFIG_MAPS, info | {"data": data})

    def _signed(self, data: dict[str, str], content: str) -> dict[str, str]:
        """The data with the signatures that belong there, and no others."""
        signed = {key: value for key, value in data.items() if not key.startswith(KEY_PREFIX)}
        for secret in self._secrets.items():
            if token := signing_token(secret, self.clock.now()):
                signed[KEY_PREFIX + token.id] = detached_signature(content, token.id, token.secret)
        return signed

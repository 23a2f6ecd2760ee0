"""Publishes the cluster's authority in every namespace, as `root-ca-certificate-publisher-controller` does.

Pods verify the API server by it. Where the cluster has no authority yet, there is nothing to publish.
"""

from __future__ import annotations

from fauxkube.access import authority
from fauxkube.access.authority import Authority
from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.gvrs import CONFIG_MAPS, NAMESPACES, SECRETS
from fauxkube.machinery.objects import Object, is_terminating, key_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError

NAME = "kube-root-ca.crt"
_KEY = "ca.crt"
_AUTHORITY = f"{authority.NAMESPACE}/{authority.NAME}"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class RootCACertPublisher(Controller):
    """Keys are namespaces' names."""

    name = "root-ca-certificate-publisher-controller"
    workers = 1

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._namespaces = context.informers.of(NAMESPACES)
        self._config_maps = context.informers.of(CONFIG_MAPS)
        self._secrets = context.informers.of(SECRETS)
        self._namespaces.on_change(self.enqueue)
        self._config_maps.on_change(self._config_map_changed)
        self._secrets.on_change(self._secret_changed)

    def _config_map_changed(self, old: Object | None, new: Object | None) -> None:
        changed = new or old or {}
        if name_of(changed) == NAME:
            self.queue.add(namespace_of(changed))

    def _secret_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None and key_of(new) == _AUTHORITY:
            for namespace in self._namespaces.items():
                self.queue.add(name_of(namespace))

    async def reconcile(self, key: str) -> None:
        secret, namespace = self._secrets.get(_AUTHORITY), self._namespaces.get(key)
        if secret is None or namespace is None or is_terminating(namespace):
            return
        data = {_KEY: Authority.from_secret(secret).certificate.decode()}
        published = self._config_maps.get(f"{key}/{NAME}")
        if published is None:
            await self._create(key, data)
        elif published.get("data") != data:
            await self.client.update(CONFIG_MAPS, published | {"data": data})

    async def _create(self, namespace: str, data: dict[str, str]) -> None:
        metadata = {
            "name": NAME,
            "namespace": namespace,
            "annotations": {"kubernetes.io/description": _DESCRIPTION},
        }
        try:
            await self.client.create(CONFIG_MAPS, {"metadata": metadata, "data": data})
        except StatusError as error:
            if error.reason != "AlreadyExists" and error.code != 404:
                raise

"""ServiceAccount: every pod runs as a service account, and has its API credentials mounted.

As upstream's `plugin/pkg/admission/serviceaccount`: the account must exist, its image pull secrets are taken over, and
a projected volume `kube-api-access-…` is mounted into each container unless the pod or the account declines.
"""

from __future__ import annotations

from typing import Any

from fauxkube.admission.chain import Lookup, Operation, Review
from fauxkube.kinds.gvrs import PODS, SERVICE_ACCOUNTS
from fauxkube.kinds.resource import Resource
from fauxkube.kit.chance import Chance
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object

_DEFAULT_ACCOUNT = "default"
_CREDENTIALS_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_MIRROR_ANNOTATION = "kubernetes.io/config.mirror"

#: How long a create waits for an account that the controller may be about to make, in seconds.
_GRACE = 1.0


class ServiceAccount:
    """Completes pods on creation."""

    def __init__(self, lookup: Lookup, chance: Chance) -> None:
        self._lookup = lookup
        self._chance = chance

    def handles(self, resource: Resource, subresource: str, operation: Operation) -> bool:
        return resource.gvr == PODS and not subresource and operation is Operation.CREATE

    async def admit(self, review: Review) -> None:
        pod = review.object
        if pod is None or _MIRROR_ANNOTATION in (pod["metadata"].get("annotations") or {}):
            return
        spec = pod.get("spec")
        if not isinstance(spec, dict):
            return
        if not spec.get("serviceAccountName"):
            spec["serviceAccountName"] = spec["serviceAccount"] = _DEFAULT_ACCOUNT
        account = await self._account(review, spec["serviceAccountName"])
        if _mounts_token(account, spec):
            name = review.name or pod["metadata"].get("generateName") or ""
            _mount_token(spec, self._chance.of("token", review.namespace, name))
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [dict(secret) for secret in account["imagePullSecrets"]]

    async def _account(self, review: Review, name: str) -> Object:
        account = self._lookup.find(SERVICE_ACCOUNTS, review.namespace, name)
        if account is None and name == _DEFAULT_ACCOUNT:
            account = await self._lookup.wait_for(SERVICE_ACCOUNTS, review.namespace, name, seconds=_GRACE)
        if account is None:
            problem = f'error looking up service account {review.namespace}/{name}: serviceaccount "{name}" not found'
            raise status.forbidden("pods", review.name, problem)
        return account


def _mount_token(spec: dict[str, Any], chance: Chance) -> None:
    volumes = spec.get("volumes") or []
    name = next((volume["name"] for volume in volumes if _is_token_volume(volume)), "")
    mounted = False
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        mounts = container.setdefault("volumeMounts", [])
        if any(mount.get("mountPath") == _CREDENTIALS_PATH for mount in mounts):
            continue
        name = name or f"kube-api-access-{chance.suffix()}"
        mounts.append({"name": name, "readOnly": True, "mountPath": _CREDENTIALS_PATH})
        mounted = True
    if mounted and all(volume.get("name") != name for volume in volumes):
        spec["volumes"] = [*volumes, token_volume(name)]


def _is_token_volume(volume: dict[str, Any]) -> bool:
    name = volume.get("name")
    return isinstance(name, str) and name.startswith("kube-api-access-")


def _mounts_token(account: Object, spec: dict[str, Any]) -> bool:
    """The pod's wish counts before the account's; without either the token is mounted."""
    for holder in (spec, account):
        wish = holder.get("automountServiceAccountToken")
        if wish is not None:
            return bool(wish)
    return True


def token_volume(name: str) -> dict[str, Any]:
    """The projected volume with the account's token, the cluster's CA and the namespace."""
    return {
        "name": name,
        "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {
                    "downwardAPI": {
                        "items": [
                            {
                                "path": "namespace",
                                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                            }
                        ]
                    }
                },
            ],
            "defaultMode": 420,
        },
    }

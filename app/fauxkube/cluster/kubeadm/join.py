"""`join`: a node that knows nothing but a token and a hash finds its cluster, gets a certificate and registers.

Discovery trusts nothing before `cluster-info` has been found to be signed with the token and the authority in it to
have the hash; then the token's user asks for the kubelet's certificate; then the node, as itself, registers. Mirrors
`cmd/kubeadm/app/discovery/token` and the kubelet's TLS bootstrap. All over HTTP, as from another machine.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from fauxkube.access.authority import key_hash, new_key, new_request
from fauxkube.access.bootstrap_tokens import USER_PREFIX, Token
from fauxkube.access.jws import KEY_PREFIX, is_signed
from fauxkube.access.signers import KUBELET_CLIENT, NODE_PREFIX, NODES_GROUP
from fauxkube.client.http import HttpClient, new_http
from fauxkube.cluster.kubeadm.tokens import KubeadmError
from fauxkube.kinds.certificates.conditions import DENIED, FAILED, certificate_of, of_type
from fauxkube.kinds.core.pod_status import condition
from fauxkube.kinds.gvrs import CERTIFICATE_SIGNING_REQUESTS, CONFIG_MAPS, NODES
from fauxkube.kit.chance import Chance
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.status import StatusError

#: Seconds that the signature by a token is waited for, which may just have been created, and the certificate.
_DISCOVERY_SECONDS = 2.0
_BOOTSTRAP_SECONDS = 60.0
_POLL_SECONDS = 0.1

_USAGES = ("digital signature", "client auth")


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinConfiguration:
    """The settings of `join`: the API's URL, a token, the hashes one of which the authority has (none: any), a name.

    Without a name the node gets the next of `node-1`, `node-2`, ...
    """

    url: str
    token: Token
    hashes: Collection[str] = ()
    node_name: str = ""


@dataclass(frozen=True, slots=True)
class Discovered:
    """What the cluster says of itself, once that is trusted: where its API is, and its authority's certificate."""

    url: str
    certificate: bytes


async def join(configuration: JoinConfiguration, say: Callable[[str], None], chance: Chance) -> str:
    """Make a node of the cluster, saying what is done; answers its name. KubeadmError in kubeadm's words."""
    say("[preflight] Running pre-flight checks")
    try:
        found = await discover(configuration)
    except (KubeadmError, StatusError) as error:
        problem = f"couldn't validate the identity of the API Server: {error}"
        raise KubeadmError(f"error execution phase preflight: {problem}") from None
    with_token = {"Authorization": f"Bearer {configuration.token}"}
    async with _Connection(configuration.url, with_token) as client:
        say('[preflight] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...')
        await _read_configuration(client)
        name = configuration.node_name or await _next_name(client)
        await _check_name(client, name)
        say("[kubelet-start] Starting the kubelet")
        say("[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap")
        await _bootstrap(client, name, configuration.token, found, chance)
    await _register(configuration.url, name)
    return name


class _Connection:
    """A client with headers of its own, until the end of a block."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._http = new_http()
        self._http.headers.update(headers)
        self._client = HttpClient(url, user_agent="kubeadm", http=self._http)

    async def __aenter__(self) -> HttpClient:
        return self._client

    async def __aexit__(self, *ended: object) -> None:
        await self._client.close()


async def discover(configuration: JoinConfiguration) -> Discovered:
    """What `cluster-info` says, if the token and a hash vouch for it; KubeadmError otherwise."""
    token = configuration.token
    async with _Connection(configuration.url, {}) as client:
        data = await _signed_info(client, token)
    content = data.get("kubeconfig", "")
    if not is_signed(data[KEY_PREFIX + token.id], content, token.id, token.secret):
        raise KubeadmError(
            "failed to verify JWS signature of received cluster info object, can't trust this API Server"
        )
    found = _read(content)
    hashed = key_hash(found.certificate)
    if configuration.hashes and hashed not in configuration.hashes:
        pinned = f'none of the public keys "{hashed}" are pinned'
        raise KubeadmError(f"cluster CA found in cluster-info ConfigMap is invalid: {pinned}")
    return found


async def _signed_info(client: HttpClient, token: Token) -> dict[str, str]:
    """The data of `cluster-info`, once it is signed with a token of that ID."""
    tries = int(_DISCOVERY_SECONDS / _POLL_SECONDS)
    for attempt in range(tries):
        data: dict[str, str] = (await client.get(CONFIG_MAPS, "cluster-info", "kube-public")).get("data") or {}
        if KEY_PREFIX + token.id in data:
            return data
        if attempt + 1 < tries:
            await asyncio.sleep(_POLL_SECONDS)
    raise KubeadmError(f'could not find a JWS signature in the cluster-info ConfigMap for token ID "{token.id}"')


def _read(kubeconfig: str) -> Discovered:
    import yaml

    try:
        cluster: Any = yaml.safe_load(kubeconfig)["clusters"][0]["cluster"]
        return Discovered(cluster["server"], base64.b64decode(cluster["certificate-authority-data"]))
    except (yaml.YAMLError, KeyError, IndexError, TypeError, ValueError) as error:
        raise KubeadmError(f"couldn't parse the kubeconfig file in the cluster-info ConfigMap: {error}") from None


async def _read_configuration(client: HttpClient) -> None:
    try:
        await client.get(CONFIG_MAPS, "kubeadm-config", "kube-system")
    except StatusError as error:
        problem = f"unable to fetch the kubeadm-config ConfigMap: failed to get config map: {error}"
        raise KubeadmError(f"error execution phase preflight: {problem}") from None


async def _next_name(client: HttpClient) -> str:
    taken = {name_of(node) for node in (await client.list(NODES)).items}
    return next(name for number in range(1, len(taken) + 2) if (name := f"node-{number}") not in taken)


async def _check_name(client: HttpClient, name: str) -> None:
    """Refuse the name of a node that is ready; one that is not may be this one, come back."""
    try:
        ready = condition(await client.get(NODES, name), "Ready")
    except StatusError as error:
        if error.code != 404:
            raise
        return
    if ready is not None and ready.get("status") == "True":
        raise KubeadmError(
            f'error execution phase kubelet-start: a Node with name "{name}" and status "Ready" already exists in the '
            "cluster. You must delete the existing Node or change the name of this new joining Node"
        )


async def _bootstrap(client: HttpClient, name: str, token: Token, found: Discovered, chance: Chance) -> None:
    """Get the kubelet a certificate that the cluster's authority has signed."""
    key = new_key(chance)
    request = _request(new_request(key, NODE_PREFIX + name, [NODES_GROUP]))
    asked = await client.create(CERTIFICATE_SIGNING_REQUESTS, request)
    if asked["spec"].get("username") != USER_PREFIX + token.id:
        raise KubeadmError(
            "error execution phase kubelet-start: cannot create certificate signing request: Unauthorized"
        )
    try:
        async with asyncio.timeout(_BOOTSTRAP_SECONDS):
            certificate = await _issued(client, asked)
    except TimeoutError:
        raise KubeadmError("error execution phase kubelet-start: timed out waiting for the TLS Bootstrap") from None
    _verify(certificate, found.certificate)


def _request(pem: bytes) -> Object:
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"generateName": "csr-"},
        "spec": {
            "request": base64.b64encode(pem).decode(),
            "signerName": KUBELET_CLIENT,
            "usages": list(_USAGES),
        },
    }


async def _issued(client: HttpClient, asked: Object) -> bytes:
    """The certificate, once it is there; KubeadmError when it is refused."""
    version = asked["metadata"]["resourceVersion"]
    async for event in client.watch(CERTIFICATE_SIGNING_REQUESTS, resource_version=version):
        csr = event.object
        if event.type == "BOOKMARK" or name_of(csr) != name_of(asked):
            continue
        for sort, word in ((DENIED, "denied"), (FAILED, "failed")):
            for each in of_type(csr, sort):
                problem = f"certificate signing request is {word}, reason: {each.get('reason')}"
                raise KubeadmError(f"error execution phase kubelet-start: {problem}, message: {each.get('message')}")
        if certificate := certificate_of(csr):
            return base64.b64decode(certificate)
    raise TimeoutError


def _verify(certificate: bytes, authority: bytes) -> None:
    """Refuse a certificate that the authority has not signed."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        issuer = x509.load_pem_x509_certificate(authority)
        x509.load_pem_x509_certificate(certificate).verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise KubeadmError(
            f"error execution phase kubelet-start: x509: certificate signed by unknown authority: {error}"
        ) from None


async def _register(url: str, name: str) -> None:
    """Register the node as itself; one of that name that is there is taken over, as a kubelet does."""
    headers = {"Impersonate-User": NODE_PREFIX + name, "Impersonate-Group": NODES_GROUP}
    async with _Connection(url, headers) as client:
        try:
            await client.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise KubeadmError(f"error execution phase kubelet-start: {error}") from None


JOINED = """
This node has joined the cluster:
* Certificate signing request was sent to apiserver and a response was received.
* The Kubelet was informed of the new secure connection details.

Run 'kubectl get nodes' to see this node join the cluster.
"""

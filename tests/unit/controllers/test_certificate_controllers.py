"""Certificate requests on a whole cluster: who is approved and signed by itself, and what goes when."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from fauxkube.access import authority, bootstrap_tokens
from fauxkube.access.authority import Authority, ends_at
from fauxkube.access.bootstrap_tokens import Terms, Token
from fauxkube.access.jws import detached_signature
from fauxkube.access.signers import KUBELET_CLIENT
from fauxkube.client.protocol import Client
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.certificates.conditions import APPROVED, DENIED, certificate_of, has, with_condition
from fauxkube.kinds.gvrs import CERTIFICATE_SIGNING_REQUESTS, CONFIG_MAPS, NAMESPACES, SECRETS
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.machinery.users import UserInfo
from fauxkube.registry.options import WriteOptions
from support.certificates import KUBELET_USAGES, csr, pem_of
from support.running import settled

BOOTSTRAPPER = UserInfo("system:bootstrap:abcdef", groups=("system:bootstrappers", "system:authenticated"))
JANE = UserInfo("jane", groups=("system:authenticated",))
TOKEN = Token("abcdef", "0123456789abcdef")
KUBELET = csr("node", pem=pem_of("system:node:node-1", ["system:nodes"]), signer=KUBELET_CLIENT, usages=KUBELET_USAGES)


def on_a_cluster(scenario: Callable[[Cluster], Awaitable[None]], **settings: object) -> None:
    async def main() -> None:
        frozen = Settings(nodes=0, clock_rate=0.0, **settings)  # type: ignore[arg-type]
        async with settled(Cluster(frozen)) as cluster:
            await scenario(cluster)

    asyncio.run(main())


async def ask(cluster: Cluster, obj: Object, user: UserInfo) -> Object:
    """The request as it is once the control plane has looked at it."""
    resource = cluster.registry.catalogue.find(*CERTIFICATE_SIGNING_REQUESTS)
    assert resource is not None
    await cluster.registry.create(resource, "", obj, WriteOptions(user=user))
    await cluster.time.settle()
    return await cluster.client.get(CERTIFICATE_SIGNING_REQUESTS, obj["metadata"]["name"])


async def decide(cluster: Cluster, name: str, decision: str) -> Object:
    asked = await cluster.client.get(CERTIFICATE_SIGNING_REQUESTS, name)
    decided = with_condition(asked, decision, reason="Test", message="")
    await cluster.client.update(CERTIFICATE_SIGNING_REQUESTS, decided, subresource="approval")
    await cluster.time.settle()
    return await cluster.client.get(CERTIFICATE_SIGNING_REQUESTS, name)


async def names(client: Client) -> list[str]:
    return [each["metadata"]["name"] for each in (await client.list(CERTIFICATE_SIGNING_REQUESTS)).items]


def test_a_kubelet_with_a_token_gets_its_certificate() -> None:
    async def scenario(cluster: Cluster) -> None:
        found = await ask(cluster, KUBELET, BOOTSTRAPPER)
        (approved,) = found["status"]["conditions"]
        assert (approved["type"], approved["reason"]) == ("Approved", "AutoApproved")
        certificate = base64.b64decode(certificate_of(found))
        assert ends_at(certificate) > cluster.clock.now() + timedelta(days=364)

    on_a_cluster(scenario)


def test_others_wait_for_somebody_to_decide() -> None:
    async def scenario(cluster: Cluster) -> None:
        assert (await ask(cluster, KUBELET, JANE))["status"] == {}
        assert (await ask(cluster, csr("jane"), BOOTSTRAPPER))["status"] == {}
        assert certificate_of(await decide(cluster, "jane", APPROVED))
        assert not certificate_of(await decide(cluster, "node", DENIED))

    on_a_cluster(scenario)


def test_a_request_that_its_signer_is_not_for_fails() -> None:
    async def scenario(cluster: Cluster) -> None:
        await ask(cluster, csr("server", usages=("server auth",)), JANE)
        _, failed = (await decide(cluster, "server", APPROVED))["status"]["conditions"]
        assert (failed["type"], failed["reason"]) == ("Failed", "SignerValidationFailure")
        assert failed["message"] == "invalid usage for client certificate: server auth"
        assert failed["lastTransitionTime"]

    on_a_cluster(scenario)


def test_the_authority_is_published_in_every_namespace_once_there_is_one() -> None:
    async def scenario(cluster: Cluster) -> None:
        client = cluster.client
        assert (await client.list(CONFIG_MAPS)).items == []
        await ask(cluster, KUBELET, BOOTSTRAPPER)
        kept = Authority.from_secret(await client.get(SECRETS, authority.NAME, authority.NAMESPACE))
        await client.create(NAMESPACES, {"metadata": {"name": "shop"}})
        await client.delete(CONFIG_MAPS, "kube-root-ca.crt", namespace="default")
        await client.patch(CONFIG_MAPS, "kube-root-ca.crt", {"data": {"ca.crt": "mine"}}, namespace="kube-public")
        await cluster.time.settle()
        found = {each["metadata"]["namespace"]: each["data"] for each in (await client.list(CONFIG_MAPS)).items}
        assert set(found) == {"default", "kube-system", "kube-public", "kube-node-lease", "shop"}
        assert all(data == {"ca.crt": kept.certificate.decode()} for data in found.values())

    on_a_cluster(scenario)


def test_others_signers_requests_are_left_to_them() -> None:
    async def scenario(cluster: Cluster) -> None:
        await ask(cluster, csr("own", signer="example.com/own"), JANE)
        approved = await decide(cluster, "own", APPROVED)
        assert has(approved, APPROVED)
        assert not certificate_of(approved)

    on_a_cluster(scenario)


def test_the_authority_is_made_once_and_kept_with_the_data(tmp_path: Path) -> None:
    kept: list[Authority] = []

    async def scenario(cluster: Cluster) -> None:
        name = f"node-{len(kept)}"
        await ask(cluster, KUBELET | {"metadata": {"name": name}}, BOOTSTRAPPER)
        kept.append(Authority.from_secret(await cluster.client.get(SECRETS, authority.NAME, authority.NAMESPACE)))

    for _ in range(2):
        on_a_cluster(scenario, data=tmp_path / "state.db")
    assert kept[0] == kept[1]


def test_decided_requests_go_after_an_hour_and_others_after_a_day() -> None:
    async def scenario(cluster: Cluster) -> None:
        for name in ("denied", "issued", "pending"):
            await ask(cluster, csr(name), JANE)
        await decide(cluster, "denied", DENIED)
        await decide(cluster, "issued", APPROVED)
        await cluster.time.advance(3599)
        assert await names(cluster.client) == ["denied", "issued", "pending"]
        await cluster.time.advance(1)
        assert await names(cluster.client) == ["pending"]
        await cluster.time.advance(23 * 3600)
        assert await names(cluster.client) == []

    on_a_cluster(scenario)


def test_a_request_goes_when_its_certificate_ends() -> None:
    async def scenario(cluster: Cluster) -> None:
        await ask(cluster, csr("short", seconds=600), JANE)
        await decide(cluster, "short", APPROVED)
        await cluster.time.advance(599)
        assert await names(cluster.client) == ["short"]
        await cluster.time.advance(1)
        assert await names(cluster.client) == []

    on_a_cluster(scenario)


def test_cluster_info_is_signed_for_each_token_while_it_lasts() -> None:
    async def scenario(cluster: Cluster) -> None:
        client, info = cluster.client, {"metadata": {"name": "cluster-info", "namespace": "kube-public"}}
        await client.create(CONFIG_MAPS, info | {"data": {"kubeconfig": "me", "jws-kubeconfig-gone00": "old"}})
        terms = Terms(expires=cluster.clock.now() + timedelta(hours=1))
        await client.create(SECRETS, bootstrap_tokens.secret_of(TOKEN, terms))
        await cluster.time.settle()
        signature = detached_signature("me", TOKEN.id, TOKEN.secret)
        assert await data(client) == {"kubeconfig": "me", "jws-kubeconfig-abcdef": signature}
        await cluster.time.advance(3600)
        assert await data(client) == {"kubeconfig": "me"}
        with pytest.raises(StatusError):
            await client.get(SECRETS, "bootstrap-token-abcdef", "kube-system")

    async def data(client: Client) -> dict[str, str]:
        found: dict[str, str] = (await client.get(CONFIG_MAPS, "cluster-info", "kube-public"))["data"]
        return found

    on_a_cluster(scenario)

"""`init` on a cluster in process: what it says, what it makes, and what tokens come of it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from fauxkube.access import bootstrap_tokens
from fauxkube.access.authority import Authority
from fauxkube.access.bootstrap_tokens import Terms, Token
from fauxkube.client.protocol import Client
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.host import Host
from fauxkube.cluster.kubeadm import tokens
from fauxkube.cluster.kubeadm.configuration import InitConfiguration
from fauxkube.cluster.kubeadm.init import Beginning
from fauxkube.cluster.kubeadm.phases import SKIPPABLE
from fauxkube.cluster.kubeadm.tokens import KubeadmError
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import (
    CLUSTER_ROLE_BINDINGS,
    CONFIG_MAPS,
    DAEMON_SETS,
    DEPLOYMENTS,
    NODES,
    PODS,
    ROLES,
    SECRETS,
    SERVICES,
)
from fauxkube.machinery.objects import name_of
from fauxkube.registry.pools import Ranges
from support.running import settled

TOKEN = Token("abcdef", "0123456789abcdef")
URL = "http://127.0.0.1:8080"
SYSTEM = "kube-system"


def initialized(check: Callable[[Cluster, list[str]], Awaitable[None]], *, blocks: bool = False, **given: Any) -> None:
    """Run `check` on a cluster that has just been initialized, with what `init` said."""

    async def main() -> None:
        configuration = InitConfiguration(node_name="cp", version="v1.36.0", token=TOKEN, **given)
        ranges, start = Ranges(node_blocks=blocks), datetime(2026, 1, 1, tzinfo=UTC)
        settings = Settings(nodes=0, clock_start=start, clock_rate=0.0, seed=1, network="none", ranges=ranges)
        said: list[str] = []
        async with settled(Cluster(settings)) as cluster:
            await Beginning(configuration, said.append).initialize(cluster, URL)
            await check(cluster, said)

    asyncio.run(main())


def words(said: list[str]) -> list[str]:
    """The words in brackets that lines begin with, each run of them once."""
    found = [line[1:].partition("]")[0] for line in said]
    return [word for at, word in enumerate(found) if at == 0 or found[at - 1] != word]


def test_the_phases_come_in_kubeadm_s_order() -> None:
    async def check(cluster: Cluster, said: list[str]) -> None:
        assert said[0] == "[init] Using Kubernetes version: v1.36.0"
        assert words(said) == [
            *("init", "preflight", "certs", "kubeconfig", "etcd", "control-plane", "kubelet-start"),
            *("wait-control-plane", "control-plane-check", "upload-config", "upload-certs", "mark-control-plane"),
            *("bootstrap-token", "addons"),
        ]
        assert "[bootstrap-token] Using token: abcdef.0123456789abcdef" in said

    initialized(check)


def test_there_is_one_node_not_ready_which_the_control_plane_runs_on() -> None:
    async def check(cluster: Cluster, said: list[str]) -> None:
        (node,) = (await cluster.client.list(NODES)).items
        assert name_of(node) == "cp"
        assert node["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] == ""
        assert {each["key"] for each in node["spec"]["taints"]} == {
            "node-role.kubernetes.io/control-plane",
            "node.kubernetes.io/not-ready",
        }
        (ready,) = [each for each in node["status"]["conditions"] if each["type"] == "Ready"]
        assert "cni plugin not initialized" in ready["message"]
        assert "podCIDR" not in node["spec"]
        pods = {name_of(each): each for each in (await cluster.client.list(PODS, SYSTEM)).items}
        for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"):
            pod = pods[f"{name}-cp"]
            assert pod["status"]["phase"] == "Running"
            assert pod["status"]["podIP"] == "172.18.0.2"
            assert pod["metadata"]["annotations"]["kubernetes.io/config.source"] == "file"
            assert pod["metadata"]["ownerReferences"][0]["kind"] == "Node"
            assert pod["spec"]["priority"] == 2_000_001_000

    initialized(check)


def test_mirrors_of_static_pods_come_back_while_their_node_is_there() -> None:
    async def check(cluster: Cluster, said: list[str]) -> None:
        client = cluster.client
        before = await client.get(PODS, "etcd-cp", SYSTEM)
        await client.delete(PODS, "etcd-cp", namespace=SYSTEM)
        await cluster.time.settle()
        after = await client.get(PODS, "etcd-cp", SYSTEM)
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        assert (after["spec"], after["status"]["phase"]) == (before["spec"], "Running")
        await client.delete(NODES, "cp")
        await cluster.time.advance(600)
        assert [name_of(each) for each in (await client.list(PODS, SYSTEM)).items if "-cp" in name_of(each)] == []

    initialized(check)


def test_the_add_ons_are_there_and_names_wait_for_a_network() -> None:
    async def check(cluster: Cluster, said: list[str]) -> None:
        proxy = await cluster.client.get(DAEMON_SETS, "kube-proxy", SYSTEM)
        assert (proxy["status"]["desiredNumberScheduled"], proxy["status"]["numberReady"]) == (1, 1)
        dns = await cluster.client.get(DEPLOYMENTS, "coredns", SYSTEM)
        assert (dns["status"]["replicas"], dns["status"]["unavailableReplicas"]) == (2, 2)
        service = await cluster.client.get(SERVICES, "kube-dns", SYSTEM)
        assert service["spec"]["clusterIP"] == "10.96.0.10"
        assert [(each["name"], each["port"], each["protocol"]) for each in service["spec"]["ports"]] == [
            ("dns", 53, "UDP"),
            ("dns-tcp", 53, "TCP"),
            ("metrics", 9153, "TCP"),
        ]

    initialized(check)


def test_what_joins_finds_the_cluster_and_its_configuration() -> None:
    async def check(cluster: Cluster, said: list[str]) -> None:
        client = cluster.client
        authority = Authority.from_secret(await client.get(SECRETS, "fauxkube-ca", SYSTEM))
        kubeconfig = await tokens.read_cluster_info(client)
        assert kubeconfig["clusters"][0]["cluster"]["server"] == URL
        assert await tokens.join_command(client, TOKEN) == (
            f"fauxkube join 127.0.0.1:8080 --token {TOKEN} --discovery-token-ca-cert-hash {authority.hash}"
        )
        config = await client.get(CONFIG_MAPS, "kubeadm-config", SYSTEM)
        kubeadm = yaml.safe_load(config["data"]["ClusterConfiguration"])
        assert kubeadm["kubernetesVersion"] == "v1.36.0"
        assert kubeadm["networking"]["serviceSubnet"] == "10.96.0.0/12"
        kubelet = yaml.safe_load((await client.get(CONFIG_MAPS, "kubelet-config", SYSTEM))["data"]["kubelet"])
        assert (kubelet["clusterDNS"], kubelet["clusterDomain"]) == (["10.96.0.10"], "cluster.local")
        await client.get(ROLES, "kubeadm:bootstrap-signer-clusterinfo", "kube-public")
        bound = {name_of(each) for each in (await client.list(CLUSTER_ROLE_BINDINGS)).items}
        assert {"kubeadm:kubelet-bootstrap", "kubeadm:node-autoapprove-bootstrap", "system:coredns"} <= bound

    initialized(check)


def test_with_a_range_of_pod_addresses_nodes_get_blocks_of_it() -> None:
    async def check(cluster: Cluster, said: list[str]) -> None:
        (node,) = (await cluster.client.list(NODES)).items
        assert node["spec"]["podCIDRs"] == ["10.244.0.0/24"]
        text = (await cluster.client.get(CONFIG_MAPS, "kubeadm-config", SYSTEM))["data"]["ClusterConfiguration"]
        assert yaml.safe_load(text)["networking"]["podSubnet"] == "10.244.0.0/16"

    initialized(check, blocks=True, pod_subnet="10.244.0.0/16")


def test_a_token_lasts_as_long_as_it_is_given() -> None:
    async def check(cluster: Cluster, said: list[str]) -> None:
        await cluster.time.advance(3599)
        await cluster.client.get(SECRETS, "bootstrap-token-abcdef", SYSTEM)
        await cluster.time.advance(1)
        assert await tokens.listed(cluster.client, cluster.clock.now()) == (
            "TOKEN     TTL       EXPIRES   USAGES    DESCRIPTION   EXTRA GROUPS"
        )

    initialized(check, token_ttl=timedelta(hours=1))


def test_certificates_are_written_that_their_authorities_have_signed(tmp_path: Path) -> None:
    printed: list[str] = []

    async def check(cluster: Cluster, said: list[str]) -> None:
        printed.extend(said)

    initialized(check, certificates=tmp_path)
    signed = {
        "ca": ("apiserver", "apiserver-kubelet-client"),
        "front-proxy-ca": ("front-proxy-client",),
        "etcd/ca": ("etcd/server", "etcd/peer", "etcd/healthcheck-client", "apiserver-etcd-client"),
    }
    at = str(int(datetime(2026, 1, 1, 1, tzinfo=UTC).timestamp()))
    for authority, certificates in signed.items():
        files = [f"{name}.crt" for name in certificates]
        command = ("openssl", "verify", "-attime", at, "-CAfile", f"{authority}.crt", *files)
        verified = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
        assert verified.stdout == "".join(f"{name}: OK\n" for name in files)
    made = [*signed, *(name for certificates in signed.values() for name in certificates)]
    expected = {f"{name}.{suffix}" for name in made for suffix in ("crt", "key")} | {"sa.key", "sa.pub"}
    assert {str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*.*")} == expected
    assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0
    hosts = "cp kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local"
    serving = f"[certs] apiserver serving cert is signed for DNS names [{hosts}] and IPs [10.96.0.1 172.18.0.2]"
    assert any(serving in each for each in printed)
    with pytest.raises(KubeadmError, match="already exists"):
        initialized(check, certificates=tmp_path)


def test_phases_can_be_left_out() -> None:
    async def check(cluster: Cluster, said: list[str]) -> None:
        assert said == ["[init] Using Kubernetes version: v1.36.0", "[addons] Applied essential addon: CoreDNS"]
        assert (await cluster.client.list(NODES)).items == []
        assert (await cluster.client.list(DAEMON_SETS)).items == []
        assert (await cluster.client.list(DEPLOYMENTS)).items

    initialized(check, skipped={*SKIPPABLE} - {"addon", "addon/coredns"})


def test_a_reset_comes_back_to_the_initialized_cluster() -> None:
    async def main() -> None:
        host = Host(Settings(nodes=0, network="none", ranges=Ranges(node_blocks=False)))
        configuration = InitConfiguration(node_name="cp", version="v1.36.0", token=TOKEN)
        said: list[str] = []
        beginning = Beginning(configuration, said.append)
        try:
            await beginning.start(host, URL)
            before = await host.control().cluster.client.get(SECRETS, "fauxkube-ca", SYSTEM)
            await host.control().cluster.client.delete(NODES, "cp")
            await host.reset("default")
            client = host.control().cluster.client
            assert [name_of(each) for each in (await client.list(NODES)).items] == ["cp"]
            assert (await client.get(SECRETS, "fauxkube-ca", SYSTEM))["data"] == before["data"]
            assert beginning.command == await tokens.join_command(client, TOKEN)
        finally:
            await host.close()

    asyncio.run(main())


def test_a_cluster_is_initialized_once() -> None:
    async def check(cluster: Cluster, said: list[str]) -> None:
        again = Beginning(InitConfiguration(node_name="cp", version="v1.36.0"), said.append)
        with pytest.raises(KubeadmError) as raised:
            await again.initialize(cluster, URL)
        assert "[ERROR DirAvailable--var-lib-etcd]: the data holds a cluster that has been init" in str(raised.value)

    initialized(check)


def test_tokens_are_listed_as_kubeadm_lists_them() -> None:
    async def check(cluster: Cluster, said: list[str]) -> None:
        other = Token("zzzzzz", "0123456789abcdef")
        await tokens.create(cluster.client, other, Terms(usages=["signing"], groups=[], description="mine"))
        assert await tokens.listed(cluster.client, cluster.clock.now()) == (
            "TOKEN                     TTL         EXPIRES                USAGES                   DESCRIPTION"
            "                                                EXTRA GROUPS\n"
            "abcdef.0123456789abcdef   1d          2026-01-02T00:00:00Z   authentication,signing   The default "
            "bootstrap token generated by 'kubeadm init'.   system:bootstrappers:kubeadm:default-node-token\n"
            "zzzzzz.0123456789abcdef   <forever>   <never>                signing                  mine"
            "                                                       <none>"
        )

    initialized(check)


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        (
            Terms(usages=["signing", "joining"]),
            'invalid bootstrap token usage "joining", valid are: signing',
        ),
        (Terms(groups=["system:masters"]), 'bootstrap group "system:masters" is invalid'),
    ],
)
def test_tokens_are_for_what_tokens_are_for(terms: Terms, problem: str) -> None:
    with pytest.raises(KubeadmError, match=problem):
        tokens.check_terms(terms)


def test_tokens_are_made_once_and_deleted_by_their_id_or_the_whole_of_them() -> None:
    async def check(cluster: Cluster, said: list[str]) -> None:
        client: Client = cluster.client
        with pytest.raises(KubeadmError, match='a token with id "abcdef" already exists'):
            await tokens.create(client, TOKEN, Terms())
        assert await tokens.delete(client, str(TOKEN)) == "abcdef"
        await tokens.create(client, TOKEN, Terms())
        assert await tokens.delete(client, "abcdef") == "abcdef"
        with pytest.raises(KubeadmError, match=r'failed to delete bootstrap token "abcdef": .* not found'):
            await tokens.delete(client, "abcdef")
        with pytest.raises(KubeadmError, match="didn't match pattern"):
            await tokens.delete(client, "abc")
        assert bootstrap_tokens.parse("abc") is None

    initialized(check)

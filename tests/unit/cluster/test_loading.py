"""Beginning with manifests or with a dump: what is made of them, and that nothing is made of what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from fauxkube.cluster.beginnings.loading import Beginning, LoadError, begin, make
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DEPLOYMENTS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    SERVICE_ACCOUNTS,
    SERVICES,
)
from fauxkube.machinery.objects import GVR, Object, name_of
from fauxkube.registry.pools import Ranges
from fauxkube.simulation.manifests import Manifest, read_path, read_text
from support.api import config_map, deployment, pod, service
from support.running import settled

KIND = Path(__file__).parent / "dumps" / "kind.yaml"


def typed(api_version: str, kind: str, obj: Object, **metadata: Any) -> Object:
    """A manifest as people write it."""
    return {"apiVersion": api_version, "kind": kind, **obj, "metadata": obj["metadata"] | metadata}


def manifests(*objects: Object) -> list[Manifest]:
    return [Manifest(each, f"test.yaml:{number}") for number, each in enumerate(objects, start=1)]


@asynccontextmanager
async def begun(
    listed: Iterable[Manifest], settings: Settings | None = None
) -> AsyncIterator[tuple[Cluster, Beginning]]:
    """A cluster that began with the manifests, settled."""
    beginning = await begin(listed, settings or Settings(nodes=1, clock_rate=0))
    async with settled(Cluster(beginning.settings, state=beginning.state)) as cluster:
        await make(cluster, beginning.manifests)
        await cluster.time.settle()
        yield cluster, beginning


async def listed(cluster: Cluster, gvr: GVR) -> dict[str, Object]:
    return {name_of(each): each for each in (await cluster.client.list(gvr)).items}


WEB = typed("apps/v1", "Deployment", deployment("web", replicas=2), namespace="shop")
FRONT = typed("v1", "Service", service("web", selector={"app": "web"}), namespace="shop")
SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "a"}}}


def test_manifests_are_made_and_what_they_lie_in() -> None:
    async def scenario() -> None:
        async with begun(manifests(WEB, FRONT)) as (cluster, _):
            assert len(await listed(cluster, PODS)) == 2
            assert "web" in await listed(cluster, SERVICES)
            assert "shop" in await listed(cluster, NAMESPACES)

    asyncio.run(scenario())


@pytest.mark.parametrize("namespace", [None, "default", "shop"])
def test_a_pod_waits_for_its_namespace_s_service_account(namespace: str | None) -> None:
    async def scenario() -> None:
        bare = typed("v1", "Pod", pod("bare"), **({"namespace": namespace} if namespace else {}))
        beginning = await begin(manifests(bare), Settings(nodes=1))
        cluster = Cluster(beginning.settings)
        try:
            await cluster.start()
            await make(cluster, beginning.manifests)
            made = (await listed(cluster, PODS))["bare"]
            assert made["metadata"]["namespace"] == (namespace or "default")
            assert made["spec"]["serviceAccountName"] == "default"
        finally:
            await cluster.close()

    asyncio.run(scenario())


def test_a_namespace_s_own_manifest_makes_it() -> None:
    async def scenario() -> None:
        async with begun(manifests(WEB, SHOP)) as (cluster, _):
            assert (await listed(cluster, NAMESPACES))["shop"]["metadata"]["labels"]["team"] == "a"

    asyncio.run(scenario())


def test_what_is_there_already_is_changed() -> None:
    async def scenario() -> None:
        labelled = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "labels": {"a": "b"}}}
        async with settled(Cluster(Settings(nodes=0))) as cluster:
            loaded = await make(cluster, manifests(labelled))
            assert loaded.changed == ["Namespace default"]
            labels = (await listed(cluster, NAMESPACES))["default"]["metadata"]["labels"]
            assert labels == {"a": "b", "kubernetes.io/metadata.name": "default"}

    asyncio.run(scenario())


def test_the_report_names_what_was_made_and_what_was_skipped() -> None:
    async def scenario() -> None:
        hook = typed("v1", "Pod", pod("check"), annotations={"helm.sh/hook": "test"})
        widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
        beginning = await begin(manifests(hook, widget, WEB), Settings(nodes=0))
        async with settled(Cluster(beginning.settings)) as cluster:
            loaded = beginning.loaded + await make(cluster, beginning.manifests)
        assert loaded.created == ["Namespace shop", "Deployment shop/web"]
        assert loaded.skipped == [
            "Pod check (a Helm hook: test)",
            "Widget w (example.com/v1 is not served with that kind)",
        ]

    asyncio.run(scenario())


def test_nothing_is_made_when_anything_is_wrong() -> None:
    async def scenario() -> None:
        good = typed("v1", "ConfigMap", config_map("good"))
        misspelt = typed("v1", "ConfigMap", {**config_map("bad"), "dta": {}})
        taken = typed("v1", "Service", service("taken", clusterIP="10.96.0.1"))
        async with settled(Cluster(Settings(nodes=0))) as cluster:
            before = cluster.store.revision
            with pytest.raises(LoadError) as caught:
                await make(cluster, manifests(good, misspelt, taken))
            first, second = caught.value.problems
            assert first.startswith("test.yaml:2: ConfigMap bad: ")
            assert 'unknown field "dta"' in first
            assert second.startswith("test.yaml:3: Service taken: ")
            assert "provided IP is already allocated" in second
            assert cluster.store.revision == before

    asyncio.run(scenario())


def test_a_dump_is_no_manifest_for_a_running_cluster() -> None:
    async def scenario() -> None:
        async with settled(Cluster(Settings(nodes=0))) as cluster:
            with pytest.raises(LoadError, match="a dump is where a cluster begins"):
                await make(cluster, manifests(typed("v1", "ConfigMap", config_map("a"), uid="u")))

    asyncio.run(scenario())


def test_the_dump_of_a_kind_cluster_goes_on_as_it_was() -> None:
    async def scenario() -> None:
        dumped = read_path(KIND)
        async with begun(dumped, Settings()) as (cluster, beginning):
            assert beginning.settings.ranges == Ranges(
                cluster_cidr="10.245.0.0/16", service_cidr="10.97.0.0/16", node_ports=(31000, 31999)
            )
            assert sorted(await listed(cluster, NODES)) == ["kind-control-plane", "kind-worker"]
            for gvr, kind in ((PODS, "Pod"), (SERVICES, "Service"), (DEPLOYMENTS, "Deployment")):
                there = await listed(cluster, gvr)
                wanted = {name_of(each.object): each.object for each in dumped if each.object["kind"] == kind}
                assert _identities(there) == _identities(wanted)
            assert beginning.loaded.skipped == [
                "Job shop/report-28911 (batch/v1 is not served with that kind)",
                "StorageClass standard (storage.k8s.io/v1 is not served with that kind)",
            ]
            assert beginning.loaded.notes == []

    asyncio.run(scenario())


def _identities(objects: dict[str, Object]) -> dict[str, tuple[Any, ...]]:
    """What of an object must not change: who it is, where it runs, its addresses and ports."""
    return {
        name: (
            each["metadata"]["uid"],
            each["metadata"]["creationTimestamp"],
            each["spec"].get("nodeName"),
            each.get("status", {}).get("podIP"),
            each["spec"].get("clusterIP"),
            [port.get("nodePort") for port in each["spec"].get("ports") or ()],
        )
        for name, each in objects.items()
    }


def test_pods_of_a_dump_are_left_alone_and_addresses_in_use_are_not_given_again() -> None:
    async def scenario() -> None:
        async with begun(read_path(KIND), Settings(clock_rate=0)) as (cluster, _):
            revisions = {
                name: each["metadata"]["resourceVersion"] for name, each in (await listed(cluster, PODS)).items()
            }
            await cluster.time.advance(900)
            pods = await listed(cluster, PODS)
            assert {name: each["metadata"]["resourceVersion"] for name, each in pods.items()} == revisions
            scale = {"spec": {"replicas": 8}}
            await cluster.client.patch(DEPLOYMENTS, "web", scale, namespace="shop")
            await cluster.client.create(SERVICES, service("more", type="NodePort"), namespace="shop")
            await cluster.time.settle()
            addresses = [each["status"]["podIP"] for each in (await listed(cluster, PODS)).values()]
            own = [each for each in addresses if not each.startswith("172.")]
            assert len(own) == len(set(own)) == 11
            more = (await listed(cluster, SERVICES))["more"]["spec"]
            assert more["clusterIP"].startswith("10.97.")
            assert 31000 <= more["ports"][0]["nodePort"] <= 31999

    asyncio.run(scenario())


def dumped(cluster: Cluster, *kinds: str) -> list[Manifest]:
    """What `kubectl get -o json` prints of those kinds (all, unless given)."""
    items = [orjson.loads(entry.value) for entry in cluster.store.page("").entries]
    chosen = [each for each in items if not kinds or each["kind"] in kinds]
    return list(read_text(orjson.dumps({"apiVersion": "v1", "kind": "List", "items": chosen}), "dump.json"))


async def populated(cluster: Cluster) -> None:
    agent = deployment("agent")
    del agent["spec"]["replicas"]
    for gvr, obj in (
        (DEPLOYMENTS, deployment("web", replicas=3)),
        (SERVICES, service("web", selector={"app": "web"}, type="LoadBalancer")),
        (DAEMON_SETS, agent),
    ):
        await cluster.client.create(gvr, obj, namespace="default")
    await cluster.time.settle()


def test_a_dump_of_ours_is_the_same_cluster_again() -> None:
    async def scenario() -> None:
        async with settled(Cluster(Settings(nodes=2, clock_rate=0))) as source:
            await populated(source)
            async with begun(dumped(source), source.settings) as (cluster, beginning):
                assert cluster.store.revision == len(beginning.loaded.created)
                assert [entry.key for entry in cluster.store.page("").entries] == [
                    entry.key for entry in source.store.page("").entries
                ]

    asyncio.run(scenario())


def test_what_a_dump_holds_in_two_versions_is_one_object() -> None:
    async def scenario() -> None:
        async with settled(Cluster(Settings(nodes=1, clock_rate=0))) as source:
            events = dumped(source, "Event")
            assert events
            renamed = [each.object | {"apiVersion": "events.k8s.io/v1"} for each in events]
            beginning = await begin([*events, *manifests(*renamed)], source.settings)
            assert beginning.loaded.created == [each.title for each in events]

    asyncio.run(scenario())


def test_a_dump_that_is_not_whole_is_filled_in() -> None:
    async def scenario() -> None:
        async with settled(Cluster(Settings(nodes=2, clock_rate=0))) as source:
            await populated(source)
            part = dumped(source, "Pod", "ReplicaSet", "DaemonSet")
            async with begun(part, Settings(clock_rate=0)) as (cluster, beginning):
                await cluster.time.advance(900)
                assert _identities(await listed(cluster, PODS)) == _identities(await listed(source, PODS))
                assert sorted(await listed(cluster, NODES)) == ["node-1", "node-2"]
                nodes = await listed(cluster, NODES)
                assert {name: each["spec"]["podCIDR"] for name, each in nodes.items()} == {
                    name: each["spec"]["podCIDR"] for name, each in (await listed(source, NODES)).items()
                }
                [owned] = (await listed(cluster, REPLICA_SETS)).values()
                assert "ownerReferences" not in owned["metadata"]
                assert beginning.loaded.notes == [
                    f"left out: ReplicaSet default/{name_of(owned)} without its Deployment web",
                    "filled in: Namespace default",
                    "filled in: Node node-1",
                    "filled in: Node node-2",
                ]

    asyncio.run(scenario())


def test_a_load_balancer_keeps_an_address_from_elsewhere() -> None:
    async def scenario() -> None:
        front = typed("v1", "Service", service("front", type="LoadBalancer"), namespace="default", uid="u-1")
        front["spec"] |= {"clusterIP": "10.96.7.7", "clusterIPs": ["10.96.7.7"]}
        front["status"] = {"loadBalancer": {"ingress": [{"ip": "198.51.100.9", "ipMode": "VIP"}]}}
        async with begun(manifests(front)) as (cluster, _):
            there = (await listed(cluster, SERVICES))["front"]
            assert there["status"]["loadBalancer"]["ingress"][0]["ip"] == "198.51.100.9"
            await cluster.client.delete(SERVICES, "front", namespace="default")
            await cluster.time.settle()
            assert "front" not in await listed(cluster, SERVICES)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("first", "used", "adopted"),
    [
        ("10.96.0.1", "10.99.1.1", "10.96.0.0/12"),
        ("10.43.0.1", "10.43.80.7", "10.43.0.0/16"),
        ("172.20.0.1", "172.20.3.4", "172.20.0.0/16"),
        ("34.118.224.1", "34.118.230.2", "34.118.224.0/19"),
    ],
    ids=["kubeadm", "k3s", "EKS", "GKE"],
)
def test_the_service_range_follows_from_the_service_kubernetes(first: str, used: str, adopted: str) -> None:
    async def scenario() -> None:
        api = typed("v1", "Service", service("kubernetes", clusterIP=first), namespace="default", uid="u-1")
        other = typed("v1", "Service", service("other", clusterIP=used), namespace="default", uid="u-2")
        async with begun(manifests(api, other)) as (cluster, beginning):
            assert beginning.settings.ranges.service_cidr == adopted
            assert {each["spec"]["clusterIP"] for each in (await listed(cluster, SERVICES)).values()} == {first, used}

    asyncio.run(scenario())


def test_a_dump_that_contradicts_itself_is_refused_by_name() -> None:
    async def scenario() -> None:
        one, two = (
            typed("v1", "Service", service(name, clusterIP="10.96.3.3"), namespace="default", uid=name)
            for name in ("one", "two")
        )
        with pytest.raises(LoadError, match=r'Service "two" is invalid.*10.96.3.3.*already allocated'):
            await begin(manifests(one, two), Settings())
        broken = typed("v1", "Service", {"metadata": {"name": "three"}, "spec": "text"}, uid="three")
        with pytest.raises(LoadError, match=r"test.yaml:1: Service three: .*cannot unmarshal string"):
            await begin(manifests(broken), Settings())
        accounts = [typed("v1", "ServiceAccount", {"metadata": {"name": "a"}}, uid=uid) for uid in "uv"]
        with pytest.raises(LoadError, match='"a" already exists'):
            await begin(manifests(*accounts), Settings())

    asyncio.run(scenario())


def test_a_dump_and_a_data_file_exclude_each_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        account = typed("v1", "ServiceAccount", {"metadata": {"name": "a"}}, uid="u")
        with pytest.raises(LoadError, match="cannot be together with a data file"):
            await begin(manifests(account), Settings(data=tmp_path / "data.db"))

    asyncio.run(scenario())


def test_manifests_join_a_dump() -> None:
    async def scenario() -> None:
        account = typed("v1", "ServiceAccount", {"metadata": {"name": "robot"}}, namespace="shop", uid="u")
        async with begun(manifests(account, typed("v1", "ConfigMap", config_map("more"), namespace="shop"))) as (
            cluster,
            _,
        ):
            assert "more" in await listed(cluster, CONFIG_MAPS)
            assert sorted(await listed(cluster, SERVICE_ACCOUNTS)) == ["default", "robot"]

    asyncio.run(scenario())

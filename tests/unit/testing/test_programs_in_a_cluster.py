"""Programs that a test runs in the pods of its cluster."""

from __future__ import annotations

import asyncio

import pytest

from fauxkube import Cluster
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.testing import StatusError

WEB_PORTS = [{"containerPort": 8080}]
CLIENT = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "client"},
    "spec": {"containers": [{"name": "shell", "image": "busybox"}, {"name": "helper", "image": "busybox"}]},
}
WEB = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "nginx", "ports": WEB_PORTS}]},
}
SHOP = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "shop"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
}


def test_a_program_is_run_as_soon_as_its_pod_is_applied(cluster: Cluster) -> None:
    cluster.apply([SHOP, WEB, CLIENT])
    ran = cluster.exec("client", "wget", "-qO-", "shop")
    assert (ran.stdout.splitlines()[0], ran.stderr, ran.exit_code) == ("Hello from web", "", 0)
    failed = cluster.exec("pod/client", "wget -qO- nowhere; exit 7")
    assert (failed.stdout, failed.stderr, failed.exit_code) == ("", "wget: bad address 'nowhere'\n", 7)
    assert cluster.exec("client", "cat", stdin="given", container="helper").stdout == "given"


def test_what_a_test_serves_is_what_programs_get() -> None:
    with Cluster() as cluster:
        cluster.apply([SHOP, WEB, CLIENT])

        @cluster.serve("web")
        def answer(request: HttpRequest) -> HttpResponse:
            return HttpResponse(201, f"asked for {request.target}".encode())

        ran = cluster.exec("client", "curl -s -w ' %{http_code}' http://shop/a")
    assert ran.stdout == "asked for /a 201"


def test_the_api_server_answers_from_inside(cluster: Cluster) -> None:
    cluster.apply(CLIENT)
    ran = cluster.exec("client", "curl -sk https://kubernetes/api/v1/namespaces/default/pods/client | grep '\"name\"'")
    assert '"name": "client"' in ran.stdout or '"name":"client"' in ran.stdout


def test_a_program_sleeps_by_the_clusters_clock() -> None:
    with Cluster(clock="frozen") as cluster:
        cluster.apply(CLIENT)

        async def sleep_and_advance() -> int:
            running = asyncio.ensure_future(cluster.asynchronous.exec("client", "sleep", "3600"))
            while not running.done():
                await cluster.asynchronous.clock.advance(hours=1)
            return (await running).exit_code

        assert asyncio.run(sleep_and_advance()) == 0


@pytest.mark.parametrize(
    ("pod", "command", "container", "code"),
    [("none", "true", "", 404), ("client", "true", "none", 400)],
)
def test_what_cannot_be_run_is_refused(cluster: Cluster, pod: str, command: str, container: str, code: int) -> None:
    cluster.apply(CLIENT)
    with pytest.raises(StatusError) as raised:
        cluster.exec(pod, command, container=container)
    assert raised.value.code == code


def test_a_program_that_is_not_there_is_refused_in_the_runtimes_words(cluster: Cluster) -> None:
    cluster.apply(CLIENT)
    with pytest.raises(StatusError, match=r"executable file not found in \$PATH"):
        cluster.exec("client", "nosuch", "-x")


def test_a_pod_that_does_not_run_runs_nothing(cluster: Cluster) -> None:
    cluster.apply(CLIENT | {"spec": CLIENT["spec"] | {"nodeSelector": {"no": "where"}}})  # type: ignore[operator]
    with pytest.raises(StatusError) as raised:
        cluster.exec("client", "true")
    assert raised.value.code == 400

"""A cluster in unittest, in asyncio, in trio, in a program that forks, and from several threads."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest

import fauxkube
from fauxkube import Cluster
from fauxkube.testing import AsyncCluster, WaitTimeout
from support.manifests import config_map, deployment, service


class TestWithUnittest(unittest.TestCase):
    """A cluster for a class's tests, and a fork of it for each."""

    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = cls.enterClassContext(Cluster())
        cls.cluster.apply(config_map("shared"))

    def setUp(self) -> None:
        self.fork = self.enterContext(self.cluster.fork())

    def test_a_fork_has_what_the_class_prepared(self) -> None:
        self.fork.delete("cm/shared")
        assert self.fork.list("cm") == []

    def test_another_has_it_too(self) -> None:
        assert len(self.fork.list("cm")) == 1


async def use(cluster: AsyncCluster) -> None:
    """What a test with an event loop does."""
    await cluster.apply([deployment("web", replicas=2), service("web")])
    await cluster.wait("deployment/web", "Available")
    await cluster.expect("service/web").to_have_endpoints(2)
    async with cluster.client() as http:
        assert (await http.get("/api/v1/namespaces/default/services/web")).status_code == 200
    await cluster.requests.assert_called_once(resource="services")
    await cluster.faults.add("pod", "crash", {"name": "web-*"}, run_for="1h")
    await cluster.clock.freeze()
    await cluster.clock.advance(hours=2)
    async with await cluster.fork() as other:
        assert len(await other.list("pods")) == 2
        assert other.name != cluster.name


async def whole() -> None:
    async with Cluster() as cluster:
        await use(cluster)


def test_all_that_waits_can_be_awaited() -> None:
    plain = {"async_client", "close", "env", "export", "run"}
    assert {name for name in dir(Cluster) if not name.startswith("_")} - plain - set(dir(AsyncCluster)) == {
        "asynchronous",
        "from_snapshot",
        "is_started",
        "member",
    }


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_program_with_an_event_loop_awaits_its_cluster(backend: str) -> None:
    anyio.run(whole, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_wait_holds_up_no_loop_and_can_be_cancelled(backend: str) -> None:
    async def main() -> None:
        async with Cluster() as cluster:
            with anyio.move_on_after(0.2) as scope:
                await cluster.wait("pod/none", "Ready", timeout=0.6)
            assert scope.cancelled_caught

    anyio.run(main, backend=backend)


def test_a_cluster_is_awaited_beside_one_that_is_not() -> None:
    async def main(cluster: Cluster) -> None:
        waiting = asyncio.create_task(cluster.asynchronous.wait("cm/late", "exists"))
        await cluster.asynchronous.create(config_map("late"))
        assert len(await waiting) == 1

    with Cluster() as cluster:
        asyncio.run(main(cluster))


def test_many_threads_have_clusters_of_their_own() -> None:
    def use_one(number: int) -> int:
        with Cluster(nodes=number) as cluster:
            return len(cluster.list("nodes"))

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(use_one, [1, 2, 3, 4])) == [1, 2, 3, 4]


def python(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program of its own, with warnings as errors."""
    environment = {"PYTHONPATH": str(Path(fauxkube.__file__).parents[1]), "PATH": ""}
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program)]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=60)


def test_a_program_ends_though_its_cluster_was_not_stopped() -> None:
    ended = python(
        """
        from fauxkube import Cluster
        cluster = Cluster().start()
        other = Cluster(process=True).start()
        print(len(cluster.list("nodes")), len(other.list("nodes")))
        """
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("3 3\n", "", 0)


def test_a_forked_process_starts_a_server_of_its_own() -> None:
    ended = python(
        """
        import os
        from fauxkube import Cluster
        with Cluster() as cluster:
            child = os.fork()
            if child == 0:
                with Cluster() as other:
                    print(len(other.list("nodes")), other.url.split("/")[2] != cluster.url.split("/")[2], flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print(len(cluster.list("nodes")))
        """
    )
    assert (ended.stdout, ended.stderr) == ("3 True\n3\n", "")


def test_a_child_process_ends_with_its_parent() -> None:
    ended = python(
        """
        import os
        from fauxkube import Cluster
        from fauxkube.testing.servers import server_of
        Cluster(process=True).start()
        print(server_of(process=True)._process.pid, flush=True)
        os._exit(1)
        """
    )
    process = Path(f"/proc/{int(ended.stdout)}")
    deadline = time.monotonic() + 10
    while process.exists() and "\nState:\tZ" not in (process / "status").read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not process.exists() or "\nState:\tZ" in (process / "status").read_text()


def test_importing_fauxkube_imports_no_cluster() -> None:
    ended = python("import fauxkube, sys; print(sorted(name for name in sys.modules if name.startswith('fauxkube')))")
    assert ended.stdout == "['fauxkube']\n"


def test_a_cluster_is_there_without_the_heavy_modules() -> None:
    ended = python(
        """
        import sys
        from fauxkube import Cluster
        with Cluster() as cluster:
            cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
            print(sorted({"fastapi", "httpx", "yaml", "sqlalchemy", "pydantic", "jsonpatch"} & set(sys.modules)))
        """
    )
    assert ended.stdout == "[]\n", ended.stderr


def test_a_handle_is_no_use_in_its_servers_own_thread() -> None:
    with Cluster() as cluster:

        async def inside() -> None:
            with pytest.raises(RuntimeError, match="waits for nobody in its own thread"):
                cluster.list("pods")

        cluster.run(inside())


def test_a_wait_times_out_in_real_time_however_the_clock_goes() -> None:
    with Cluster(clock="frozen") as cluster, pytest.raises(WaitTimeout):
        cluster.wait("pod/none", "Ready", timeout=0.05)

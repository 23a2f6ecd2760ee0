"""The pytest plugin, in test suites of its users."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from fauxkube.testing import plugin
from support.custom_resources import shop, shops

pytest_plugins = ["pytester"]

Suite = Callable[..., pytest.RunResult]

#: The plugin of this tree, also where it is installed and would load itself.
PLUGIN = ("-p", "no:fauxkube", "-p", "fauxkube.testing.plugin")


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    """Runs a test suite of one file, in this process, with an ini file's options."""

    def run(text: str, *args: str, ini: str = "") -> pytest.RunResult:
        pytester.makeini(f"[pytest]\nfilterwarnings = error\n{ini}")
        pytester.makepyfile(text)
        return pytester.runpytest_inprocess("-p", "no:fauxkube", "-p", "no:cacheprovider", *args, plugins=[plugin])

    return run


def test_each_test_has_a_cluster_of_its_own(suite: Suite) -> None:
    suite(
        """
        import pytest

        @pytest.mark.parametrize("turn", [1, 2])
        def test_it(fauxkube, turn):
            assert fauxkube.list("configmaps") == []
            fauxkube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
        """
    ).assert_outcomes(passed=2)


def test_a_marker_says_what_the_cluster_is_like(suite: Suite) -> None:
    suite(
        """
        import os, pytest

        pytestmark = pytest.mark.fauxkube(nodes=1, seed=3)

        @pytest.mark.fauxkube(clock="2030-01-01T00:00:00Z", settings={"service_cidr": "10.200.0.0/16"})
        def test_it(fauxkube):
            assert len(fauxkube.list("nodes")) == 1
            assert fauxkube.clock.now.year == 2030
            assert fauxkube.get("svc/kubernetes")["spec"]["clusterIP"] == "10.200.0.1"

        @pytest.mark.fauxkube(nodes=2, version="1.34", export_kubeconfig=True)
        def test_another(fauxkube):
            assert len(fauxkube.list("nodes")) == 2
            assert os.environ["KUBECONFIG"] == fauxkube.kubeconfig
            assert fauxkube.client().get("/version").json()["minor"] == "34"

        def test_that_the_environment_is_as_before():
            assert "KUBECONFIG" not in os.environ
        """
    ).assert_outcomes(passed=3)


def test_manifests_are_loaded_from_the_tests_folder(suite: Suite, pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", web="{apiVersion: v1, kind: ConfigMap, metadata: {name: loaded}}")
    suite(
        """
        import pytest

        @pytest.mark.fauxkube(load="web.yaml")
        def test_it(fauxkube):
            fauxkube.expect("configmap/loaded").to_exist()
        """
    ).assert_outcomes(passed=1)


def test_definitions_are_applied_before_what_is_loaded(suite: Suite, pytester: pytest.Pytester) -> None:
    pytester.makefile(".json", shops=json.dumps(shops()))
    suite(
        f"""
        import pytest

        @pytest.mark.fauxkube(crds="shops.json", load={shop()!r})
        def test_it(fauxkube):
            fauxkube.expect("shop/corner").to_exist()
        """
    ).assert_outcomes(passed=1)


def test_shared_clusters_are_forked_for_a_test(suite: Suite) -> None:
    suite(
        """
        import pytest

        def name(cluster, name):
            cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})

        @pytest.fixture(scope="session", autouse=True)
        def prepared(fauxkube_session):
            name(fauxkube_session, "everywhere")

        @pytest.mark.parametrize("turn", [1, 2])
        @pytest.mark.fauxkube(fork_of="session")
        def test_it(fauxkube, turn):
            assert [each["metadata"]["name"] for each in fauxkube.list("cm")] == ["everywhere"]
            name(fauxkube, "mine")

        @pytest.mark.fauxkube(fork_of="module")
        def test_module(fauxkube, fauxkube_module, fauxkube_session):
            assert len({fauxkube.name, fauxkube_module.name, fauxkube_session.name}) == 3
        """
    ).assert_outcomes(passed=3)


def test_a_factory_makes_as_many_clusters_as_are_called_for(suite: Suite) -> None:
    suite(
        """
        def test_it(fauxkube_factory):
            one, other = fauxkube_factory(), fauxkube_factory(nodes=1)
            assert (len(one.list("nodes")), len(other.list("nodes"))) == (3, 1)
        """
    ).assert_outcomes(passed=1)


def test_the_ini_file_and_the_command_line_say_what_all_clusters_are_like(suite: Suite) -> None:
    suite(
        """
        def test_it(fauxkube, fauxkube_session):
            for cluster in (fauxkube, fauxkube_session):
                assert len(cluster.list("nodes")) == 2
                assert cluster.clock.read().rate == 10
                assert cluster.client().get("/version").json()["minor"] == "35"
        """,
        "--fauxkube-version=1.35",
        ini="fauxkube_nodes = 2\nfauxkube_clock = 10\nfauxkube_version = 1.34\nfauxkube_seed = 4",
    ).assert_outcomes(passed=1)


def test_clusters_are_made_on_a_server_that_runs(suite: Suite, running_server: str) -> None:
    suite(
        f"""
        def test_it(fauxkube):
            assert fauxkube.url.startswith({running_server!r} + "/clusters/")
        """,
        f"--fauxkube-url={running_server}",
    ).assert_outcomes(passed=1)


def test_clusters_are_made_in_a_child_process(suite: Suite) -> None:
    suite(
        """
        import os, pytest

        @pytest.mark.fauxkube(export_kubeconfig=False)
        def test_it(fauxkube):
            from fauxkube.testing.servers import server_of
            assert fauxkube.url.startswith(server_of(process=True).url)
            assert "KUBECONFIG" not in os.environ

        def test_another(fauxkube):
            assert os.environ["KUBECONFIG"] == fauxkube.kubeconfig
        """,
        ini="fauxkube_process = true\nfauxkube_export_kubeconfig = true",
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("ini", "problem"), [("nodes = many", "whole number"), ("network = mesh", "there is no network 'mesh'")]
)
def test_what_cannot_be_in_the_ini_file_is_refused_by_name(suite: Suite, ini: str, problem: str) -> None:
    result = suite("def test_it(fauxkube): pass", ini=f"fauxkube_{ini}")
    result.assert_outcomes(errors=1)
    assert problem in result.stdout.str()


def test_a_marker_and_the_ini_file_say_what_network_there_is(suite: Suite) -> None:
    result = suite(
        """
        import pytest


        def test_by_the_ini_file(fauxkube):
            assert not fauxkube.network.check()["holds"]
            made = fauxkube.network.install("calico", cidr="192.168.0.0/16")
            assert "DaemonSet kube-calico/calico" in made.created
            assert fauxkube.network.check()["holds"]


        @pytest.mark.fauxkube(network="bridge")
        def test_by_the_marker(fauxkube):
            spec = {"containers": [{"name": "main", "image": "nginx"}]}
            fauxkube.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec})
            fauxkube.wait("pod/web", "Ready")
            assert fauxkube.get("pod/web")["status"]["podIP"] == "172.17.0.2"
        """,
        ini="fauxkube_network = none",
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marker", "problem"),
    [
        ("nodez=3", "fauxkube has no option 'nodez', but nodes, version"),
        ("3", "takes options by their names only, not 3"),
        ("nodes='3'", "option nodes must be a whole number, not '3'"),
        ("nodes=True", "option nodes must be a whole number, not True"),
        ("network='mesh'", "there is no network 'mesh', but routed, bridge, none"),
        ("crds=3", "option crds must be a path, an object or a list of them, not 3"),
        ("fork_of='package'", "can be a fork_of"),
        ("fork_of='session', seed=1", "a fork has the seed of its source"),
        ("version='1.1'", "Kubernetes 1.1 is not served"),
    ],
)
def test_what_cannot_be_is_refused_by_name(suite: Suite, marker: str, problem: str) -> None:
    result = suite(
        f"""
        import pytest

        @pytest.mark.fauxkube({marker})
        def test_it(fauxkube):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    assert problem in result.stdout.str()


def test_a_failed_tests_report_shows_how_its_clusters_are(suite: Suite) -> None:
    result = suite(
        """
        def test_it(fauxkube, fauxkube_factory):
            fauxkube_factory()
            fauxkube.faults.add("request", "error", {"resource": "secrets"}, code=500)
            with fauxkube.client(headers={"User-Agent": "mine"}) as client:
                client.get("/api/v1/secrets")
            spec = {"nodeName": "none", "containers": [{"name": "a", "image": "b"}]}
            fauxkube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec})
            fauxkube.settle()
            assert False
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*fauxkube cluster cluster-*",
            "pods that are not ready:",
            "  pod/default/web: phase Pending*",
            "last requests:",
            "  GET *secrets* 500 mine",
            "faults:",
            "  fault-1 (active, 1 hits): request error*",
        ]
    )
    assert result.stdout.str().count("- fauxkube cluster cluster-") == 2


def test_a_test_that_passes_reports_nothing(suite: Suite) -> None:
    assert "fauxkube cluster" not in suite("def test_it(fauxkube): pass").stdout.str()


@pytest.mark.parametrize(
    ("mode", "outcome"), [("warn", {"passed": 1, "warnings": 1}), ("fail", {"passed": 1, "errors": 1})]
)
def test_what_the_strict_rules_find_is_warned_of_or_fails(suite: Suite, mode: str, outcome: dict[str, int]) -> None:
    result = suite(
        """
        def test_it(fauxkube):
            with fauxkube.client() as client:
                body = {"metadata": {"name": "a"}, "spec": {}, "dta": {}}
                client.post("/api/v1/namespaces/default/configmaps", json=body, headers={"User-Agent": "mine/1"})
        """,
        "-W",
        "default",
        ini=f"fauxkube_strict = off,unknown-field={mode}",
    )
    result.assert_outcomes(**outcome)
    result.stdout.fnmatch_lines(["*unknown-field: mine*"])


def test_workers_of_xdist_have_a_server_each(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("turn", range(4))
        def test_it(fauxkube, turn):
            fauxkube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
        """
    )
    result = pytester.runpytest_subprocess(*PLUGIN, "-n", "2")
    result.assert_outcomes(passed=4)


def test_nothing_is_imported_until_a_fixture_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it():
            assert {name for name in sys.modules if name.startswith("fauxkube")} == {
                "fauxkube", "fauxkube.testing", "fauxkube.testing.plugin"
            }
        """
    )
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=1)

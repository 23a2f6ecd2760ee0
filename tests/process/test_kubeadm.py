"""A cluster bootstrapped from scratch, by the commands that a user types: `init`, `join` and `token`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.api import CONFIG_MAPS, NODES, answered, names
from support.clusters import OURS
from support.process import Initialized, fauxkube, fauxkube_init, fauxkube_up
from support.waiting import until

TOKEN = "abcdef.0123456789abcdef"
CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
SYSTEM_PODS = "/api/v1/namespaces/kube-system/pods"


@pytest.fixture(scope="module")
def shared_init() -> Iterator[Initialized]:
    """A cluster that was initialized for a module's tests."""
    with fauxkube_init("--token", TOKEN) as server:
        yield server


def got(server: Initialized, path: str) -> Any:
    return answered(httpx.get(f"{server.url}{path}"))


def joined(server: Initialized, *more: str, **instead: str) -> str:
    """What a join prints that goes well; `instead` replaces arguments that the command has."""
    done = fauxkube(*(instead.get(each, each) for each in server.join), *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(server: Initialized, *args: str) -> str:
    """What a join prints that fails."""
    done = fauxkube("join", server.url, *args)
    assert done.returncode != 0
    return done.stderr.rstrip()


def hash_of(server: Initialized) -> str:
    return server.join[-1]


def test_a_control_plane_and_two_nodes_come_up_without_a_network() -> None:
    with fauxkube_init("--pod-network-cidr", "10.244.0.0/16", "--seed", "3") as server:
        assert "Your Kubernetes control-plane has initialized successfully!" in server.printed
        assert "You should now deploy a pod network to the cluster." in server.printed
        assert names(got(server, NODES)) == ["control-plane"]
        printed = joined(server, "--node-name", "worker-1")
        assert "[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap" in printed
        assert "This node has joined the cluster:" in printed
        joined(server)
        until(lambda: len([each for each in got(server, SYSTEM_PODS)["items"] if is_running(each)]) == 7)
        nodes = {each["metadata"]["name"]: each for each in got(server, NODES)["items"]}
        assert set(nodes) == {"control-plane", "worker-1", "node-1"}
        assert {ready(each) for each in nodes.values()} == {"False"}
        assert len({each["spec"]["podCIDR"] for each in nodes.values()}) == 3
        assert [each["status"]["phase"] for each in names_servers(server)] == ["Pending", "Pending"]
        requests = got(server, CSRS)["items"]
        user = "system:bootstrap:" + server.join[3].partition(".")[0]
        assert {each["spec"]["username"] for each in requests} == {user}
        assert all(each["status"].get("certificate") for each in requests)
        assert server.stop(signal.SIGTERM) == (0, "")


def is_running(pod: Any) -> bool:
    return bool(pod["status"]["phase"] == "Running")


def ready(node: Any) -> str:
    (found,) = [each["status"] for each in node["status"]["conditions"] if each["type"] == "Ready"]
    return str(found)


@pytest.mark.parametrize(
    ("token", "hashed", "problem"),
    [
        (
            "abcdef.0123456789abcdee",
            "",
            "failed to verify JWS signature of received cluster info object, can't trust this API Server",
        ),
        (
            "ghijkl.0123456789abcdef",
            "",
            'could not find a JWS signature in the cluster-info ConfigMap for token ID "ghijkl"',
        ),
        (
            TOKEN,
            "sha256:" + "0" * 64,
            "cluster CA found in cluster-info ConfigMap is invalid: none of the public keys",
        ),
    ],
)
def test_who_cannot_tell_the_cluster_by_token_and_hash_does_not_join(
    shared_init: Initialized, token: str, hashed: str, problem: str
) -> None:
    hashed = hashed or hash_of(shared_init)
    said = refused(shared_init, "--token", token, "--discovery-token-ca-cert-hash", hashed)
    phase = "error execution phase preflight: couldn't validate the identity of the API Server: "
    assert said.startswith(phase + problem)


def test_the_hash_is_asked_for_unless_it_is_said_not_to_be(shared_init: Initialized) -> None:
    assert "using token-based discovery without caCertHashes can be unsafe" in refused(shared_init, "--token", TOKEN)
    assert "the bootstrap token is invalid" in refused(shared_init, "--token", "abcdef")
    wrong = refused(shared_init, "--token", TOKEN, "--discovery-token-ca-cert-hash", "md5:00")
    assert "must be of the form sha256:" in wrong
    unsafe = "--discovery-token-unsafe-skip-ca-verification"
    done = fauxkube("join", shared_init.url, "--token", TOKEN, unsafe, "--node-name", "trusting")
    assert "This node has joined the cluster:" in done.stdout
    assert "trusting" in names(got(shared_init, NODES))


def test_a_cluster_that_was_not_initialized_is_not_joined() -> None:
    with fauxkube_up("--nodes", "0") as server:
        args = ("--token", TOKEN, "--discovery-token-unsafe-skip-ca-verification")
        done = fauxkube("join", server.url.removeprefix("http://"), *args)
        phase = "error execution phase preflight: couldn't validate the identity of the API Server: "
        assert (done.returncode, done.stderr) == (1, f'{phase}configmaps "cluster-info" not found\n')
        made = fauxkube("token", "create", "--print-join-command", "--server", server.url)
        assert made.returncode == 1
        assert "which `fauxkube init` makes" in made.stderr
        server.stop()
        assert fauxkube("join", server.url, *args).stderr.startswith(phase)


def test_a_name_that_no_node_can_have_is_refused_before_a_certificate_is_asked_for(shared_init: Initialized) -> None:
    before = len(got(shared_init, CSRS)["items"])
    done = fauxkube(*shared_init.join, "--node-name", "Worker_1")
    assert done.returncode == 2
    assert done.stderr.startswith("--node-name: a lowercase RFC 1123 subdomain")
    assert len(got(shared_init, CSRS)["items"]) == before


def test_a_second_control_plane_is_refused_by_name(shared_init: Initialized) -> None:
    done = fauxkube(*shared_init.join, "--control-plane")
    assert (done.returncode, done.stderr) == (
        2,
        "--control-plane is not supported: the server is all of the control plane, only workers join\n",
    )


def test_the_name_of_a_node_that_is_ready_is_taken(shared_init: Initialized) -> None:
    node = {"metadata": {"name": "taken", "annotations": {"fauxkube.io/kubelet": "none"}}}
    node["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    answered(httpx.post(f"{shared_init.url}{NODES}", json=node), 201)
    done = fauxkube(*shared_init.join, "--node-name", "taken")
    assert done.stderr == (
        'error execution phase kubelet-start: a Node with name "taken" and status "Ready" already exists in the '
        "cluster. You must delete the existing Node or change the name of this new joining Node\n"
    )


def test_a_token_that_is_only_for_signing_gets_no_certificate(shared_init: Initialized) -> None:
    made = fauxkube("token", "create", "signer.0123456789abcdef", "--usages", "signing", "--server", shared_init.url)
    assert made.stdout == "signer.0123456789abcdef\n"
    said = refused(
        shared_init, "--token", "signer.0123456789abcdef", "--discovery-token-ca-cert-hash", hash_of(shared_init)
    )
    assert said.endswith("cannot create certificate signing request: Unauthorized")


def test_tokens_are_created_listed_and_deleted(shared_init: Initialized) -> None:
    at = ("--server", shared_init.url)
    made = fauxkube("token", "create", "--ttl", "2h", "--description", "for a test", "--print-join-command", *at).stdout
    assert made.startswith(f"fauxkube join {shared_init.join[1]} --token ")
    assert made.rstrip().endswith(hash_of(shared_init))
    token = made.split()[4]
    assert "This node has joined the cluster:" in fauxkube(*made.split()[1:]).stdout
    (line,) = [each for each in fauxkube("token", "list", *at).stdout.splitlines() if each.startswith(token)]
    assert line.split()[1] in ("1h", "2h")
    assert "for a test" in line
    assert fauxkube("token", "delete", token, *at).stdout == f'bootstrap token "{token[:6]}" deleted\n'
    assert token not in fauxkube("token", "list", *at).stdout
    gone = fauxkube("token", "delete", token, *at)
    assert (gone.returncode, "not found" in gone.stderr) == (1, True)


def test_a_dry_run_serves_and_keeps_nothing(tmp_path: Path) -> None:
    done = fauxkube("init", "--dry-run", "--data", str(tmp_path / "state.db"), "--token", TOKEN)
    assert done.returncode == 0, done.stderr
    assert f"[bootstrap-token] Using token: {TOKEN}" in done.stdout
    assert done.stdout.endswith("nothing was kept, and nothing is served\n")
    assert list(tmp_path.iterdir()) == []


def test_an_initialized_cluster_goes_on_from_its_data_and_is_not_initialized_again(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "state.db"))
    with fauxkube_init(*data, "--token", TOKEN) as server:
        joined(server, "--node-name", "worker-1")
        server.stop()
    again = fauxkube("init", "--port", "0", *data)
    assert again.returncode == 1
    assert "[preflight] Some fatal errors occurred" in again.stderr
    with fauxkube_up("--nodes", "0", "--network", "none", *data) as up:
        assert names(answered(httpx.get(f"{up.url}{NODES}"))) == ["control-plane", "worker-1"]
        info = answered(httpx.get(f"{up.url}/api/v1/namespaces/kube-public/configmaps/cluster-info"))
        assert "jws-kubeconfig-abcdef" in info["data"]


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("--skip-phases", "coffee"), "invalid phase name: coffee"),
        (("--token", "abc"), 'the bootstrap token "abc" was not of the form "'),
        (("--kubernetes-version", "v1.2.3"), "Kubernetes 1.2 is not served"),
        (("--pod-network-cidr", "10.96.0.0/16"), "overlap"),
        (("--node-name", "A_B"), "--node-name: "),
    ],
)
def test_what_cannot_be_initialized_is_said_at_once(args: tuple[str, ...], problem: str) -> None:
    done = fauxkube("init", *args)
    assert done.returncode == 2
    assert problem in done.stderr
    assert CONFIG_MAPS not in done.stdout


def flannel(server: Initialized) -> None:
    manifest = Path(__file__).parents[1] / "data" / "add_ons" / "flannel.yaml"
    answered(httpx.post(f"{server.url}{OURS}/load", content=manifest.read_bytes()))


def names_servers(server: Initialized) -> list[Any]:
    found: list[Any] = got(server, f"{SYSTEM_PODS}?labelSelector=k8s-app=kube-dns")["items"]
    return found


def test_a_network_turns_all_nodes_ready_and_names_are_served() -> None:
    with fauxkube_init("--pod-network-cidr", "10.244.0.0/16") as server:
        for _ in range(2):
            joined(server)
        flannel(server)
        until(lambda: {ready(each) for each in got(server, NODES)["items"]} == {"True"}, seconds=30)
        until(lambda: [is_running(each) for each in names_servers(server)] == [True, True], seconds=30)
        assert all(each["status"]["podIP"].startswith("10.244.") for each in names_servers(server))
        checked = fauxkube("network", "check", "--server", server.url)
        assert checked.returncode == 0, checked.stdout


def test_what_is_initialized_is_really_served_where_it_is_asked_for(loopback: None) -> None:
    with fauxkube_init("--dataplane", "--ingress", "--dns") as server:
        joined(server, "--node-name", "node-7")
        assert "Node ports are open on loopback: control-plane at 127.0.11.1." in server.printed
        assert "Names are answered at 127.0.0.1:" in server.printed
        listed = fauxkube("dataplane", "--server", server.url)
        assert "127.0.10.7" in listed.stdout, listed.stderr
        classes = got(server, "/apis/networking.k8s.io/v1/ingressclasses")
        assert names(classes) == ["fauxkube"]


def test_without_a_range_of_pod_addresses_an_add_on_that_wants_blocks_fails() -> None:
    with fauxkube_init() as server:
        flannel(server)
        pods = f"{server.url}/api/v1/namespaces/kube-flannel/pods"
        until(lambda: any("waiting" in each for each in states(answered(httpx.get(pods)))), seconds=30)
        assert [is_running(each) for each in names_servers(server)] == [False, False]


def states(pods: Any) -> list[Any]:
    return [each["state"] for pod in pods["items"] for each in pod["status"].get("containerStatuses", ())]

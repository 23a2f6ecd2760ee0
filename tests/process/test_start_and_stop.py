"""`fauxkube up` as a process: how it starts, why it does not, and how it stops."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

import fauxkube as fauxkube_package
from support.api import CONFIG_MAPS, CORE, NODES, answered, config_map, made, names
from support.clusters import CLUSTERS, OURS
from support.process import fauxkube, fauxkube_up


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_within_a_second_whatever_is_watched(number: signal.Signals) -> None:
    with fauxkube_up() as server, ExitStack() as watches:
        address = httpx.URL(server.url)
        connections = []
        for _ in range(200):
            connection = watches.enter_context(socket.create_connection((address.host, address.port or 80)))
            connection.sendall(f"GET {CORE}/nodes?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            connections.append(connection)
        for connection in connections:
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        started = time.monotonic()
        code, errors = server.stop(number)
        assert time.monotonic() - started < 1.5
        assert (code, errors) == (0, "")
        for connection in connections:
            while connection.recv(65536):
                pass


def test_a_second_signal_does_no_harm() -> None:
    with fauxkube_up() as server:
        server.process.send_signal(signal.SIGINT)
        assert server.stop(signal.SIGINT) in [(0, ""), (-signal.SIGINT, "")]


def test_it_says_where_it_is_and_answers_there() -> None:
    with fauxkube_up("--nodes", "0") as server, httpx.Client(base_url=server.url) as http:
        assert http.get("/readyz").text == "ok"
        assert names(answered(http.get(NODES))) == []


def test_one_line_to_wait_for_comes_first_and_is_true() -> None:
    command = [sys.executable, "-m", "fauxkube", "up", "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment["PYTHONPATH"] = str(Path(fauxkube_package.__file__).parents[1])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        found = re.fullmatch(r"fauxkube is ready at (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert found is not None
        assert httpx.get(f"{found[1]}/readyz").text == "ok"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)


def test_its_time_stands_still_and_its_clusters_are_so_many_as_told() -> None:
    with fauxkube_up("--clock", "frozen", "--clusters", "2") as server, httpx.Client(base_url=server.url) as http:
        assert answered(http.get(f"{OURS}/clock"))["frozen"]
        answered(http.post(CLUSTERS, json={"name": "one"}), 201)
        assert answered(http.get(f"/clusters/one{OURS}/clock"))["frozen"]
        assert http.post(CLUSTERS).status_code == 403


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = fauxkube("up", "--port", str(port))
    assert ended.returncode == 1
    assert ended.stderr == f"fauxkube: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert ended.stdout == ""


def test_other_than_loopback_is_warned_of() -> None:
    with fauxkube_up("--host", "0.0.0.0") as server:
        _, errors = server.stop()
    assert errors == (
        "fauxkube: warning: listening on 0.0.0.0: anyone who reaches this port can read and change everything, "
        "there is no authentication\n"
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--cluster-cidr", "10.244.0.1/16"), "cluster CIDR: 10.244.0.1/16 has host bits set"),
        (("--cluster-cidr", "nonsense"), "cluster CIDR: 'nonsense' does not appear to be an IPv4 or IPv6 network"),
        (
            ("--service-cidr", "10.244.0.0/20"),
            "the cluster CIDR 10.244.0.0/16 and the service CIDR 10.244.0.0/20 overlap",
        ),
        (("--service-cidr", "10.96.0.0/30"), "the service CIDR 10.96.0.0/30 must have at least 8 addresses"),
        (("--node-prefix", "31"), "node blocks of /31 cannot be cut out of 10.244.0.0/16"),
        (("--nodes", "300"), "10.244.0.0/16 has only 256 blocks of /24, too few for 300 nodes"),
        (("--node-port-range", "x"), "--node-port-range: 'x' is not of the form 30000-32767"),
        (("--node-port-range", "5-2"), "node port range 5-2 must lie in 1-65535"),
        (("--kubernetes-version", "9.9"), "Kubernetes 9.9 is not served, but 1.25 to 1.37 are"),
    ],
)
def test_settings_that_cannot_be_are_refused(args: tuple[str, ...], message: str) -> None:
    ended = fauxkube("up", "--port", "0", *args)
    assert (ended.returncode, ended.stderr) == (2, f"fauxkube: {message}\n")


# Data files


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def up_with(data: Path) -> tuple[int, str]:
    ended = fauxkube("up", "--port", "0", "--data", str(data))
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stderr


def test_a_file_that_is_no_database_is_left_alone(data: Path) -> None:
    data.write_bytes(b"precious things of another program\n" * 100)
    before = data.read_bytes()
    assert up_with(data) == (1, f"fauxkube: {data} is not a SQLite database\n")
    assert data.read_bytes() == before


def test_another_program_s_database_is_left_alone(data: Path) -> None:
    with sqlite3.connect(data) as connection:
        connection.execute("create table precious (thing)")
    connection.close()
    assert up_with(data) == (1, f"fauxkube: {data}: it has tables that fauxkube did not make\n")


def test_a_newer_schema_is_refused(data: Path) -> None:
    with fauxkube_up("--data", str(data)):
        pass
    with sqlite3.connect(data) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    code, errors = up_with(data)
    assert code == 1
    assert errors.startswith(f"fauxkube: {data}: its schema is 9999, the newest known here is ")


def test_a_data_file_is_one_server_s_at_a_time(data: Path) -> None:
    with fauxkube_up("--data", str(data)):
        assert up_with(data) == (1, f"fauxkube: {data} is in use by another process\n")
    with fauxkube_up("--data", str(data)):
        pass


def test_a_place_where_no_file_can_be_is_named(data: Path) -> None:
    missing = data / "nowhere" / "state.db"
    code, errors = up_with(missing)
    assert code == 1
    assert errors.startswith(f"fauxkube: {missing}: ")


# The other commands


def test_version_names_both_versions() -> None:
    ended = fauxkube("version")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "fauxkube 0.1.0 (Kubernetes 1.36)\n"


def test_kubeconfig_prints_merges_and_refuses(tmp_path: Path) -> None:
    url = "http://127.0.0.1:1234"
    printed = fauxkube("kubeconfig", "--server", url)
    assert printed.returncode == 0
    assert f"server: {url}\n" in printed.stdout
    merged = tmp_path / "config"
    for name in ("first", "second"):
        ended = fauxkube("kubeconfig", "--server", url, "--name", name, "--merge", KUBECONFIG=str(merged))
        assert ended.stdout == f'Context "{name}" is now the current one in {merged}\n'
    text = merged.read_text()
    assert ("name: first" in text, "current-context: second" in text) == (True, True)
    broken = tmp_path / "broken"
    broken.write_text("- not\n- a mapping\n")
    ended = fauxkube("kubeconfig", "-o", str(broken))
    assert (ended.returncode, ended.stderr) == (1, f"fauxkube: {broken} is not a kubeconfig file\n")
    assert broken.read_text() == "- not\n- a mapping\n"


def test_a_running_server_has_what_every_cluster_has() -> None:
    with fauxkube_up() as server, httpx.Client(base_url=server.url) as http:
        found = set(names(answered(http.get(f"{CORE}/namespaces"))))
        assert found == {"default", "kube-node-lease", "kube-public", "kube-system"}
        service = answered(http.get(f"{CORE}/namespaces/default/services/kubernetes"))
        assert service["spec"]["clusterIP"] == "10.96.0.1"
        for namespace in found:
            assert answered(http.get(f"{CORE}/namespaces/{namespace}/serviceaccounts/default"))
        made(http, CONFIG_MAPS, config_map("a"))

"""`fauxkube up --dataplane` as a process: what it says, what it opens, and that nothing is opened without it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.process import Server, fauxkube, fauxkube_up
from support.waiting import until

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, nodePort: 31777}]
"""


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    path = tmp_path / "web.yaml"
    path.write_text(WEB)
    return str(path)


def listening(server: Server) -> int:
    """How many TCP ports the process listens on."""
    pid = server.process.pid
    links = (os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir())
    own = {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:[")}
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return sum(row[3] == "0A" and row[9] in own for row in rows)


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="only Linux tells of a process's sockets")
def test_nothing_but_the_api_is_opened_without_being_asked_for(manifest: str) -> None:
    with fauxkube_up("--load", manifest) as server:
        assert fauxkube("settle", "--server", server.url).returncode == 0
        assert listening(server) == 1
        refused = fauxkube("dataplane", "--server", server.url)
        assert refused.returncode == 1
        assert "fauxkube up --dataplane" in refused.stderr


def test_node_ports_answer_and_are_closed_at_the_end(manifest: str, loopback: None) -> None:
    with fauxkube_up("--dataplane", "--load", manifest) as server:
        assert fauxkube("settle", "--server", server.url).returncode == 0

        def listed() -> list[list[str]]:
            shown = fauxkube("dataplane", "--server", server.url)
            assert shown.returncode == 0, shown.stderr
            return [line.split() for line in shown.stdout.splitlines()]

        until(lambda: any(":31777/TCP" in word for row in listed() for word in row))
        rows = listed()
        assert rows[0][0] == "WHOSE"
        assert ["node/node-2", "address", "172.18.0.4", "127.0.10.2"] in rows
        at = next(row[4] for row in rows if row[1:3] == ["node", "port"] and row[3] == "172.18.0.4:31777/TCP")
        told = subprocess.run(["curl", "-sS", f"http://{at}/"], capture_output=True, text=True, check=True)
        assert told.stdout.startswith("Hello from web")
        assert server.stop() == (0, "")
    gone = subprocess.run(["curl", "-sS", f"http://{at}/"], capture_output=True, text=True, check=False)
    assert gone.returncode == 7


def test_two_servers_on_a_machine_have_addresses_of_their_own(manifest: str, loopback: None) -> None:
    options = ("--dataplane", "--load", manifest)
    with fauxkube_up(*options) as first, fauxkube_up(*options) as second:
        for server, number in ((first, 0), (second, 1)):
            assert fauxkube("settle", "--server", server.url).returncode == 0
            shown = fauxkube("dataplane", "--server", server.url).stdout
            assert f" 127.{number}.10.2:31777\n" in shown

"""kubectl exec, attach, port-forward and logs, each version over the protocol that it speaks, and a late one over SPDY.

The containers are the tests' own: what they run is no part of what is tested here.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pty
import random
import re
import socket
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.containers import REFUSING_PORT, forgotten
from support.kubectl import Kubectl
from support.upgrades import Streamed, streamed
from support.waiting import until

#: What has late versions speak SPDY, as those before 1.30 (and 1.31, where ports are forwarded) do.
SPDY = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "false"}
SPOKEN = {"1.30": (30, {}), "1.32": (32, {}), "1.36": (36, {}), "1.36-spdy": (36, SPDY)}


@pytest.fixture(scope="module")
def shared_streamed() -> Iterator[Streamed]:
    with streamed() as server:
        yield server


@pytest.fixture
def streams(shared_streamed: Streamed) -> Streamed:
    return shared_streamed


@pytest.fixture(params=SPOKEN)
def cli(request: pytest.FixtureRequest, shared_streamed: Streamed, tmp_path: Path) -> Kubectl:
    minor, variables = SPOKEN[request.param]
    return Kubectl(minor, shared_streamed.url, tmp_path, variables=variables)


def spoken(streams: Streamed, subresource: str) -> str:
    """The protocol of the last request to a subresource."""

    def last(log: object) -> str:
        calls = [call for call in streams.served.cluster.requests.calls() if call.subresource == subresource]
        return calls[-1].header("upgrade")

    return streams.served.call(last)


def expected(cli: Kubectl, *, first: int = 30) -> str:
    """The protocol that this kubectl speaks, if `first` is the version that began with WebSockets."""
    return "SPDY/3.1" if cli.variables or cli.minor < first else "websocket"


def test_output_errors_and_the_exit_code_come_through(cli: Kubectl, streams: Streamed) -> None:
    assert cli("exec", "web", "--", "echo", "two", "words").out == "two words\n"
    assert spoken(streams, "exec") == expected(cli)
    ran = cli("exec", "web", "--", "exit", "3", ok=False)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == "going\ncommand terminated with exit code 3\n"


def test_a_command_that_is_not_there_is_told(cli: Kubectl) -> None:
    assert "executable file not found in $PATH" in cli.refused("exec", "web", "--", "nothing")


def test_a_container_is_chosen_and_one_that_is_not_there_refused(cli: Kubectl) -> None:
    assert cli("exec", "two", "-c", "two", "--", "echo", "x").out == "x\n"
    assert "container three is not valid for pod two" in cli.refused("exec", "two", "-c", "three", "--", "echo")
    assert "Defaulted container" in cli("exec", "two", "--", "echo").err


def test_megabytes_of_input_arrive_whole(cli: Kubectl) -> None:
    data = random.Random(7).randbytes(8_000_000)
    command = cli.command("exec", "-i", "web", "--", "sum")
    ran = subprocess.run(command, input=data, capture_output=True, timeout=60, check=True, env=cli.environment)
    assert ran.stdout.decode().strip() == hashlib.sha256(data).hexdigest()


def test_megabytes_of_output_arrive_whole(cli: Kubectl) -> None:
    command = cli.command("exec", "web", "--", "much", "8")
    ran = subprocess.run(command, capture_output=True, timeout=60, check=True, env=cli.environment)
    assert ran.stdout == b"x" * 8_000_000


def test_output_is_not_lost_when_a_program_ends_before_its_input(cli: Kubectl) -> None:
    data = b"x" * 4_000_000
    command = cli.command("exec", "-i", "web", "--", "echo", "done")
    ran = subprocess.run(command, input=data, capture_output=True, timeout=60, check=True, env=cli.environment)
    assert ran.stdout == b"done\n"


def test_a_terminal_has_the_size_of_the_client_s(cli: Kubectl) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 101, 0, 0))
    command = cli.command("exec", "-it", "web", "--", "sizes")
    try:
        ran = subprocess.run(
            command, stdin=theirs, stdout=theirs, stderr=theirs, timeout=60, check=False, env=cli.environment
        )
        assert ran.returncode == 0
        assert b"True (101, 31)" in os.read(ours, 65_536)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_container_s_own_program_is_attached_to(cli: Kubectl, streams: Streamed) -> None:
    assert cli("attach", "-i", "web", stdin="some input\n").out == "attached\nsome input\n"
    assert spoken(streams, "attach") == expected(cli)


def test_an_interrupted_client_ends_its_program(cli: Kubectl, streams: Streamed) -> None:
    before = streams.containers.count("sleep")
    process = subprocess.Popen(cli.command("exec", "web", "--", "sleep"), env=cli.environment)
    until(lambda: streams.containers.count("sleep") > before)
    process.kill()
    process.wait(timeout=10)
    streams.served.thread.run(forgotten(streams.containers, "sleep"))


@contextmanager
def forwarded(cli: Kubectl, port: int) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The local port that leads to a port of the pod."""
    command = cli.command("port-forward", "pod/web", f":{port}")
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=cli.environment
    )
    assert process.stdout is not None
    try:
        found = re.search(r"127.0.0.1:(\d+) -> ", process.stdout.readline())
        assert found, process.stdout.read()
        yield int(found[1]), process
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_a_forwarded_port_carries_many_connections(cli: Kubectl, streams: Streamed) -> None:
    data = random.Random(7).randbytes(1_000_000)
    with forwarded(cli, 80) as (port, _):
        connections = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(8)]
        assert spoken(streams, "portforward") == expected(cli, first=31)
        for number, connection in enumerate(connections):
            connection.sendall(b"%d" % number)
        assert [connection.recv(10) for connection in connections] == [b"%d" % number for number in range(8)]
        for connection in connections[1:]:
            connection.close()
        assert _echoed(connections[0], data) == hashlib.sha256(data).hexdigest()
        connections[0].close()


def _echoed(connection: socket.socket, data: bytes) -> str:
    """The checksum of what comes back, sent in parts that fit into what is on its way."""
    digest = hashlib.sha256()
    for at in range(0, len(data), 50_000):
        part = data[at : at + 50_000]
        connection.sendall(part)
        left = len(part)
        while left:
            received = connection.recv(left)
            assert received
            digest.update(received)
            left -= len(received)
    return digest.hexdigest()


def test_a_port_that_nobody_listens_on_is_told(cli: Kubectl) -> None:
    with forwarded(cli, REFUSING_PORT) as (port, process):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            assert connection.recv(10) == b""
        assert process.stdout is not None
        told = ""
        while "connection refused" not in told:
            line = process.stdout.readline()
            assert line, told
            told += line
    assert f"error forwarding port {REFUSING_PORT} to pod " in told


def test_logs_are_read_and_followed(cli: Kubectl, streams: Streamed) -> None:
    assert cli("logs", "web").out == "one\ntwo\nthree\n"
    assert cli("logs", "two", "--all-containers", "--prefix").out.count("[pod/two/") == 6
    assert cli("logs", "web", "--tail=2", "--timestamps", "--since=1m").out == "one\ntwo\nthree\n"
    options = streams.containers.log_options[-1]
    assert (options.tail_lines, options.timestamps, options.since) == (2, True, 60)
    with cli.following("logs", "-f", "web") as follow:
        assert follow.until(lambda line: line == "three") == ["one", "two", "three"]
        streams.served.call(lambda _: streams.containers.more.put_nowait(b"four\n"))
        assert follow.line() == "four"
    streams.served.thread.run(forgotten(streams.containers, "log"))


def test_logs_that_are_not_there_are_refused(cli: Kubectl) -> None:
    assert cli.refused("logs", "web", "--previous") == (
        'Error from server (BadRequest): previous terminated container "web" in pod "web" not found'
    )
    assert "container nothing is not valid for pod web" in cli.refused("logs", "web", "-c", "nothing")

"""Sockets are opened where they are wanted, else nearby, and it is told why."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from fauxkube.dataplane.sockets import Opened, open_socket

KINDS = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}


def free_port(protocol: str) -> int:
    with socket.socket(socket.AF_INET, KINDS[protocol]) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def opened(stack: ExitStack, host: str, port: int, protocol: str) -> Opened:
    found = open_socket(host, port, protocol)
    stack.enter_context(found.socket)
    assert found.socket.getsockname() == (found.host, found.port)
    return found


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_a_free_port_is_taken_as_it_is(protocol: str) -> None:
    with ExitStack() as stack:
        port = free_port(protocol)
        found = opened(stack, "127.0.0.1", port, protocol)
        assert (str(found), found.problem) == (f"127.0.0.1:{port}", "")


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_of_a_port_that_is_taken_another_one_of_the_address_is_opened(protocol: str) -> None:
    with ExitStack() as stack:
        first = opened(stack, "127.0.0.1", free_port(protocol), protocol)
        second = opened(stack, "127.0.0.1", first.port, protocol)
        assert second.host == "127.0.0.1"
        assert second.port != first.port
        assert second.problem == f"127.0.0.1:{first.port} is in use by another program"


def test_of_an_address_that_the_machine_lacks_a_port_of_its_loopback_is_opened() -> None:
    with ExitStack() as stack:
        found = opened(stack, "192.0.2.1", 30080, "TCP")
        assert found.host == "127.0.0.1"
        assert found.problem == "192.0.2.1:30080 is an address that this machine does not have"


def test_a_low_port_that_cannot_be_had_is_10000_higher(loopback: None) -> None:
    host = "127.255.10.1"
    with ExitStack() as stack:
        first, second, third = (opened(stack, host, 80, "TCP") for _ in range(3))
        assert str(first) in {f"{host}:80", f"{host}:10080"}
        assert f"{host}:10080" in {str(first), str(second)}
        assert third.host == host
        assert third.port not in {80, 10080}
        assert third.problem.startswith(f"{host}:80 ")


@contextmanager
def open_files(most: int) -> Iterator[None]:
    """While this process may have so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_half_of_the_files_that_may_be_open_are_left_to_connections() -> None:
    with socket.socket() as probe:
        following = probe.fileno() + 1
    with ExitStack() as stack, open_files(2 * following):
        opened(stack, "127.0.0.1", 0, "TCP")
        with pytest.raises(OSError, match="Too many open files"):
            open_socket("127.0.0.1", 0, "TCP")

"""The command line by itself: what it offers, and what it refuses before anything starts."""

from __future__ import annotations

import pytest
from typer import Typer
from typer.testing import CliRunner

from fauxkube.cli import app
from fauxkube.cli.serving import Command


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(args), env={"NO_COLOR": "1", "COLUMNS": "200", "TERM": "dumb"})
    return result.exit_code, result.output


def test_every_command_is_named_with_what_it_does() -> None:
    code, text = run("--help")
    assert code == 0
    commands = (
        "up init join token kubeconfig clusters snapshot settle advance history trace doctor ipam dataplane version"
    )
    for command in commands.split():
        assert command in text


def test_every_option_of_up_is_described() -> None:
    code, text = run("up", "--help")
    assert code == 0
    for option in ("--host", "--port", "--nodes", "--data", "--kubernetes-version", "--cluster-cidr", "--node-prefix",
                   "--service-cidr", "--node-port-range", "--load-balancer-cidr", "--seed", "--strict",
                   "--clock", "--clusters",
                   "--verbose"):  # fmt: skip
        assert option in text


@pytest.mark.parametrize(
    "args",
    [("up", "--nodes", "-1"), ("up", "--port", "70000"), ("up", "--nodes", "many"), ("frob",), ("up", "--frob")],
)
def test_what_it_does_not_know_ends_with_code_2(args: tuple[str, ...]) -> None:
    code, text = run(*args)
    assert code == 2
    assert "Traceback" not in text


@pytest.mark.parametrize(("args", "dns"), [(("--dns", "--seed", "1"), 0), (("--dns",), 0), (("--dns", "53"), 53)])
def test_a_dns_port_may_be_left_out_where_there_is_no_strictness(args: tuple[str, ...], dns: int) -> None:
    given: list[object] = []
    app = Typer()

    @app.command(cls=Command)
    def init(dns: int | None = None, seed: int = 0) -> None:
        given.append(dns)

    assert CliRunner().invoke(app, list(args)).exit_code == 0
    assert given == [dns]


@pytest.mark.parametrize(
    ("args", "strict"),
    [
        ((), "off"),
        (("--strict",), "warn"),
        (("--strict", "--nodes", "0"), "warn"),
        (("--strict=fail",), "fail"),
        (("--strict", "fail,hot-loop=off", "--nodes", "0"), "fail,hot-loop=off"),
    ],
)
def test_strictness_may_leave_its_mode_out(args: tuple[str, ...], strict: str) -> None:
    given: list[object] = []
    app = Typer()

    @app.command(cls=Command)
    def up(strict: str = "off", nodes: int = 3) -> None:
        given.append(strict)

    assert CliRunner().invoke(app, list(args)).exit_code == 0
    assert given == [strict]


def test_a_strictness_that_does_not_exist_is_refused_by_name() -> None:
    code, text = run("up", "--strict=loud")
    assert (code, text) == (2, "fauxkube: there is no strict mode 'loud', but there are fail, off, warn\n")


def test_a_kubeconfig_names_the_server_that_is_asked_for() -> None:
    code, text = run("kubeconfig", "--server", "http://127.0.0.1:9", "--name", "mine")
    assert code == 0
    assert "server: http://127.0.0.1:9\n" in text
    assert "current-context: mine\n" in text

"""The commands that speak to a running server, on a real one."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from fauxkube.cli import app
from fauxkube.cli.time import seconds_of
from support.api import NODES, PODS, answered, made, pod

Run = Callable[..., str]


@pytest.fixture
def run(shared_server: str) -> Run:
    """A command's output, from the module's server; `code` is what it is to end with."""

    def command(*args: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, [*args, "--server", shared_server], env={"NO_COLOR": "1", "COLUMNS": "200"})
        assert result.exit_code == code, result.output
        return result.output

    return command


def test_clusters_are_created_listed_forked_reset_and_deleted(run: Run, shared_server: str) -> None:
    assert run("clusters", "create", "shop", "--nodes", "1") == f"{shared_server}/clusters/shop\n"
    with httpx.Client(base_url=f"{shared_server}/clusters/shop") as shop:
        assert len(answered(shop.get(NODES))["items"]) == 1
        made(shop, PODS, pod("web"))
        assert run("clusters", "fork", "shop", "copy") == f"{shared_server}/clusters/copy\n"
        assert run("clusters", "reset", "shop") == ""
        assert answered(shop.get(PODS))["items"] == []
    lines = [line.split() for line in run("clusters", "list").splitlines()]
    assert [name for name, _ in lines] == ["default", "shop", "copy"]
    assert dict(lines)["copy"] == f"{shared_server}/clusters/copy"
    for name in ("shop", "copy"):
        assert run("clusters", "delete", name) == ""
    assert 'clusters "shop" not found' in run("clusters", "delete", "shop", code=1)


def test_a_cluster_without_a_name_gets_one(run: Run, shared_server: str) -> None:
    url = run("clusters", "create").strip()
    assert url.startswith(f"{shared_server}/clusters/cluster-")
    run("clusters", "delete", url.rpartition("/")[2])


def test_settle_and_advance_say_where_the_cluster_has_come_to(run: Run) -> None:
    assert run("settle").startswith("settled at revision ")
    assert run("advance", "1m30s").startswith("settled at revision ")
    assert "is not of the form 90s, 5m or 1h30m" in run("advance", "soon", code=2)


def test_a_server_that_is_not_there_is_told(shared_server: str) -> None:
    for command in (("clusters", "list"), ("settle",), ("advance", "1s")):
        result = CliRunner().invoke(app, [*command, "--server", "http://127.0.0.1:1"])
        assert result.exit_code == 1
        assert "cannot reach http://127.0.0.1:1" in result.output


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h30m", 5400), ("1.5h", 5400), ("250ms", 0.25), ("2d", 172800), ("1m30s", 90)],
)
def test_a_length_of_time_is_read(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


def test_a_kubeconfig_points_at_one_cluster_of_many(run: Run, shared_server: str) -> None:
    config = yaml.safe_load(run("kubeconfig", "--cluster", "shop"))
    assert config["clusters"][0]["cluster"]["server"] == f"{shared_server}/clusters/shop"
    assert config["current-context"] == "fauxkube-shop"
    assert yaml.safe_load(run("kubeconfig", "--cluster", "shop", "--name", "mine"))["current-context"] == "mine"


@pytest.mark.parametrize("clock", ["slow", "-1", "nan", "inf"])
def test_a_pace_that_cannot_be_ends_with_code_2(clock: str) -> None:
    result = CliRunner().invoke(app, ["up", f"--clock={clock}"])
    assert result.exit_code == 2
    assert "clock" in result.output

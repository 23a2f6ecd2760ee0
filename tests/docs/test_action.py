"""The GitHub action: its steps are run here as a runner runs them, but for the one that is another's."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from support.documents import text_of
from support.waiting import until

ACTION: dict[str, Any] = yaml.safe_load(text_of("action.yml"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
INSTALL, START = (step for step in STEPS if "run" in step)


class Runner:
    """A runner's folders and files, and what it puts into a step's environment."""

    def __init__(self, home: Path, wheel: Path) -> None:
        self._wheel = wheel
        self.temp = home / "temp"
        self.temp.mkdir()
        self._files = {name: home / name for name in ("GITHUB_PATH", "GITHUB_ENV", "GITHUB_OUTPUT")}
        for file in self._files.values():
            file.touch()

    def read(self, name: str) -> str:
        return self._files[name].read_text()

    def run(self, step: dict[str, Any], **values: str) -> subprocess.CompletedProcess[str]:
        """Run a step as `shell: bash` does; `values` are what its `env` comes to."""
        assert (step["shell"], set(step.get("env", {}))) == ("bash", set(values))
        # The wheel is what pip would make of the action's folder; what it needs is here already.
        there = {"PIP_NO_DEPS": "1", "PYTHONPATH": sysconfig.get_path("purelib")}
        paths = {"RUNNER_TEMP": str(self.temp), "GITHUB_ACTION_PATH": str(self._wheel)}
        files = {name: str(file) for name, file in self._files.items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env={"PATH": os.environ["PATH"], "HOME": str(self.temp)} | there | paths | files | values,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def shared_runner(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Runner:
    """A runner on which the action has been installed."""
    runner = Runner(tmp_path_factory.mktemp("runner"), wheel)
    done = runner.run(INSTALL, PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    return runner


@contextmanager
def started(runner: Runner, **values: str) -> Iterator[str]:
    """The server's URL once the step has ended; the server is ended afterwards, as a runner ends what is left."""
    done = runner.run(START, **values)
    assert done.returncode == 0, done.stderr
    process = int((runner.temp / "fauxkube" / "pid").read_text())
    try:
        (url,) = re.findall(r"^url=(\S+)$", runner.read("GITHUB_OUTPUT"), re.MULTILINE)
        yield url
    finally:
        os.kill(process, signal.SIGTERM)
        until(lambda: not _is_there(url))


def _is_there(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_the_steps_that_follow_find_a_cluster(shared_runner: Runner) -> None:
    with started(shared_runner, PORT="0", ARGUMENTS="--nodes 1 --seed 1") as url:
        nodes = httpx.get(f"{url}/api/v1/nodes").json()["items"]
        assert [node["metadata"]["name"] for node in nodes] == ["node-1"]
        (path,) = re.findall(r"^KUBECONFIG=(.+)$", shared_runner.read("GITHUB_ENV"), re.MULTILINE)
        assert f"kubeconfig={path}\n" in shared_runner.read("GITHUB_OUTPUT")
        config = yaml.safe_load(Path(path).read_text())
        assert config["clusters"][0]["cluster"]["server"] == url
        command = Path(shared_runner.read("GITHUB_PATH").strip()) / "fauxkube"
        assert os.access(command, os.X_OK)


def test_a_server_that_does_not_start_fails_the_step_with_its_words(shared_runner: Runner) -> None:
    done = shared_runner.run(START, PORT="0", ARGUMENTS="--nodes many")
    assert done.returncode != 0
    assert "--nodes" in done.stderr


def test_every_input_is_used_and_every_output_is_set() -> None:
    used = " ".join(str(value) for step in STEPS for value in {**step.get("env", {}), **step.get("with", {})}.values())
    assert set(re.findall(r"inputs\.([\w-]+)", used)) == set(ACTION["inputs"])
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.start.outputs.{name} }}}}"
        assert f"{name}=" in START["run"]
    assert all(each.get("description") for each in (*ACTION["inputs"].values(), *ACTION["outputs"].values()))
    assert not re.search(r"\$\{\{", "".join(step.get("run", "") for step in STEPS))

"""What is shipped: the wheel, the container image's recipe, and the command that has to pass before a change lands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer
import yaml

from fauxkube import cli
from support.documents import ROOT, text_of

#: The instructions of a Dockerfile (docs.docker.com/reference/dockerfile).
_INSTRUCTION = re.compile(
    "ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR"
)
#: The attributes that our service uses, of those that the Compose specification has.
_SERVICE = {"build", "image", "command", "ports", "volumes", "stop_grace_period"}


def _accepts(arguments: list[str]) -> None:
    """Fail unless the command line has these arguments' form."""
    command, *rest = arguments
    group = typer.main.get_command(cli.app)
    group.commands[command].make_context(command, rest)


# The wheel.


def test_the_wheel_has_every_module_and_all_that_they_read(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = {
        str(path.relative_to(ROOT / "app"))
        for path in (ROOT / "app" / "fauxkube").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    migrations = {
        f"fauxkube/{path.relative_to(ROOT)}"
        for path in (ROOT / "migrations").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in shipped if "__pycache__" not in name} == sources | migrations
    assert {
        "fauxkube/py.typed",
        "fauxkube/migrations/env.py",
        "fauxkube/machinery/protobuf/messages.txt",
    } <= shipped


def test_the_wheel_has_the_command_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        described = {
            name.partition(".dist-info/")[2]: archive.read(name).decode()
            for name in archive.namelist()
            if ".dist-info/" in name
        }
    assert "fauxkube = fauxkube.cli:main" in described["entry_points.txt"]
    assert "Apache License" in described["licenses/LICENSE"]
    assert "# fauxkube" in described["METADATA"]


def test_what_the_wheel_holds_runs_and_finds_its_migrations(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = "from fauxkube.store.migrate import migrations_folder; print(migrations_folder())"

    def printed(*arguments: str) -> str:
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert printed("-m", "fauxkube", "version").startswith("fauxkube ")
    assert Path(printed("-c", script)) == tmp_path / "fauxkube" / "migrations"


# The container.


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    joined = text_of("Dockerfile").replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_dockerfile_knows_only_real_instructions_and_begins_with_an_image(
    instructions: list[tuple[str, str]],
) -> None:
    assert instructions[0][0] == "FROM"
    assert [word for word, _ in instructions if not _INSTRUCTION.fullmatch(word)] == []


def test_what_the_dockerfile_copies_is_there_and_not_ignored(instructions: list[tuple[str, str]]) -> None:
    ignored = set(text_of(".dockerignore").split())
    copied = [
        name for word, rest in instructions if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]
    ]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists() or name in ignored] == []


def test_the_image_starts_the_command_on_the_port_it_exposes(instructions: list[tuple[str, str]]) -> None:
    last = dict(instructions)
    assert json.loads(last["ENTRYPOINT"]) == ["fauxkube"]
    arguments = json.loads(last["CMD"])
    _accepts(arguments)
    assert last["EXPOSE"] == "8080"
    assert "--port" not in arguments
    assert re.search(r"^FROM python:(\d+\.\d+)-slim", text_of("Dockerfile"), re.MULTILINE)


def test_the_image_is_healthy_once_it_is_ready(instructions: list[tuple[str, str]], server: str) -> None:
    command = dict(instructions)["HEALTHCHECK"].partition("CMD ")[2]
    _, *arguments = json.loads(command)
    here = [argument.replace("http://127.0.0.1:8080", server) for argument in arguments]
    assert here != arguments
    assert subprocess.run([sys.executable, *here], check=False).returncode == 0
    nowhere = [argument.replace("/readyz", "/nowhere") for argument in here]
    assert subprocess.run([sys.executable, *nowhere], check=False, capture_output=True).returncode != 0


def test_the_compose_file_starts_the_image_for_this_machine_only() -> None:
    compose = yaml.safe_load(text_of("docker-compose.yml"))
    assert set(compose) == {"services", "volumes"}
    (service,) = compose["services"].values()
    assert set(service) <= _SERVICE
    _accepts(service["command"])
    for port in service["ports"]:
        assert re.fullmatch(r"127\.0\.0\.1:\d+:8080", port)
    for volume in service["volumes"]:
        name, _, path = volume.partition(":")
        assert name in compose["volumes"]
        assert service["command"][service["command"].index("--data") + 1].startswith(f"{path}/")


def test_an_argument_that_there_is_not_is_noticed() -> None:
    with pytest.raises(Exception, match=r"(?i)no such option"):
        _accepts(["up", "--nonsense"])


# Before a change lands.


def test_the_gate_is_a_script_that_runs_the_tests_as_the_readme_does() -> None:
    gate = ROOT / ".ci" / "run"
    assert os.access(gate, os.X_OK)
    assert subprocess.run(["bash", "-n", str(gate)], check=False).returncode == 0
    commands = gate.read_text().splitlines()
    assert "make test" in [command.partition(" || ")[0] for command in commands]
    assert "make test " in text_of("README.md")

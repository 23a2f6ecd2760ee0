"""The README is true: its commands run, its options and kinds are those that there are, its links lead somewhere."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fauxkube.kinds.catalogue import default_catalogue
from support.binaries import binary
from support.documents import ROOT, blocks, linked_files, section, text_of

README = text_of("README.md")
BLOCKS = blocks(README)
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/fidelity.md")
DEFAULT_URL = "http://127.0.0.1:8080"


def _options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def _help(command: str) -> str:
    environment = os.environ | {"COLUMNS": "200", "TERM": "dumb", "PYTHONPATH": str(ROOT / "app")}
    done = subprocess.run(
        [sys.executable, "-m", "fauxkube", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone as the quick start leaves it: the command in `.venv/bin`, kubectl on the path, the manifest at hand."""
    command = tmp_path / ".venv" / "bin" / "fauxkube"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT / "app"}" exec "{sys.executable}" -m fauxkube "$@"\n')
    command.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl").symlink_to(binary("kubectl", 36))
    (manifest,) = [block.text for block in BLOCKS if block.language == "yaml"]
    (tmp_path / "service.yaml").write_text(manifest)
    return tmp_path


def _run(script: str, folder: Path) -> str:
    environment = {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_quick_start_runs_as_it_is_written(shared_server: str, folder: Path) -> None:
    (script,) = [block.text for block in BLOCKS if block.language == "sh" and "kubectl get nodes" in block.text]
    here = script.replace("fauxkube kubeconfig", f"fauxkube kubeconfig --server {shared_server}")
    assert here != script
    printed = _run(here, folder)
    for line in (
        "service/myapp-service created",
        "pod/web-1 created",
        'pod "web-1" deleted',
        "deployment.apps/shop created",
        "service/shop exposed",
        "deployment.apps/shop scaled",
        'deployment "shop" successfully rolled out',
    ):
        assert line in printed


def test_the_test_that_is_shown_passes(folder: Path) -> None:
    (test,) = [block.text for block in BLOCKS if block.language == "python"]
    (folder / "test_shop.py").write_text(test)
    assert "1 passed" in _run(f"{sys.executable} -m pytest -q test_shop.py", folder)


def test_the_curl_command_runs(shared_server: str, folder: Path) -> None:
    (command,) = re.findall(r"`(curl [^`]+)`", README)
    assert DEFAULT_URL in command
    assert '"kind": "PodList"' in _run(command.replace(DEFAULT_URL, shared_server), folder)


def test_what_a_start_prints_is_what_the_readme_shows(folder: Path) -> None:
    (shown,) = [block.text for block in BLOCKS if block.language == "console"]
    _, *expected, _ = shown.splitlines()
    command = [str(folder / ".venv" / "bin" / "fauxkube"), "up", "--port", "0"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline().rstrip() for _ in expected]
        process.send_signal(signal.SIGINT)
    url = printed[0].rpartition(" ")[2]
    assert [_as_called_in_a_clone(line) for line in printed] == [line.replace(DEFAULT_URL, url) for line in expected]


def _as_called_in_a_clone(line: str) -> str:
    return re.sub(r"^  \S.*fauxkube kubeconfig", "  .venv/bin/fauxkube kubeconfig", line)


def test_make_has_every_target_that_is_spoken_of() -> None:
    targets = set(re.findall(r"^(\w+):", text_of("Makefile"), re.MULTILINE))
    named = {target for name in DOCUMENTS for target in re.findall(r"(?:`|^)make (\w+)", text_of(name), re.MULTILINE)}
    assert {"run", "test"} <= named <= targets


@pytest.mark.parametrize("command", ["up", "kubeconfig", "init"])
def test_every_option_has_its_word_and_every_word_is_an_option(command: str) -> None:
    options = _options(_help(command)) - {"--help"}
    up, _, kubeconfig = section(README, "Options").partition("`fauxkube kubeconfig`")
    _, _, init = section(README, "A cluster from scratch").partition("`fauxkube init` takes")
    told = {"up": up, "kubeconfig": kubeconfig.partition("\n\n")[0], "init": init}
    assert _options(told[command]) - {"--help"} == options


def test_every_kind_is_listed_and_every_kind_listed_is_served() -> None:
    (listed,) = re.findall(r"^- \*\*Kinds\*\*: (.*?)(?=^- )", README, re.MULTILINE | re.DOTALL)
    served = {resource.kind for resource in default_catalogue().resources if "get" in resource.verbs}
    assert set(re.findall(r"\b[A-Z]\w+", listed)) == served


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files_that_are_there(document: str) -> None:
    folder = (ROOT / document).parent
    assert [target for target in linked_files(text_of(document)) if not (folder / target).exists()] == []


def test_the_rooms_named_to_contributors_are_those_that_there_are() -> None:
    (order,) = re.findall(r"import-linter holds that:\n(.*?)\. Each", text_of("CONTRIBUTING.md"), re.DOTALL)
    layers = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"][0]["layers"]
    assert ["__main__", *(each.strip().strip("`") for each in order.split(","))] == layers, "in the order that is held"
    named = set(re.findall(r"\w+", order))
    assert named == {path.parent.name for path in (ROOT / "app" / "fauxkube").glob("*/__init__.py")}

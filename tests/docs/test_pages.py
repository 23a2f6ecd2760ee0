"""The documentation is true: every page's commands are run in order, and print what the page shows."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

import pytest

from support.binaries import binary
from support.documents import ROOT, linked_files
from support.javascript import CLIENT, client_modules
from support.loopback import loopback_addresses
from support.pages import Command, File, Unchecked, pattern_of, steps_of

PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md"))
#: The pages that `docs/_generate/reference.py` writes.
GENERATED = frozenset(ROOT / "docs" / "reference" / name for name in ("cli.md", "http.md", "kinds.md"))
#: The languages whose blocks show something and are not run.
SHOWN = frozenset({"mermaid", "text", "json", "http", ""})
#: The port that pages speak of, as `fauxkube up` takes it by default.
PORT = "8080"
#: The commands that go on, and the last thing that they print once they are ready.
SERVERS = (["fauxkube", "up"], ["fauxkube", "init"])
READY = re.compile(r"is ready at .*\n|--discovery-token-ca-cert-hash .*\n")

#: A shell's exported variables and folder, taken from the last command and handed to the next.
_RESTORE = '[ ! -e "$STATE" ] || . "$STATE"'
_SAVE = '{ export -p; printf "cd %q\\n" "$PWD"; } >"$STATE"'


class Terminal:
    """A shell in a folder of its own; each command sees what the ones before it exported, and where they went."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = folder.parent / "state.sh"
        self._port = str(_free_port())
        command = folder.parent / "bin"
        command.mkdir()
        (command / "kubectl").symlink_to(binary("kubectl", 36))
        (command / "helm").symlink_to(binary("helm", 36))
        script = command / "fauxkube"
        script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT / "app"}" exec "{sys.executable}" -m fauxkube "$@"\n')
        script.chmod(0o755)
        self._environment = {
            "PATH": os.pathsep.join((str(command), str(Path(sys.executable).parent), os.environ["PATH"])),
            "HOME": str(folder.parent),
            "LANG": "C.UTF-8",
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, text: str) -> str:
        """Run a command to its end; answers what it printed, as the page would show it."""
        script = f"{_RESTORE}\n{self._here(text)}\n{_SAVE}\n"
        done = subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=self._folder,
            env=self._environment | {"STATE": str(self._state)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        printed = done.stdout.replace(f":{self._port}", f":{PORT}").replace(str(self._folder), ".")
        assert done.returncode == 0, f"$ {text}{printed}"
        return printed

    def has(self, needed: str) -> bool:
        """Whether a program is there, or a package of npm's, which is put where scripts find it."""
        if needed != CLIENT:
            return not needed or shutil.which(needed) is not None
        if not (shutil.which("node") and shutil.which("npm")):
            return False
        link = self._folder / "node_modules"
        if not link.exists():
            link.symlink_to(client_modules())
        return True

    def write(self, file: File) -> None:
        """Make a file of the page's."""
        path = self._folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._here(file.text))

    @contextmanager
    def serving(self, text: str) -> Iterator[str]:
        """Run a `fauxkube up` or `init` until the page ends; gives what it prints until it is ready."""
        command = ["bash", "-c", f"exec {self._here(text).strip()} --port {self._port}"]
        with subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            assert process.stdout is not None
            printed = ""
            while not READY.search(printed):
                line = process.stdout.readline()
                assert line, f"$ {text}{printed}"
                printed += line.replace(f":{self._port}", f":{PORT}")
            reader = threading.Thread(target=process.stdout.read)
            reader.start()
            try:
                yield printed
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                reader.join()

    def _here(self, text: str) -> str:
        return re.sub(rf"(127\.0\.0\.1|localhost):{PORT}", rf"\1:{self._port}", text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    folder = tmp_path / "work"
    folder.mkdir()
    return Terminal(folder)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT / "docs"))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_runs_as_it_is_written(page: Path, terminal: Terminal) -> None:
    with _taking_turns(page), ExitStack() as servers:
        for step in steps_of(page):
            match step:
                case File(needs=needed) | Command(needs=needed) if not terminal.has(needed):
                    continue
                case File():
                    terminal.write(step)
                case Command(text=text) if text.split()[:2] in SERVERS:
                    servers.close()
                    _check(page, step, servers.enter_context(terminal.serving(text)))
                case Command():
                    _check(page, step, terminal.run(step.text))


def _taking_turns(page: Path) -> AbstractContextManager[None]:
    """What pages hold that show a data plane's addresses."""
    return loopback_addresses() if "--dataplane" in page.read_text() else nullcontext()


def _check(page: Path, command: Command, printed: str) -> None:
    if command.printed is not None and not pattern_of(command.printed).fullmatch(printed.rstrip() + "\n"):
        pytest.fail(
            f"{_name(page)}, line {command.line}:\n$ {command.text}--- shown\n{command.printed}--- printed\n{printed}"
        )


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_what_a_page_does_not_run_has_its_reason(page: Path) -> None:
    silent = [step for step in steps_of(page) if isinstance(step, Unchecked) and not step.reason]
    assert [(step.line, step.language) for step in silent if step.language not in SHOWN] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_pages_links_lead_to_files_that_are_there(page: Path) -> None:
    targets = {target: (page.parent / target).resolve() for target in linked_files(page.read_text())}
    missing = [target for target, path in targets.items() if not path.exists() and path not in GENERATED]
    assert missing == []

"""kubectl port-forward to what the pods of a cluster serve by themselves."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import httpx
import pytest

from support.kubectl import Kubectl


@pytest.fixture
def running(cli: Kubectl) -> Kubectl:
    cli("create", "deployment", "web", "--image=nginx", "--port=80", "--replicas=2")
    cli("expose", "deployment", "web", "--port=8080", "--target-port=80")
    cli("run", "client", "--image=busybox")
    cli("wait", "--for=condition=Ready", "pod", "--all")
    return cli


@pytest.mark.parametrize("target", ["pod/client", "deployment/web", "service/web"])
def test_a_forwarded_port_shows_the_page_of_a_pod(running: Kubectl, target: str, tmp_path: Path) -> None:
    port = "8080" if target == "service/web" else "80"
    command = running.command("port-forward", target, f":{port}")
    with (tmp_path / "errors").open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=running.environment)
        assert process.stdout is not None
        try:
            found = re.search(r"127.0.0.1:(\d+) -> ", process.stdout.readline())
            assert found, (tmp_path / "errors").read_text()
            with httpx.Client(base_url=f"http://127.0.0.1:{found[1]}", timeout=20) as http:
                pages = [http.get(f"/page/{number}").text for number in range(20)]
        finally:
            process.terminate()
            process.communicate(timeout=10)
    name = target.partition("/")[2]
    assert all(page.startswith(f"Hello from {name}") for page in pages)
    assert "path: /page/19" in pages[-1]
    assert "client: 127.0.0.1" in pages[-1]

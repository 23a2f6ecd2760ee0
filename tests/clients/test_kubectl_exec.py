"""Programs in pods by real kubectl: what people run to see what is wrong with a network, and what they look at else."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.kubectl import Kubectl
from support.waiting import until

SHOP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {COLOR: blue, app.conf: "mode: test\\n"}
---
apiVersion: v1
kind: Service
metadata: {name: myapp-service}
spec: {selector: {app: myapp}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: myapp, labels: {app: myapp}}
spec:
  containers: [{name: web, image: nginx, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  containers:
  - name: shell
    image: busybox
    command: [sleep, infinity]
    env: [{name: MY_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
    envFrom: [{configMapRef: {name: settings}}]
    volumeMounts: [{name: settings, mountPath: /etc/config}, {name: scratch, mountPath: /scratch}]
  - name: helper
    image: busybox
    volumeMounts: [{name: scratch, mountPath: /scratch}]
  volumes: [{name: settings, configMap: {name: settings}}, {name: scratch, emptyDir: {}}]
"""


@pytest.fixture
def shop(cli: Kubectl) -> Kubectl:
    """A service with a pod behind it, and a client."""
    cli("apply", "-f", "-", stdin=SHOP)
    cli("wait", "--for=condition=Ready", "pod/myapp", "pod/client")
    until(lambda: bool(cli("get", "endpointslices", "-o", "jsonpath={..addresses}").out))
    return cli


def _run(shop: Kubectl, *command: str) -> str:
    return shop("exec", "client", "-c", "shell", "--", *command).out


def test_a_client_reaches_a_service_by_its_name(shop: Kubectl) -> None:
    assert _run(shop, "wget", "-qO-", "myapp-service").startswith("Hello from myapp\n")
    assert _run(shop, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://myapp-service") == "200"
    assert shop("exec", "client", "-c", "shell", "--", "nc", "-zv", "myapp-service", "80").err.endswith(":80) open\n")
    assert "myapp-service" in _run(shop, "nslookup", f"myapp-service.{shop.namespace}.svc.cluster.local")
    log = shop("logs", "myapp").out.splitlines()
    assert log[0] == f"web of {shop.namespace}/myapp started, listening on 8080/TCP"
    assert [line.split('"')[1] for line in log[1:]] == ["GET / HTTP/1.1"] * 2


def test_failures_are_told_with_the_programs_words_and_exit_codes(shop: Kubectl) -> None:
    refused = shop("exec", "client", "-c", "shell", "--", "wget", "-qO-", "myapp-service:81", "-T", "1", ok=False)
    assert (refused.code, refused.err) == (1, "wget: download timed out\ncommand terminated with exit code 1\n")
    assert shop("exec", "client", "-c", "shell", "--", "sh", "-c", "exit 42", ok=False).code == 42
    missing = shop.refused("exec", "client", "-c", "shell", "--", "nosuch")
    assert missing.endswith('exec: "nosuch": executable file not found in $PATH: unknown')


def test_the_environment_and_files_are_the_pods(shop: Kubectl) -> None:
    address = shop("get", "pod", "client", "-o", "jsonpath={.status.podIP}").out
    lines = _run(shop, "env").splitlines()
    assert {"HOSTNAME=client", "COLOR=blue", f"MY_IP={address}", "KUBERNETES_SERVICE_PORT=443"} <= set(lines)
    assert _run(shop, "cat", "/etc/config/app.conf") == "mode: test\n"
    assert f"{address}\tclient\n" in _run(shop, "cat", "/etc/hosts")
    assert f"search {shop.namespace}.svc.cluster.local" in _run(shop, "cat", "/etc/resolv.conf")
    assert _run(shop, "cat", "/var/run/secrets/kubernetes.io/serviceaccount/namespace") == shop.namespace
    assert f"inet {address}/24" in _run(shop, "ip", "addr")
    assert "1 packets received" in _run(shop, "ping", "-c", "1", address)
    shop("patch", "configmap", "settings", "-p", '{"data": {"app.conf": "mode: other"}}')
    assert _run(shop, "cat", "/etc/config/app.conf") == "mode: other"


def test_containers_of_a_pod_share_an_empty_dir_and_nothing_else(shop: Kubectl) -> None:
    _run(shop, "sh", "-c", "echo shared > /scratch/a; echo own > /tmp/a")
    helper = shop("exec", "client", "-c", "helper", "--", "sh", "-c", "cat /scratch/a; cat /tmp/a", ok=False)
    assert (helper.out, helper.code) == ("shared\n", 1)


def test_what_is_sent_reaches_the_program(shop: Kubectl) -> None:
    ran = shop("exec", "-i", "client", "-c", "shell", "--", "sh", stdin="cat > /tmp/x\nhello\n")
    assert ran.code == 0
    assert _run(shop, "cat", "/tmp/x") == "hello\n"


def test_somebody_at_a_terminal_has_a_shell(shop: Kubectl) -> None:
    ours, theirs = pty.openpty()
    command = shop.command("exec", "-it", "client", "-c", "shell", "--", "sh")
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=shop.environment)
    os.close(theirs)
    screen = _Screen(ours)
    try:
        screen.wait_for(lambda text: text.endswith("/ # "))
        os.write(ours, b"hostname; cd /tmp\r")
        screen.wait_for(lambda text: "client\r\n" in text and text.endswith("/tmp # "))
        os.write(ours, b"sleep 1000\r")
        screen.wait_for(lambda text: text.endswith("sleep 1000\r\n"))
        os.write(ours, b"\x03")
        screen.wait_for(lambda text: "^C" in text and text.endswith("/tmp # "))
        os.write(ours, b"exit 3\r")
        assert process.wait(timeout=30) == 3
    finally:
        process.kill()
        process.wait(timeout=30)
        os.close(ours)


class _Screen:
    """What a terminal shows."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._text = ""

    def wait_for(self, shows: Callable[[str], bool]) -> None:
        """Read until the screen shows that; the test's time limit bounds the wait."""
        while not shows(self._text):
            self._text += os.read(self._descriptor, 4096).decode()


def test_files_are_copied_into_a_pod_and_out_of_it(shop: Kubectl, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("hello\n")
    (folder / "inner" / "b.bin").write_bytes(bytes(range(256)) * 400)
    shop("cp", "-c", "shell", str(folder), "client:/tmp/copied")
    assert _run(shop, "sh", "-c", "cat /tmp/copied/a.txt; wc -c < /tmp/copied/inner/b.bin") == "hello\n102400\n"
    shop("cp", "-c", "shell", "client:/tmp/copied", str(tmp_path / "back"))
    assert (tmp_path / "back" / "inner" / "b.bin").read_bytes() == (folder / "inner" / "b.bin").read_bytes()


CRASHING = """
apiVersion: v1
kind: Pod
metadata: {name: crashing, annotations: {fauxkube.io/exit-code: "1"}}
spec: {containers: [{name: main, image: busybox}]}
"""


def test_a_container_that_crashes_has_a_log_of_this_run_and_of_the_one_before(cli: Kubectl) -> None:
    cli("apply", "-f", "-", stdin=CRASHING)
    restarts = "jsonpath={.status.containerStatuses[0].restartCount}"
    until(lambda: cli("get", "pod", "crashing", "-o", restarts).out not in {"", "0"})
    line = f"main of {cli.namespace}/crashing started\n"
    assert cli("logs", "crashing").out == line
    assert cli("logs", "crashing", "--previous").out == line
    assert "container not found" in cli.refused("exec", "crashing", "--", "true")

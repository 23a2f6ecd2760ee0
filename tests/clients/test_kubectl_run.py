"""kubectl run -i: a program that is there for whoever attaches, and a pod that ends with it."""

from __future__ import annotations

import json
import subprocess

import pytest

from support.kubectl import Kubectl

RUN = ("run", "-i", "--image=busybox", "--restart=Never")


@pytest.fixture
def shop(cli: Kubectl) -> Kubectl:
    cli("create", "deployment", "web", "--image=nginx", "--port=80")
    cli("expose", "deployment", "web", "--port=80")
    cli("wait", "--for=condition=Ready", "pod", "--all")
    return cli


def test_a_program_of_its_own_is_run_and_the_pod_goes(shop: Kubectl) -> None:
    assert "Hello from web-" in shop(*RUN, "--rm", "client", "--", "wget", "-qO-", "web", stdin="").out
    assert "client" not in shop("get", "pods").out


def test_what_is_sent_is_its_input_and_its_exit_code_the_pod_s(cli: Kubectl) -> None:
    ran = cli(*RUN, "client", "--", "sh", "-c", "cat; exit 4", stdin="some input\n", ok=False)
    assert (ran.code, "some input" in ran.out) == (4, True)
    pod = json.loads(cli("get", "pod", "client", "-o", "json").out)
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (pod["status"]["phase"], state["exitCode"]) == ("Failed", 4)


def test_without_a_command_a_shell_is_what_a_shell_s_image_runs(cli: Kubectl) -> None:
    assert "client" in cli(*RUN, "--rm", "client", stdin="hostname\n").out.splitlines()


def test_a_pod_that_is_to_go_on_does(cli: Kubectl) -> None:
    cli("run", "-i", "client", "--image=busybox", "--", "echo", "hello", stdin="")
    assert cli("get", "pod", "client", "-o", "jsonpath={.status.phase}").out == "Running"
    assert "hello" in cli("attach", "-i", "client", stdin="").out


def test_annotations_end_containers_that_run(cli: Kubectl) -> None:
    cli("run", "client", "--image=busybox", "--restart=Never")
    cli("wait", "--for=condition=Ready", "pod/client")
    cli("annotate", "pod", "client", "fauxkube.io/exit-code=3")
    command = cli.command("wait", "--for=jsonpath={.status.phase}=Failed", "pod/client", "--timeout=20s")
    subprocess.run(command, check=True, env=cli.environment, stdout=subprocess.DEVNULL)

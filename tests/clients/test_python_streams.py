"""The official Python client's exec, attach, port-forward and logs, against containers of the tests' own."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from kubernetes import client
from kubernetes.stream import portforward, stream

from support.containers import REFUSING_PORT
from support.upgrades import Streamed, streamed


@pytest.fixture(scope="module")
def shared_streamed() -> Iterator[Streamed]:
    with streamed() as server:
        yield server


#: The client leaves the sockets of what it has run to the end to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture
def core(shared_streamed: Streamed) -> Iterator[client.CoreV1Api]:
    with client.ApiClient(client.Configuration(host=shared_streamed.url)) as api:
        yield client.CoreV1Api(api)
    gc.collect()


def test_a_program_is_run_and_its_output_answered(core: client.CoreV1Api) -> None:
    command = ["echo", "two words"]
    run = core.connect_get_namespaced_pod_exec
    assert stream(run, "web", "default", command=command, stdout=True, stderr=True) == "two words\n"


def test_input_and_exit_codes_go_through(core: client.CoreV1Api) -> None:
    run = core.connect_get_namespaced_pod_exec
    wanted = {"stdin": True, "stdout": True, "stderr": True, "_preload_content": False}
    talking = stream(run, "web", "default", command=["cat"], **wanted)
    talking.write_stdin("some input\n")
    assert talking.readline_stdout(timeout=10) == "some input"
    talking.close()
    ending = stream(run, "web", "default", command=["exit", "3"], **wanted)
    ending.run_forever(timeout=10)
    assert (ending.returncode, ending.read_stderr()) == (3, "going\n")


def test_a_refusal_is_an_exception(core: client.CoreV1Api) -> None:
    with pytest.raises(client.ApiException) as raised:
        stream(core.connect_get_namespaced_pod_exec, "none", "default", command=["ls"], stdout=True)
    assert 'pods \\"none\\" not found' in str(raised.value)


def test_a_container_s_own_program_is_attached_to(core: client.CoreV1Api) -> None:
    attached = stream(
        core.connect_get_namespaced_pod_attach, "web", "default", stdin=True, stdout=True, _preload_content=False
    )
    assert attached.readline_stdout(timeout=10) == "attached"
    attached.close()


def test_ports_are_forwarded_into_the_process(core: client.CoreV1Api) -> None:
    ports = f"80,{REFUSING_PORT}"
    forward = portforward(core.connect_get_namespaced_pod_portforward, "web", "default", ports=ports)
    echoing = forward.socket(80)
    echoing.settimeout(10)
    echoing.sendall(b"ping")
    assert echoing.recv(10) == b"ping"
    refused = forward.socket(REFUSING_PORT)
    refused.settimeout(10)
    echoing.close()
    refused.close()


def test_logs_are_text_and_can_be_followed(core: client.CoreV1Api, shared_streamed: Streamed) -> None:
    assert core.read_namespaced_pod_log("web", "default") == "one\ntwo\nthree\n"
    answer = core.read_namespaced_pod_log("web", "default", follow=True, _preload_content=False)
    lines = iter(answer)
    assert next(lines).splitlines()[0] == b"one"
    answer.close()
    answer.release_conn()

"""exec, attach, port-forward and logs as raw requests: what is refused and how, what is answered, and what is left."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from fauxkube.cluster.settings import Settings
from fauxkube.server.streaming.spdy_frames import Data, Encoder, Frame, GoAway, SynReply, SynStream
from support.containers import REFUSING_PORT, forgotten
from support.upgrades import (
    PODS,
    SpdyClient,
    Streamed,
    WebSocketClient,
    spdy_offer,
    streamed,
    upgraded,
    websocket_offer,
)
from support.waiting import until

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
EXEC = f"{PODS}/web/exec?command=echo&command=hi&stdout=true&stderr=true"
ACCEPTED = "server accepts [v4.channel.k8s.io v3.channel.k8s.io v2.channel.k8s.io channel.k8s.io]"
ONE_OF = "at most one of `sinceTime` or `sinceSeconds` may be specified"
SUCCESS = {"metadata": {}, "status": "Success"}


@pytest.fixture(scope="module")
def shared_streamed() -> Iterator[Streamed]:
    with streamed() as server:
        yield server


@pytest.fixture
def streams(shared_streamed: Streamed) -> Streamed:
    return shared_streamed


@pytest.fixture
def http(shared_streamed: Streamed) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_streamed.url, timeout=10) as client:
        yield client


def told(streams: Streamed, target: str, *protocols: str) -> dict[int, bytes]:
    """All that a program tells over a WebSocket, by channel."""
    with upgraded(streams.url, target, websocket_offer(*protocols)) as answer:
        return WebSocketClient(answer).rest()


# What is refused


@pytest.mark.parametrize("subresource", ["exec?command=ls", "attach", "portforward"])
def test_a_request_that_offers_no_protocol_is_told_to(http: httpx.Client, subresource: str) -> None:
    for answer in (http.get(f"{PODS}/web/{subresource}"), http.post(f"{PODS}/web/{subresource}")):
        assert (answer.status_code, answer.json()["message"]) == (400, "Upgrade request required")


@pytest.mark.parametrize(
    ("target", "code", "reason", "message"),
    [
        (f"{PODS}/none/exec?command=ls", 404, "NotFound", 'pods "none" not found'),
        (f"{PODS}/web/exec?container=x", 400, "BadRequest", "container x is not valid for pod web"),
        (
            f"{PODS}/two/exec?command=ls",
            400,
            "BadRequest",
            "a container name must be specified for pod two, choose one of: [one two]",
        ),
        (
            f"{PODS}/two/log",
            400,
            "BadRequest",
            "a container name must be specified for pod two, choose one of: [one two]",
        ),
        (f"{PODS}/waiting/exec?command=ls", 400, "BadRequest", "pod waiting does not have a host assigned"),
        *(
            (f"{PODS}/web/portforward?ports={port}", 400, "BadRequest", f"cannot convert to []int32: {problem}")
            for port, problem in (
                ("80,x", 'strconv.ParseUint: parsing "x": invalid syntax'),
                ("70000", 'strconv.ParseUint: parsing "70000": value out of range'),
            )
        ),
        (f"{PODS}/waiting/portforward", 400, "BadRequest", "pod waiting does not have a host assigned"),
        (
            f"{PODS}/web/log?previous=true",
            400,
            "BadRequest",
            'previous terminated container "web" in pod "web" not found',
        ),
        (f"{PODS}/web/log?tailLines=x", 400, "BadRequest", 'strconv.ParseInt: parsing "x": invalid syntax'),
        (
            f"{PODS}/web/log?tailLines=-1",
            422,
            "Invalid",
            'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
        ),
        (
            f"{PODS}/web/log?stream=Stdout",
            422,
            "Invalid",
            'PodLogOptions "web" is invalid: stream: Forbidden: may not be specified',
        ),
        (
            f"{PODS}/web/log?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z",
            422,
            "Invalid",
            f'PodLogOptions "web" is invalid: : Forbidden: {ONE_OF}',
        ),
    ],
)
def test_refusals_are_a_status_in_upstream_s_words(
    http: httpx.Client, target: str, code: int, reason: str, message: str
) -> None:
    waiting = {"metadata": {"name": "waiting"}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    waiting["spec"]["schedulingGates"] = [{"name": "example.com/gate"}]
    http.post(PODS, json=waiting)
    answer = http.get(target)
    status = answer.json()
    assert (answer.status_code, status["reason"], status["message"]) == (code, reason, message)


def test_a_pod_that_is_on_no_node_has_no_log_yet(http: httpx.Client) -> None:
    spec = {"containers": [{"name": "web", "image": "nginx"}], "schedulingGates": [{"name": "example.com/gate"}]}
    http.post(PODS, json={"metadata": {"name": "gated"}, "spec": spec})
    answer = http.get(f"{PODS}/gated/log")
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_container_that_does_not_run_is_not_found(streams: Streamed, http: httpx.Client) -> None:
    """Plain text from the kubelet; a `Status` in the stream where the API server translates."""
    annotations = {"fauxkube.io/run-seconds": "0"}
    spec = {"containers": [{"name": "web", "image": "nginx"}], "restartPolicy": "Never"}
    http.post(PODS, json={"metadata": {"name": "ended", "annotations": annotations}, "spec": spec})
    until(lambda: http.get(f"{PODS}/ended").json()["status"]["phase"] == "Succeeded")
    target = f"{PODS}/ended/exec?command=ls"
    for offer in (spdy_offer(V4), websocket_offer(V4)):
        with upgraded(streams.url, target, offer) as answer:
            assert (answer.status, answer.body()) == (500, 'container not found ("web")')
    status = json.loads(told(streams, target, V5)[3])
    problem = 'unable to upgrade connection: container not found ("web")'
    assert (status["code"], status["message"]) == (500, f"Internal error occurred: {problem}")
    with upgraded(streams.url, f"{PODS}/ended/portforward", spdy_offer("portforward.k8s.io")) as answer:
        assert (answer.status, answer.body()) == (500, 'pod not found ("ended_default")')
    assert http.get(f"{PODS}/ended/log").text == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("offer", "status", "body"),
    [
        (websocket_offer("v9.channel.k8s.io"), 403, ""),
        (websocket_offer(V4) | {"Sec-WebSocket-Version": "12"}, 400, "Bad Request\n"),
        (websocket_offer(V4) | {"Sec-WebSocket-Key": ""}, 400, "Bad Request\n"),
        (
            spdy_offer("v9.channel.k8s.io"),
            403,
            f"unable to upgrade: unable to negotiate protocol: client supports [v9.channel.k8s.io], {ACCEPTED}\n",
        ),
    ],
)
def test_a_handshake_that_fails_leaves_the_connection_to_the_next_request(
    streams: Streamed, offer: dict[str, str], status: int, body: str
) -> None:
    with upgraded(streams.url, EXEC, offer) as answer:
        assert (answer.status, answer.body()) == (status, body)
        answer.connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in answer.connection.recv(65_536)


def test_what_follows_a_refused_offer_is_the_next_request(streams: Streamed) -> None:
    target = f"{PODS}/none/exec"
    lines = [f"GET {target} HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in websocket_offer(V4).items()), "", ""]
    follows = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    host, port = streams.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall("\r\n".join(lines).encode() + follows)
        read = b""
        while data := connection.recv(65_536):
            read += data
    assert read.startswith(b"HTTP/1.1 404")
    assert read.endswith(b"ok")


# What is answered


@pytest.mark.parametrize("version", [V5, V4])
def test_a_success_is_told_as_a_status(streams: Streamed, version: str) -> None:
    channels = told(streams, EXEC, version)
    assert (channels[1], json.loads(channels[3])) == (b"hi\n", SUCCESS)


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        (V5, "command terminated with exit code 3"),
        (V4, "error executing command [exit 3], exit code 3"),
    ],
)
def test_an_exit_code_is_told_as_a_cause(streams: Streamed, version: str, problem: str) -> None:
    channels = told(streams, f"{PODS}/web/exec?command=exit&command=3", version)
    assert channels[2] == b"going\n"
    assert json.loads(channels[3]) == {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {problem}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": "3"}]},
    }


@pytest.mark.parametrize("protocols", [(), ("channel.k8s.io",)])
def test_early_versions_tell_failures_alone_and_in_words(streams: Streamed, protocols: tuple[str, ...]) -> None:
    assert told(streams, EXEC, *protocols) == {1: b"hi\n"}
    channels = told(streams, f"{PODS}/web/exec?command=exit&command=3", *protocols)
    assert channels[3].startswith(b"command terminated with non-zero exit code")


def test_the_first_version_that_both_know_is_spoken_but_the_newest_is_preferred(streams: Streamed) -> None:
    for asked, spoken in (
        ((V4, V5), V5),
        (("v9.channel.k8s.io", "v4.base64.channel.k8s.io", V4), "v4.base64.channel.k8s.io"),
    ):
        with upgraded(streams.url, EXEC, websocket_offer(*asked)) as answer:
            assert (answer.status, answer.headers["sec-websocket-protocol"]) == (101, spoken)


def test_input_ends_when_the_client_closes_its_channel(streams: Streamed) -> None:
    with upgraded(streams.url, f"{PODS}/web/exec?command=cat&stdin=true", websocket_offer(V5)) as answer:
        client = WebSocketClient(answer)
        client.send(b"\x00some input")
        client.send(b"\xff\x00")
        channels = client.rest()
    assert (channels[1], json.loads(channels[3])) == (b"some input", SUCCESS)


def test_a_terminal_has_sizes_and_one_output(streams: Streamed) -> None:
    target = f"{PODS}/web/exec?command=sizes&tty=true&stdin=true"
    with upgraded(streams.url, target, websocket_offer(V5)) as answer:
        client = WebSocketClient(answer)
        client.send(b'\x04{"Width":120,"Height":40}')
        assert client.rest()[1] == b"True (120, 40)\n"


def test_a_program_s_failure_is_told_without_its_reason(streams: Streamed) -> None:
    status = json.loads(told(streams, f"{PODS}/web/exec?command=fail", V5)[3])
    assert (status["code"], "RuntimeError" in json.dumps(status)) == (500, False)


def test_spdy_streams_are_answered_and_ended(streams: Streamed) -> None:
    with upgraded(streams.url, EXEC, spdy_offer(V4, "v3.channel.k8s.io"), method="POST") as answer:
        assert answer.headers["x-stream-protocol-version"] == V4
        client = SpdyClient(answer)
        for number, type_ in ((1, "error"), (3, "stdout"), (5, "stderr")):
            client.send(SynStream(number, {"streamType": type_}))
        frames = []
        while not isinstance(frame := client.next(), GoAway):
            frames.append(frame)
    assert frames[:3] == [SynReply(1, {}), SynReply(3, {}), SynReply(5, {})]
    data = [frame for frame in frames if isinstance(frame, Data)]
    assert b"".join(frame.data for frame in data if frame.id == 3) == b"hi\n"
    assert json.loads(b"".join(frame.data for frame in data if frame.id == 1)) == SUCCESS
    assert {frame.id for frame in data if frame.fin} == {1, 3, 5}


def test_ports_are_forwarded_on_channels_that_begin_with_their_numbers(streams: Streamed) -> None:
    target = f"{PODS}/web/portforward?ports=80&ports={REFUSING_PORT}"
    with upgraded(streams.url, target, websocket_offer(V4)) as answer:
        client = WebSocketClient(answer)
        begun = sorted([client.next() or b"" for _ in range(4)])
        refusal = client.next() or b""
        client.send(b"\x00ping")
        assert client.next() == b"\x00ping"
    assert [(each[0], *struct.unpack("<H", each[1:])) for each in begun] == [(0, 80), (1, 80), (2, 9), (3, 9)]
    assert refusal.startswith(b"\x03error forwarding port 9 to pod ")
    assert b"connect: connection refused" in refusal


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", 'query parameter "port" is required'),
        ("?ports=0", 'port "0" must be > 0'),
    ],
)
def test_a_plain_websocket_has_to_name_good_ports(streams: Streamed, query: str, body: str) -> None:
    with upgraded(streams.url, f"{PODS}/web/portforward{query}", websocket_offer(V4)) as answer:
        assert (answer.status, answer.body()) == (400, body)


def test_spdy_goes_through_a_websocket_in_messages_of_any_size(streams: Streamed) -> None:
    offer = websocket_offer("SPDY/3.1+portforward.k8s.io")
    with upgraded(streams.url, f"{PODS}/web/portforward", offer) as answer:
        assert answer.headers["sec-websocket-protocol"] == "SPDY/3.1+portforward.k8s.io"
        socket_, client = WebSocketClient(answer), SpdyClient(answer)
        encode, decoder = client._encoder.encode, client._decoder
        pair: dict[str, Any] = {"port": "80", "requestID": "0"}
        opened = b"".join(
            [
                encode(SynStream(1, pair | {"streamType": "error"})),
                encode(SynStream(3, pair | {"streamType": "data"})),
                encode(Data(3, b"ping", fin=True)),
            ]
        )
        for at in range(0, len(opened), 5):
            socket_.send(opened[at : at + 5])
        frames: list[Frame] = []
        while not [each for each in frames if isinstance(each, Data) and each.fin and each.id == 1]:
            frames += decoder.feed(socket_.next() or b"")
    assert b"".join(each.data for each in frames if isinstance(each, Data) and each.id == 3) == b"ping"


# Logs


def test_a_log_is_plain_text_and_its_options_are_handed_on(streams: Streamed, http: httpx.Client) -> None:
    query = "container=web&timestamps=true&tailLines=2&limitBytes=9&sinceTime=2026-01-01T00:00:00Z"
    answer = http.get(f"{PODS}/web/log?{query}")
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, "text/plain", "one\ntwo\nthree\n")
    options = streams.containers.log_options[-1]
    assert (options.timestamps, options.tail_lines, options.limit_bytes) == (True, 2, 9)
    assert (options.follow, options.since_time) == (False, "2026-01-01T00:00:00Z")


def test_a_log_is_followed_until_the_client_has_gone(streams: Streamed, http: httpx.Client) -> None:
    with http.stream("GET", f"{PODS}/web/log?follow=true") as answer:
        lines = answer.iter_lines()
        assert [next(lines), next(lines), next(lines)] == ["one", "two", "three"]
        streams.served.call(lambda _: streams.containers.more.put_nowait(b"four\n"))
        assert next(lines) == "four"
    streams.served.thread.run(forgotten(streams.containers, "log"))


# Beside the protocols


def test_streams_are_on_record_as_long_as_they_are_open(streams: Streamed, http: httpx.Client) -> None:
    with upgraded(streams.url, f"{PODS}/web/exec?command=sleep", websocket_offer(V5)) as answer:
        assert answer.status == 101
        calls = http.get("/fauxkube/v1/requests?subresource=exec").json()
        call = calls["items"][-1] if isinstance(calls, dict) else calls[-1]
        assert (call["status"], call["verb"], call["subresource"]) == (101, "get", "exec")
        entry = http.get("/fauxkube/v1/requests.har").json()["log"]["entries"]
        assert [each["response"]["status"] for each in entry if "command=sleep" in each["request"]["url"]][-1] == 101
    streams.served.thread.run(forgotten(streams.containers, "sleep"))


def test_many_programs_run_at_once(streams: Streamed) -> None:
    def one(number: int) -> bytes:
        return told(streams, f"{PODS}/web/exec?command=echo&command={number}", V5 if number % 2 else V4)[1]

    with ThreadPoolExecutor(16) as pool:
        assert [*pool.map(one, range(64))] == [f"{number}\n".encode() for number in range(64)]


@pytest.mark.parametrize("offer", [websocket_offer(V5), websocket_offer(V4), spdy_offer(V4)])
def test_a_client_that_has_gone_ends_its_program(streams: Streamed, offer: dict[str, str]) -> None:
    before = streams.containers.count("sleep")
    with upgraded(streams.url, f"{PODS}/web/exec?command=sleep&stdin=true", offer) as answer:
        assert answer.status == 101
        if "SPDY" in offer["Upgrade"]:
            client = SpdyClient(answer)
            client.send(SynStream(1, {"streamType": "error"}), SynStream(3, {"streamType": "stdin"}))
        until(lambda: streams.containers.count("sleep") > before)
    streams.served.thread.run(forgotten(streams.containers, "sleep"))


def test_a_fault_takes_the_place_of_the_protocol(streams: Streamed, http: httpx.Client) -> None:
    fault = {
        "kind": "request",
        "effect": {"type": "error", "code": 503},
        "match": {"resource": "pods", "subresource": "exec"},
    }
    made = http.post("/fauxkube/v1/faults", json=fault)
    assert made.status_code == 201, made.text
    with upgraded(streams.url, EXEC, websocket_offer(V5)) as answer:
        assert (answer.status, json.loads(answer.body())["kind"]) == (503, "Status")
    http.delete("/fauxkube/v1/faults")
    assert told(streams, EXEC, V5)[1] == b"hi\n"


@pytest.mark.parametrize(("effect", "said"), [("down", "connect: no route to host"), ("partitioned", "i/o timeout")])
def test_a_kubelet_that_cannot_be_reached_is_told(
    streams: Streamed, http: httpx.Client, effect: str, said: str
) -> None:
    node = http.get(f"{PODS}/web").json()["spec"]["nodeName"]
    address = f"{http.get(f'/api/v1/nodes/{node}').json()['status']['addresses'][0]['address']}:10250"
    fault = {"kind": "node", "effect": effect, "match": {"name": node}}
    assert http.post("/fauxkube/v1/faults", json=fault).status_code == 201
    try:
        for target in (EXEC, f"{PODS}/web/portforward"):
            with upgraded(streams.url, target, spdy_offer(V4, "portforward.k8s.io")) as answer:
                problem = f"error dialing backend: dial tcp {address}: {said}"
                assert (answer.status, json.loads(answer.body())["message"]) == (500, problem)
        post = f"https://{address}/exec/default/web/web?command=echo&command=hi&error=1&output=1"
        problem = f'error sending request: Post "{post}": dial tcp {address}: {said}'
        assert json.loads(told(streams, EXEC, V5)[3])["message"] == f"Internal error occurred: {problem}"
        get = f"https://{address}/containerLogs/default/web/web"
        assert http.get(f"{PODS}/web/log").json()["message"] == f'Get "{get}": dial tcp {address}: {said}'
    finally:
        http.delete("/fauxkube/v1/faults")
    until(lambda: http.get(f"{PODS}/web/log").status_code == 200)


def test_a_server_that_stops_ends_what_is_open_at_once() -> None:
    with streamed() as streams:
        answers = [
            upgraded(streams.url, f"{PODS}/web/exec?command=sleep", websocket_offer(V5)),
            upgraded(streams.url, f"{PODS}/web/portforward", spdy_offer("portforward.k8s.io")),
        ]
        opened = [answer.__enter__() for answer in answers]
        assert [each.status for each in opened] == [101, 101]
        log = httpx.Client(base_url=streams.url, timeout=10)
        following = log.send(log.build_request("GET", f"{PODS}/web/log?follow=true"), stream=True)
        assert next(following.iter_lines()) == "one"
        containers = streams.containers
    for each in opened:
        while each.read():
            pass
    ended = {containers.ended.get_nowait() for _ in range(containers.ended.qsize())}
    assert {"log", "sleep"} <= ended
    for answer in answers:
        answer.__exit__(None, None, None)
    following.close()
    log.close()


def test_another_cluster_s_and_a_strict_cluster_s_pods_are_reached_too() -> None:
    with streamed(Settings(strict="fail")) as streams, httpx.Client(base_url=streams.url) as http:
        assert told(streams, EXEC, V5)[1] == b"hi\n"
        assert http.post("/fauxkube/v1/clusters", json={"name": "other"}).status_code == 201
        with upgraded(streams.url, f"/clusters/other{PODS}/web/exec", websocket_offer(V5)) as answer:
            assert (answer.status, json.loads(answer.body())["message"]) == (404, 'pods "web" not found')


def test_what_follows_an_offer_at_once_is_the_protocol_s(streams: Streamed) -> None:
    encode = Encoder().encode
    opening = [encode(SynStream(number, {"streamType": type_})) for number, type_ in ((1, "error"), (3, "stdout"))]
    target = f"{PODS}/web/exec?command=echo&command=hi&stdout=true"
    lines = [f"POST {target} HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in spdy_offer(V4).items()), "", ""]
    host, port = streams.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"".join(opening))
        read = b""
        while b"hi\n" not in read and (data := connection.recv(65_536)):
            read += data
    assert read.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"hi\n" in read


def test_strict_rules_let_programs_be_started_by_post_too() -> None:
    with (
        streamed(Settings(strict="fail")) as streams,
        upgraded(streams.url, EXEC, spdy_offer(V4), method="POST") as answer,
    ):
        assert answer.status == 101


# What clients are told beforehand


@pytest.mark.parametrize(
    ("subresource", "kind", "verbs"),
    [
        ("attach", "PodAttachOptions", ["create", "get"]),
        ("exec", "PodExecOptions", ["create", "get"]),
        ("log", "Pod", ["get"]),
        ("portforward", "PodPortForwardOptions", ["create", "get"]),
    ],
)
def test_discovery_names_them_as_upstream(http: httpx.Client, subresource: str, kind: str, verbs: list[str]) -> None:
    found = {each["name"]: each for each in http.get("/api/v1").json()["resources"]}[f"pods/{subresource}"]
    assert found == {
        "name": f"pods/{subresource}",
        "singularName": "",
        "namespaced": True,
        "kind": kind,
        "verbs": verbs,
    }


def test_openapi_tells_their_parameters(http: httpx.Client) -> None:
    paths = http.get("/openapi/v3/api/v1").json()["paths"]
    for method in ("get", "post"):
        run = paths["/api/v1/namespaces/{namespace}/pods/{name}/exec"][method]
        assert run["x-kubernetes-action"] == "connect"
        assert run["x-kubernetes-group-version-kind"]["kind"] == "PodExecOptions"
        assert {each["name"] for each in run["parameters"]} == {
            "command",
            "container",
            "stderr",
            "stdin",
            "stdout",
            "tty",
        }
    log = paths["/api/v1/namespaces/{namespace}/pods/{name}/log"]["get"]
    assert log["x-kubernetes-action"] == "get"
    assert "tailLines" in {each["name"] for each in log["parameters"]}
    v2 = http.get("/openapi/v2", headers={"Accept": "application/json"}).json()["paths"]
    assert "post" in v2["/api/v1/namespaces/{namespace}/pods/{name}/portforward"]

"""Programs that use the network, in a pod of a small one: what they print, and how they fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fauxkube.kit.exchange import HttpResponse
from fauxkube.machinery.objects import Object
from support.networks import endpoint, network, node, pod, service, slice_of
from support.simulated_containers import Box, Ran
from support.waiting import come_true

_PORT_8080 = [{"containerPort": 8080, "protocol": "TCP"}]
_NAMED = [{"name": "", "port": 8080, "protocol": "TCP"}]


_SAVED = """\
Connecting to 10.244.1.2:8080 (10.244.1.2:8080)
saving to '/dev/null'
null                 100% |********************************|    17  0:00:00 ETA
'/dev/null' saved
"""


def _box(*policies: Object, **more: Any) -> Box:
    """A client on node-1, two pods behind the service `shop`, one of them on node-2, and an empty service `lonely`."""
    client = pod("client", "10.244.1.9", labels={"app": "client"})
    one = pod("web-1", "10.244.1.2", labels={"app": "web"}, ports=_PORT_8080)
    two = pod("web-2", "10.244.2.2", node=2, labels={"app": "web"}, ports=_PORT_8080)
    shop = service("shop", "10.96.0.7", ports=[{"port": 80, "targetPort": 8080, "protocol": "TCP"}])
    made = network(
        nodes=[node(1), node(2)],
        pods=[client, one, two],
        services=[
            shop,
            service("lonely", "10.96.0.8"),
            service("peers"),
            service("kubernetes", "10.96.0.1", ports=[{"name": "https", "port": 443, "protocol": "TCP"}]),
        ],
        slices=[
            slice_of("shop", endpoint("10.244.1.2"), endpoint("10.244.2.2", node=2), ports=_NAMED),
            slice_of("peers", endpoint("10.244.1.2"), endpoint("10.244.2.2", node=2), ports=_NAMED),
            slice_of("kubernetes", endpoint("172.18.0.2"), ports=[{"name": "https", "port": 6443, "protocol": "TCP"}]),
        ],
        policies=policies,
    )
    return Box(client, made, **more)


def _run(*command: str, box: Box | None = None, stdin: bytes = b"") -> Ran:
    return asyncio.run((box or _box(rate=1000.0)).run(*command, stdin=stdin))


def _closed(app: str, kind: str) -> Object:
    """A policy that lets nothing in, or out."""
    return {
        "metadata": {"name": "closed", "namespace": "default"},
        "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": [kind]},
    }


@pytest.mark.parametrize(
    ("command", "out", "err", "code"),
    [
        ("wget -qO- 10.244.1.2:8080", "Hello from web-1\n", "", 0),
        (
            "wget -qO- http://10.244.1.2:81",
            "",
            "wget: can't connect to remote host (10.244.1.2): Connection refused\n",
            1,
        ),
        ("wget -qO- lonely", "", "wget: can't connect to remote host (10.96.0.8): Connection refused\n", 1),
        ("wget -qO- nobody", "", "wget: bad address 'nobody'\n", 1),
        ("wget -qO- example.com", "", "wget: bad address 'example.com'\n", 1),
        ("wget -q --spider 10.244.1.2:8080 && echo there", "there\n", "", 0),
        ("wget -qO- -T 2 shop:81", "", "wget: download timed out\n", 1),
        ("wget -qO- shop:81", "", "wget: can't connect to remote host (10.96.0.7): Connection timed out\n", 1),
        ("wget -q 10.244.1.2:8080/a.txt && cat a.txt", "Hello from web-1\n", "", 0),
        (
            "wget -O/dev/null 10.244.1.2:8080",
            "",
            _SAVED,
            0,
        ),
        ("curl -s 10.244.1.2:8080", "Hello from web-1\n", "", 0),
        ("curl -s -o /dev/null -w '%{http_code}\\n' http://10.244.1.2:8080/", "200\n", "", 0),
        ("curl -sI 10.244.1.2:8080 | head -1", "HTTP/1.1 200 OK\r\n", "", 0),
        ("curl -s nobody", "", "", 6),
        ("curl -sS nobody", "", "curl: (6) Could not resolve host: nobody\n", 6),
        (
            "curl -sS 10.244.1.2:81",
            "",
            "curl: (7) Failed to connect to 10.244.1.2 port 81 after 0 ms: Couldn't connect to server\n",
            7,
        ),
        ("curl -sS -m 2 shop:81", "", "curl: (28) Connection timed out after 2000 milliseconds\n", 28),
        ("curl -sS https://10.244.1.2:8080", "", "curl: (35) error:0A00010B:SSL routines::wrong version number\n", 35),
        ("curl -s --resolve web:8080:10.244.1.2 web:8080", "Hello from web-1\n", "", 0),
        ("curl -sS ftp://shop", "", 'curl: (1) Protocol "ftp" not supported\n', 1),
        ("curl -sk https://kubernetes/api", '{"kind": "APIVersions"}\n', "", 0),
        ("curl -s --cacert /etc/hosts https://kubernetes/api", '{"kind": "APIVersions"}\n', "", 0),
        ("curl -s https://kubernetes/api", "", "", 60),
        ("curl -s http://kubernetes:443", "Client sent an HTTP request to an HTTPS server.\n", "", 0),
        ("curl -s 172.18.0.11:10256/healthz", "ok", "", 0),
        ("nc -zv 10.244.1.2 8080", "", "10.244.1.2 (10.244.1.2:8080) open\n", 0),
        ("nc -zv 10.244.1.2 81", "", "nc: 10.244.1.2 (10.244.1.2:81): Connection refused\n", 1),
        ("nc -z shop 80 && echo open", "open\n", "", 0),
        ("nc -zv -w 1 shop 81", "", "nc: shop (10.96.0.7:81): Connection timed out\n", 1),
        ("nc -z nobody 80", "", "nc: bad address 'nobody'\n", 1),
        ("bash -c '</dev/tcp/10.244.1.2/8080' && echo open", "open\n", "", 0),
        ("timeout 2 bash -c 'echo > /dev/tcp/shop/81' || echo $?", "143\n", "", 0),
        ("ls --help", "", "ls: takes -1 -a -A -l -h -d -F -r -t -R -n -p -i -L --color --full-time\n", 0),
        ("ping -c 1 nobody", "", "ping: bad address 'nobody'\n", 1),
        ("getent hosts shop", "10.96.0.7       shop.default.svc.cluster.local\n", "", 0),
        ("getent hosts nobody", "", "", 2),
        ("getent hosts client", "10.244.1.9      client\n", "", 0),
        ("dig +short shop.default.svc.cluster.local", "10.96.0.7\n", "", 0),
        ("dig +short shop", "", "", 0),
        ("dig +short +search shop", "10.96.0.7\n", "", 0),
        ("dig +short peers.default.svc.cluster.local | sort", "10.244.1.2\n10.244.2.2\n", "", 0),
        (
            "dig +noall +answer -x 10.96.0.7",
            "7.0.96.10.in-addr.arpa.\t30\tIN\tPTR\tshop.default.svc.cluster.local.\n",
            "",
            0,
        ),
        ("ip -4 addr show eth0 | grep inet", "    inet 10.244.1.9/24 brd 10.244.1.255 scope global eth0\n", "", 0),
        ("ip route", "default via 10.244.1.1 dev eth0 \n10.244.1.0/24 dev eth0 scope link  src 10.244.1.9 \n", "", 0),
        ("ip route get 10.96.0.7", "10.96.0.7 via 10.244.1.1 dev eth0  src 10.244.1.9 \n", "", 0),
        ("ip addr add 10.0.0.1/8 dev eth0", "", "ip: RTNETLINK answers: Operation not permitted\n", 2),
        ("hostname -i; hostname -f", "10.244.1.9\nclient\n", "", 0),
    ],
)
def test_a_program_answers_as_in_a_cluster(command: str, out: str, err: str, code: int) -> None:
    assert _run(command) == Ran(code, out, err)


def test_nslookup_prints_what_busybox_does() -> None:
    server = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n"
    found = "Name:\tshop.default.svc.cluster.local\nAddress: 10.96.0.7\n\n"
    denied = "".join(
        f"** server can't find shop.{each}: NXDOMAIN\n\n" for each in ("svc.cluster.local", "cluster.local")
    )
    assert _run("nslookup shop") == Ran(1, f"{server}{found}{denied}\n{denied}", "")
    assert _run("nslookup shop.default.svc.cluster.local") == Ran(0, f"{server}{found}\n", "")
    assert _run("nslookup -type=a shop.default.svc.cluster.local") == Ran(0, f"{server}{found}", "")
    assert _run("nslookup 10.96.0.7").out.endswith("7.0.96.10.in-addr.arpa\tname = shop.default.svc.cluster.local\n\n")


def test_every_connection_chooses_a_backend_of_its_own() -> None:
    ran = _run("for i in $(seq 40); do wget -qO- shop; done | sort | uniq -c")
    counts = {line.split()[-1]: int(line.split()[0]) for line in ran.out.splitlines()}
    assert counts.keys() == {"web-1", "web-2"}
    assert sum(counts.values()) == 40
    assert min(counts.values()) > 5


def test_the_pod_is_told_who_asked_for_what() -> None:
    box = _box()
    asyncio.run(box.run("curl -s -X PUT -H 'X-Test: 1' -d body 'http://shop/a?b=c'"))
    [request] = box.network.asked
    assert (request.method, request.target, request.client, request.body) == ("PUT", "/a?b=c", "10.244.1.9", b"body")
    assert (request.header("X-Test"), request.header("Host")) == ("1", "shop")


def test_redirections_are_followed_where_the_client_does_so() -> None:
    box = _box()
    box.network.answers["10.244.1.2", 8080] = HttpResponse(302, b"moved", (("Location", "http://10.244.2.2:8080/x"),))
    assert asyncio.run(box.run("wget -qO- 10.244.1.2:8080")).out == "Hello from web-2\n"
    assert asyncio.run(box.run("curl -sL 10.244.1.2:8080")).out == "Hello from web-2\n"
    assert asyncio.run(box.run("curl -s 10.244.1.2:8080")).out == "moved"


def test_errors_of_servers_are_told_as_each_client_does() -> None:
    box = _box()
    box.network.answers["10.244.1.2", 8080] = HttpResponse(404, b"none\n")
    wget, curl, failing = (
        asyncio.run(box.run(each))
        for each in ("wget -qO- 10.244.1.2:8080", "curl -s 10.244.1.2:8080", "curl -sSf 10.244.1.2:8080")
    )
    assert wget == Ran(1, "", "wget: server returned error: HTTP/1.1 404 Not Found\n")
    assert curl == Ran(0, "none\n", "")
    assert failing == Ran(22, "", "curl: (22) The requested URL returned error: 404\n")


def test_pings_come_back_from_pods_over_the_routers_between_them_and_not_from_services() -> None:
    near, far, service = (_run(f"ping -c 2 -W 1 {each}") for each in ("10.244.1.2", "10.244.2.2", "shop"))
    assert [near.out.count("ttl=64"), far.out.count("ttl=62"), service.out.count("ttl")] == [2, 2, 0]
    assert "2 packets transmitted, 2 packets received, 0% packet loss" in near.out
    assert "2 packets transmitted, 0 packets received, 100% packet loss" in service.out
    assert (near.code, service.code) == (0, 1)
    path = [line.split()[1] for line in _run("traceroute -n 10.244.2.2").out.splitlines()[1:]]
    assert path == ["10.244.1.1", "172.18.0.12", "10.244.2.2"]


def test_a_policy_that_lets_nobody_in_loses_packets_in_silence() -> None:
    box = _box(_closed("web", "Ingress"), rate=1000.0)
    assert _run("wget -T 3 -qO- shop", box=box).err == "wget: download timed out\n"
    assert _run("ping -c 1 10.244.1.2", box=box).code == 1


def test_a_policy_that_lets_nothing_out_keeps_names_unknown() -> None:
    box = _box(_closed("client", "Egress"), rate=1000.0)
    assert _run("wget -qO- shop", box=box).err == "wget: bad address 'shop'\n"
    assert _run("nslookup shop", box=box).out == ";; connection timed out; no servers could be reached\n\n"


def test_a_timeout_is_over_when_the_clusters_clock_says_so() -> None:
    async def wait() -> Ran:
        box = _box(rate=0.0)
        running = asyncio.ensure_future(box.run("wget -T 300 -qO- shop:81"))
        await come_true(lambda: box.clock.next_due() is not None)
        assert not running.done()
        box.clock.move_to(box.clock.monotonic() + 300)
        return await running

    assert asyncio.run(wait()).err == "wget: download timed out\n"


def test_a_pod_without_an_address_has_no_network() -> None:
    box = Box(pod("client", ""))
    assert asyncio.run(box.run("ip addr | grep eth0")).out == ""
    assert asyncio.run(box.run("wget -qO- 10.96.0.7")).err == (
        "wget: can't connect to remote host (10.96.0.7): Network is unreachable\n"
    )


def test_a_pod_of_the_nodes_network_sees_the_nodes_interfaces() -> None:
    host = pod("client", "172.18.0.11", hostNetwork=True)
    box = Box(host, network(nodes=[node(1), node(2)], pods=[host]))
    assert asyncio.run(box.run("hostname")).out == "node-1\n"
    shown = asyncio.run(box.run("ip -4 addr; ip route")).out
    assert "inet 172.18.0.11/16" in shown
    assert "10.244.2.0/24 via 172.18.0.12 dev eth0" in shown


def test_declared_ports_are_shown_as_listening() -> None:
    box = Box(pod("client", "10.244.1.9", ports=_PORT_8080))
    assert asyncio.run(box.run("netstat -tln | tail -1")).out.split() == [
        *("tcp", "0", "0", "0.0.0.0:8080", "0.0.0.0:*", "LISTEN"),
    ]
    assert "0.0.0.0:8080" in asyncio.run(box.run("ss -tln")).out

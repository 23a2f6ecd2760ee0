"""A pod's annotations name the ports of this machine that stand behind its own."""

from __future__ import annotations

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.network.local_ports import LocalPort, local_port_of, local_port_problems, read_local_port

ALL, ONE = "fauxkube.io/local-port", "fauxkube.io/local-port.8080"


def annotated(**annotations: str) -> Object:
    names = {"all": ALL, "one": ONE, "named": f"{ALL}.http", "other": "example.com/fauxkube.io"}
    return {"metadata": {"annotations": {names[key]: value for key, value in annotations.items()}}}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9000", LocalPort("127.0.0.1", 9000)),
        ("127.0.0.1:9000", LocalPort("127.0.0.1", 9000)),
        ("127.1.2.3:9000", LocalPort("127.1.2.3", 9000)),
        ("localhost:9000", LocalPort("127.0.0.1", 9000)),
        ("[::1]:9000", LocalPort("::1", 9000)),
        ("0", None),
        ("65536", None),
        ("", None),
        ("http", None),
        ("-1", None),
        ("192.0.2.1:9000", None),
        ("example.com:9000", None),
        ("127.0.0.1:", None),
    ],
)
def test_only_ports_of_this_machine_can_be_named(text: str, found: LocalPort | None) -> None:
    assert read_local_port(text) == found


def test_a_ports_own_annotation_goes_before_that_of_all() -> None:
    pod = annotated(all="9000", one="9001")
    assert local_port_of(pod, 8080) == LocalPort("127.0.0.1", 9001)
    assert local_port_of(pod, 80) == LocalPort("127.0.0.1", 9000)
    assert local_port_of(annotated(one="9001"), 80) is None
    assert local_port_of({"metadata": {}}, 80) is None


def test_what_means_nothing_is_told_and_counts_as_left_out() -> None:
    pod = annotated(all="shop", one="192.0.2.1:80", named="9000", other="x")
    assert local_port_of(pod, 8080) is None
    wanted = "must be a port of this machine such as 9000 or 127.0.0.1:9000"
    assert list(local_port_problems(pod)) == [
        f'annotation fauxkube.io/local-port: {wanted}, not "shop"',
        f'annotation fauxkube.io/local-port.8080: {wanted}, not "192.0.2.1:80"',
        'annotation fauxkube.io/local-port.http: must end in the number of a port of the pod, not "http"',
    ]

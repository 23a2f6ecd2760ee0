"""DNS on the wire: which queries are answered, how, and what fits."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.dataplane.dns_messages import answer
from fauxkube.network.dns_answers import Response, respond
from fauxkube.network.names import Record
from support.networks import endpoint, network, service, slice_of

NAME = "many.default.svc.cluster.local"
NETWORK = network(
    services=[service("kubernetes", "10.96.0.1"), service("many")],
    slices=[slice_of("many", *(endpoint(f"10.244.1.{number}") for number in range(1, 101)))],
)


def _respond(name: str, type: str) -> Response:
    return respond(NETWORK, name, type, serial=7)


def _as_they_are(records: Sequence[Record]) -> Sequence[Record]:
    return records


def _answered(wire: bytes, *, datagram: bool = True) -> bytes | None:
    return answer(wire, _respond, _as_they_are, datagram=datagram)


def _asked(name: str, type: str = "A", *, datagram: bool = True, **query: Any) -> dns.message.Message:
    wire = _answered(dns.message.make_query(name, type, **query).to_wire(), datagram=datagram)
    assert wire is not None
    return dns.message.from_wire(wire)


def test_the_name_comes_back_as_it_was_asked() -> None:
    found = _asked("KuberNetes.default.SVC.cluster.local")
    assert found.answer[0].to_text() == "KuberNetes.default.SVC.cluster.local. 30 IN A 10.96.0.1"
    assert found.question[0].name == found.answer[0].name


def test_an_answer_is_authoritative_and_offers_no_recursion() -> None:
    found = _asked("kubernetes.default.svc.cluster.local")
    assert dns.flags.to_text(found.flags) == "QR AA RD"


def test_a_denial_carries_the_start_of_authority() -> None:
    found = _asked("absent.default.svc.cluster.local")
    assert found.rcode() == dns.rcode.NXDOMAIN
    assert found.authority[0].to_text().startswith("cluster.local. 30 IN SOA ns.dns.cluster.local. hostmaster.")


@pytest.mark.parametrize(("payload", "records"), [(None, 29), (512, 28), (1232, 73), (4096, 100)])
def test_a_datagram_holds_as_many_records_as_the_client_takes(payload: int | None, records: int) -> None:
    edns = {"use_edns": 0, "payload": payload} if payload else {}
    found = _asked(NAME, **edns)
    assert len(found.answer[0]) == records
    assert bool(found.flags & dns.flags.TC) is (records < 100)


def test_over_tcp_everything_fits() -> None:
    found = _asked(NAME, datagram=False)
    assert (len(found.answer[0]), bool(found.flags & dns.flags.TC)) == (100, False)


def test_of_a_long_answer_the_additional_records_go_first() -> None:
    found = _asked(NAME, "SRV", use_edns=0, payload=4096)
    assert found.flags & dns.flags.TC
    assert sum(map(len, found.additional)) < sum(map(len, found.answer))


def test_addresses_come_in_the_order_that_chance_gives_them_and_behind_their_alias() -> None:
    wire = dns.message.make_query(NAME, "A", use_edns=0, payload=4096).to_wire()
    shuffled = answer(wire, _respond, lambda records: list(reversed(records)), datagram=True)
    assert shuffled is not None
    found = dns.message.from_wire(shuffled, one_rr_per_rrset=True)
    assert [found.answer[0][0].to_text(), found.answer[-1][0].to_text()] == ["10.244.1.100", "10.244.1.1"]


def test_a_clients_cookie_is_given_back() -> None:
    cookie = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")
    found = _asked("kubernetes.default.svc.cluster.local", use_edns=0, payload=1232, options=[cookie])
    assert [option.to_wire() for option in found.options] == [b"12345678"]
    assert found.payload == 1232


def test_an_option_that_is_too_long_for_a_cookie_is_not_given_back() -> None:
    long = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"1" * 400)
    assert _asked("absent.cluster.local", use_edns=0, payload=512, options=[long]).options == ()


def test_a_refusal_says_why_to_those_who_understand() -> None:
    assert _asked("example.com").rcode() == dns.rcode.REFUSED
    found = _asked("example.com", use_edns=0)
    assert "nothing is asked outside" in found.options[0].to_text()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"use_edns": 1}, dns.rcode.BADVERS),
        ({"rdclass": "CH"}, dns.rcode.REFUSED),
        ({"rdtype": "AXFR"}, dns.rcode.REFUSED),
        ({"rdtype": "ANY"}, dns.rcode.NOERROR),
        ({"rdtype": "TYPE65"}, dns.rcode.NOERROR),
    ],
)
def test_what_is_not_served_is_told_by_its_code(change: dict[str, Any], code: dns.rcode.Rcode) -> None:
    query = {"rdtype": "A", **change}
    kind = query.pop("rdtype")
    found = _asked("kubernetes.default.svc.cluster.local", kind, **query)
    assert (found.rcode(), found.answer) == (code, [])


def _header(*, flags: int = 0x0100, questions: int = 1, answers: int = 0, authority: int = 0, more: int = 0) -> bytes:
    return struct.pack("!HHHHHH", 7, flags, questions, answers, authority, more)


QUESTION = b"\x01a\x00\x00\x01\x00\x01"


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (_header(questions=2) + QUESTION * 2, 1),
        (_header(questions=0), 1),
        (_header(answers=2) + QUESTION, 1),
        (_header(authority=2) + QUESTION, 1),
        (_header(more=3) + QUESTION, 1),
        (_header() + b"\x3f", 1),
        (_header() + b"\xc0\x0c\x00\x01\x00\x01", 1),
        (_header(flags=0x2800) + QUESTION, 4),
        (_header(flags=0x2000) + QUESTION, 4),
    ],
    ids=["two questions", "none", "answers", "authority", "additional", "cut", "loop", "update", "notify"],
)
def test_a_query_that_cannot_be_gets_a_header_with_its_number(wire: bytes, code: int) -> None:
    found = _answered(wire)
    assert found is not None
    number, flags, *counts = struct.unpack("!HHHHHH", found)
    assert (number, flags >> 15, flags & 0xF, counts) == (7, 1, code, [0, 0, 0, 0])


@pytest.mark.parametrize("wire", [b"", b"garbage", _header(flags=0x8100) + QUESTION], ids=["empty", "short", "answer"])
def test_what_is_no_query_gets_no_answer(wire: bytes) -> None:
    assert _answered(wire) is None


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(wire: bytes) -> None:
    _answered(wire)


@given(st.integers(0, 2**32))
def test_no_damaged_query_does_harm(seed: int) -> None:
    chance = random.Random(seed)
    wire = bytearray(dns.message.make_query(NAME, "SRV", use_edns=0, payload=900).to_wire())
    for _ in range(chance.randint(1, 8)):
        wire[chance.randrange(2, len(wire))] = chance.randrange(256)
    found = _answered(bytes(wire[: chance.randint(12, len(wire))]))
    assert found is None or len(found) <= 65_507

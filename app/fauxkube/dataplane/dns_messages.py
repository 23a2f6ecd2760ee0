"""DNS messages in and out: bytes of a query to bytes of its answer (RFC 1035, EDNS0 of RFC 6891).

What a query must be like, and what becomes of one that is not, follows CoreDNS and the library below it: garbage and
answers get no answer, other opcodes NOTIMP, more or less than one question FORMERR, other classes than IN and transfers
REFUSED. An answer that is too long loses its last records and says so (TC), so that the client asks again over TCP.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from fauxkube.network.dns_answers import Response
from fauxkube.network.names import Record

#: Answers a name (without the last dot) and a type.
Responder = Callable[[str, str], Response]
#: Puts addresses that are as good as each other into an order.
Order = Callable[[Sequence[Record]], Sequence[Record]]

_HEADER = struct.Struct("!HHHHHH")
#: As much of each section but the question's as a query may have.
_MOST = (1, 1, 2)
_TRANSFERS = {"AXFR", "IXFR"}
_ADDRESSES = {"A", "AAAA"}
_SMALLEST = 512
#: What fits into a datagram over IPv4.
_LARGEST_DATAGRAM = 65_507
_LARGEST = 65_535
#: EDNS options that are given back as they came; NSID, EXPIRE, COOKIE, TCPKEEPALIVE.
_RETURNED = {3, 9, 10, 11}
#: A whole cookie (RFC 7873).
_LONGEST_OPTION = 40


def answer(wire: bytes, respond: Responder, order: Order, *, datagram: bool) -> bytes | None:
    """The answer to a query; None where there is to be none."""
    if len(wire) < _HEADER.size:
        return None
    number, flags, questions, *others = _HEADER.unpack_from(wire)
    if flags & dns.flags.QR:
        return None
    if dns.opcode.from_flags(flags) != dns.opcode.QUERY:
        return _refusal(number, flags, dns.rcode.NOTIMP)
    if questions != 1 or any(count > most for count, most in zip(others, _MOST, strict=True)):
        return _refusal(number, flags, dns.rcode.FORMERR)
    try:
        query = dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, struct.error):
        return _refusal(number, flags, dns.rcode.FORMERR)
    return _written(query, _answered(query, respond, order), datagram=datagram)


def _refusal(id: int, flags: int, code: int) -> bytes:
    """A header alone: the query may not be fit to be repeated."""
    kept = flags & (0x7800 | dns.flags.RD)
    return _HEADER.pack(id, dns.flags.QR | kept | code, 0, 0, 0, 0)


def _answered(query: dns.message.Message, respond: Responder, order: Order) -> Response:
    question = query.question[0]
    kind = dns.rdatatype.to_text(question.rdtype)
    if query.edns > 0:
        return Response("BADVERS", authoritative=False)
    if question.rdclass != dns.rdataclass.IN or kind in _TRANSFERS:
        return Response("REFUSED", authoritative=False)
    found = respond(question.name.to_text(omit_final_dot=True), kind)
    addresses = [each for each in found.answer if each.type in _ADDRESSES]
    if len(addresses) < 2:
        return found
    others = [each for each in found.answer if each.type not in _ADDRESSES]
    return replace(found, answer=(*others, *order(addresses)))


def _written(query: dns.message.Message, found: Response, *, datagram: bool) -> bytes:
    """The message, with as many of its records as fit, those of the answer first."""
    limit = min(max(query.payload, _SMALLEST), _LARGEST_DATAGRAM) if datagram else _LARGEST
    if (whole := _rendered(query, found, None, limit)) is not None:
        return whole
    wire, low, high = b"", -1, len(found.answer) + len(found.additional)
    while high - low > 1:
        middle = (low + high) // 2
        if (fitting := _rendered(query, found, middle, limit)) is None:
            high = middle
        else:
            wire, low = fitting, middle
    return wire or _refusal(query.id, query.flags, dns.rcode.SERVFAIL)


def _rendered(query: dns.message.Message, found: Response, count: int | None, limit: int) -> bytes | None:
    """The message's bytes; None when they are too many."""
    try:
        # Addresses have their order already, by the cluster's own chance.
        return _message(query, found, count).to_wire(max_size=limit, want_shuffle=False)
    except dns.exception.TooBig:
        return None


def _message(query: dns.message.Message, found: Response, count: int | None) -> dns.message.Message:
    """The message with the first so many records, marked as cut; with all of them for None."""
    message = dns.message.make_response(query)
    if found.authoritative:
        message.flags |= dns.flags.AA
    if count is not None:
        message.flags |= dns.flags.TC
    kept = found.answer[:count]
    message.answer.extend(_sets(kept))
    message.authority.extend(_sets(found.authority))
    left = None if count is None else count - len(kept)
    message.additional.extend(_sets(found.additional[:left]))
    if query.edns >= 0:
        payload = max(query.payload, _SMALLEST)
        message.use_edns(0, query.ednsflags & dns.flags.DO, payload, options=list(_options(query, found)))
    message.set_rcode(dns.rcode.from_text(found.status))
    return message


def _options(query: dns.message.Message, found: Response) -> Iterator[dns.edns.Option]:
    short = {each.otype: each for each in query.options if len(each.to_wire()) <= _LONGEST_OPTION}
    yield from (option for kind, option in short.items() if kind in _RETURNED)
    if found.why:
        yield dns.edns.EDEOption(_EXTENDED.get(found.status, dns.edns.EDECode.OTHER), found.why)


#: What more is said of a failure (RFC 8914).
_EXTENDED = {"REFUSED": dns.edns.EDECode.NOT_AUTHORITATIVE, "SERVFAIL": dns.edns.EDECode.NOT_READY}


def _sets(records: Iterable[Record]) -> Iterator[dns.rrset.RRset]:
    """The records grouped by name and type."""
    found: dict[tuple[str, str], dns.rrset.RRset] = {}
    for each in records:
        key = (each.name, each.type)
        kind = dns.rdatatype.from_text(each.type)
        if key not in found:
            name = dns.name.from_text(each.name)
            found[key] = dns.rrset.RRset(name, dns.rdataclass.IN, kind)
            found[key].ttl = each.ttl
        found[key].add(dns.rdata.from_text(dns.rdataclass.IN, kind, each.text))
    yield from found.values()

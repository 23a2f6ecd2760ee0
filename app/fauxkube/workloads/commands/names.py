"""Programs that look names up: nslookup as busybox has it, dig and getent as they are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from fauxkube.network import cluster_dns
from fauxkube.network.dns_answers import Response, respond
from fauxkube.network.hosts import is_address
from fauxkube.network.names import Record
from fauxkube.network.resolv_conf import config_of
from fauxkube.network.resolver import candidates
from fauxkube.network.topology import Topology
from fauxkube.workloads.commands.options import read_options
from fauxkube.workloads.process import Process, Program, UsageError
from fauxkube.workloads.sending.lookups import UnknownNameError, addresses_of, dns_is_silent, nameserver_of
from fauxkube.workloads.sending.waiting import wait_out

_TYPES = frozenset({"A", "AAAA", "CNAME", "PTR", "SRV", "TXT", "NS", "SOA", "MX", "ANY"})
_PATIENCE = 15.0
#: A query's and an answer's header, in bytes, and what a record takes beside its name and text.
_HEADER, _RECORD = 12, 12


class _Unanswered(Exception):
    """No server answers."""


@dataclass(frozen=True, slots=True)
class _Server:
    """Who is asked: the cluster's DNS unless its address is another."""

    address: str
    knows_cluster: bool


async def _server(process: Process, given: str) -> _Server:
    container = process.container
    topology = await container.look()
    config = config_of(topology, container.host)
    if not given:
        return _Server(nameserver_of(topology, container), config.in_cluster)
    try:
        address = (await addresses_of(process, given))[0]
    except UnknownNameError:
        raise UsageError(f"bad address '{given}'") from None
    return _Server(address, address == cluster_dns.address_of(topology))


async def _answers(process: Process, server: _Server, name: str, type: str) -> Response:
    """What the server says; _Unanswered, after a while, when nothing."""
    topology = await process.container.look()
    if not server.knows_cluster or dns_is_silent(topology, process.container) or not cluster_dns.is_served(topology):
        await wait_out(process, _PATIENCE)
        raise _Unanswered
    return respond(topology, name, type)


# nslookup


async def _nslookup(process: Process) -> int:
    words = process.arguments[1:]
    types: list[str] = []
    while words and words[0].startswith("-"):
        name, _, value = words.pop(0).lstrip("-").partition("=")
        if name not in {"type", "query", "querytype", "q"} or value.upper() not in _TYPES:
            raise UsageError(f"invalid option '{name}'" if not value else f"invalid query type '{value}'")
        types.append(value.upper())
    if not 1 <= len(words) <= 2:
        raise UsageError("usage: nslookup [-type=QUERY_TYPE] HOST [DNS_SERVER]")
    server = await _server(process, words[1] if len(words) > 1 else "")
    failed = False
    for index, (name, wanted) in enumerate(await _queries(process, words[0], types)):
        try:
            found = await _answers(process, server, name, wanted)
        except _Unanswered:
            await process.write(";; connection timed out; no servers could be reached\n\n")
            return 1
        if index == 0:
            await process.write(f"Server:\t\t{server.address}\nAddress:\t{_with_port(server.address, ':')}\n\n")
        failed = failed or found.status != "NOERROR"
        await process.write(_told(name, found))
    return int(failed)


async def _queries(process: Process, name: str, types: list[str]) -> list[tuple[str, str]]:
    """What busybox asks: a name without a dot in every domain of the search path, one with a dot as it is."""
    if is_address(name):
        return [(f"{ip_address(name).reverse_pointer}", "PTR")]
    topology = await process.container.look()
    search = config_of(topology, process.container.host).search
    names = [name.rstrip(".")] if "." in name or not search else [f"{name}.{domain}" for domain in search]
    return [(each, wanted) for wanted in types or ["A", "AAAA"] for each in names]


def _told(name: str, found: Response) -> str:
    if found.status != "NOERROR":
        return f"** server can't find {name}: {found.status}\n\n"
    lines = "" if found.authoritative else "Non-authoritative answer:\n"
    return lines + "".join(_record_told(record) for record in found.answer) + "\n"


def _record_told(record: Record) -> str:
    name, text = record.name.rstrip("."), record.text.rstrip(".")
    if record.type in {"A", "AAAA"}:
        return f"Name:\t{name}\nAddress: {text}\n"
    words = {
        "CNAME": "canonical name = ",
        "PTR": "name = ",
        "SRV": "service = ",
        "TXT": "text = ",
        "NS": "nameserver = ",
        "MX": "mail exchanger = ",
    }
    return f"{name}\t{words.get(record.type, '')}{f'{chr(34)}{text}{chr(34)}' if record.type == 'TXT' else text}\n"


def _with_port(address: str, mark: str) -> str:
    return f"[{address}]{mark}53" if ":" in address and mark == ":" else f"{address}{mark}53"


# dig


@dataclass(frozen=True, slots=True)
class _Question:
    """What `dig` is asked."""

    name: str = "."
    type: str = "A"
    server: str = ""
    flags: frozenset[str] = frozenset()
    words: tuple[str, ...] = field(default=())


_FLAGS = frozenset(
    {
        *("short", "search", "noall", "answer", "noanswer", "comments", "nocomments", "question", "noquestion"),
        *("stats", "nostats", "cmd", "nocmd", "all", "norecurse", "recurse", "tcp", "notcp", "noedns", "edns"),
        *("nosearch", "noadditional", "noauthority", "multiline", "additional", "authority"),
    }
)


async def _dig(process: Process) -> int:
    question = _read_question(process.arguments[1:])
    server = await _server(process, question.server)
    names = [question.name.rstrip(".") or "."]
    if "search" in question.flags and not question.name.endswith("."):
        topology = await process.container.look()
        names = list(candidates(question.name, config_of(topology, process.container.host)))
    short = "short" in question.flags
    for index, name in enumerate(names):
        try:
            found = await _answers(process, server, name, question.type)
        except _Unanswered:
            where = _with_port(server.address, "#")
            lines = f";; communications error to {where}: timed out\n" * 3
            head = "" if short else f"\n; <<>> DiG 9.18 <<>> {' '.join(question.words)}\n;; global options: +cmd\n"
            await process.write(f"{lines}{head};; no servers could be reached\n")
            return 9
        if found.status == "NOERROR" or index == len(names) - 1:
            text = _short(found) if short else _long(process, replace(question, name=name), server, found)
            await process.write(text)
            return 0
    return 0


def _read_question(words: list[str]) -> _Question:
    question = _Question(words=tuple(words))
    flags: set[str] = set()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("@"):
            question = replace(question, server=word[1:])
        elif word.startswith("+"):
            flag = word[1:].partition("=")[0]
            if flag not in _FLAGS and flag not in {"time", "tries", "timeout", "retry"}:
                raise UsageError(f"fauxkube's dig does not know {word}")
            flags.add(flag)
        elif word == "-x" and rest:
            address = rest.pop(0)
            if not is_address(address):
                raise UsageError(f"Invalid IP address {address}")
            question = replace(question, name=ip_address(address).reverse_pointer, type="PTR")
        elif word in {"-t", "-q", "-p"} and rest:
            value = rest.pop(0)
            question = replace(question, type=value.upper()) if word == "-t" else question
            question = replace(question, name=value) if word == "-q" else question
        elif word in {"-4", "-6", "IN"}:
            continue
        elif word.startswith("-"):
            raise UsageError(f"Invalid option: {word}")
        elif word.upper() in _TYPES:
            question = replace(question, type=word.upper())
        else:
            question = replace(question, name=word)
    return replace(question, flags=frozenset(flags))


def _short(found: Response) -> str:
    return "".join(f"{_text(record)}\n" for record in found.answer)


def _text(record: Record) -> str:
    return f'"{record.text}"' if record.type == "TXT" else record.text


def _long(process: Process, question: _Question, server: _Server, found: Response) -> str:
    flags = question.flags
    every = "noall" not in flags
    parts: list[str] = []
    if every and "nocmd" not in flags:
        parts.append(f"\n; <<>> DiG 9.18 <<>> {' '.join(question.words)}\n;; global options: +cmd\n")
    if every and "nocomments" not in flags:
        parts.append(_header(process, found))
    if (every and "noquestion" not in flags) or "question" in flags:
        parts.append(f";; QUESTION SECTION:\n;{question.name.rstrip('.')}.\t\tIN\t{question.type}\n\n")
    titled = every and "nocomments" not in flags
    for title, records in (
        ("ANSWER", found.answer if (every and "noanswer" not in flags) or "answer" in flags else ()),
        ("AUTHORITY", found.authority if (every and "noauthority" not in flags) or "authority" in flags else ()),
        ("ADDITIONAL", found.additional if (every and "noadditional" not in flags) or "additional" in flags else ()),
    ):
        if records:
            lines = "".join(
                f"{each.name.rstrip('.')}.\t{each.ttl}\tIN\t{each.type}\t{_text(each)}\n" for each in records
            )
            parts.append(f";; {title} SECTION:\n{lines}\n" if titled else lines)
    if (every and "nostats" not in flags) or "stats" in flags:
        parts.append(_stats(process, question, server, found))
    return "".join(parts)


def _header(process: Process, found: Response) -> str:
    number = process.container.surroundings.chance.number(16)
    counts = f"ANSWER: {len(found.answer)}, AUTHORITY: {len(found.authority)}, ADDITIONAL: {len(found.additional) + 1}"
    flags = "qr aa rd" if found.authoritative else "qr rd"
    return (
        f";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {found.status}, id: {number}\n"
        f";; flags: {flags}; QUERY: 1, {counts}\n;; WARNING: recursion requested but not available\n\n"
        ";; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n"
    )


def _stats(process: Process, question: _Question, server: _Server, found: Response) -> str:
    records = (*found.answer, *found.authority, *found.additional)
    size = _HEADER + len(question.name) + 6 + 11 + sum(_RECORD + len(each.text) for each in records)
    where = f"{server.address}#53({server.address}) (UDP)"
    now = process.clock.now()
    return (
        f";; Query time: 0 msec\n;; SERVER: {where}\n;; WHEN: {now:%a %b %d %H:%M:%S} UTC {now.year}\n"
        f";; MSG SIZE  rcvd: {size}\n\n"
    )


# getent, host


async def _getent(process: Process) -> int:
    options = read_options(process.arguments[1:], "s:")
    words = options.arguments
    if len(words) < 2 or words[0] not in {"hosts", "ahosts", "ahostsv4", "passwd", "group"}:
        raise UsageError("fauxkube's getent knows hosts, ahosts, passwd and group, with a key")
    if words[0] in {"passwd", "group"}:
        lines = process.files.read(f"/etc/{words[0]}").decode().splitlines()
        found = [line for line in lines if words[1] in (line.split(":")[0], line.split(":")[2])]
        await process.write("".join(f"{line}\n" for line in found))
        return 0 if found else 2
    try:
        addresses = await addresses_of(process, words[1], version=4 if words[0] == "ahostsv4" else 0)
    except UnknownNameError:
        return 2
    if words[0] == "hosts":
        topology = await process.container.look()
        name = _full_name(topology, process, words[1])
        await process.write("".join(f"{address:<15s} {name}\n" for address in addresses))
        return 0
    for index, address in enumerate(addresses):
        name = words[1] if index == 0 else ""
        kinds = (("STREAM", f" {name}"), ("DGRAM", ""), ("RAW", ""))
        await process.write("".join(f"{address:<15s} {kind}{more}\n" for kind, more in kinds))
    return 0


def _full_name(topology: Topology, process: Process, name: str) -> str:
    """The name that has the address, out of those that the search path makes of this one."""
    for candidate in candidates(name, config_of(topology, process.container.host)):
        if any(respond(topology, candidate, each).answer for each in ("A", "AAAA")):
            return candidate
    return name


PROGRAMS: Mapping[str, Program] = {"dig": _dig, "getent": _getent, "nslookup": _nslookup}

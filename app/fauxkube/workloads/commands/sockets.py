"""`nc` and `telnet` as clients: is a port open, and what does it say?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fauxkube.kit.streams import Duplex
from fauxkube.network.endpoints import socket_address
from fauxkube.workloads.commands.options import read_options, seconds
from fauxkube.workloads.files.errors import words_of
from fauxkube.workloads.process import Process, Program, UsageError
from fauxkube.workloads.sending.dialling import Connection, connect
from fauxkube.workloads.sending.lookups import UnknownNameError, addresses_of

_MOST_PORTS = 1024


async def _nc(process: Process) -> int:
    options = read_options(process.arguments[1:], "zvw:unlp:i:q:46kNs:e:")
    if {"l", "k", "e"} & options.values.keys():
        raise UsageError("fauxkube's containers cannot listen: what answers at their ports is said elsewhere")
    words = options.arguments
    if len(words) != 2:
        raise UsageError("usage: nc [-zvun46] [-w SEC] HOST PORT")
    host, ports = words[0], _ports(words[1])
    version = 4 if "4" in options else 6 if "6" in options else 0
    try:
        address = (await addresses_of(process, host, version=version))[0]
    except UnknownNameError:
        return await process.fail(f"bad address '{host}'")
    protocol = "UDP" if "u" in options else "TCP"
    limit = seconds(options.last("w")) if "w" in options else 0.0
    code = 1
    for port in ports:
        where = f"{host} ({socket_address(address, port)})"
        try:
            connection = await _connected(process, address, port, protocol, limit)
        except OSError as error:
            if "v" in options or "z" not in options:
                await process.complain(f"{where}: {words_of(error) or 'Connection refused'}")
            continue
        code = 0
        if "v" in options:
            await process.stderr.write(f"{where} open\n".encode())
        if "z" not in options:
            return await _talk(process, connection, protocol)
    return code


def _ports(text: str) -> list[int]:
    first, dash, last = text.partition("-")
    if not first.isdigit() or (dash and not last.isdigit()):
        raise UsageError(f"bad port '{text}'")
    numbers = list(range(int(first), int(last or first) + 1))[: _MOST_PORTS + 1]
    if not numbers or len(numbers) > _MOST_PORTS or not (0 < numbers[0] <= numbers[-1] < 65536):
        raise UsageError(f"bad port '{text}'")
    return numbers


async def _connected(process: Process, address: str, port: int, protocol: str, limit: float) -> Connection | None:
    """The connection; None for datagrams, which are lost or refused without anybody being told at once."""
    if protocol == "UDP":
        return None
    return await connect(process, address, port, seconds=limit)


async def _talk(process: Process, connection: Connection | None, protocol: str) -> int:
    """Send what is read, and print what comes back."""
    topology = await process.container.look()
    pod = topology.pods.by_key.get(connection.pod) if connection is not None else None
    if connection is None or pod is None:
        # Nothing here answers datagrams, and what listens on nodes says nothing by itself.
        await process.stdin.all()
        return 0
    network = process.container.surroundings.network
    duplex = await network.connect(pod.object, connection.pod_port, connection.source)
    sending = asyncio.ensure_future(_send(process, duplex))
    try:
        while data := await duplex.reader.read():
            await process.stdout.write(data)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await duplex.writer.close()
    return 0


async def _send(process: Process, duplex: Duplex) -> None:
    while data := await process.stdin.read():
        await duplex.writer.write(data)
    await duplex.writer.close()


async def _telnet(process: Process) -> int:
    words = process.arguments[1:]
    if not 1 <= len(words) <= 2:
        raise UsageError("usage: telnet HOST [PORT]")
    port = _ports(words[1] if len(words) > 1 else "23")[0]
    try:
        address = (await addresses_of(process, words[0]))[0]
        connection = await connect(process, address, port)
    except UnknownNameError:
        return await process.fail(f"bad address '{words[0]}'")
    except OSError as error:
        return await process.fail(
            f"can't connect to remote host ({address}): {words_of(error) or 'Connection refused'}"
        )
    await process.write(f"Connected to {words[0]}\n")
    return await _talk(process, connection, "TCP")


PROGRAMS: Mapping[str, Program] = {"nc": _nc, "telnet": _telnet}

"""`ping` and `traceroute` as busybox has them. How long an answer takes is drawn by chance."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from fauxkube.workloads.commands.options import read_options, seconds
from fauxkube.workloads.process import Process, Program, UsageError
from fauxkube.workloads.sending.echoes import Echo, echo
from fauxkube.workloads.sending.lookups import UnknownNameError, addresses_of
from fauxkube.workloads.sending.waiting import wait_out

#: Round trips in milliseconds: on one machine, and what each further hop adds.
_NEAR, _HOP = 0.05, 0.15
_PROBES, _MOST_HOPS = 3, 30


@dataclass(slots=True)
class _Sent:
    """What was sent and what came back."""

    host: str
    count: int = 0
    times: list[float] = field(default_factory=list)

    def summary(self) -> str:
        """The last lines."""
        lost = 100 * (self.count - len(self.times)) // self.count if self.count else 0
        text = f"\n--- {self.host} ping statistics ---\n{self.count} packets transmitted, "
        text += f"{len(self.times)} packets received, {lost}% packet loss\n"
        if self.times:
            low, mean, high = min(self.times), sum(self.times) / len(self.times), max(self.times)
            text += f"round-trip min/avg/max = {low:.3f}/{mean:.3f}/{high:.3f} ms\n"
        return text


async def _ping(process: Process) -> int:
    options = read_options(process.arguments[1:], "c:W:w:i:s:t:I:q46nA")
    if len(options.arguments) != 1:
        raise UsageError("usage: ping [-46q] [-c CNT] [-s SIZE] [-i SECS] [-W SEC] [-w SEC] HOST")
    host = options.arguments[0]
    version = 4 if "4" in options else 6 if "6" in options or process.name == "ping6" else 0
    try:
        address = (await addresses_of(process, host, version=version))[0]
    except UnknownNameError:
        return await process.fail(f"bad address '{host}'")
    size = options.number("s", 56)
    await process.write(f"PING {host} ({address}): {size} data bytes\n")
    if not process.container.host.addresses:
        return await process.fail("sendto: Network unreachable")
    count = options.number("c", 0)
    deadline = seconds(options.last("w")) if "w" in options else 0.0
    interval = seconds(options.last("i")) if "i" in options else 1.0
    sent = _Sent(host)
    try:
        await _send_all(
            process, address, sent, count=count, interval=interval, deadline=deadline, size=size, quiet="q" in options
        )
        if len(sent.times) < sent.count:
            await wait_out(process, seconds(options.last("W")) if "W" in options else 10.0)
    except asyncio.CancelledError:
        # Ctrl-C: the figures come at the end, if somebody is still there to read them.
        with contextlib.suppress(BrokenPipeError):
            await process.write(sent.summary())
        raise
    await process.write(sent.summary())
    return int(not sent.times)


async def _send_all(
    process: Process,
    address: str,
    sent: _Sent,
    *,
    count: int,
    interval: float,
    deadline: float,
    size: int,
    quiet: bool,
) -> None:
    begun = process.clock.monotonic()
    while True:
        found = await echo(process, address)
        if found.answers:
            time = _round_trip(process, found)
            sent.times.append(time)
            if not quiet:
                line = f"{size + 8} bytes from {address}: seq={sent.count} ttl={found.ttl} time={time:.3f} ms\n"
                await process.write(line)
        sent.count += 1
        if count and sent.count >= count:
            return
        await process.clock.sleep(max(interval, 0.002))
        if deadline and process.clock.monotonic() - begun >= deadline:
            return


def _round_trip(process: Process, found: Echo) -> float:
    chance = process.container.surroundings.chance
    return (_NEAR + _HOP * len(found.routers)) * (0.8 + 0.6 * chance.random())


async def _traceroute(process: Process) -> int:
    options = read_options(process.arguments[1:], "m:nq:w:I46lFv")
    words = options.arguments
    if not 1 <= len(words) <= 2:
        raise UsageError("usage: traceroute [-nI46] [-m MAX_HOPS] [-q PROBES] [-w SEC] HOST [BYTES]")
    try:
        address = (await addresses_of(process, words[0]))[0]
    except UnknownNameError:
        return await process.fail(f"bad address '{words[0]}'")
    most, probes = options.number("m", _MOST_HOPS), options.number("q", _PROBES)
    wait = seconds(options.last("w")) if "w" in options else 5.0
    await process.write(f"traceroute to {words[0]} ({address}), {most} hops max, 46 byte packets\n")
    found = await echo(process, address)
    path = [*found.routers, *([address] if found.answers else [])]
    for hop in range(1, most + 1):
        await process.write(f"{hop:2d}  ")
        if hop <= len(path):
            where = path[hop - 1] if "n" in options else f"{path[hop - 1]} ({path[hop - 1]})"
            times = [
                f"{_round_trip(process, Echo(answers=True, routers=found.routers[:hop])):.3f} ms" for _ in range(probes)
            ]
            await process.write(f"{where}  {'  '.join(times)}\n")
            if path[hop - 1] == address:
                return 0
            continue
        for _ in range(probes):
            await wait_out(process, wait)
            await process.write("*  ")
        await process.write("\n")
    return 0


PROGRAMS: Mapping[str, Program] = {"ping": _ping, "ping6": _ping, "traceroute": _traceroute}

"""Programs that tell of the container and its machine: hostname, id, whoami, uname, ps, free, nproc, uptime, kill."""

from __future__ import annotations

from collections.abc import Mapping

from fauxkube.network.hostname import naming_of
from fauxkube.workloads.commands.options import read_options
from fauxkube.workloads.process import Process, Program, UsageError
from fauxkube.workloads.users import id_text

_KERNEL = "6.8.0-fauxkube"


async def _hostname(process: Process) -> int:
    options = read_options(process.arguments[1:], "ifsdIA")
    container = process.container
    if options.arguments:
        return await process.fail("sethostname: Operation not permitted")
    topology = await container.look()
    host = container.host
    addresses = list(host.addresses)
    if {"i", "I"} & options.values.keys():
        await process.write(f"{' '.join(addresses[:1] if 'i' in options else addresses)}\n")
        return 0
    naming = naming_of(topology, host)
    text = container.hostname
    if "f" in options and not host.host_network:
        text = naming.full
    elif "s" in options:
        text = text.partition(".")[0]
    elif "d" in options:
        text = naming.domain
    await process.write(f"{text}\n")
    return 0


async def _id(process: Process) -> int:
    options = read_options(process.arguments[1:], "ugnGr")
    user = process.container.user
    if "u" in options:
        text = user.name or str(user.uid) if "n" in options else str(user.uid)
    elif "g" in options:
        text = str(user.gid)
    elif "G" in options:
        text = " ".join(map(str, (user.gid, *user.groups)))
    else:
        text = id_text(user)
    await process.write(f"{text}\n")
    return 0


async def _whoami(process: Process) -> int:
    user = process.container.user
    if not user.name:
        return await process.fail(f"unknown uid {user.uid}")
    await process.write(f"{user.name}\n")
    return 0


async def _uname(process: Process) -> int:
    options = read_options(process.arguments[1:], "asnrvmpio")
    parts = {
        "s": "Linux",
        "n": process.container.hostname,
        "r": _KERNEL,
        "v": "#1 SMP",
        "m": "x86_64",
        "o": "GNU/Linux",
    }
    wanted = [each for each in parts if each in options or "a" in options] or ["s"]
    await process.write(f"{' '.join(parts[each] for each in wanted)}\n")
    return 0


async def _ps(process: Process) -> int:
    read_options([word if word.startswith("-") else f"-{word}" for word in process.arguments[1:]], "efauxwo:T")
    user = (process.container.user.name or str(process.container.user.uid))[:8]
    lines = ["PID   USER     TIME  COMMAND\n", f"    1 {user:<8s}  0:00 {' '.join(process.container.command)}\n"]
    lines.append(f"   {6 + process.depth} {user:<8s}  0:00 {' '.join(process.arguments)}\n")
    await process.write("".join(lines))
    return 0


async def _nproc(process: Process) -> int:
    await process.write(f"{process.container.cpus}\n")
    return 0


async def _free(process: Process) -> int:
    options = read_options(process.arguments[1:], "bkmgh")
    unit = {"b": 1, "m": 1024**2, "h": 1024**2, "g": 1024**3}.get(next(iter(options.values), ""), 1024)
    total = process.container.memory // unit
    header = "              total        used        free      shared  buff/cache   available\n"
    line = f"Mem:    {total:11d} {0:11d} {total:11d} {0:11d} {0:11d} {total:11d}\n"
    await process.write(f"{header}{line}Swap:   {0:11d} {0:11d} {0:11d}\n")
    return 0


async def _uptime(process: Process) -> int:
    now = process.clock.now()
    minutes = int(process.clock.monotonic() // 60)
    await process.write(f" {now:%H:%M:%S} up {minutes} min,  load average: 0.00, 0.00, 0.00\n")
    return 0


async def _kill(process: Process) -> int:
    words = process.arguments[1:]
    targets = [word for word in words if not word.startswith("-")]
    if not targets:
        raise UsageError("you need to specify whom to kill")
    return await process.fail(
        f"can't kill pid {targets[0]}: Operation not permitted (fauxkube's containers run no processes)"
    )


async def _tty(process: Process) -> int:
    await process.write("/dev/pts/0\n" if process.tty else "not a tty\n")
    return int(not process.tty)


PROGRAMS: Mapping[str, Program] = {
    "free": _free,
    "hostname": _hostname,
    "id": _id,
    "kill": _kill,
    "nproc": _nproc,
    "ps": _ps,
    "tty": _tty,
    "uname": _uname,
    "uptime": _uptime,
    "whoami": _whoami,
}

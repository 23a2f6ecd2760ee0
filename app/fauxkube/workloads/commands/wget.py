"""`wget` as busybox has it, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fauxkube.kit.exchange import Headers, HttpRequest, HttpResponse
from fauxkube.network.endpoints import socket_address
from fauxkube.workloads.commands.options import Options, read_options, seconds
from fauxkube.workloads.files.errors import words_of
from fauxkube.workloads.process import Process, Program, UsageError
from fauxkube.workloads.sending.dialling import connect
from fauxkube.workloads.sending.http import NoTlsError, Url, ask, header_lines, read_url, status_line, with_headers
from fauxkube.workloads.sending.lookups import UnknownNameError, addresses_of

_LETTERS = "cqO:ST:P:U:Y:o:t:"
_LONG = {
    "continue": "c",
    "header": "header:",
    "no-check-certificate": "insecure",
    "output-document": "O:",
    "post-data": "post-data:",
    "post-file": "post-file:",
    "quiet": "q",
    "server-response": "S",
    "spider": "spider",
    "timeout": "T:",
    "tries": "t:",
    "user-agent": "U:",
    "proxy": "Y:",
}
_MOST_REDIRECTIONS = 10
_REDIRECTIONS = frozenset({300, 301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class _Failed(Exception):
    """Why there is nothing to save."""

    message: str


async def _wget(process: Process) -> int:
    options = read_options(process.arguments[1:], _LETTERS, _LONG)
    if not options.arguments:
        raise UsageError("usage: wget [-qS] [--spider] [-O FILE] [-T SEC] [--header STR] [--post-data STR] URL...")
    for text in options.arguments:
        try:
            await _fetch(process, options, text)
        except _Failed as failed:
            return await process.fail(failed.message)
    return 0


async def _fetch(process: Process, options: Options, text: str) -> None:
    url = read_url(text)
    if url is None:
        raise _Failed(f"not an http or ftp url: {text}" if "://" in text else f"bad address '{text}'")
    for _ in range(_MOST_REDIRECTIONS):
        response = await _answer(process, options, url)
        if "S" in options:
            lines = [status_line(response), *header_lines(response), ""]
            await _say(process, options, "".join(f"  {line}\n" for line in lines), even_quiet=True)
        if response.status not in _REDIRECTIONS or not response.header("Location"):
            break
        onward = url.joined(response.header("Location"))
        if onward is None:
            raise _Failed(f"bad redirection: {response.header('Location')}")
        url = onward
    else:
        raise _Failed("too many redirections")
    if not 200 <= response.status < 300:
        raise _Failed(f"server returned error: {status_line(response)}")
    if "spider" in options:
        await _say(process, options, "remote file exists\n")
        return
    await _save(process, options, url, response)


async def _answer(process: Process, options: Options, url: Url) -> HttpResponse:
    limit = seconds(options.last("T")) if "T" in options else 0.0
    try:
        address = (await addresses_of(process, url.host))[0]
    except UnknownNameError:
        raise _Failed(f"bad address '{url.authority}'") from None
    await _say(process, options, f"Connecting to {url.authority} ({socket_address(address, url.port)})\n")
    try:
        connection = await connect(process, address, url.port, seconds=limit)
        if url.scheme == "https" and "insecure" not in options:
            await _say(process, options, "wget: note: TLS certificate validation not implemented\n", even_quiet=True)
        return await ask(process, connection, _request(process, options, url), scheme=url.scheme)
    except TimeoutError:
        if limit:
            raise _Failed("download timed out") from None
        raise _Failed(f"can't connect to remote host ({address}): Connection timed out") from None
    except NoTlsError:
        raise _Failed("TLS error from peer (alert code 70): protocol version") from None
    except OSError as error:
        words = "Connection refused" if isinstance(error, ConnectionRefusedError) else words_of(error)
        raise _Failed(f"can't connect to remote host ({address}): {words}") from None


def _request(process: Process, options: Options, url: Url) -> HttpRequest:
    given = tuple(_header(each) for each in options.every("header"))
    defaults: Headers = (
        ("Host", url.authority),
        ("User-Agent", options.last("U", "Wget")),
        ("Connection", "close"),
    )
    body = b""
    if "post-data" in options:
        body = options.last("post-data").encode(errors="surrogateescape")
    elif "post-file" in options:
        try:
            body = process.files.read(process.path(options.last("post-file")))
        except OSError as error:
            raise _Failed(f"can't open '{options.last('post-file')}': {words_of(error)}") from None
    posts = {"post-data", "post-file"} & options.values.keys()
    if posts:
        defaults = (
            *defaults,
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", str(len(body))),
        )
    return HttpRequest("POST" if posts else "GET", url.target, with_headers(defaults, given), body)


def _header(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name.strip(), value.strip()


async def _save(process: Process, options: Options, url: Url, response: HttpResponse) -> None:
    target = options.last("O") or url.target.partition("?")[0].rpartition("/")[2] or "index.html"
    if target == "-":
        await _say(process, options, "writing to stdout\n")
        await process.stdout.write(response.body)
        await _say(process, options, f"{_bar('-', len(response.body))}written to stdout\n")
        return
    path = process.path(f"{options.last('P')}/{target}" if "P" in options and "O" not in options else target)
    if "O" not in options and process.files.find(path) is not None:
        raise _Failed(f"can't open '{target}': File exists")
    await _say(process, options, f"saving to '{target}'\n")
    try:
        process.files.write(path, response.body, process.container.user.owner)
    except OSError as error:
        raise _Failed(f"can't open '{target}': {words_of(error)}") from None
    await _say(process, options, f"{_bar(target.rpartition('/')[2], len(response.body))}'{target}' saved\n")


def _bar(name: str, size: int) -> str:
    return f"{name[:20]:<20s} 100% |{'*' * 32}| {size:5d}  0:00:00 ETA\n"


async def _say(process: Process, options: Options, text: str, *, even_quiet: bool = False) -> None:
    if even_quiet or "q" not in options:
        await process.stderr.write(text.encode(errors="surrogateescape"))


PROGRAMS: Mapping[str, Program] = {"wget": _wget}

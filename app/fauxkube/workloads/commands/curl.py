"""`curl`, with the options that people debug services with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fauxkube.kit.exchange import Headers, HttpRequest, HttpResponse
from fauxkube.network.hosts import is_address
from fauxkube.workloads.commands.options import Options, read_options, seconds
from fauxkube.workloads.files.errors import words_of
from fauxkube.workloads.process import Process, Program, UsageError, decoded
from fauxkube.workloads.sending.dialling import CONNECT_SECONDS, Connection, connect
from fauxkube.workloads.sending.http import NoTlsError, Url, ask, header_lines, read_url, status_line, with_headers
from fauxkube.workloads.sending.lookups import UnknownNameError, addresses_of

_LETTERS = "sSo:Ow:IivX:H:d:m:kLfA:u:gG46NT:b:e:x:q#"
_LONG = {
    "cacert": "cacert:",
    "compressed": "compressed",
    "connect-timeout": "connect-timeout:",
    "data": "d:",
    "data-raw": "data-raw:",
    "data-binary": "d:",
    "fail": "f",
    "fail-with-body": "fail-with-body",
    "get": "G",
    "globoff": "g",
    "head": "I",
    "header": "H:",
    "http1.1": "http1.1",
    "include": "i",
    "insecure": "k",
    "ipv4": "4",
    "ipv6": "6",
    "json": "json:",
    "location": "L",
    "max-time": "m:",
    "no-buffer": "N",
    "no-progress-meter": "no-progress-meter",
    "output": "o:",
    "remote-name": "O",
    "request": "X:",
    "resolve": "resolve:",
    "show-error": "S",
    "silent": "s",
    "url": "url:",
    "user-agent": "A:",
    "verbose": "v",
    "write-out": "w:",
}
#: Options that would change what is sent in ways that nothing here follows.
_REFUSED = {"u": "-u, --user", "T": "-T, --upload-file", "b": "-b, --cookie", "e": "-e, --referer", "x": "-x, --proxy"}
_MOST_REDIRECTIONS = 50
_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})


class _Failed(Exception):
    """Why there is no answer, and the exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class _Transfer:
    """One URL, and what has come of it."""

    url: Url
    begun: float
    connection: Connection | None = None
    response: HttpResponse | None = None
    redirections: int = 0
    notes: list[str] = field(default_factory=list)


async def _curl(process: Process) -> int:
    try:
        options = read_options(process.arguments[1:], _LETTERS, _LONG)
    except UsageError as error:
        if error.code == 0:
            raise
        option = str(error).rpartition(" ")[2].strip("'")
        option = option if option.startswith("-") else f"-{option}"
        text = f"curl: option {option}: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n"
        await process.stderr.write(text.encode())
        return 2
    for letter, name in _REFUSED.items():
        if letter in options:
            raise UsageError(f"fauxkube's curl does not know {name}", 2)
    urls = [*options.arguments, *options.every("url")]
    if not urls:
        return await process.fail("(2) no URL specified", 2)
    code = 0
    for text in urls:
        code = await _transfer(process, options, text)
    return code


async def _transfer(process: Process, options: Options, text: str) -> int:
    url = read_url(text)
    if url is None:
        scheme = text.partition("://")[0]
        known = "://" in text and scheme.isalpha() and scheme not in {"http", "https"}
        words = (
            f'(1) Protocol "{scheme}" not supported' if known else "(3) URL rejected: Malformed input to a URL function"
        )
        return await _complain(process, options, words, 1 if known else 3)
    transfer = _Transfer(url, process.clock.monotonic())
    code = 0
    try:
        await _follow(process, options, transfer)
        code = await _deliver(process, options, transfer)
    except _Failed as failed:
        await _show_notes(process, options, transfer)
        code = await _complain(process, options, f"({failed.code}) {failed}", failed.code)
    if "w" in options:
        await process.write(_written(options.last("w"), process, transfer, code))
    return code


async def _complain(process: Process, options: Options, words: str, code: int) -> int:
    if "s" not in options or "S" in options:
        await process.complain(words)
    return code


async def _follow(process: Process, options: Options, transfer: _Transfer) -> None:
    """Ask, and go on where redirections lead if that is wanted."""
    method, body, headers = _asked(process, options)
    while True:
        request = _request(transfer.url, method, body, headers, options)
        transfer.response = await _answer(process, options, transfer, request)
        location = transfer.response.header("Location")
        if "L" not in options or transfer.response.status not in _REDIRECTIONS or not location:
            return
        transfer.redirections += 1
        if transfer.redirections > _MOST_REDIRECTIONS:
            raise _Failed(47, f"Maximum ({_MOST_REDIRECTIONS}) redirects followed")
        onward = transfer.url.joined(location)
        if onward is None:
            raise _Failed(3, "URL rejected: Malformed input to a URL function")
        transfer.url = onward
        if transfer.response.status in {301, 302, 303} and method == "POST" and "X" not in options:
            method, body = "GET", b""


def _asked(process: Process, options: Options) -> tuple[str, bytes, Headers]:
    """The method, the body and the headers that the options ask for."""
    data = [_data(process, each) for each in options.every("d")]
    data += [each.encode(errors="surrogateescape") for each in (*options.every("data-raw"), *options.every("json"))]
    body = b"&".join(data)
    posts = bool(data) and "G" not in options
    method = options.last("X") or ("HEAD" if "I" in options else "POST" if posts else "GET")
    given = [_header(each) for each in options.every("H")]
    if "json" in options:
        given = [("Content-Type", "application/json"), ("Accept", "application/json"), *given]
    return method, body, tuple(given)


def _data(process: Process, text: str) -> bytes:
    """What `-d` sends: a file's content without line ends where the text begins with `@`."""
    if not text.startswith("@"):
        return text.encode(errors="surrogateescape")
    try:
        return process.files.read(process.path(text[1:])).replace(b"\r", b"").replace(b"\n", b"")
    except OSError:
        raise UsageError(f"option -d: error encountered when reading a file: {text[1:]}", 26) from None


def _header(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name.strip(), value.strip()


def _request(url: Url, method: str, body: bytes, given: Headers, options: Options) -> HttpRequest:
    target = url.target
    if "G" in options and body:
        target, body = f"{target}{'&' if '?' in target else '?'}{decoded(body)}", b""
    defaults: Headers = (
        ("Host", url.authority),
        ("User-Agent", options.last("A", "curl/8.5.0")),
        ("Accept", "*/*"),
    )
    if body:
        defaults = (
            *defaults,
            ("Content-Length", str(len(body))),
            ("Content-Type", "application/x-www-form-urlencoded"),
        )
    return HttpRequest(method, target, with_headers(defaults, given), body)


async def _answer(process: Process, options: Options, transfer: _Transfer, request: HttpRequest) -> HttpResponse:
    url, note = transfer.url, transfer.notes.append
    address = await _address(process, options, url)
    note(f"*   Trying {f'[{address}]' if ':' in address else address}:{url.port}...")
    limits = [seconds(options.last(each)) for each in ("connect-timeout", "m") if each in options]
    try:
        transfer.connection = await connect(process, address, url.port, seconds=min(limits, default=0.0))
        note(f"* Connected to {url.host} ({address}) port {url.port} (#0)")
        _check_certificate(process, options, transfer)
        note(f"> {request.method} {request.target} HTTP/1.1")
        transfer.notes += [f"> {name}: {value}" for name, value in request.headers]
        note("> ")
        return await ask(process, transfer.connection, request, scheme=url.scheme)
    except TimeoutError:
        elapsed = round(min(limits, default=CONNECT_SECONDS) * 1000)
        if limits:
            raise _Failed(28, f"Connection timed out after {elapsed} milliseconds") from None
        words = f"Failed to connect to {url.host} port {url.port} after {elapsed} ms: Couldn't connect to server"
        raise _Failed(28, words) from None
    except NoTlsError:
        raise _Failed(35, "error:0A00010B:SSL routines::wrong version number") from None
    except OSError as error:
        if not isinstance(error, ConnectionRefusedError):
            note(f"* Immediate connect fail for {address}: {words_of(error)}")
        words = f"Failed to connect to {url.host} port {url.port} after 0 ms: Couldn't connect to server"
        raise _Failed(7, words) from None


def _check_certificate(process: Process, options: Options, transfer: _Transfer) -> None:
    """The API server's certificate is by nobody that the image knows."""
    connection = transfer.connection
    if transfer.url.scheme != "https" or "k" in options:
        return
    if "cacert" in options:
        path = options.last("cacert")
        if process.files.find(process.path(path)) is None:
            raise _Failed(77, f"error setting certificate verify locations:  CAfile: {path} CApath: none")
        return
    if connection is not None and not connection.pod:
        message = "SSL certificate problem: unable to get local issuer certificate"
        more = "curl failed to verify the legitimacy of the server and therefore could not"
        where = "More details here: https://curl.se/docs/sslcerts.html"
        raise _Failed(60, f"{message}\n{where}\n\n{more}\nestablish a secure connection to it.")


async def _address(process: Process, options: Options, url: Url) -> str:
    for each in options.every("resolve"):
        host, port, address = (*each.split(":", 2), "", "")[:3]
        if host in {url.host, "*"} and port == str(url.port) and is_address(address.strip("[]")):
            return address.strip("[]")
    version = 4 if "4" in options else 6 if "6" in options else 0
    try:
        return (await addresses_of(process, url.host, version=version))[0]
    except UnknownNameError:
        raise _Failed(6, f"Could not resolve host: {url.host}") from None


async def _deliver(process: Process, options: Options, transfer: _Transfer) -> int:
    response = transfer.response
    assert response is not None
    heads = [status_line(response), *header_lines(response)]
    transfer.notes += [f"< {line}" for line in heads] + ["< "]
    transfer.notes.append(f"* Connection #0 to host {transfer.url.host} left intact")
    await _show_notes(process, options, transfer)
    if {"f", "fail-with-body"} & options.values.keys() and response.status >= 400:
        if "fail-with-body" in options:
            await process.stdout.write(response.body)
        raise _Failed(22, f"The requested URL returned error: {response.status}")
    shown = "".join(f"{line}\r\n" for line in (*heads, "")).encode() if {"i", "I"} & options.values.keys() else b""
    body = b"" if "I" in options else response.body
    await _show_meter(process, options, len(body))
    target = options.last("o")
    if "O" in options and not target:
        target = transfer.url.target.partition("?")[0].rpartition("/")[2]
        if not target:
            raise _Failed(23, "Remote file name has no length")
    if target in {"", "-"}:
        await process.stdout.write(shown + body)
        return 0
    try:
        process.files.write(process.path(target), shown + body, process.container.user.owner)
    except OSError as error:
        raise _Failed(23, f"Failure writing output to destination: {words_of(error)}") from None
    return 0


async def _show_notes(process: Process, options: Options, transfer: _Transfer) -> None:
    if "v" in options:
        await process.stderr.write("".join(f"{line}\n" for line in transfer.notes).encode(errors="surrogateescape"))


async def _show_meter(process: Process, options: Options, size: int) -> None:
    """The meter, which is printed unless the answer itself goes to a terminal."""
    quiet = {"s", "no-progress-meter", "#"} & options.values.keys()
    if quiet or (process.tty and "o" not in options and "O" not in options):
        return
    head = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"
    head += f"{' ' * 33}Dload  Upload   Total   Spent    Left  Speed\n"
    line = f"100 {size:5d}  100 {size:5d}    0     0   {size:5d}      0 --:--:-- --:--:-- --:--:-- {size:5d}\n"
    await process.stderr.write(f"{head}\r{line}".encode())


def _written(text: str, process: Process, transfer: _Transfer, code: int) -> str:
    """What `-w` asks for."""
    response, connection = transfer.response, transfer.connection
    status = f"{response.status if response else 0:03d}"
    spent = f"{process.clock.monotonic() - transfer.begun:.6f}"
    values = {
        "http_code": status,
        "response_code": status,
        "content_type": response.header("Content-Type") if response else "",
        "exitcode": str(code),
        "http_version": "1.1" if response else "0",
        "local_ip": connection.source if connection else "",
        "method": "GET",
        "num_redirects": str(transfer.redirections),
        "remote_ip": connection.address if connection else "",
        "remote_port": str(connection.port if connection else 0),
        "scheme": transfer.url.scheme.upper(),
        "size_download": str(len(response.body) if response else 0),
        "url": str(transfer.url),
        "url_effective": str(transfer.url),
        **dict.fromkeys(("time_total", "time_connect", "time_namelookup", "time_starttransfer"), spent),
    }
    for name, value in values.items():
        text = text.replace(f"%{{{name}}}", value)
    return text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r").replace("%%", "%")


PROGRAMS: Mapping[str, Program] = {"curl": _curl}

"""Whatever somebody types, a shell answers with an exit code, and a parser with a script or what is wrong with it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fauxkube.workloads.shell.parser import parse
from fauxkube.workloads.shell.scanner import ShellSyntaxError
from support.simulated_containers import Box

_PIECES = (
    *("echo", "cat", "a", "b", "x=1", "$x", "${x}", "${x:-d}", "${x#*a}", "${#x}", "$(echo a)", "`echo b`", "$((1+2))"),
    *("'q r'", '"s $x t"', "\\", "'", '"', "$", "${", "$(", "$((", "`", "~", "*", "?", "[a-c]", "!", "#", "$@", '"$@"'),
    *(
        "|",
        "||",
        "&&",
        ";",
        ";;",
        "\n",
        "(",
        ")",
        "{",
        "}",
        "&",
        "<",
        ">",
        ">>",
        "2>&1",
        "<<E",
        "E",
        "/dev/null",
        "/tmp/f",
    ),
    *(
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "for",
        "in",
        "do",
        "done",
        "while",
        "until",
        "case",
        "esac",
        "break",
        "f()",
        "f",
    ),
    *(
        "true",
        "false",
        "test",
        "[",
        "]",
        "-n",
        "-eq",
        "1",
        "0",
        "seq",
        "head",
        "grep",
        "sed",
        "s/a/b/",
        "sort",
        "cut",
        "-d",
    ),
    *(
        "printf",
        "%d",
        "%s\\n",
        "read",
        "set",
        "-e",
        "-u",
        "shift",
        "return",
        "exit",
        "eval",
        "export",
        "local",
        "unset",
    ),
    *(
        "ls",
        "-l",
        "rm",
        "-r",
        "mkdir",
        "cp",
        "mv",
        "find",
        "tar",
        "cf",
        "-",
        "env",
        "ip",
        "addr",
        "route",
        "wget",
        "curl",
    ),
    *(
        "dig",
        "nslookup",
        "getent",
        "hosts",
        "nc",
        "-z",
        "ping",
        "-c",
        "hostname",
        "-i",
        "date",
        "+%s",
        "id",
        "ps",
        "tr",
    ),
)
_scripts = st.lists(st.sampled_from(_PIECES), max_size=14).flatmap(
    lambda pieces: st.lists(st.sampled_from(("", " ", " ", " ")), min_size=len(pieces), max_size=len(pieces)).map(
        lambda gaps: "".join(piece + gap for piece, gap in zip(pieces, gaps, strict=True))
    )
)


@given(st.one_of(_scripts, st.text(max_size=60)))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_script_or_refused(text: str) -> None:
    with suppress(ShellSyntaxError):
        parse(text)


@given(_scripts)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_script_ends_with_an_exit_code(text: str) -> None:
    async def run() -> int:
        box = Box(rate=1000.0)
        try:
            async with asyncio.timeout(2):
                return (await box.run("sh", "-c", text)).code
        except TimeoutError:
            # It goes on for ever, as some do.
            return 0

    assert 0 <= asyncio.run(run()) <= 255

"""How programs in containers end, what a terminal does, what logs hold, and that nobody else is kept waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from fauxkube.kit.containers import LogOptions, Terminal
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Pipe
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from support.networks import pod
from support.simulated_containers import Box, Kept
from support.waiting import come_true

T = TypeVar("T")


def _in_loop(work: Callable[[Box], Awaitable[T]], given: Object | None = None) -> T:
    async def run() -> T:
        box = Box(given)
        try:
            async with asyncio.timeout(20):
                return await work(box)
        finally:
            await box.programs.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["nosuch"], 'exec: "nosuch": executable file not found in $PATH: unknown'),
        (["/nosuch"], 'exec: "/nosuch": stat /nosuch: no such file or directory: unknown'),
        (["/etc/passwd"], 'exec: "/etc/passwd": permission denied: unknown'),
        (["/etc"], 'exec: "/etc": is a directory: unknown'),
    ],
)
def test_a_command_that_cannot_be_run_is_refused_in_the_runtimes_words(command: list[str], problem: str) -> None:
    async def run(box: Box) -> str:
        with pytest.raises(StatusError) as raised:
            await box.programs.run(box.pod, "main", command, _screen())
        assert raised.value.code == 500
        return raised.value.message

    assert _in_loop(run).endswith(f"unable to start container process: {problem}")


def _screen(stdin: Pipe | None = None, *, tty: bool = False) -> Terminal:
    return Terminal(stdin or Pipe(), Kept(), Kept(), tty)


def test_no_more_subshells_run_at_once_than_a_limit_of_processes_would_let() -> None:
    script = f"{' | '.join(['sleep infinity'] * 300)}"

    async def run(box: Box) -> int:
        screen = _screen()
        running = asyncio.ensure_future(box.programs.run(box.pod, "main", ["sh", "-c", script], screen))
        assert isinstance(screen.stderr, Kept)
        await come_true(lambda: screen.stderr.data.count(b"can't fork: Resource temporarily unavailable\n") == 44)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        ran = await box.run("echo a | cat")
        assert ran.out == "a\n"
        return 0

    _in_loop(run)


@pytest.mark.parametrize(
    "script",
    [
        "while true; do :; done",
        "while :; do echo x; done > /dev/null",
        "sleep infinity",
        "cat",
        "yes > /dev/null",
        "ping 10.244.1.9",
        "f() { f | f; }; f",
        f"while :; do echo {'a' * 60} | sed -E 's/(a|aa)+b/x/'; done 2> /dev/null",
        f"while :; do case {'a' * 60} in {'*a' * 30}*b) ;; esac; done",
    ],
)
def test_a_program_that_is_cancelled_stops_and_never_kept_others_waiting(script: str) -> None:
    async def run(box: Box) -> float:
        running = asyncio.ensure_future(box.programs.run(box.pod, "main", ["sh", "-c", script], _screen()))
        longest, loop = 0.0, asyncio.get_running_loop()
        for _ in range(50):
            before = loop.time()
            await asyncio.sleep(0)
            longest = max(longest, loop.time() - before)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return longest

    assert _in_loop(run) < 1.0


@pytest.mark.parametrize(
    "script",
    [
        "sort -n /tmp/big",
        "tr ab cd < /tmp/big",
        "uniq -c /tmp/big",
        "cat -n /tmp/big",
        "sed s/b/c/ /tmp/big",
        "for i in $(head -c 200000 /tmp/big); do break; done",
    ],
)
def test_programs_that_work_through_much_text_keep_nobody_waiting(script: str) -> None:
    async def run(box: Box) -> float:
        assert (await box.run("yes b a | head -c 1500000 > /tmp/big")).code == 0
        running = asyncio.ensure_future(box.run(f"{script} > /tmp/out"))
        longest = 0.0
        while not running.done():
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)
        assert (await running).code == 0
        return longest

    assert _in_loop(run) < 0.2


def test_a_container_that_ends_takes_its_programs_with_it() -> None:
    async def run(box: Box) -> int:
        running = asyncio.ensure_future(box.programs.run(box.pod, "main", ["sleep", "infinity"], _screen()))
        await come_true(lambda: bool(box.runs.of(box.pod, "main").programs))
        box.runs.see(box.pod, _ended(box.pod, 1))
        return await running

    assert _in_loop(run) == 137


def _ended(pod: Object, code: int) -> Object:
    [status] = pod["status"]["containerStatuses"]
    state = {"terminated": {"exitCode": code, "startedAt": "2026-01-01T00:00:00Z"}}
    return pod | {"status": pod["status"] | {"containerStatuses": [status | {"state": state}]}}


def test_a_reader_that_goes_away_ends_the_program() -> None:
    async def run(box: Box) -> int:
        out = Pipe()
        out.break_off()
        return await box.programs.run(box.pod, "main", ["yes"], Terminal(Pipe(), out, Kept()))

    assert _in_loop(run) == 141


def test_a_slow_reader_makes_the_program_wait() -> None:
    async def run(box: Box) -> int:
        out = Pipe(limit=100)
        running = asyncio.ensure_future(
            box.programs.run(box.pod, "main", ["seq", "100000"], Terminal(Pipe(), out, Kept()))
        )
        running.add_done_callback(lambda _: asyncio.ensure_future(out.close()))
        size = 0
        while data := await out.read():
            size += len(data)
        return size

    assert _in_loop(run) == sum(len(f"{number}\n") for number in range(1, 100001))


# Terminals


def test_a_shell_at_a_terminal_prompts_echoes_and_ends_with_ctrl_d() -> None:
    async def run(box: Box) -> tuple[str, int]:
        keyboard, screen = Pipe(), Kept()
        running = asyncio.ensure_future(
            box.programs.run(box.pod, "main", ["sh"], Terminal(keyboard, screen, screen, True))
        )
        await keyboard.write(b"cd /tmp\recho hx\x7fi\r\x04")
        code = await running
        return str(screen), code

    screen, code = _in_loop(run)
    assert code == 0
    # What is typed ahead is echoed when it is typed; the rest follows.
    assert screen.count("/ # ") == 1
    assert screen.count("/tmp # ") == 2
    assert "hx\b \bi" in screen
    assert "\r\nhi\r\n" in screen.replace("/tmp # ", "\r\n")


def test_ctrl_c_ends_what_runs_and_the_shell_goes_on() -> None:
    async def run(box: Box) -> tuple[str, int]:
        keyboard, screen = Pipe(), Kept()
        running = asyncio.ensure_future(
            box.programs.run(box.pod, "main", ["sh"], Terminal(keyboard, screen, screen, True))
        )
        await keyboard.write(b"sleep 1000\r")
        await come_true(lambda: box.clock.next_due() is not None)
        await keyboard.write(b"\x03")
        await come_true(lambda: str(screen).count("# ") == 2)
        await keyboard.write(b"echo $?\rexit 5\r")
        return str(screen), await running

    screen, code = _in_loop(run)
    assert code == 5
    assert "^C\r\n" in screen

    async def of_program(box: Box) -> int:
        keyboard = Pipe()
        running = asyncio.ensure_future(
            box.programs.run(box.pod, "main", ["sleep", "1000"], _screen(keyboard, tty=True))
        )
        await come_true(lambda: box.clock.next_due() is not None)
        await keyboard.write(b"\x03")
        return await running

    assert _in_loop(of_program) == 130


def test_a_terminal_that_is_gone_ends_the_shell() -> None:
    async def run(box: Box) -> int:
        keyboard = Pipe()
        await keyboard.close()
        return await box.programs.run(box.pod, "main", ["sh"], _screen(keyboard, tty=True))

    assert _in_loop(run) == 0


def test_a_script_on_the_input_shares_it_with_its_programs() -> None:
    ran = asyncio.run(Box().run("sh", "-s", stdin=b'read x\nfirst\necho "got $x"\ncat\nrest\n'))
    assert (ran.out, ran.code) == ("got first\nrest\n", 0)
    broken = asyncio.run(Box().run("sh", "-", stdin=b"echo a\nif true; then\n"))
    assert broken.out == "a\n"
    assert broken.code == 2


# Logs


def _logged(box: Box, options: LogOptions | None = None) -> Awaitable[list[str]]:
    async def lines() -> list[str]:
        return [line.decode() async for line in box.programs.log(box.pod, "main", options or LogOptions())]

    return lines()


def _with_log() -> Object:
    given = pod("web", "10.244.1.9", ports=[{"containerPort": 80, "protocol": "TCP"}])
    given["status"]["containerStatuses"][0] |= {
        "containerID": "containerd://one",
        "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
    }
    return given


def _ask(box: Box, target: str, client: str = "10.244.1.7") -> None:
    request = HttpRequest("GET", target, (("User-Agent", "Wget"),), client=client)
    box.runs.answered(box.pod, 80, request, HttpResponse(200, b"hello"))


def test_a_log_has_a_line_for_the_start_and_one_for_each_request() -> None:
    async def run(box: Box) -> list[str]:
        box.clock.set_now(datetime(2027, 1, 1, tzinfo=UTC))
        box.clock.set_rate(0)
        _ask(box, "/a")
        return await _logged(box)

    first, second = _in_loop(run, _with_log())
    assert first == "main of default/web started, listening on 80/TCP\n"
    assert second == '10.244.1.7 - - [01/Jan/2027:00:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "Wget"\n'


def test_the_log_of_a_container_that_is_attached_to_has_nothing_that_its_program_has_not_printed() -> None:
    given = _with_log()
    given["spec"]["containers"][0] |= {"stdin": True, "command": ["sh"]}
    assert _in_loop(_logged, given) == []


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (LogOptions(), 4),
        (LogOptions(tail_lines=2), 2),
        (LogOptions(tail_lines=0), 0),
        (LogOptions(tail_lines=9), 4),
        (LogOptions(since=60), 3),
        (LogOptions(since_time="2026-01-01T00:00:01Z"), 3),
        (LogOptions(limit_bytes=10), 1),
    ],
)
def test_the_part_of_a_log_that_is_asked_for_is_given(options: LogOptions, count: int) -> None:
    async def run(box: Box) -> list[str]:
        for each in "abc":
            _ask(box, f"/{each}")
        return await _logged(box, options)

    lines = _in_loop(run, _with_log())
    assert len(lines) == count
    assert options.limit_bytes is None or sum(map(len, lines)) == options.limit_bytes


def test_timestamps_are_the_runtimes() -> None:
    async def run(box: Box) -> list[str]:
        return await _logged(box, LogOptions(timestamps=True))

    assert _in_loop(run, _with_log())[0].startswith("2026-01-01T00:00:00.000000000Z main of")


def test_a_log_that_is_followed_goes_on_until_the_container_ends() -> None:
    async def run(box: Box) -> list[str]:
        following = asyncio.ensure_future(_logged(box, LogOptions(follow=True)))
        await asyncio.sleep(0.01)
        _ask(box, "/a")
        _ask(box, "/b")
        await asyncio.sleep(0.01)
        box.runs.see(box.pod, _ended(box.pod, 0))
        return await following

    assert [line.split('"')[1] for line in _in_loop(run, _with_log())[1:]] == ["GET /a HTTP/1.1", "GET /b HTTP/1.1"]


def test_the_log_of_the_run_before_is_kept() -> None:
    async def run(box: Box) -> tuple[list[str], list[str]]:
        _ask(box, "/old")
        [status] = box.pod["status"]["containerStatuses"]
        again = {"containerID": "containerd://two", "lastState": {"terminated": {"startedAt": "2026-01-01T00:00:00Z"}}}
        restarted = box.pod | {"status": box.pod["status"] | {"containerStatuses": [status | again]}}
        box.runs.see(box.pod, restarted)
        box.pod = restarted
        _ask(box, "/new")
        return await _logged(box, LogOptions(previous=True)), await _logged(box)

    before, now = _in_loop(run, _with_log())
    assert ["/old" in "".join(before), "/new" in "".join(before), "/old" in "".join(now), "/new" in "".join(now)] == [
        True, False, False, True,
    ]  # fmt: skip


def test_attaching_shows_what_is_written_from_then_on_and_ends_with_the_container() -> None:
    async def run(box: Box) -> tuple[str, int]:
        screen = _screen()
        attached = asyncio.ensure_future(box.programs.attach(box.pod, "main", screen))
        await asyncio.sleep(0.01)
        _ask(box, "/seen")
        await asyncio.sleep(0.01)
        box.runs.see(box.pod, _ended(box.pod, 3))
        return str(screen.stdout), await attached

    shown, code = _in_loop(run, _with_log())
    assert "/seen" in shown
    assert shown.count("\n") == 1
    assert code == 3


def test_only_the_newest_lines_are_kept() -> None:
    async def run(box: Box) -> list[str]:
        for number in range(1200):
            _ask(box, f"/{number}")
        return await _logged(box)

    lines = _in_loop(run, _with_log())
    assert len(lines) == 1001
    assert "/199 " not in "".join(lines)


def test_what_belonged_to_a_pod_goes_with_it() -> None:
    async def run(box: Box) -> int:
        await box.run("echo 1 > /tmp/a")
        box.runs.see(box.pod, None)
        return len(box.runs)

    assert _in_loop(run) == 0

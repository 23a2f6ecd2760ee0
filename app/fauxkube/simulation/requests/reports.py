"""What a failed assertion tells: what was asked, and a table of the calls that come nearest to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fauxkube.simulation.calls import Call
from fauxkube.simulation.requests.criteria import Criteria

#: How many calls a table shows.
SHOWN = 8
_WIDEST = 60


def unexpected(asked: Criteria, expected: str, matching: Sequence[Call], calls: Sequence[Call]) -> str:
    """Another number of calls than expected: those that matched, or else those that nearly did."""
    begin = f"expected {expected} with {asked}, but saw {len(matching)}"
    if matching:
        return f"{begin}:\n{table(matching[:SHOWN])}{_more(len(matching) - SHOWN)}"
    if not calls:
        return f"{begin}, and no other call either"
    nearest = nearest_to(asked, calls)
    told = table(nearest, ("differs in", lambda call: "; ".join(asked.differences(call))))
    return f"{begin}. The nearest of {_counted(len(calls))}:\n{told}"


def out_of_order(steps: Sequence[Criteria], failed: int, matched: Sequence[Call], calls: Sequence[Call]) -> str:
    """A step that was not seen after those before it; tells whether it was seen too early."""
    asked = steps[failed]
    begin = f"expected call {failed + 1} of {len(steps)}, with {asked},"
    begin = f"{begin} after call #{matched[-1].id}, but did not see it" if matched else f"{begin} but did not see it"
    if not calls:
        return f"{begin} or any other"
    parts = {call.id: str(number) for number, call in enumerate(matched, 1)}
    early = [call for call in calls if call.id not in parts and asked.accept(call)][-SHOWN:]
    parts |= {call.id: f"{failed + 1}, too early" for call in early}
    shown = sorted([*matched, *early], key=lambda call: call.id) or nearest_to(asked, calls)
    return f"{begin}:\n{table(shown, ('as', lambda call: parts.get(call.id, '')))}"


def nearest_to(asked: Criteria, calls: Sequence[Call]) -> list[Call]:
    """The calls that differ in the fewest criteria, of those the newest, in the order in which they came."""
    ranked = sorted(calls, key=lambda call: (len(asked.differences(call)), -call.id))
    return sorted(ranked[:SHOWN], key=lambda call: call.id)


def table(calls: Sequence[Call], last: tuple[str, Callable[[Call], str]] | None = None) -> str:
    """The calls line by line, with a last column of the caller's."""
    rows = [("#", "verb", "what", "status", "user agent"), *map(_cells, calls)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    if last:
        told = [last[0], *map(last[1], calls)]
        lines = [f"{line}  {text}" for line, text in zip(lines, told, strict=True)]
    return "\n".join(f"  {line.rstrip()}" for line in lines)


def _cells(call: Call) -> tuple[str, str, str, str, str]:
    status = str(call.status) if call.status else "-"
    return str(call.id), call.verb, _cut(what(call)), f"{status} open" if call.open else status, _cut(call.user_agent)


def what(call: Call) -> str:
    """What a call is about: `deployments.apps/scale shop/web`, or its path."""
    if not call.gvr:
        return call.path
    resource = f"{call.resource}/{call.subresource}" if call.subresource else call.resource
    name = call.object_name
    place = f"{call.namespace}/{name}" if call.namespace else name
    return f"{resource} {place}".rstrip()


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def _more(count: int) -> str:
    return f"\n  and {count} more" if count > 0 else ""


def _counted(count: int) -> str:
    return f"{count} call{'' if count == 1 else 's'}"

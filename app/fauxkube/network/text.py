"""A trace as people read it: a line a hop, who on the left, what happened on the right; made from its JSON form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from fauxkube.machinery.objects import Object

#: How many backends are listed.
_SHOWN = 8
#: What a doctor looks at, when it is one.
_ONE = {
    "nodes": "node",
    "pods": "pod",
    "services": "service",
    "ingresses": "ingress",
    "network policies": "network policy",
}
_MARK = {True: "reached", False: "LOST"}


def render(trace: Object) -> str:
    """The whole trace; several ways one after the other, each with its probability."""
    return "\n".join(_lines(trace))


def render_check(check: Object) -> str:
    """What became of each of the network's requirements."""
    return "\n".join(line for requirement in check["requirements"] for line in _requirement(requirement))


def render_diagnosis(diagnosis: Object) -> str:
    """What was looked at, and each finding with what is likely."""
    return "\n".join(_diagnosis(diagnosis))


def _diagnosis(diagnosis: Object) -> Iterator[str]:
    for each in diagnosis["findings"]:
        yield f"{each['severity']:7}  {each['object']}: {each['message']} ({each['word']})"
        yield from (f"           {likely}" for likely in each["likely"])
    looked_at = ", ".join(
        f"{count} {_ONE[kind] if count == 1 else kind}" for kind, count in diagnosis["checked"].items()
    )
    problems = sum(1 for each in diagnosis["findings"] if each["severity"] == "problem")
    told = {0: "no problems", 1: "1 problem"}.get(problems, f"{problems} problems")
    warnings = len(diagnosis["findings"]) - problems
    also = f", {warnings} warning{'s' if warnings > 1 else ''}" if warnings else ""
    yield f"{told}{also} ({looked_at} looked at)"


def _requirement(found: Object) -> Iterator[str]:
    yield f"{'ok  ' if found['holds'] else 'FAIL'}  {found['text']} ({found['checked']} checked)"
    yield from (f"      {each['source']} -> {each['target']}: {each['reason']}" for each in found["failures"])
    if found["more"]:
        yield f"      and {found['more']} more"


def _lines(trace: Object) -> Iterator[str]:
    port = f" ({trace['protocol']} {trace['port']})" if trace["port"] else ""
    yield f"{trace['source']} -> {trace['target']}{port}"
    several = len(trace["ways"]) > 1
    for number, way in enumerate(trace["ways"], start=1):
        if several:
            yield f"way {number}, {_percent(way['probability'])}:"
        yield from _way(way)


def _way(way: Object) -> Iterator[str]:
    rows = [(hop["where"], line) for hop in way["hops"] for line in _TELL[hop["kind"]](hop)]
    width = max((len(where) for where, _ in rows), default=0)
    last = ""
    for where, line in rows:
        yield f"  {'' if where == last else where:{width}}  {line}".rstrip()
        last = where
    yield f"  {_MARK[way['reached']]}"


def _lookup(hop: Object) -> Iterator[str]:
    if hop["type"] == "hosts":
        yield f"finds {hop['name']} in /etc/hosts: {', '.join(hop['records'])}"
        return
    yield f"looks up {hop['name']} {hop['type']}: {', '.join(hop['records']) or hop['status']}"


def _rule(hop: Object) -> Iterator[str]:
    if hop["entry"] == "ingress":
        yield f"rule {hop['port']} of ingress {hop['service']}"
    else:
        yield f"{hop['entry']} of service {hop['service']}, port {hop['port']}"
    yield from (f"  {note}" for note in hop["notes"])
    shown = [each for index, each in enumerate(hop["backends"]) if index < _SHOWN or each["chosen"]]
    for each in shown:
        mark = "*" if each["chosen"] else " "
        yield f"  {mark} {each['address']}  {_percent(each['probability'])}{_of(each)}"
    if more := len(hop["backends"]) - len(shown):
        yield f"    and {more} more"
    yield from (f"  - {each['address']}  {each['reason']}{_of(each)}" for each in hop["excluded"][:_SHOWN])
    if (more := len(hop["excluded"]) - _SHOWN) > 0:
        yield f"    and {more} more that are not used"


def _nat(hop: Object) -> Iterator[str]:
    yield f"{hop['changes']} {hop['before']} -> {hop['after']} ({hop['reason']})"


def _policy(hop: Object) -> Iterator[str]:
    what = f"allowed by {hop['decides']}" if hop["allowed"] else f"not allowed by {', '.join(hop['policies'])}"
    yield f"{hop['direction']} policies: {what}"


def _route(hop: Object) -> Iterator[str]:
    via = {"bridge": "over the bridge ", "route": "by the route ", "outside": ""}.get(
        hop["via"], f"by the {hop['via']} "
    )
    yield f"{via}to {hop['to']}"


def _arrival(hop: Object) -> Iterator[str]:
    container = f", container {hop['container']}" if hop["container"] else ""
    yield f"takes it at {hop['address']}{container}; sees it come from {hop['source']}"
    if hop["answer"]:
        yield f"({hop['answer']})"


def _end(hop: Object) -> Iterator[str]:
    yield f"{hop['message']}: {hop['symptom']}"
    yield from (f"  {likely}" for likely in hop["likely"])


_TELL: Mapping[str, Callable[[Object], Iterator[str]]] = {
    "lookup": _lookup,
    "rule": _rule,
    "nat": _nat,
    "policy": _policy,
    "route": _route,
    "arrival": _arrival,
    "end": _end,
}


def _of(backend: Object) -> str:
    return f"  {backend['pod']}" if backend["pod"] else ""


def _percent(probability: float) -> str:
    return f"{probability:.0%}" if probability in {0.0, 1.0} else f"{probability:.1%}"

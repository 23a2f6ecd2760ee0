"""Faults of requests, which the API server acts out on clients that reach it over HTTP.

| `effect.type`         | Options                         | What happens                                              |
| --------------------- | ------------------------------- | --------------------------------------------------------- |
| `error`               | `code` (required), `reason`,    | Nothing is done; the answer is that error, in the API     |
|                       | `message`, `retryAfter`         | server's words unless the options say otherwise           |
| `latency`             | `delay` (required), `upTo`      | It waits before anything is done, in real time            |
| `reset`               | `when`, `how`                   | The connection breaks: before anything is done            |
|                       |                                 | (`request`), after it (`answer`), or half-way through the |
|                       |                                 | `body` of the answer                                      |
| `commit-then-timeout` |                                 | A write is done, and its client told that it timed out    |
| `stale`               | `changes`, `age`                | A read shows what was there `changes` (1) changes to the  |
|                       |                                 | collection before, or `age` ago, as far as history goes   |
| `watch-drop`          | `afterEvents`, `afterTime`,     | A watch ends                                              |
|                       | `how`                           |                                                           |
| `watch-expired`       | `afterEvents`, `afterTime`      | A watch ends with the error 410, its history being gone   |
| `watch-silence`       | `afterEvents`, `afterTime`      | A watch stays open and tells nothing more, not even       |
|                       |                                 | bookmarks; once the fault is over, all that it has missed |
| `watch-delay`         | `delay` (required), `upTo`      | A watch's events come late, in real time                  |
| `watch-duplicates`    | `share`                         | A watch tells that share (1) of its events twice          |
| `bookmarks`           | `every`                         | A watch's bookmarks come that often in real time, or      |
|                       |                                 | never                                                     |

They match by `verb`, `resource` (`pods`, `deployments.apps`, `deploy`, `Deployment`), `subresource` (empty: none),
`namespace`, `name`, `userAgent`, `user` and `path`. Without any of them they hit every request but those to
`/fauxkube/`; a path that names no resource (`/healthz`, discovery) has its HTTP method as its verb. `how` a connection
breaks: it is `reset`, or it is closed (`close`) without the rest of the answer, and a watch may `end` as it does when
its time is up. Several faults may hit one request: a latency, an error and so on, one of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fauxkube.kinds.resource import Resource
from fauxkube.kinds.words import names_of
from fauxkube.simulation.calls import Call
from fauxkube.simulation.faults.family import Family
from fauxkube.simulation.faults.fields import Field, duration, one_of, share, text, whole
from fauxkube.simulation.faults.matching import GLOB, Subject, glob, known_glob

READS = frozenset({"get", "list", "watch"})
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_METHODS = frozenset({"get", "head", "options", "post", "put", "patch", "delete"})


def _any_name(value: Any) -> Callable[[Iterable[str]], bool]:
    """A glob that one of a resource's names must match."""
    matches = glob(value)
    return lambda names: any(map(matches, names))


def _some_time(value: Any) -> float:
    """A duration that is not nothing."""
    if (seconds := duration(value)) == 0:
        raise ValueError("must be more than 0")
    return seconds


_DELAY = {"delay": Field(duration, required=True), "upTo": Field(duration, 0.0)}
_MOMENT = {"afterEvents": Field(whole(0)), "afterTime": Field(duration)}

FAMILY = Family(
    "request",
    match={
        "verb": Field(known_glob(READS | WRITES | _METHODS, "verb")),
        "resource": Field(_any_name),
        "subresource": GLOB,
        "namespace": GLOB,
        "name": GLOB,
        "userAgent": GLOB,
        "user": GLOB,
        "path": GLOB,
    },
    effects={
        "error": {
            "code": Field(whole(400, 599), required=True),
            "reason": Field(text, ""),
            "message": Field(text, ""),
            "retryAfter": Field(duration),
        },
        "latency": _DELAY,
        "reset": {
            "when": Field(one_of(("request", "answer", "body")), "request"),
            "how": Field(one_of(("reset", "close")), "reset"),
        },
        "commit-then-timeout": {},
        "stale": {"changes": Field(whole(1), 1), "age": Field(duration)},
        "watch-drop": {**_MOMENT, "how": Field(one_of(("end", "reset", "close")), "end")},
        "watch-expired": _MOMENT,
        "watch-silence": _MOMENT,
        "watch-delay": _DELAY,
        "watch-duplicates": {"share": Field(share, 1.0)},
        "bookmarks": {"every": Field(_some_time)},
    },
)

#: The effects that take the place of the answer; of those that hit a request the first counts.
ANSWERS: Mapping[bool, frozenset[str]] = {
    False: frozenset({"error", "reset"}),
    True: frozenset({"error", "reset", "commit-then-timeout"}),
}


def subject_of(call: Call, resource: Resource | None) -> Subject:
    """What faults match of a request; `resource` is what its path names, if it names one."""
    return {
        "verb": call.verb,
        "resource": names_of(resource) if resource else (),
        "subresource": call.subresource,
        "namespace": call.namespace,
        "name": call.name,
        "userAgent": call.user_agent,
        "user": call.user,
        "path": call.path,
    }

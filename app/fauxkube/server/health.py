"""`/healthz`, `/livez` and `/readyz`, each with `?verbose`, `?exclude=` and a path a check, as apiserver's `healthz`.

A check is called at each request and answers whether it passes; why one fails is logged by its owner, never told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fauxkube.server import responses
from fauxkube.server.asgi import Query, Response

Checks = Mapping[str, Callable[[], bool]]

ENDPOINTS = ("healthz", "livez", "readyz")


def serves(path: str) -> bool:
    """Whether `path` is one of the health endpoints or below one."""
    return path.strip("/").partition("/")[0] in ENDPOINTS


def _passes() -> bool:
    return True


#: The checks that every endpoint has: that there is an answer at all.
ALWAYS: Checks = {"ping": _passes, "log": _passes}


def answer(path: str, query: Query, checks: Checks) -> Response:
    """The answer to `/<endpoint>` or `/<endpoint>/<check>`; 404 for a check that there is not."""
    endpoint, _, name = path.strip("/").partition("/")
    if not name:
        return _all(endpoint, query, {**ALWAYS, **checks})
    check = {**ALWAYS, **checks}.get(name)
    if check is None:
        return responses.page_not_found()
    return responses.text(200, "ok") if check() else responses.text(500, "internal server error: check failed\n")


def _all(endpoint: str, query: Query, checks: Checks) -> Response:
    excluded = set(query.get("exclude", []))
    lines = []
    failed = False
    for name, check in checks.items():
        if name in excluded:
            lines.append(f"[+]{name} excluded: ok")
        elif check():
            lines.append(f"[+]{name} ok")
        else:
            failed = True
            lines.append(f"[-]{name} failed: reason withheld")
    if unknown := sorted(excluded - checks.keys()):
        listed = ", ".join(f'"{name}"' for name in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {listed}")
    report = "".join(f"{line}\n" for line in lines)
    if failed:
        return responses.text(500, f"{report}{endpoint} check failed\n")
    return responses.text(200, f"{report}{endpoint} check passed\n" if "verbose" in query else "ok")

"""What can be wrong with a read, and with who reads; each check tells the problem, or nothing."""

from __future__ import annotations

import orjson

from fauxkube.simulation.calls import Call
from fauxkube.simulation.strictness.asked import AskedFor

#: How many objects a list may answer at once (client-go's and kubectl's page).
PAGE = 500
#: How often the same read may come within that many seconds.
READS, WINDOW = 10, 1.0

#: No object in a list is shorter than that, in bytes.
_SHORTEST = 64
_LIBRARIES = (
    "aiohttp",
    "apache-httpclient",
    "axios",
    "go-http-client",
    "java-http-client",
    "java/",
    "node-fetch",
    "node/",
    "okhttp",
    "python-httpx",
    "python-requests",
    "python-urllib",
    "python/",
    "reqwest",
    "undici",
)


def unpaged_list(asked: AskedFor) -> str:
    """Of an answer: more objects at once than a page, out of the store rather than the watch cache."""
    if asked.call.verb != "list" or asked.call.status != 200 or not _reads_the_store(asked.query):
        return ""
    count = _items(asked.answer)
    return f"the list answers {count} objects at once" if count > PAGE else ""


def uncached_list(asked: AskedFor) -> str:
    """Of a watch: how the list was made that it goes on from."""
    call = asked.call
    if call.verb != "watch" or not asked.query.get("resourceVersion"):
        return ""
    before = next((each for each in asked.of_client if each.verb == "list" and _same_collection(each, call)), None)
    if before is None or not _reads_the_store(AskedFor(before, asked.resource).query):
        return ""
    return f"the list before it, call #{before.id}, named no resourceVersion, so it was read from the store"


def hot_loop(asked: AskedFor) -> str:
    """The same read again and again."""
    call = asked.call
    if call.verb not in ("get", "list"):
        return ""
    recent = [each for each in asked.of_client if call.began - each.began <= WINDOW]
    same = sum((each.method, each.path, each.query) == (call.method, call.path, call.query) for each in recent)
    return f"the same {call.verb} came {same + 1} times within a second" if same >= READS else ""


def no_bookmarks(asked: AskedFor) -> str:
    """A watch that learns of a new version only by an event."""
    if asked.call.verb != "watch" or asked.query.get("allowWatchBookmarks", "false").lower() not in ("false", "0"):
        return ""
    return "the watch does not allow bookmarks, so it falls out of the history when its objects rest"


def endless_watch(asked: AskedFor) -> str:
    """A watch that lasts as long as the server likes."""
    if asked.call.verb != "watch" or asked.query.get("timeoutSeconds", "0") != "0":
        return ""
    return "the watch names no timeoutSeconds"


def unnamed_client(asked: AskedFor) -> str:
    """A client that server logs, audit and priority levels cannot tell from any other."""
    agent = asked.call.user_agent
    if not agent:
        return "the client sends no User-Agent"
    return f"the client calls itself {agent}" if agent.lower().startswith(_LIBRARIES) else ""


def _reads_the_store(query: dict[str, str]) -> bool:
    """Whether a list with that query asks for everything, and for the newest state."""
    paged = query.get("limit", "0") != "0" or query.get("continue")
    return not paged and not query.get("resourceVersion")


def _same_collection(one: Call, other: Call) -> bool:
    return (one.gvr, one.namespace) == (other.gvr, other.namespace)


def _items(answer: bytes) -> int:
    """How many objects a list or table holds; 0 when it is short in any case, or no JSON."""
    if len(answer) < PAGE * _SHORTEST:
        return 0
    try:
        listed = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return 0
    return len(listed.get("items") or listed.get("rows") or ())

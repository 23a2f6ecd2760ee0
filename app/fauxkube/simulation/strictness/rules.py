"""The rules, a line each: what they are called, what they are against, what to do instead.

| Rule                  | Found when                                                                                   |
| --------------------- | -------------------------------------------------------------------------------------------- |
| `unknown-field`       | A body has fields that the kind has not, or the same field twice, whatever `fieldValidation` |
| `deprecated-api`      | The resource is on its way out                                                               |
| `blind-update`        | An update of what there is names no `metadata.resourceVersion`                               |
| `ignored-status`      | A status is written through the main resource, which drops it                                |
| `retried-conflict`    | After a conflict the same outdated body is sent again                                        |
| `unguarded-patch`     | A JSON patch changes or removes a list's item by its index without a `test`                  |
| `overwritten-list`    | A merge patch replaces all finalizers or owners, on whatever version there is                |
| `unpaged-list`        | A list without `limit` answers more than 500 objects                                         |
| `uncached-list`       | The list before a watch names no `resourceVersion`                                           |
| `hot-loop`            | The same read comes more than 10 times within a second                                       |
| `no-bookmarks`        | A watch does not allow bookmarks                                                             |
| `endless-watch`       | A watch names no `timeoutSeconds`                                                            |
| `unnamed-client`      | The user agent is missing, or only that of an HTTP library                                   |

kubectl and Helm are judged by the first two alone, which are about what their users wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fauxkube.simulation.strictness import reads, writes
from fauxkube.simulation.strictness.asked import AskedFor
from fauxkube.simulation.strictness.modes import Mode


@dataclass(frozen=True, slots=True)
class Rule:
    """`check` tells what is wrong, or nothing. `most` is the furthest that a mode for all rules takes it.

    `early` rules judge a request before anything is done, the others its answer before it is sent. `written` tells
    that what is judged was written by a person, whichever the client.
    """

    name: str
    check: Callable[[AskedFor], str]
    hint: str
    most: Mode = "fail"
    early: bool = True
    written: bool = False


UNKNOWN_FIELD = Rule(
    "unknown-field",
    writes.unknown_field,
    "take the field out, or correct its name",
    early=False,
    written=True,
)

RULES = (
    UNKNOWN_FIELD,
    Rule("deprecated-api", writes.deprecated_api, "move to the API that takes its place", written=True),
    Rule("blind-update", writes.blind_update, "send the resourceVersion that was read, or patch"),
    Rule("ignored-status", writes.ignored_status, "write it to the subresource status"),
    Rule("retried-conflict", writes.retried_conflict, "read the object again and make the change anew"),
    Rule("unguarded-patch", writes.unguarded_patch, "let a test operation go before it", "warn"),
    Rule("overwritten-list", writes.overwritten_list, "name metadata.resourceVersion in the patch", "warn"),
    Rule("unpaged-list", reads.unpaged_list, "page with limit and continue, or set resourceVersion=0", early=False),
    Rule("uncached-list", reads.uncached_list, "list with resourceVersion=0, as client-go's informers do", "warn"),
    Rule("hot-loop", reads.hot_loop, "watch it, or back off between reads", "warn"),
    Rule("no-bookmarks", reads.no_bookmarks, "set allowWatchBookmarks=true, which saves a new list later", "warn"),
    Rule("endless-watch", reads.endless_watch, "set timeoutSeconds, at random, so that watches spread", "off"),
    Rule("unnamed-client", reads.unnamed_client, "set a User-Agent of the program's own", "warn"),
)

#: Every rule's name and the furthest that a mode for all takes it.
MOST: dict[str, Mode] = {rule.name: rule.most for rule in RULES}

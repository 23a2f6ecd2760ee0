"""Get and list: stored bytes handed on as they are, at the revision that the client asks for.

`resourceVersion` and `resourceVersionMatch` mean what the API concepts page says: unset reads the newest, `0` any,
`NotOlderThan` the newest as long as it is not older, `Exact` the state as of that revision. A paged list stays at the
revision of its first page.
"""

from __future__ import annotations

import re

from fauxkube.kinds.resource import Resource
from fauxkube.machinery import status
from fauxkube.machinery.fields import Path
from fauxkube.registry import tokens
from fauxkube.registry.options import ListQuery, ListResult
from fauxkube.registry.selection import Selection
from fauxkube.store.model import Compacted, Entry, FutureRevision, Page
from fauxkube.store.store import Store

_DIGITS = re.compile(r"[0-9]+", re.ASCII)
#: A `resourceVersion` is an unsigned 64-bit number.
_LARGEST = 2**64 - 1


def parse_revision(text: str) -> int | None:
    """A `resourceVersion` parameter; None when it is unset, 422 when it is not a revision."""
    if not text:
        return None
    if not _DIGITS.fullmatch(text):
        raise _not_a_revision(text, "invalid syntax")
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(_LARGEST)) or int(digits) > _LARGEST:
        raise _not_a_revision(text, "value out of range")
    return int(digits)


def _not_a_revision(text: str, problem: str) -> status.StatusError:
    error = Path("resourceVersion").invalid(text, f'strconv.ParseUint: parsing "{text}": {problem}')
    return status.StatusError(422, "Invalid", f"{error.field}: {error.message}")


class Reader:
    """Reads one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, resource: Resource, namespace: str, name: str, *, resource_version: str = "") -> Entry:
        """One object's entry; 404 when there is none."""
        self._not_older_than(parse_revision(resource_version))
        entry = self._store.get(resource.key(namespace, name))
        if entry is None:
            raise status.not_found(resource.group_resource, name)
        return entry

    def at(self, resource: Resource, namespace: str, name: str, revision: int) -> Entry:
        """One object's entry as of a revision; 404 when it was not there, 410 or 504 when that is not held."""
        page = self._page_at(resource.key(namespace, name), revision)
        if not page.entries:
            raise status.not_found(resource.group_resource, name)
        return page.entries[0]

    def _page_at(self, prefix: str, revision: int) -> Page:
        try:
            return self._store.page(prefix, revision=revision)
        except Compacted as error:
            raise status.expired(f"The requested revision is too old. ({error})") from None
        except FutureRevision as error:
            raise status.too_large_resource_version(error.asked, error.current) from None

    def list(self, resource: Resource, namespace: str, query: ListQuery) -> ListResult:
        """A collection's entries, or a page of them."""
        selection = Selection(
            resource, namespace, label_selector=query.label_selector, field_selector=query.field_selector
        )
        start, revision = self._starting_point(resource, query)
        page = self._pages(selection, start=start, revision=revision, limit=query.limit)
        continue_ = ""
        if page.remaining:
            last = page.entries[-1].key.removeprefix(resource.prefix)
            continue_ = tokens.encode(tokens.Continue(page.revision, last))
        remaining = page.remaining if continue_ and selection.everything else None
        return ListResult([entry.value for entry in page.entries], page.revision, continue_, remaining)

    def _starting_point(self, resource: Resource, query: ListQuery) -> tuple[str, int | None]:
        """The key to start after, and the revision to read at (None: the newest)."""
        if query.continue_:
            token = tokens.decode(query.continue_)
            if query.resource_version not in ("", "0"):
                raise status.bad_request("specifying resource version is not allowed when using continue")
            return resource.prefix + token.start, token.revision or None
        revision = parse_revision(query.resource_version)
        exact = query.resource_version_match == "Exact" or (query.limit and not query.resource_version_match)
        if revision and exact:
            return "", revision
        self._not_older_than(revision)
        return "", None

    def _not_older_than(self, revision: int | None) -> None:
        if revision is not None and revision > self._store.revision:
            raise status.too_large_resource_version(revision, self._store.revision)

    def _pages(self, selection: Selection, *, start: str, revision: int | None, limit: int) -> Page:
        """What the selection matches after `start`: read page by page until `limit` entries are found."""
        found: list[Entry] = []
        while True:
            page = self._page(selection, start=start, revision=revision, limit=limit)
            if selection.everything:
                return page
            for index, entry in enumerate(page.entries):
                if selection.matches(entry):
                    found.append(entry)
                    if limit and len(found) == limit:
                        return Page(found, page.revision, len(page.entries) - index - 1 + page.remaining)
            if not page.remaining:
                return Page(found, page.revision, 0)
            start, revision = page.entries[-1].key, page.revision

    def _page(self, selection: Selection, *, start: str, revision: int | None, limit: int) -> Page:
        try:
            return self._store.page(selection.prefix, after=start, limit=limit, revision=revision)
        except Compacted as error:
            if not start:
                raise status.expired(f"The resourceVersion for the provided list is too old. ({error})") from None
            token = tokens.encode(tokens.Continue(0, start.removeprefix(selection.resource.prefix)))
            raise status.expired_continue(token) from None
        except FutureRevision as error:
            raise status.too_large_resource_version(error.asked, error.current) from None

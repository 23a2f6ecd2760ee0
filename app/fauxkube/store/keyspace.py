"""Which keys a prefix covers.

A prefix that is empty or ends in `/` covers every key that starts with it; any other covers the one key that it is,
so that `pods/default/web` never covers `pods/default/web-1`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

#: The character after `/`: what the keys under a prefix all sort before.
_AFTER_SLASH = chr(ord("/") + 1)
#: Sorts after every key.
_LAST = chr(0x10FFFF)


def covers(prefix: str) -> Callable[[str], bool]:
    """A test for the keys that `prefix` covers."""
    if prefix == "" or prefix.endswith("/"):
        return lambda key: key.startswith(prefix)
    return lambda key: key == prefix


def bounds(prefix: str) -> tuple[str, str]:
    """The half-open range, in key order, of the keys that `prefix` covers."""
    if prefix == "":
        return "", _LAST
    if prefix.endswith("/"):
        return prefix, prefix[:-1] + _AFTER_SLASH
    return prefix, prefix + "\0"


def covering(key: str) -> Iterator[str]:
    """Every prefix that covers `key`, the shortest first."""
    yield ""
    slash = key.find("/")
    while slash >= 0:
        yield key[: slash + 1]
        slash = key.find("/", slash + 1)
    yield key

"""Header blocks of SPDY/3: names and values, compressed by zlib with the dictionary that the protocol fixes.

Source: SPDY Protocol - Draft 3.1, 2.6.10 (name/value header block).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

Headers = Mapping[str, str]

#: The most that a block may unfold to.
LIMIT = 256 * 1024

_WORDS = """
options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow
authorization cache-control connection content-base content-encoding content-language content-length content-location
content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match
if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range
referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get
status 200~OK version HTTP/1.1 url public set-cookie keep-alive origin
"""
_TEXT = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _counted(text: bytes) -> bytes:
    return struct.pack("!I", len(text)) + text


DICTIONARY = b"".join(_counted(word.replace("~", " ").encode()) for word in _WORDS.split()) + _TEXT.encode()


class HeaderError(ValueError):
    """A block that cannot be read; what follows it on the connection cannot be either."""


class Packer:
    """Writes the blocks of one direction of a connection, each on from the one before."""

    def __init__(self) -> None:
        self._zlib = zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, zlib.MAX_WBITS, zdict=DICTIONARY)

    def pack(self, headers: Headers) -> bytes:
        """Headers as a block; their names are sent in lower case."""
        parts = [struct.pack("!I", len(headers))]
        for name, value in headers.items():
            parts += (_counted(name.lower().encode()), _counted(value.encode()))
        return self._zlib.compress(b"".join(parts)) + self._zlib.flush(zlib.Z_SYNC_FLUSH)


class Unpacker:
    """Reads the blocks of one direction of a connection."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(zdict=DICTIONARY)

    def unpack(self, block: bytes) -> dict[str, str]:
        """Headers with their names in lower case; of one with several values the first. `HeaderError`."""
        try:
            text = self._zlib.decompress(block, LIMIT)
        except zlib.error as error:
            raise HeaderError(f"a header block cannot be unpacked: {error}") from None
        if self._zlib.unconsumed_tail:
            raise HeaderError(f"a header block is larger than {LIMIT} bytes")
        try:
            return _parsed(text)
        except (struct.error, UnicodeDecodeError) as error:
            raise HeaderError(f"a header block cannot be read: {error}") from None


def _parsed(text: bytes) -> dict[str, str]:
    (count,) = struct.unpack_from("!I", text)
    headers, at = {}, 4
    for _ in range(count):
        name, at = _text_at(text, at)
        value, at = _text_at(text, at)
        headers[name.lower()] = value.partition("\0")[0]
    return headers


def _text_at(text: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("!I", text, at)
    (value,) = struct.unpack_from(f"!{length}s", text, at + 4)
    return value.decode(), at + 4 + length

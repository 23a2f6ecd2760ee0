"""The links of an HTML page that comes through a proxy, led back through it, as apimachinery's `util/proxy` does."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from typing import TypeAlias

_Rewrite: TypeAlias = Callable[[str], str]

#: By the attribute: the tags in which it holds a URL.
_TAGS = {
    "href": "a area base link",
    "codebase": "applet",
    "src": "audio frame iframe img input script source video",
    "cite": "blockquote del ins q",
    "background": "body",
    "formaction": "button input",
    "icon": "command",
    "action": "form",
    "longdesc": "frame iframe img",
    "manifest": "html",
    "usemap": "img input object",
    "classid": "object",
    "data": "object",
    "poster": "video",
}
_ATTRIBUTES = frozenset((tag, attribute) for attribute, tags in _TAGS.items() for tag in tags.split())


def rewritten_page(body: bytes, encoding: str, rewrite: _Rewrite) -> bytes:
    """The page with its links rewritten; as it is when its encoding is not known or it cannot be read."""
    try:
        if encoding == "gzip":
            return gzip.compress(_rewritten(gzip.decompress(body), rewrite), mtime=0)
        if encoding == "deflate":
            packer = zlib.compressobj(zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
            page = _rewritten(zlib.decompress(body, -zlib.MAX_WBITS), rewrite)
            return packer.compress(page) + packer.flush()
    except (OSError, EOFError, zlib.error):
        return body
    return _rewritten(body, rewrite) if not encoding else body


def _rewritten(page: bytes, rewrite: _Rewrite) -> bytes:
    text = page.decode("utf-8", "surrogateescape")
    links = _Links(text, rewrite)
    links.feed(text)
    links.close()
    return links.text().encode("utf-8", "surrogateescape")


class _Links(HTMLParser):
    """Puts the tags that hold links together again; everything else stays as it is, byte for byte."""

    def __init__(self, text: str, rewrite: _Rewrite) -> None:
        super().__init__(convert_charrefs=False)
        self._text = text
        self._rewrite = rewrite
        self._lines = [0]
        for line in text.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self._parts: list[str] = []
        self._done = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag is put together anew if one of its links changes."""
        changed = [(name, self._changed(tag, name, value)) for name, value in attrs]
        raw = self.get_starttag_text() or ""
        if changed == attrs or not raw:
            return
        line, offset = self.getpos()
        start = self._lines[line - 1] + offset
        told = "".join(f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in changed)
        self._parts += [self._text[self._done : start], f"<{tag}{told}{'/' if raw.endswith('/>') else ''}>"]
        self._done = start + len(raw)

    def text(self) -> str:
        """The page."""
        return "".join([*self._parts, self._text[self._done :]])

    def _changed(self, tag: str, name: str, value: str | None) -> str | None:
        return self._rewrite(value) if value is not None and (tag, name) in _ATTRIBUTES else value

"""Reading a script's words: quotes, `$` expansions, here-documents. The parser puts them together.

Words are read into parts at once, so that no text is looked at twice. Errors are worded as busybox' ash does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fauxkube.workloads.shell.syntax import Arithmetic, Parameter, Part, Redirect, Script, Substitution, Text, Word

#: How deep expansions and commands may lie in each other.
DEEPEST = 50
#: How long a script may be, in characters.
LONGEST = 262_144

_META = frozenset(" \t\n;&|<>()")
_SPECIAL = frozenset("?$!#@*-")
_ESCAPED_IN_DOUBLE = frozenset('$`"\\')
#: Characters that mean themselves, whatever is around them.
_plain_run = re.compile(r"[A-Za-z0-9_./:,@%+-]+").match
_quoted_run = re.compile(r'[^"$`\\]+').match
#: Longest first.
_OPERATORS = (":-", ":=", ":?", ":+", "-", "=", "?", "+", "%%", "%", "##", "#", "//", "/", ":")


class ShellSyntaxError(Exception):
    """The script cannot be read; `incomplete` when more text might mend it."""

    def __init__(self, message: str, *, incomplete: bool = False) -> None:
        super().__init__(message)
        self.incomplete = incomplete


def unexpected_end(expecting: str = "") -> ShellSyntaxError:
    """The script ends too soon."""
    more = f' (expecting "{expecting}")' if expecting else ""
    return ShellSyntaxError(f"syntax error: unexpected end of file{more}", incomplete=True)


@dataclass(slots=True)
class PendingDocument:
    """A here-document whose body comes after the line; `set` takes the redirection with it."""

    fd: int
    delimiter: str
    quoted: bool
    strip_tabs: bool
    set: Callable[[Redirect], None]


class Scanner:
    """A script's text and how far it has been read."""

    def __init__(self, text: str, depth: int = 0) -> None:
        if depth > DEEPEST:
            raise ShellSyntaxError("syntax error: too deeply nested")
        if len(text) > LONGEST:
            raise ShellSyntaxError(f"fauxkube: a script has no more than {LONGEST} characters")
        self.text = text
        self.at = 0
        self.depth = depth
        self.documents: list[PendingDocument] = []

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.text)

    def looking_at(self, text: str) -> bool:
        """Whether this comes next."""
        return self.text.startswith(text, self.at)

    def take(self, text: str) -> bool:
        """Go on past this, if it comes next."""
        if self.looking_at(text):
            self.at += len(text)
            return True
        return False

    def blanks(self) -> None:
        """Go on to what is neither blank, comment, nor a line that goes on in the next."""
        while not self.is_over:
            if self.text[self.at] in " \t":
                self.at += 1
            elif self.looking_at("\\\n"):
                self.at += 2
            elif self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = end if end >= 0 else len(self.text)
            else:
                return

    def newline(self) -> bool:
        """Go on past the end of a line and the here-documents that follow it."""
        if not self.take("\n"):
            return False
        pending, self.documents = self.documents, []
        for document in pending:
            document.set(Redirect(document.fd, "<<", self._document(document)))
        return True

    def _document(self, document: PendingDocument) -> Word:
        lines: list[str] = []
        while not self.is_over:
            end = self.text.find("\n", self.at)
            line = self.text[self.at : end] if end >= 0 else self.text[self.at :]
            self.at = end + 1 if end >= 0 else len(self.text)
            line = line.lstrip("\t") if document.strip_tabs else line
            if line == document.delimiter:
                break
            lines.append(f"{line}\n")
        else:
            if document.delimiter:
                raise ShellSyntaxError("syntax error: unterminated here-document", incomplete=True)
        body = "".join(lines)
        if document.quoted:
            return Word((Text(body, quoted=True),))
        inner = type(self)(body, self.depth + 1)
        return Word(tuple(inner.parts_in_double(end="")))

    # Words

    def word(self, stop: frozenset[str] = _META) -> Word | None:
        """The word that comes next; None when there is none."""
        parts: list[Part] = []
        begun = False
        while not self.is_over and self.text[self.at] not in stop:
            # A here-document within it moves the place.
            begun = True
            self._part(parts)
        return Word(tuple(parts)) if begun else None

    def _part(self, parts: list[Part]) -> None:
        char = self.text[self.at]
        if char == "'":
            end = self.text.find("'", self.at + 1)
            if end < 0:
                raise ShellSyntaxError("syntax error: unterminated quoted string", incomplete=True)
            parts.append(Text(self.text[self.at + 1 : end], quoted=True))
            self.at = end + 1
        elif char == '"':
            self.at += 1
            inner = self.parts_in_double(end='"')
            parts.extend(inner or [Text("", quoted=True)])
        elif char == "\\":
            if not self.take("\\\n"):
                parts.append(Text(self.text[self.at + 1 : self.at + 2] or "\\", quoted=True))
                self.at += 2
        elif char in "$`":
            parts.append(self._expansion(quoted=False))
        else:
            run = _plain_run(self.text, self.at)
            text = run[0] if run is not None else char
            self.at += len(text)
            if parts and isinstance(last := parts[-1], Text) and not last.quoted:
                parts[-1] = Text(last.text + text)
            else:
                parts.append(Text(text))

    def parts_in_double(self, end: str) -> list[Part]:
        """The parts up to a double quote, or to the end of the text."""
        parts: list[Part] = []
        plain: list[str] = []
        while not (end and self.looking_at(end)):
            if self.is_over:
                if end:
                    raise ShellSyntaxError("syntax error: unterminated quoted string", incomplete=True)
                break
            char = self.text[self.at]
            following = self.text[self.at + 1 : self.at + 2]
            if char == "\\" and following == "\n":
                self.at += 2
            elif char == "\\" and following and following in _ESCAPED_IN_DOUBLE and (end or following != '"'):
                plain.append(following)
                self.at += 2
            elif char in "$`":
                if plain:
                    parts.append(Text("".join(plain), quoted=True))
                    plain.clear()
                parts.append(self._expansion(quoted=True))
            else:
                run = _quoted_run(self.text, self.at)
                plain.append(run[0] if run is not None and end else char)
                self.at += len(plain[-1])
        if plain:
            parts.append(Text("".join(plain), quoted=True))
        self.at += len(end)
        return parts

    # Expansions

    def _expansion(self, *, quoted: bool) -> Part:
        if self.take("`"):
            return Substitution(self._backquoted(quoted=quoted), quoted)
        self.at += 1
        if self.take("(("):
            return self._arithmetic(quoted=quoted)
        if self.take("("):
            return Substitution(self._commands(), quoted)
        if self.take("{"):
            return self._braced(quoted=quoted)
        name = self.name() or self._special()
        return Parameter(name, quoted=quoted) if name else Text("$", quoted)

    def name(self) -> str:
        """The name that comes next; empty when there is none."""
        end = self.at
        while end < len(self.text) and (
            self.text[end] == "_" or (self.text[end].isascii() and self.text[end].isalnum())
        ):
            end += 1
        found = self.text[self.at : end]
        if not found or found[0].isdigit():
            return ""
        self.at = end
        return found

    def _special(self, *, several_digits: bool = False) -> str:
        end = self.at
        while end < len(self.text) and self.text[end] in "0123456789" and (several_digits or end == self.at):
            end += 1
        if end == self.at and not self.is_over and self.text[end] in _SPECIAL:
            end += 1
        found, self.at = self.text[self.at : end], end
        return found

    def _braced(self, *, quoted: bool) -> Parameter:
        if self.take("#"):
            if self.take("}"):
                return Parameter("#", quoted=quoted)
            name = self.name() or self._special(several_digits=True)
            if name and self.take("}"):
                return Parameter(name, "#len", quoted=quoted)
            raise ShellSyntaxError("syntax error: bad substitution")
        name = self.name() or self._special(several_digits=True)
        if self.is_over:
            raise ShellSyntaxError('syntax error: unterminated "${"', incomplete=True)
        if self.take("}") and name:
            return Parameter(name, quoted=quoted)
        operator = next((each for each in _OPERATORS if self.take(each)), "")
        if not name or not operator:
            raise ShellSyntaxError("syntax error: bad substitution")
        word = self._until_brace(quoted=quoted)
        return Parameter(name, operator, word, quoted)

    def _until_brace(self, *, quoted: bool) -> Word:
        parts: list[Part] = []
        while not self.looking_at("}"):
            if self.is_over:
                raise ShellSyntaxError('syntax error: unterminated "${"', incomplete=True)
            if quoted and self.text[self.at] == "'":
                parts.append(Text("'", quoted=True))
                self.at += 1
            else:
                self._part(parts)
        self.at += 1
        return Word(tuple(parts))

    def _arithmetic(self, *, quoted: bool) -> Arithmetic:
        level, end = 0, self.at
        while end < len(self.text):
            if level == 0 and self.text.startswith("))", end):
                inner = type(self)(self.text[self.at : end], self.depth + 1)
                self.at = end + 2
                return Arithmetic(Word(tuple(inner.parts_in_double(end=""))), quoted)
            level += {"(": 1, ")": -1}.get(self.text[end], 0)
            end += 1
        raise ShellSyntaxError("syntax error: unterminated '(('", incomplete=True)

    def _backquoted(self, *, quoted: bool) -> Script:
        chars: list[str] = []
        escaped = {"`", "$", "\\", '"'} if quoted else {"`", "$", "\\"}
        while not self.take("`"):
            if self.is_over:
                raise ShellSyntaxError("syntax error: EOF in backquote substitution", incomplete=True)
            if self.text[self.at] == "\\" and self.text[self.at + 1 : self.at + 2] in escaped:
                self.at += 1
            chars.append(self.text[self.at])
            self.at += 1
        return self.parse_inner("".join(chars))

    def _commands(self) -> Script:
        raise NotImplementedError

    def parse_inner(self, text: str) -> Script:
        """A script within this one."""
        raise NotImplementedError

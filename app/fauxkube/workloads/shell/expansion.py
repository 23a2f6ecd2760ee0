"""Words, expanded (POSIX 2.6): parameters, command substitution, arithmetic, field splitting, paths, quotes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from fauxkube.workloads.lines import taking_turns
from fauxkube.workloads.shell import patterns
from fauxkube.workloads.shell.arithmetic import ExpressionError, evaluate
from fauxkube.workloads.shell.state import ShellError, State
from fauxkube.workloads.shell.syntax import Arithmetic, Parameter, Part, Script, Substitution, Text, Word

#: What one word may become, in characters.
WORD_LIMIT = 4 * 1024 * 1024

_substring = re.compile(r"\s*([^:]+?)\s*(?::\s*([^:]+?)\s*)?").fullmatch


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a word, expanded: `splits` when it is split into fields; `breaks`: a new field begins after it."""

    text: str
    quoted: bool = False
    splits: bool = False
    breaks: bool = False


class Expander:
    """Expands words for one shell; `substitute` runs commands and gives what they print."""

    def __init__(self, state: State, substitute: Callable[[Script], Awaitable[str]]) -> None:
        self._state = state
        self._substitute = substitute

    async def fields(self, words: Iterable[Word]) -> list[str]:
        """The arguments that words become."""
        found: list[str] = []
        for word in words:
            fields = _split(await self._pieces(word), self._state.variables.get("IFS", " \t\n"))
            async for field in taking_turns(self._state.process, fields):
                found.extend(self._paths(field))
        return found

    async def text(self, word: Word) -> str:
        """What a word becomes where it stays one: in assignments, after `case`, as the target of redirections."""
        return _checked("".join(piece.text for piece in _joined(await self._pieces(word))))

    async def pattern(self, word: Word) -> list[tuple[str, bool]]:
        """A word as a pattern."""
        return [(char, piece.quoted) for piece in _joined(await self._pieces(word)) for char in piece.text]

    def _paths(self, field: list[Piece]) -> list[str]:
        text = _checked("".join(piece.text for piece in field))
        if not any(not piece.quoted and any(char in piece.text for char in "*?[") for piece in field):
            return [text]
        if "f" in self._state.options:
            return [text]
        marked = [(char, piece.quoted) for piece in field for char in piece.text]
        return patterns.paths(marked, self._state.process.files, self._state.folder) or [text]

    async def _pieces(self, word: Word) -> list[Piece]:
        pieces: list[Piece] = []
        for index, part in enumerate(word.parts):
            if index == 0 and isinstance(part, Text) and not part.quoted and part.text.startswith("~"):
                part = Text(self._home(part.text))  # noqa: PLW2901
            pieces.extend(await self._part(part))
        return pieces

    def _home(self, text: str) -> str:
        head, slash, rest = text.partition("/")
        home = self._state.variables.get("HOME") if head == "~" else None
        return f"{home}{slash}{rest}" if home is not None else text

    async def _part(self, part: Part) -> list[Piece]:
        if isinstance(part, Text):
            return [Piece(part.text, part.quoted)]
        if isinstance(part, Substitution):
            return [Piece(await self._substitute(part.body), part.quoted, splits=not part.quoted)]
        if isinstance(part, Arithmetic):
            return [Piece(await self._number(part.word), part.quoted, splits=not part.quoted)]
        return await self._parameter(part)

    async def _number(self, word: Word) -> str:
        try:
            return str(evaluate(await self.text(word), self._state.variables))
        except ExpressionError as error:
            raise ShellError(str(error)) from None

    async def _parameter(self, part: Parameter) -> list[Piece]:
        if part.name in {"@", "*"} and not part.operator:
            return self._all(part)
        value = self._value(part.name)
        operator = part.operator
        if operator == "#len":
            count = len(self._state.positional) if part.name in {"@", "*"} else len(value or "")
            return [Piece(str(count), part.quoted)]
        if operator.lstrip(":") in {"-", "=", "?", "+"} and operator:
            return await self._default(part, value)
        if value is None and "u" in self._state.options and part.name not in {"@", "*", "!"}:
            raise ShellError(f"{part.name}: parameter not set")
        text = value or ""
        if operator:
            text = await self._changed(part, text)
        return [Piece(text, part.quoted, splits=not part.quoted)]

    def _value(self, name: str) -> str | None:
        if name in {"@", "*"}:
            return " ".join(self._state.positional) if self._state.positional else None
        return self._state.value(name)

    def _all(self, part: Parameter) -> list[Piece]:
        """`$@` and `$*`: the positional parameters."""
        values = self._state.positional
        if part.quoted and part.name == "*":
            between = self._state.variables.get("IFS", " ")[:1]
            return [Piece(between.join(values), quoted=True)]
        last = len(values) - 1
        return [
            Piece(value, part.quoted, splits=not part.quoted, breaks=index < last) for index, value in enumerate(values)
        ]

    async def _default(self, part: Parameter, value: str | None) -> list[Piece]:
        """`-`, `=`, `?`, `+`; with a colon an empty value counts as none."""
        kind = part.operator[-1]
        is_there = value is not None and (value != "" or not part.operator.startswith(":"))
        word = part.word or Word()
        if kind == "+":
            return await self._word_of(word, part) if is_there else [Piece("", part.quoted, splits=not part.quoted)]
        if is_there:
            return self._all(part) if part.name in {"@", "*"} else [Piece(value or "", part.quoted, not part.quoted)]
        if kind == "?":
            default = "parameter null or not set" if part.operator == ":?" else "parameter not set"
            raise ShellError(f"{part.name}: {await self.text(word) or default}")
        if kind == "=":
            text = await self.text(word)
            self._state.set(part.name, text)
            return [Piece(text, part.quoted, splits=not part.quoted)]
        return await self._word_of(word, part)

    async def _word_of(self, word: Word, part: Parameter) -> list[Piece]:
        pieces = await self._pieces(word)
        if part.quoted:
            return [Piece("".join(piece.text for piece in pieces), quoted=True)]
        return [piece if piece.quoted else Piece(piece.text, splits=True, breaks=piece.breaks) for piece in pieces]

    async def _changed(self, part: Parameter, text: str) -> str:
        word = part.word or Word()
        if part.operator in {"#", "##", "%", "%%"}:
            return patterns.trimmed(await self.pattern(word), text, part.operator)
        if part.operator in {"/", "//"}:
            return await self._replaced(word, text, every=part.operator == "//")
        return self._substring(await self.text(word), text)

    async def _replaced(self, word: Word, text: str, *, every: bool) -> str:
        marked = await self.pattern(word)
        slash = next((at for at, (char, quoted) in enumerate(marked) if char == "/" and not quoted), len(marked))
        by = "".join(char for char, _ in marked[slash + 1 :])
        return patterns.replaced(marked[:slash], text, by, every=every)

    def _substring(self, where: str, text: str) -> str:
        found = _substring(where)
        if found is None:
            raise ShellError("bad substitution")
        try:
            start = evaluate(found[1], self._state.variables)
            length = evaluate(found[2], self._state.variables) if found[2] else len(text)
        except ExpressionError as error:
            raise ShellError(str(error)) from None
        start = max(0, start + len(text)) if start < 0 else start
        return text[start : start + length if length >= 0 else len(text) + length]


def _joined(pieces: list[Piece]) -> list[Piece]:
    """The pieces of what stays one word: positional parameters with a space between them."""
    return [each for piece in pieces for each in ((piece, Piece(" ", quoted=True)) if piece.breaks else (piece,))]


def _split(pieces: list[Piece], separators: str) -> Iterator[list[Piece]]:
    """The fields: what comes out of expansions is split at `IFS`, of which blanks count together."""
    current: list[Piece] | None = None
    blank = "".join(char for char in separators if char in " \t\n")
    other = "".join(char for char in separators if char not in " \t\n")
    pattern = _delimiter(blank, other)
    for piece in pieces:
        if not piece.splits or pattern is None:
            if piece.text or piece.quoted:
                current = [*(current or []), piece]
        else:
            at = 0
            for match in pattern.finditer(piece.text):
                if match.start() > at:
                    current = [*(current or []), Piece(piece.text[at : match.start()])]
                if current is not None or any(char in other for char in match[0]):
                    yield current or []
                current, at = None, match.end()
            if at < len(piece.text):
                current = [*(current or []), Piece(piece.text[at:])]
        if piece.breaks and (current is not None or piece.quoted):
            yield current or []
            current = None
    if current is not None:
        yield current


def _delimiter(blank: str, other: str) -> re.Pattern[str] | None:
    blanks = f"[{re.escape(blank)}]" if blank else "(?!)"
    if not other:
        return re.compile(f"{blanks}+") if blank else None
    return re.compile(f"{blanks}*[{re.escape(other)}]{blanks}*|{blanks}+")


def _checked(text: str) -> str:
    if len(text) > WORD_LIMIT:
        raise ShellError("argument list too long")
    return text

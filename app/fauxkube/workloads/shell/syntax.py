"""What a script is made of, once it is parsed (POSIX 2.10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

# Words


@dataclass(frozen=True, slots=True)
class Text:
    """Characters as they are; quoted ones are neither split nor matched against files."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name` or `${name<operator>word}`; `#` alone as the operator asks for the length."""

    name: str
    operator: str = ""
    word: Word | None = None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(...)`: what the commands print."""

    body: Script
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`$((...))`."""

    word: Word
    quoted: bool = False


Part: TypeAlias = Text | Parameter | Substitution | Arithmetic


@dataclass(frozen=True, slots=True)
class Word:
    """Parts that stand next to each other."""

    parts: tuple[Part, ...] = ()

    @property
    def literal(self) -> str | None:
        """The text of a word without quotes and expansions, which a reserved word has to be; None for another."""
        if all(isinstance(part, Text) and not part.quoted for part in self.parts):
            return "".join(part.text for part in self.parts if isinstance(part, Text))
        return None


# Commands


@dataclass(frozen=True, slots=True)
class Redirect:
    """`fd operator target`; for `<<` the target is what the here-document holds."""

    fd: int
    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Assignment:
    """`name=word`."""

    name: str
    word: Word


@dataclass(frozen=True, slots=True)
class Simple:
    """A program or function with its arguments."""

    assignments: tuple[Assignment, ...] = ()
    words: tuple[Word, ...] = ()
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """`{ ...; }`, or `( ... )` in a shell of its own."""

    body: Script
    subshell: bool = False


@dataclass(frozen=True, slots=True)
class If:
    """Conditions with what follows them, and what is left."""

    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script | None = None


@dataclass(frozen=True, slots=True)
class While:
    """`while`, or `until` when `negated`."""

    condition: Script
    body: Script
    negated: bool = False


@dataclass(frozen=True, slots=True)
class For:
    """`for name in words`; without `in`, over the positional parameters."""

    name: str
    words: tuple[Word, ...] | None
    body: Script


@dataclass(frozen=True, slots=True)
class Case:
    """`case word in`: patterns with what follows them."""

    word: Word
    branches: tuple[tuple[tuple[Word, ...], Script], ...]


@dataclass(frozen=True, slots=True)
class Function:
    """`name() body`."""

    name: str
    body: Command


@dataclass(frozen=True, slots=True)
class Redirected:
    """A compound command with redirections."""

    command: Command
    redirects: tuple[Redirect, ...]


Command: TypeAlias = Simple | Group | If | While | For | Case | Function | Redirected


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each reading what the one before prints; `negated` by `!`, timed by `time`."""

    commands: tuple[Command, ...]
    negated: bool = False
    timed: bool = False


@dataclass(frozen=True, slots=True)
class AndOr:
    """A pipeline, and further ones with the operator (`&&`, `||`) that leads to each."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """What is run one after the other."""

    lists: tuple[AndOr, ...] = ()

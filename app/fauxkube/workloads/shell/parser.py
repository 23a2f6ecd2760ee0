"""Scripts, parsed (POSIX 2.10), with what people use of ash and bash beside it: `function`, `[[ ]]` and `&` are not.

`parse` gives the whole of a script, or says what is wrong with it before anything of it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fauxkube.workloads.shell.scanner import DEEPEST, PendingDocument, Scanner, ShellSyntaxError, unexpected_end
from fauxkube.workloads.shell.syntax import (
    AndOr,
    Assignment,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Pipeline,
    Redirect,
    Redirected,
    Script,
    Simple,
    Text,
    While,
    Word,
)

_REDIRECTS = (">>", ">&", ">|", ">", "<<-", "<<", "<&", "<>", "<")
#: The reserved words that end the commands before them.
_CLOSING = frozenset({"then", "else", "elif", "fi", "do", "done", "esac", "}"})
_plain_word = re.compile(r"[^\s;&|<>()'\"\\$`]+(?=[\s;&|<>()]|\Z)").match
_NO_BACKGROUND = "fauxkube runs nothing in the background: leave '&' out"


def parse(text: str) -> Script:
    """The script; ShellSyntaxError when it is none."""
    parser = Parser(text)
    script = parser.script()
    if not parser.is_over:
        raise parser.unexpected()
    return script


class Parser(Scanner):
    """Reads commands; each method leaves off behind what it has read."""

    def script(self, *ends: str) -> Script:
        """Commands up to one of these words or operators, which is not read over, or to the end of the text."""
        lists: list[AndOr] = []
        while True:
            self._lines()
            if self.is_over or self._closes(ends):
                return Script(tuple(lists))
            lists.append(self._and_or())
            self.blanks()
            if self.looking_at("&"):
                raise ShellSyntaxError(_NO_BACKGROUND)
            if self.looking_at(";;"):
                continue
            if not (self.take(";") or self.looking_at("\n") or self.is_over or self._closes(ends)):
                raise self.unexpected()

    def unexpected(self) -> ShellSyntaxError:
        """What comes next does not belong here."""
        self.blanks()
        if self.is_over:
            return unexpected_end()
        if self.looking_at("\n"):
            return ShellSyntaxError("syntax error: unexpected newline")
        found = next((each for each in ("&&", "||", ";;", *_REDIRECTS) if self.looking_at(each)), "")
        found = found or self._peek_word() or self.text[self.at]
        return ShellSyntaxError(f'syntax error: unexpected "{found}"')

    def _lines(self) -> None:
        self.blanks()
        while self.newline():
            self.blanks()

    def _closes(self, ends: tuple[str, ...]) -> bool:
        if any(self.looking_at(end) for end in ends if not end.isalpha() and end != "}"):
            return True
        word = self._peek_word()
        if word in ends:
            return True
        if word in _CLOSING:
            raise self.unexpected()
        return False

    def _peek_word(self) -> str:
        """The text of the word that comes next, if it has neither quotes nor expansions."""
        found = _plain_word(self.text, self.at)
        return found[0] if found is not None else ""

    def _expect(self, word: str) -> None:
        self._lines()
        if self.is_over:
            raise unexpected_end(word)
        if self._peek_word() != word:
            raise self.unexpected()
        self.at += len(word)

    # Lists and pipelines

    def _and_or(self) -> AndOr:
        first = self._pipeline()
        rest: list[tuple[str, Pipeline]] = []
        while True:
            self.blanks()
            operator = next((each for each in ("&&", "||") if self.take(each)), "")
            if not operator:
                return AndOr(first, tuple(rest))
            self._lines()
            rest.append((operator, self._pipeline()))

    def _pipeline(self) -> Pipeline:
        negated = timed = False
        self.blanks()
        while (word := self._peek_word()) in {"!", "time"}:
            self.at += len(word)
            self.blanks()
            negated, timed = negated != (word == "!"), timed or word == "time"
        commands = [self._command()]
        while True:
            self.blanks()
            if self.looking_at("||") or not self.take("|"):
                return Pipeline(tuple(commands), negated, timed)
            self._lines()
            commands.append(self._command())

    # Commands

    def _command(self) -> Command:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ShellSyntaxError("syntax error: too deeply nested")
        try:
            return self._any_command()
        finally:
            self.depth -= 1

    def _any_command(self) -> Command:
        self.blanks()
        if self.is_over:
            raise unexpected_end()
        if self.looking_at("(("):
            raise ShellSyntaxError("syntax error: fauxkube's shell knows no (( ))")
        if self.take("("):
            return self._redirected(self._group(")", subshell=True))
        compound: dict[str, Callable[[], Command]] = {
            "{": lambda: self._group("}", subshell=False),
            "if": self._if,
            "while": lambda: self._while(negated=False),
            "until": lambda: self._while(negated=True),
            "for": self._for,
            "case": self._case,
        }
        word = self._peek_word()
        if word in {"[[", "function", "select"}:
            raise ShellSyntaxError(f"syntax error: fauxkube's shell knows no {word}")
        if word in compound:
            self.at += len(word)
            return self._redirected(compound[word]())
        if word in _CLOSING:
            raise self.unexpected()
        return self._simple()

    def _group(self, end: str, *, subshell: bool) -> Group:
        body = self.script(end)
        if self.is_over:
            raise unexpected_end(end)
        self.at += len(end)
        if not body.lists:
            raise ShellSyntaxError(f'syntax error: unexpected "{end}"')
        return Group(body, subshell)

    def _if(self) -> If:
        branches: list[tuple[Script, Script]] = []
        while True:
            condition = self._body("then")
            self._expect("then")
            body = self._body("elif", "else", "fi")
            branches.append((condition, body))
            word = self._peek_word()
            self.at += len(word)
            if word == "elif":
                continue
            otherwise = self._body("fi") if word == "else" else None
            if word == "else":
                self._expect("fi")
            elif word != "fi":
                raise unexpected_end("fi")
            return If(tuple(branches), otherwise)

    def _body(self, *ends: str) -> Script:
        """Commands, at least one, up to a reserved word."""
        found = self.script(*ends)
        if self.is_over:
            raise unexpected_end(ends[-1])
        if not found.lists:
            raise self.unexpected()
        return found

    def _while(self, *, negated: bool) -> While:
        condition = self._body("do")
        return While(condition, self._do(), negated)

    def _do(self) -> Script:
        self._expect("do")
        body = self._body("done")
        self._expect("done")
        return body

    def _for(self) -> For:
        self.blanks()
        name = self.name()
        if not name:
            raise ShellSyntaxError("syntax error: bad for loop variable")
        words: tuple[Word, ...] | None = None
        self._lines()
        if self._peek_word() == "in":
            self.at += 2
            words = tuple(self._words())
        self.blanks()
        self.take(";")
        return For(name, words, self._do())

    def _words(self) -> list[Word]:
        words: list[Word] = []
        while True:
            self.blanks()
            word = self.word()
            if word is None:
                return words
            words.append(word)

    def _case(self) -> Case:
        self.blanks()
        word = self.word()
        if word is None:
            raise self.unexpected()
        self._expect("in")
        branches: list[tuple[tuple[Word, ...], Script]] = []
        while True:
            self._lines()
            if self.is_over:
                raise unexpected_end("esac")
            if self._peek_word() == "esac":
                self.at += 4
                return Case(word, tuple(branches))
            branches.append(self._branch())

    def _branch(self) -> tuple[tuple[Word, ...], Script]:
        self.take("(")
        patterns: list[Word] = []
        while True:
            self.blanks()
            pattern = self.word()
            if pattern is None:
                raise self.unexpected()
            patterns.append(pattern)
            self.blanks()
            if self.take(")"):
                break
            if not self.take("|"):
                raise self.unexpected()
        body = self.script(";;", "esac")
        self.take(";;")
        return tuple(patterns), body

    # Simple commands

    def _simple(self) -> Command:
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirects: list[Redirect | None] = []
        while True:
            self.blanks()
            if self._redirect(redirects):
                continue
            if not words and (assignment := self._assignment()) is not None:
                assignments.append(assignment)
                continue
            word = self.word()
            if word is None:
                break
            words.append(word)
            if len(words) == 1 and not assignments and (function := self._function(word)) is not None:
                return function
        if not (assignments or words or redirects):
            raise self.unexpected()
        self._finish_documents(redirects)
        return Simple(tuple(assignments), tuple(words), tuple(each for each in redirects if each is not None))

    def _assignment(self) -> Assignment | None:
        before = self.at
        name = self.name()
        if not name or not self.take("="):
            self.at = before
            return None
        return Assignment(name, self.word() or Word((Text("", quoted=True),)))

    def _function(self, word: Word) -> Function | None:
        name = word.literal or ""
        before = self.at
        self.blanks()
        if not self.take("("):
            self.at = before
            return None
        self.blanks()
        if self.is_over:
            raise unexpected_end(")")
        if not self.take(")") or not name:
            raise self.unexpected()
        self._lines()
        return Function(name, self._command())

    # Redirections

    def _redirected(self, command: Command) -> Command:
        redirects: list[Redirect | None] = []
        self.blanks()
        while self._redirect(redirects):
            self.blanks()
        if not redirects:
            return command
        self._finish_documents(redirects)
        return Redirected(command, tuple(each for each in redirects if each is not None))

    def _redirect(self, redirects: list[Redirect | None]) -> bool:
        """Read a redirection if one comes next; that of a here-document is None until its body is read."""
        before = self.at
        digits = ""
        while not self.is_over and self.text[self.at].isdigit():
            digits += self.text[self.at]
            self.at += 1
        both = not digits and self.take("&>")
        operator = ">" if both else next((each for each in _REDIRECTS if self.take(each)), "")
        if not operator:
            self.at = before
            return False
        fd = int(digits) if digits else (0 if operator.startswith("<") else 1)
        self.blanks()
        word = self.word()
        if word is None:
            raise self.unexpected()
        if operator.startswith("<<"):
            self._here_document(redirects, fd, word, strip_tabs=operator == "<<-")
            return True
        redirects.append(Redirect(fd, ">" if operator == ">|" else operator, word))
        if both:
            redirects.append(Redirect(2, ">&", Word((Text("1"),))))
        return True

    def _here_document(self, redirects: list[Redirect | None], fd: int, word: Word, *, strip_tabs: bool) -> None:
        index = len(redirects)
        redirects.append(None)
        delimiter = "".join(part.text for part in word.parts if isinstance(part, Text))
        quoted = word.literal is None

        def put(redirect: Redirect) -> None:
            redirects[index] = redirect

        self.documents.append(PendingDocument(fd, delimiter, quoted, strip_tabs, put))

    def _finish_documents(self, redirects: list[Redirect | None]) -> None:
        """Read the bodies that the redirections wait for, which begin on the next line."""
        if None not in redirects:
            return
        end = self.text.find("\n", self.at)
        if end < 0:
            raise ShellSyntaxError("syntax error: unterminated here-document", incomplete=True)
        rest = self.text[self.at : end]
        self.at = end
        self.newline()
        # What is left of the line comes after the document.
        self.text = f"{rest}\n{self.text[self.at :]}"
        self.at = 0

    # Scripts within words

    def _commands(self) -> Script:
        inner = Parser(self.text, self.depth + 1)
        inner.at = self.at
        body = inner.script(")")
        if inner.is_over:
            raise unexpected_end(")")
        self.text = inner.text
        self.at = inner.at + 1
        return body

    def parse_inner(self, text: str) -> Script:
        inner = Parser(text, self.depth + 1)
        script = inner.script()
        if not inner.is_over:
            raise inner.unexpected()
        return script

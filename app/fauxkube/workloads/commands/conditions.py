"""`test` and `[`: what holds of files, texts and numbers (POSIX); `expr`: numbers, texts and comparisons."""

from __future__ import annotations

import re

from fauxkube.workloads.expressions import BadExpressionError, compiled
from fauxkube.workloads.files.filesystem import may
from fauxkube.workloads.files.nodes import Device, File, Folder, Link, Live
from fauxkube.workloads.process import Process, UsageError

_COMPARED = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"}
_ON_TWO = {"=", "==", "!=", "<", ">", "-nt", "-ot", "-ef", *_COMPARED}
_ON_ONE = {
    "-e",
    "-f",
    "-d",
    "-r",
    "-w",
    "-x",
    "-s",
    "-L",
    "-h",
    "-n",
    "-z",
    "-t",
    "-b",
    "-c",
    "-p",
    "-S",
    "-g",
    "-u",
    "-k",
}
_DEEPEST = 50


def holds(words: list[str], process: Process) -> bool:
    """Whether the expression holds; UsageError when it is none."""
    if not words:
        return False
    expression = _Expression(words, process)
    value = expression.either()
    if expression.rest:
        raise UsageError(f"{expression.rest[0]}: unknown operand", 2)
    return value


class _Expression:
    """The words that are left."""

    def __init__(self, words: list[str], process: Process) -> None:
        self.rest = list(words)
        self._process = process
        self._depth = 0

    def either(self) -> bool:
        value = self._both()
        while self._take("-o"):
            value = self._both() or value
        return value

    def _both(self) -> bool:
        value = self._single()
        while self._take("-a"):
            value = self._single() and value
        return value

    def _take(self, word: str) -> bool:
        if self.rest and self.rest[0] == word:
            self.rest.pop(0)
            return True
        return False

    def _single(self) -> bool:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UsageError("too many levels", 2)
        if len(self.rest) >= 3 and self.rest[1] in _ON_TWO:
            left, operator, right = self.rest[:3]
            del self.rest[:3]
            return self._two(left, operator, right)
        if self.rest and self.rest[0] == "!" and len(self.rest) > 1:
            self.rest.pop(0)
            return not self._single()
        if self.rest and self.rest[0] == "(" and len(self.rest) > 1:
            self.rest.pop(0)
            value = self.either()
            if not self._take(")"):
                raise UsageError("closing paren expected", 2)
            return value
        if len(self.rest) >= 2 and self.rest[0] in _ON_ONE:
            operator, word = self.rest[:2]
            del self.rest[:2]
            return self._one(operator, word)
        if not self.rest:
            raise UsageError("argument expected", 2)
        return self.rest.pop(0) != ""

    def _two(self, left: str, operator: str, right: str) -> bool:
        if operator in _COMPARED:
            difference = _number(left) - _number(right)
            return {
                "-eq": difference == 0,
                "-ne": difference != 0,
                "-lt": difference < 0,
                "-le": difference <= 0,
                "-gt": difference > 0,
                "-ge": difference >= 0,
            }[operator]
        if operator in {"-nt", "-ot", "-ef"}:
            return self._files(left, operator, right)
        return {"=": left == right, "==": left == right, "!=": left != right, "<": left < right, ">": left > right}[
            operator
        ]

    def _files(self, left: str, operator: str, right: str) -> bool:
        files = self._process.files
        first, second = files.find(self._process.path(left)), files.find(self._process.path(right))
        if first is None or second is None:
            return operator != "-ef" and (first if operator == "-nt" else second) is not None
        if operator == "-ef":
            return first is second
        return first.modified > second.modified if operator == "-nt" else first.modified < second.modified

    def _one(self, operator: str, word: str) -> bool:
        if operator in {"-n", "-z"}:
            return bool(word) == (operator == "-n")
        if operator == "-t":
            return self._process.tty
        process = self._process
        node = process.files.find(process.path(word), follow=operator not in {"-L", "-h"})
        if node is None:
            return False
        if operator in {"-r", "-w", "-x"}:
            return may(node, process.container.user.owner, {"-r": 4, "-w": 2, "-x": 1}[operator])
        if operator == "-s":
            return isinstance(node, Folder) or (isinstance(node, File | Live) and bool(node.content))
        kinds: dict[str, tuple[type, ...]] = {
            "-f": (File, Live),
            "-d": (Folder,),
            "-L": (Link,),
            "-h": (Link,),
            "-c": (Device,),
        }
        return operator == "-e" or isinstance(node, kinds.get(operator, ()))


def expression(words: list[str]) -> str:
    """What `expr` prints: two values and an operator between them, from left to right, or one value."""
    if not words:
        raise UsageError("usage: expr EXPRESSION", 2)
    if words[0] == "length" and len(words) == 2:
        return str(len(words[1]))
    value, *rest = words
    while rest:
        if len(rest) < 2:
            raise UsageError("syntax error", 2)
        operator, other, rest = rest[0], rest[1], rest[2:]
        value = _worked_out(value, operator, other)
    return value


def _worked_out(left: str, operator: str, right: str) -> str:
    if operator == ":":
        try:
            match = compiled(right.replace(r"\(", "(").replace(r"\)", ")")).match(left)
        except BadExpressionError:
            raise UsageError("bad regex", 2) from None
        return (match[1] if match.groups() else str(len(match[0]))) if match else "0"
    if operator in {"=", "!="}:
        return str(int((left == right) == (operator == "=")))
    if operator in {"|", "&"}:
        is_there = left not in {"", "0"}
        return (
            (left if is_there else right) if operator == "|" else left if is_there and right not in {"", "0"} else "0"
        )
    first, second = _number(left), _number(right)
    if operator in {"/", "%"}:
        if second == 0:
            raise UsageError("division by zero", 2)
        quotient = abs(first) // abs(second) * (1 if (first < 0) == (second < 0) else -1)
        return str(quotient if operator == "/" else first - second * quotient)
    results = {"+": first + second, "-": first - second, "*": first * second}
    compared = {"<": first < second, "<=": first <= second, ">": first > second, ">=": first >= second}
    if operator in results:
        return str(results[operator])
    if operator in compared:
        return str(int(compared[operator]))
    raise UsageError("syntax error", 2)


def _number(text: str) -> int:
    if not re.fullmatch(r"\s*[-+]?[0-9]{1,18}\s*", text):
        raise UsageError(f"{text}: bad number", 2)
    return int(text)

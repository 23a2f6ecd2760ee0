"""`$((...))`: whole numbers of 64 bits, C's operators, variables by their names (POSIX 2.6.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping

_tokens = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|[0-9]+)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<operator>\+\+|--|<<=|>>=|\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%<>=!~&|^?:(),]))"
)
_ASSIGNING = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})
#: The binary operators from the loosest to the tightest.
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", "<=", ">", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_MOST_TOKENS = 1000
_DEEPEST = 40


class ExpressionError(Exception):
    """The expression cannot be worked out; the message is ash's."""


def evaluate(text: str, variables: MutableMapping[str, str]) -> int:
    """The value; assignments are made in `variables`."""
    if not text.strip():
        return 0
    expression = _Expression(_split(text), variables)
    value = expression.comma()
    if expression.tokens:
        raise ExpressionError("arithmetic syntax error")
    return value


def _split(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _tokens.match(text, at)
        if match is None or len(tokens) > _MOST_TOKENS:
            raise ExpressionError("arithmetic syntax error")
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        at = match.end()
    return tokens


class _Expression:
    """The tokens that are left, and the variables."""

    def __init__(self, tokens: list[tuple[str, str]], variables: MutableMapping[str, str]) -> None:
        self.tokens = tokens
        self._variables = variables
        self._depth = 0

    def comma(self) -> int:
        value = self._assignment()
        while self._take(","):
            value = self._assignment()
        return value

    def _peek(self) -> str:
        return self.tokens[0][1] if self.tokens and self.tokens[0][0] == "operator" else ""

    def _take(self, *operators: str) -> str:
        found = self._peek()
        if found and found in operators:
            self.tokens.pop(0)
            return found
        return ""

    def _assignment(self) -> int:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError("expression recursion loop detected")
        try:
            if len(self.tokens) > 1 and self.tokens[0][0] == "name" and self.tokens[1][1] in _ASSIGNING:
                name, operator = self.tokens[0][1], self.tokens[1][1]
                del self.tokens[:2]
                value = self._assignment()
                if operator != "=":
                    value = _binary(operator[:-1], self._variable(name), value)
                self._variables[name] = str(value)
                return value
            return self._conditional()
        finally:
            self._depth -= 1

    def _conditional(self) -> int:
        condition = self._level(0)
        if not self._take("?"):
            return condition
        first = self._assignment()
        if not self._take(":"):
            raise ExpressionError("malformed ?: operator")
        second = self._assignment()
        return first if condition else second

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while operator := self._take(*_LEVELS[level]):
            value = _binary(operator, value, self._level(level + 1))
        return value

    def _unary(self) -> int:
        operator = self._take("+", "-", "!", "~", "++", "--")
        if not operator:
            return self._power()
        if operator in {"++", "--"}:
            return self._changed(self._name(), 1 if operator == "++" else -1)
        value = self._unary()
        return {"+": value, "-": _wrapped(-value), "!": int(not value), "~": ~value}[operator]

    def _power(self) -> int:
        value = self._primary()
        if self._take("**"):
            exponent = self._unary()
            if exponent < 0:
                raise ExpressionError("exponent less than 0")
            return _wrapped(pow(value, exponent, 1 << 64))
        return value

    def _primary(self) -> int:
        if self._take("("):
            value = self.comma()
            if not self._take(")"):
                raise ExpressionError("arithmetic syntax error")
            return value
        if not self.tokens or self.tokens[0][0] == "operator":
            raise ExpressionError("arithmetic syntax error")
        if self.tokens[0][0] == "number":
            return _number(self.tokens.pop(0)[1])
        name = self._name()
        if operator := self._take("++", "--"):
            before = self._variable(name)
            self._changed(name, 1 if operator == "++" else -1)
            return before
        return self._variable(name)

    def _name(self) -> str:
        if not self.tokens or self.tokens[0][0] != "name":
            raise ExpressionError("arithmetic syntax error")
        return self.tokens.pop(0)[1]

    def _variable(self, name: str) -> int:
        text = self._variables.get(name, "").strip()
        if not text:
            return 0
        if re.fullmatch(r"[-+]?(0[xX][0-9a-fA-F]+|[0-9]+)", text):
            return _number(text)
        raise ExpressionError("arithmetic syntax error")

    def _changed(self, name: str, by: int) -> int:
        value = _wrapped(self._variable(name) + by)
        self._variables[name] = str(value)
        return value


def _number(text: str) -> int:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.lstrip("+"))
    if len(digits) > 30:
        raise ExpressionError("arithmetic syntax error")
    try:
        base = 16 if digits[:2].lower() == "0x" else 8 if digits.startswith("0") else 10
        return _wrapped(sign * int(digits, base))
    except ValueError:
        raise ExpressionError("arithmetic syntax error") from None


def _binary(operator: str, left: int, right: int) -> int:
    if operator in {"/", "%"}:
        if right == 0:
            raise ExpressionError("divide by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return _wrapped(quotient if operator == "/" else left - right * quotient)
    return _wrapped(_OPERATIONS[operator](left, right))


_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "||": lambda left, right: int(bool(left or right)),
    "&&": lambda left, right: int(bool(left and right)),
    "|": lambda left, right: left | right,
    "^": lambda left, right: left ^ right,
    "&": lambda left, right: left & right,
    "==": lambda left, right: int(left == right),
    "!=": lambda left, right: int(left != right),
    "<": lambda left, right: int(left < right),
    "<=": lambda left, right: int(left <= right),
    ">": lambda left, right: int(left > right),
    ">=": lambda left, right: int(left >= right),
    "<<": lambda left, right: left << (right & 63),
    ">>": lambda left, right: left >> (right & 63),
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
}


def _wrapped(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)

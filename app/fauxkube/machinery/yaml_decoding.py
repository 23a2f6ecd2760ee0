"""YAML bodies, read as `sigs.k8s.io/yaml` reads them: as the JSON they stand for.

Keys become strings, whole floats whole numbers, and times stay text. Plain words for booleans are YAML 1.1's, as in
Go's parser; sexagesimal numbers are not known. Aliases are copied, within bounds.
"""

from __future__ import annotations

import re
from math import inf, isfinite
from typing import Any

import yaml

from fauxkube.machinery.decoding import MAX_DEPTH, MalformedError

_BASE: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_BOOLEAN = "|".join(f"{word}|{word.title()}|{word.upper()}" for word in ("yes", "no", "true", "false", "on", "off"))
_BOOLEAN += "|y|Y|n|N"
_TRUE = frozenset({"y", "yes", "true", "on"})
_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
_NULL = "~|null|Null|NULL|"
_INT64 = range(-(2**63), 2**63)
#: How many values the aliases of a text may copy for each of its bytes.
_COPIES_PER_BYTE = 10
_COPIES = 10_000
#: Go's words, and those of newer C parsers, whose own limit is met before an event tells of the nesting.
_TOO_DEEP = "yaml: exceeded max depth"
_SCANNED_TOO_DEEP = "exceeded maximum nesting depth"


class _Loader(_BASE):  # type: ignore[misc]
    """A safe loader with Go's idea of plain scalars, which notes duplicate keys."""

    yaml_implicit_resolvers: dict[str | None, list[Any]] = {}  # noqa: RUF012 - PyYAML's own protocol

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self.duplicates: list[tuple[int, str]] = []

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        node.value = [(self._text_key(key), item) for key, item in node.value]
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                self.duplicates.append((key.start_mark.line + 1, key.value))
            seen.add(key.value)
        built: dict[Any, Any] = super().construct_mapping(node, deep)
        return built

    def _text_key(self, key: Any) -> Any:
        """The key as text: Python would take the keys 1 and true for one."""
        if not isinstance(key, yaml.ScalarNode):
            raise MalformedError(f"yaml: line {key.start_mark.line + 1}: invalid map key")
        if key.tag in {_TEXT, _MERGE}:
            return key
        return yaml.ScalarNode(_TEXT, _key(self.construct_object(key)), key.start_mark, key.end_mark)

    def construct_whole(self, node: Any) -> int:
        text = node.value.replace("_", "")
        digits = text.lstrip("+-")
        if digits.startswith("0") and digits.isdigit():
            text = text.replace(digits, f"0o{digits}", 1)
        return int(text, 0)

    def construct_truth(self, node: Any) -> bool:
        return node.value.lower() in _TRUE


def _prepare() -> None:
    for tag, pattern, first in (
        ("merge", "<<", "<"),
        ("null", _NULL, "~nN"),
        ("bool", _BOOLEAN, "yYnNtTfFoO"),
        ("int", _INTEGER, "-+0123456789"),
        ("float", _FLOAT, "-+0123456789."),
    ):
        starts = [*first, ""] if tag == "null" else list(first)
        _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})\\Z"), starts)
    _Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_whole)
    _Loader.add_constructor("tag:yaml.org,2002:bool", _Loader.construct_truth)
    _Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_str)


_prepare()


class _ToJson:
    """Turns YAML values into JSON ones, copying what aliases share."""

    def __init__(self, budget: int) -> None:
        self._left = budget

    def convert(self, value: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise MalformedError("yaml: document contains excessive aliasing")
        if isinstance(value, dict):
            return {_key(key): self.convert(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.convert(item) for item in value]
        if isinstance(value, float) or (type(value) is int and value not in _INT64):
            return _number(value)
        return value.decode(errors="replace") if isinstance(value, bytes) else value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(_number(key)) if isinstance(key, float) else "null" if key is None else str(key)


def _number(value: float) -> float | int:
    """A float as JSON: whole if it is; of what 64 bits do not hold, the nearest float."""
    try:
        number = float(value)
    except OverflowError:
        number = inf
    if not isfinite(number):
        raise MalformedError(f"error converting YAML to JSON: json: unsupported value: {number}")
    return int(number) if number.is_integer() and abs(number) < 2**63 else number


def _problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    if problem == _SCANNED_TOO_DEEP:
        return _TOO_DEEP
    return f"yaml: line {mark.line + 1}: {problem}" if mark else f"yaml: {problem}"


def _check_depth(body: bytes) -> None:
    """Refuse what is nested too deep before anything recurses into it: the C parser's own recursion has no limit."""
    depth = 0
    for event in yaml.parse(body, Loader=_BASE):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedError(f"error converting YAML to JSON: {_TOO_DEEP}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentEndEvent):
            return


def load(body: bytes, *, strict: bool) -> tuple[Any, list[str]]:
    """The first document as JSON; its duplicate keys, in one message as Go's parser gives them, if `strict`."""
    loader = _Loader(body)
    try:
        _check_depth(body)
        value = _ToJson(_COPIES + _COPIES_PER_BYTE * len(body)).convert(loader.get_data())
    except yaml.YAMLError as error:
        raise MalformedError(f"error converting YAML to JSON: {_problem(error)}") from None
    except RecursionError:
        raise MalformedError(f"error converting YAML to JSON: {_TOO_DEEP}") from None
    except ValueError as error:
        raise error if isinstance(error, MalformedError) else MalformedError(f"yaml: {error}") from None
    finally:
        loader.dispose()
    if not strict or not loader.duplicates:
        return value, []
    listed = [f'  line {line}: key "{key}" already set in map' for line, key in sorted(loader.duplicates)]
    return value, ["\n".join(("yaml: unmarshal errors:", *listed))]

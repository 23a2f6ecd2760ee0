"""Values against a schema, worded as kube-openapi's `validation/validate` and apiextensions-apiserver word it.

A part that a write leaves as it was is not judged again (KEP-4008): `old` is what was there before, or `MISSING`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson

from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.json_schema.formats import FORMATS
from fauxkube.machinery.objects import Object

#: Stands for a value that was not there.
MISSING: Final = object()

#: Where upstream's errors are that belong to no field.
_NOWHERE = Path("<nil>")


def schema_errors(value: Any, schema: Object, *, path: str = "", old: Any = MISSING) -> list[FieldError]:
    """What is wrong with a value that lies at `path` of its object."""
    return list(_errors(value, schema, path, old))


def _errors(value: Any, schema: Object, path: str, old: Any) -> Iterator[FieldError]:
    if old is not MISSING and _same(value, old):
        return
    if value is None and schema.get("nullable"):
        return
    found, wanted = _type_of(value), _types(schema)
    if wanted and found not in wanted and not (found == "integer" and "number" in wanted):
        yield _mistyped(path, found, ",".join(wanted))
        return
    for judge in _JUDGES.get(found, ()):
        yield from judge(value, schema, path)
    yield from _enum_errors(value, schema, path)
    yield from _combined_errors(value, schema, path)
    if isinstance(value, dict):
        yield from _field_errors(value, schema, path, old)
    elif isinstance(value, list):
        yield from _item_errors(value, schema, path, old)


def _types(schema: Object) -> Sequence[str]:
    if schema.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    return (schema["type"],) if schema.get("type") else ()


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: true is not 1, but 1.0 is."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _at(path: str) -> Path:
    return Path(path or "<nil>")


def _mistyped(path: str, given: str, wanted: str) -> FieldError:
    detail = f'{path} in body must be of type {wanted}: "{given}"'
    return _at(path).invalid(given, detail)._replace(reason="FieldValueTypeInvalid")


def _wrong(value: Any, path: str, rule: str) -> FieldError:
    return _at(path).invalid(value, f"{path} in body {rule}")


def _string_errors(value: str, schema: Object, path: str) -> Iterator[FieldError]:
    longest, shortest = schema.get("maxLength"), schema.get("minLength")
    if longest is not None and len(value) > longest:
        yield _at(path).too_long(longest)
    if shortest is not None and len(value) < shortest:
        yield _wrong(value, path, f"should be at least {shortest} chars long")
    pattern = schema.get("pattern")
    if pattern and not compiled(pattern).search(value):
        yield _wrong(value, path, f"should match '{pattern}'")
    judge = FORMATS.get(schema.get("format") or "")
    if judge is not None and not judge(value):
        yield _mistyped(path, value, schema["format"])


#: Go's names of sets of characters, as Python spells them within brackets.
_SETS = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7F",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as Go's `regexp` would read it: `$` is the very end. re.error when it cannot be read."""
    pattern = re.sub(r"\[:([a-z]+):\]", lambda match: _SETS.get(match[1], match[0]), pattern)
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", pattern).replace(r"\z", r"\Z"))


def _number_errors(value: float, schema: Object, path: str) -> Iterator[FieldError]:
    least, most, step = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    if least is not None and (value < least or (value == least and schema.get("exclusiveMinimum"))):
        equal = "" if schema.get("exclusiveMinimum") else " or equal to"
        yield _wrong(value, path, f"should be greater than{equal} {_number(least)}")
    if most is not None and (value > most or (value == most and schema.get("exclusiveMaximum"))):
        equal = "" if schema.get("exclusiveMaximum") else " or equal to"
        yield _wrong(value, path, f"should be less than{equal} {_number(most)}")
    if step and abs(value / step - round(value / step)) > 1e-9:
        yield _wrong(value, path, f"should be a multiple of {_number(step)}")


def _number(value: float) -> str:
    """As Go prints a float: whole ones without a point."""
    return str(int(value)) if float(value).is_integer() else str(value)


def _array_errors(value: list[Any], schema: Object, path: str) -> Iterator[FieldError]:
    most, least = schema.get("maxItems"), schema.get("minItems")
    if least is not None and len(value) < least:
        yield _wrong(len(value), path, f"should have at least {least} items")
    if most is not None and len(value) > most:
        yield _at(path).too_many(len(value), most)
    if schema.get("uniqueItems") and any(_same(one, other) for n, one in enumerate(value) for other in value[:n]):
        yield _wrong(value, path, "shouldn't contain duplicates")


def _object_errors(value: Object, schema: Object, path: str) -> Iterator[FieldError]:
    most, least = schema.get("maxProperties"), schema.get("minProperties")
    if least is not None and len(value) < least:
        yield _wrong(len(value), path, f"should have at least {least} properties")
    if most is not None and len(value) > most:
        yield _at(path).too_many(len(value), most)
    for name in schema.get("required") or ():
        if name not in value:
            yield Path(_below(path, name)).required()
    if schema.get("x-kubernetes-embedded-resource"):
        for name in ("apiVersion", "kind"):
            if not value.get(name):
                yield Path(_below(path, name)).required("must not be empty")


_JUDGES: dict[str, tuple[Callable[[Any, Object, str], Iterator[FieldError]], ...]] = {
    "array": (_array_errors,),
    "integer": (_number_errors,),
    "number": (_number_errors,),
    "object": (_object_errors,),
    "string": (_string_errors,),
}


def _enum_errors(value: Any, schema: Object, path: str) -> Iterator[FieldError]:
    allowed = schema.get("enum")
    if allowed and not any(_same(value, each) for each in allowed):
        shown = [each if isinstance(each, str) else orjson.dumps(each).decode() for each in allowed]
        yield _at(path).not_supported(value, shown)


def _combined_errors(value: Any, schema: Object, path: str) -> Iterator[FieldError]:
    if alternatives := schema.get("anyOf"):
        failures = _failures(value, alternatives, path)
        if all(failures):
            yield _combination(path, "must validate at least one schema (anyOf)")
            yield from min(failures, key=len)
    if alternatives := schema.get("oneOf"):
        failures = _failures(value, alternatives, path)
        valid = sum(not each for each in failures)
        if valid != 1:
            found = f"Found {valid} valid alternatives" if valid else "Found none valid"
            yield _combination(path, f"must validate one and only one schema (oneOf). {found}")
            yield from () if valid else min(failures, key=len)
    failures = _failures(value, schema.get("allOf") or (), path)
    if any(failures):
        yield from (error for each in failures for error in each)
        yield _combination(path, "must validate all the schemas (allOf)")
    if (unwanted := schema.get("not")) is not None and not schema_errors(value, unwanted, path=path):
        yield _combination(path, "must not validate the schema (not)")


def _failures(value: Any, schemas: Sequence[Object], path: str) -> list[list[FieldError]]:
    """What is wrong with the value by each of the schemas."""
    return [schema_errors(value, each, path=path) for each in schemas]


def _combination(path: str, rule: str) -> FieldError:
    return _NOWHERE.invalid("", f'"{path}" {rule}')


def _field_errors(value: Object, schema: Object, path: str, old: Any) -> Iterator[FieldError]:
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    before = old if isinstance(old, dict) else {}
    for name in sorted(value):
        known = properties.get(name, others)
        if isinstance(known, dict):
            yield from _errors(value[name], known, _below(path, name), before.get(name, MISSING))


def _item_errors(value: list[Any], schema: Object, path: str, old: Any) -> Iterator[FieldError]:
    items = schema.get("items")
    if not isinstance(items, dict):
        return
    keys = schema.get("x-kubernetes-list-map-keys") if schema.get("x-kubernetes-list-type") == "map" else None
    before = old if isinstance(old, list) and keys else []
    for index, item in enumerate(value):
        yield from _errors(item, items, f"{path}[{index}]", _counterpart(item, before, keys or ()))


def _counterpart(item: Any, before: Sequence[Any], keys: Sequence[str]) -> Any:
    """What an item of a list map was before."""
    for each in before if isinstance(item, dict) else ():
        if isinstance(each, dict) and all(_same(item.get(key), each.get(key)) for key in keys):
            return each
    return MISSING


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name

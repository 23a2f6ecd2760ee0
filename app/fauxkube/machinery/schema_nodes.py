"""The compiled form of a schema: small nodes that each read one kind of value, as Go's JSON decoder reads it.

`read` checks a value, prunes what the schema does not know, and gives the value as the API serves it. Where a value
is in the object is kept as a chain of `Trail`s and spelled out only for a problem. Refusals are worded as
`encoding/json` and the types' own `UnmarshalJSON` word them.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from fauxkube.machinery import quantity
from fauxkube.machinery.wire_formats import FormatError, canonical_base64, canonical_micro_time, canonical_time

#: The way to a value: the rest of the way, then a field's name with its struct, a list's index or a map's key.
Trail: TypeAlias = "tuple[Trail, str | int, Struct | None] | None"


class DecodeError(ValueError):
    """A value is of the wrong type; the message is Go's.

    `conversion` is what Go says when the object came not out of JSON but out of a patch that was merged.
    """

    def __init__(self, message: str, conversion: str = "") -> None:
        super().__init__(message)
        self.conversion = conversion or message


def strict_path(trail: Trail) -> str:
    """As strict problems name a field: `spec.containers[0].ports`."""
    text = ""
    while trail is not None:
        trail, step, _ = trail
        text = f"[{step}]{text}" if isinstance(step, int) else f".{step}{text}"
    return text.removeprefix(".")


def _mismatch(value: Any, trail: Trail, node: Node) -> DecodeError:
    """Go's refusal to put a value into a type: it names the innermost struct and the fields, no indexes or keys."""
    names: list[str] = []
    owner: Struct | None = None
    while trail is not None:
        trail, step, struct = trail
        if struct is not None:
            owner = owner or struct
            names.append(str(step))
    given, conversion = _described(value, numeric=node.numeric), _conversion(value, node)
    into = "value" if owner is None else f"struct field {owner.name}.{'.'.join(reversed(names))}"
    return DecodeError(f"json: cannot unmarshal {given} into Go {into} of type {node.go_type}", conversion)


def _conversion(value: Any, node: Node) -> str:
    """The refusal of apimachinery's converter from untyped objects."""
    given, wanted = _kind(value), node.go_kind or node.go_type
    if wanted == "struct":
        return f"cannot restore struct from: {given}"
    if wanted in ("map", "slice"):
        return f"cannot restore {wanted} from {given}"
    if (given == "int64" and wanted == "string") or (given == "float64" and node.numeric):
        return f"cannot convert {given} to {node.go_type}"
    return f"unrecognized type: {wanted}"


def _kind(value: Any) -> str:
    """The Go kind that decoded JSON has."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float64"
        case list():
            return "slice"
    return "map" if isinstance(value, dict) else "string"


def _described(value: Any, *, numeric: bool) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
    return f"number {value}" if numeric else "number"


class Node:
    """What a value must be."""

    __slots__ = ("go_type",)
    #: A value of exactly this Python type needs no reading.
    plain: type | None = None
    #: The kind of the Go type, where it is not the type itself.
    go_kind = ""
    #: Whether it is a number, which refusals quote.
    numeric = False

    def __init__(self, go_type: str) -> None:
        self.go_type = go_type

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        """The value, checked; `DecodeError` when it is of another type."""
        raise NotImplementedError

    def zero(self) -> Any:
        """What a null in a list or a map stands for."""
        return None


class AnyValue(Node):
    """Any JSON at all: raw extensions, JSON schema defaults."""

    __slots__ = ()

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        return value


class AnyObject(Node):
    """Any JSON object."""

    __slots__ = ()
    go_kind = "map"

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) is not dict:
            raise _mismatch(value, trail, self)
        return value

    def zero(self) -> Any:
        return {}


class Text(Node):
    """A string."""

    __slots__ = ()
    go_kind = "string"
    plain = str

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) is not str:
            raise _mismatch(value, trail, self)
        return value

    def zero(self) -> Any:
        return ""


class Boolean(Node):
    """True or false."""

    __slots__ = ()
    plain = bool

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) is not bool:
            raise _mismatch(value, trail, self)
        return value

    def zero(self) -> Any:
        return False


class Integer(Node):
    """A whole number of 32 or 64 bits; a number written with a fraction or exponent is none."""

    __slots__ = ("_high", "_low")
    numeric = True

    def __init__(self, go_type: str, bits: int) -> None:
        super().__init__(go_type)
        self._low, self._high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) is int and self._low <= value <= self._high:
            return value
        raise _mismatch(value, trail, self)

    def zero(self) -> Any:
        return 0


class Number(Node):
    """Any number."""

    __slots__ = ()
    numeric = True

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) is float or type(value) is int:
            return value
        raise _mismatch(value, trail, self)

    def zero(self) -> Any:
        return 0


class IntOrText(Node):
    """A 32-bit number or a string (`IntOrString`)."""

    __slots__ = ()
    plain = str
    _number: Final = Integer("int32", 32)

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        return value if type(value) is str else self._number.read(value, trail, unknown)

    def zero(self) -> Any:
        return 0


class Amount(Node):
    """A resource quantity, served in its canonical form."""

    __slots__ = ()

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) in (bool, list, dict):
            raise DecodeError(quantity.FORMAT_WRONG)
        try:
            return quantity.canonical(value.strip() if type(value) is str else value)
        except quantity.QuantityError as error:
            raise DecodeError(str(error)) from None

    def zero(self) -> Any:
        return "0"


class Time(Node):
    """An RFC 3339 time, served in UTC to the second."""

    __slots__ = ()
    _canonical = staticmethod(canonical_time)
    _text: Final = Text("string")

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) is not str:
            raise _mismatch(value, trail, self._text)
        try:
            return self._canonical(value)
        except FormatError as error:
            raise DecodeError(str(error)) from None


class MicroTime(Time):
    """A time with six decimals."""

    __slots__ = ()
    _canonical = staticmethod(canonical_micro_time)


class Bytes(Node):
    """Bytes, as base64."""

    __slots__ = ()
    go_kind = "slice"

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) is not str:
            raise _mismatch(value, trail, self)
        try:
            return canonical_base64(value)
        except FormatError as error:
            raise DecodeError(str(error)) from None

    def zero(self) -> Any:
        return ""


class ListOf(Node):
    """A list of one type."""

    __slots__ = ("element",)
    go_kind = "slice"

    def __init__(self, element: Node) -> None:
        super().__init__(f"[]{element.go_type}")
        self.element = element

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) is not list:
            raise _mismatch(value, trail, self)
        element = self.element
        plain = element.plain
        for index, item in enumerate(value):
            if type(item) is plain:
                continue
            value[index] = element.zero() if item is None else element.read(item, (trail, index, None), unknown)
        return value


class MapOf(Node):
    """An object whose keys are free and whose values are of one type."""

    __slots__ = ("element",)
    go_kind = "map"

    def __init__(self, element: Node) -> None:
        super().__init__("v1.ResourceList" if isinstance(element, Amount) else f"map[string]{element.go_type}")
        self.element = element

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) is not dict:
            raise _mismatch(value, trail, self)
        element = self.element
        plain = element.plain
        for key, item in value.items():
            if type(item) is plain:
                continue
            value[key] = element.zero() if item is None else element.read(item, (trail, key, None), unknown)
        return value


class SchemaOr(Node):
    """A JSON schema, or what may stand in its place: a boolean (`or_bool`), else a list of schemas."""

    __slots__ = ("or_bool", "schema")
    go_kind = "struct"

    def __init__(self, go_type: str, schema: Struct, *, or_bool: bool) -> None:
        super().__init__(go_type)
        self.schema = schema
        self.or_bool = or_bool

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) is dict:
            return self.schema.read(value, trail, unknown)
        if self.or_bool:
            if type(value) is not bool:
                raise DecodeError("boolean or JSON schema expected")
            return value
        if type(value) is not list:
            raise _mismatch(value, trail, self)
        return [self.schema.read(item, (trail, index, None), unknown) for index, item in enumerate(value)]


class Field:
    """A struct's field: what it holds, and how patches merge it."""

    __slots__ = ("merge_key", "merges", "node", "omit_empty", "plain", "replaces", "retains_keys")

    def __init__(self, node: Node, *, required: bool, strategies: tuple[str, ...] = (), merge_key: str = "") -> None:
        self.node = node
        self.plain = node.plain
        #: Whether an empty list or map is as good as none, and so left out.
        self.omit_empty = not required and isinstance(node, ListOf | MapOf)
        self.merges = "merge" in strategies
        self.replaces = "replace" in strategies
        self.retains_keys = "retainKeys" in strategies
        self.merge_key = merge_key


class Struct(Node):
    """An object with known fields. `fields` is filled in after all nodes it refers to exist, as types recur."""

    __slots__ = ("fields", "name")
    go_kind = "struct"

    def __init__(self, go_type: str) -> None:
        super().__init__(go_type)
        self.name = go_type.rpartition(".")[2]
        self.fields: dict[str, Field] = {}

    def read(self, value: Any, trail: Trail, unknown: list[str]) -> Any:
        if type(value) is not dict:
            raise _mismatch(value, trail, self)
        fields = self.fields
        dropped: list[str] = []
        for name, item in value.items():
            field = fields.get(name)
            if field is None:
                unknown.append(f'unknown field "{strict_path((trail, name, self))}"')
                dropped.append(name)
            elif type(item) is field.plain:
                continue
            elif item is None:
                dropped.append(name)
            else:
                value[name] = held = field.node.read(item, (trail, name, self), unknown)
                if not held and field.omit_empty:
                    dropped.append(name)
        for name in dropped:
            del value[name]
        return value

    def zero(self) -> Any:
        return {}

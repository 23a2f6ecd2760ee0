"""Field paths and field errors, as apimachinery's `util/validation/field` has them.

A validation function gathers `FieldError`s; the registry renders them all into one 422 `Status`.

    at = Path("spec").child("ports").index(0).child("port")
    errors.append(at.invalid(0, "must be between 1 and 65535, inclusive"))
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from fauxkube.machinery.objects import Object


class FieldError(NamedTuple):
    """One cause of a refusal: the machine-readable `reason`, the `message` and the `field`'s path."""

    reason: str
    message: str
    field: str

    def to_cause(self) -> Object:
        """As an element of `details.causes`."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


def _shown(value: Any) -> str:
    """A rejected value as Go prints it in an error: strings quoted, null as `null`, the rest as JSON."""
    if value is None:
        return "null"
    return orjson.dumps(value).decode()


@dataclass(frozen=True, slots=True)
class Path:
    """A field's path; `Path("spec").child("ports").index(0)` reads `spec.ports[0]`."""

    text: str

    def child(self, *names: str) -> Path:
        """The path of a field below this one."""
        return _child(self.text, names)

    def index(self, index: int) -> Path:
        """The path of a list's element."""
        return _element(self.text, index)

    def key(self, key: str) -> Path:
        """The path of a map's element."""
        return Path(f"{self.text}[{key}]")

    def __str__(self) -> str:
        return self.text

    def required(self, detail: str = "") -> FieldError:
        """A value must be given."""
        return FieldError("FieldValueRequired", f"Required value: {detail}" if detail else "Required value", self.text)

    def invalid(self, value: Any, detail: str) -> FieldError:
        """The value given cannot be right."""
        return FieldError("FieldValueInvalid", f"Invalid value: {_shown(value)}: {detail}", self.text)

    def duplicate(self, value: Any) -> FieldError:
        """The value is there already, and must be only once."""
        return FieldError("FieldValueDuplicate", f"Duplicate value: {_shown(value)}", self.text)

    def not_found(self, value: Any) -> FieldError:
        """The value refers to something that is not there."""
        return FieldError("FieldValueNotFound", f"Not found: {_shown(value)}", self.text)

    def not_supported(self, value: Any, supported: Iterable[str]) -> FieldError:
        """The value is none of the `supported` ones, which are named in the order given."""
        listed = ", ".join(_shown(each) for each in supported)
        message = f"Unsupported value: {_shown(value)}: supported values: {listed}"
        return FieldError("FieldValueNotSupported", message, self.text)

    def forbidden(self, detail: str) -> FieldError:
        """The field must not be set, or not changed."""
        return FieldError("FieldValueForbidden", f"Forbidden: {detail}", self.text)

    def too_long(self, maximum: int) -> FieldError:
        """The value has more than `maximum` bytes."""
        return FieldError("FieldValueTooLong", f"Too long: may not be more than {maximum} bytes", self.text)

    def too_many(self, actual: int, maximum: int) -> FieldError:
        """The list has more than `maximum` items."""
        noun = "item" if maximum == 1 else "items"
        return FieldError("FieldValueTooMany", f"Too many: {actual}: must have at most {maximum} {noun}", self.text)


# Validation makes the same few hundred paths for object after object, nearly always in vain.
@lru_cache(maxsize=4096)
def _child(text: str, names: tuple[str, ...]) -> Path:
    return Path(".".join((text, *names) if text else names))


@lru_cache(maxsize=4096)
def _element(text: str, index: int) -> Path:
    return Path(f"{text}[{index}]")

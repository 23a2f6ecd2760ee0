"""What the data of ConfigMaps and Secrets have in common: keys, sizes and immutability."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

#: The values of one object may have so many bytes together (`MaxSecretSize`).
MAX_SIZE = 1024 * 1024
_IMMUTABLE = "field is immutable when `immutable` is set"


def text_size(values: Mapping[str, str]) -> int:
    """The bytes of text values."""
    return sum(len(value) if value.isascii() else len(value.encode()) for value in values.values())


def encoded_size(values: Mapping[str, str]) -> int:
    """The bytes that base64 values stand for."""
    return sum(len(value) * 3 // 4 - value.count("=", -2) for value in values.values())


def validate_keys(keys: Iterable[str], path: Path) -> list[FieldError]:
    """Every key must be fit to be a file's name."""
    return [path.key(key).invalid(key, problem) for key in keys for problem in names.config_map_key_problems(key)]


def validate_immutable_data(obj: Object, old: Object, data_fields: Iterable[str]) -> list[FieldError]:
    """Once `immutable` is true it stays so, and the data stays as it is."""
    if not old.get("immutable"):
        return []
    changed = [] if obj.get("immutable") else ["immutable"]
    changed += [name for name in data_fields if (obj.get(name) or {}) != (old.get(name) or {})]
    return [Path(name).forbidden(_IMMUTABLE) for name in changed]

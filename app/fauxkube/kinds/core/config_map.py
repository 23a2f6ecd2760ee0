"""ConfigMaps: up to 1 MiB of text and bytes by key, immutable on request (KEP-1412)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fauxkube.kinds.core.data_fields import (
    MAX_SIZE,
    encoded_size,
    text_size,
    validate_immutable_data,
    validate_keys,
)
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import age

#: How upstream prints the path of a whole object.
_WHOLE = Path("[]")


class ConfigMapStrategy(Strategy):
    """The rules of a ConfigMap's writes."""

    def validate(self, obj: Object) -> list[FieldError]:
        data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
        errors = _validate_bag(data, binary, Path("data"), "binaryData")
        errors += _validate_bag(binary, data, Path("binaryData"), "data")
        if text_size(data) + encoded_size(binary) > MAX_SIZE:
            errors.append(_WHOLE.too_long(MAX_SIZE))
        return errors

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validate_immutable_data(obj, old, ("data", "binaryData"))


def _validate_bag(keys: Iterable[str], others: Iterable[str], path: Path, other: str) -> list[FieldError]:
    doubled = sorted(set(keys) & set(others))
    duplicates = [path.key(key).invalid(key, f"duplicate of key present in {other}") for key in doubled]
    return validate_keys(keys, path) + duplicates


def _row(config_map: Object, now: datetime) -> list[Any]:
    count = len(config_map.get("data") or {}) + len(config_map.get("binaryData") or {})
    return [config_map["metadata"]["name"], count, age(config_map, now)]


RESOURCE = Resource(
    kind="ConfigMap",
    plural="configmaps",
    singular="configmap",
    short_names=("cm",),
    strategy=ConfigMapStrategy(),
    columns=(NAME_COLUMN, Column("Data", "How many keys the config map has."), AGE_COLUMN),
    row=_row,
)

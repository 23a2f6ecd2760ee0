"""Secrets: up to 1 MiB of bytes by key, of a type that may ask for certain keys.

`stringData` is folded into `data` as it comes in, and is never stored. The type cannot change. Values that are refused
are not repeated in the message.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from fauxkube.kinds.core.data_fields import MAX_SIZE, encoded_size, validate_immutable_data, validate_keys
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.metadata import validate_immutable
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import age

#: The annotation that names the service account that a token is for.
SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name"
_DATA = Path("data")


class SecretStrategy(Strategy):
    """The rules of a secret's writes."""

    def default(self, obj: Object) -> None:
        if not obj.get("type"):
            obj["type"] = "Opaque"
        text = obj.pop("stringData", None)
        if text:
            encoded = {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}
            obj["data"] = (obj.get("data") or {}) | encoded

    def validate(self, obj: Object) -> list[FieldError]:
        data = obj.get("data") or {}
        errors = validate_keys(data, _DATA)
        if encoded_size(data) > MAX_SIZE:
            errors.append(_DATA.too_long(MAX_SIZE))
        rules = _RULES_OF_TYPE.get(obj["type"])
        return errors + rules(obj) if rules else errors

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        errors = validate_immutable(obj.get("type"), old.get("type"), Path("type"))
        return errors + validate_immutable_data(obj, old, ("data",))


def _required(*keys: str) -> list[FieldError]:
    return [_DATA.key(key).required() for key in keys]


def _validate_token(secret: Object) -> list[FieldError]:
    annotations = secret["metadata"].get("annotations") or {}
    if annotations.get(SERVICE_ACCOUNT_NAME):
        return []
    return [Path("metadata").child("annotations").key(SERVICE_ACCOUNT_NAME).required()]


def _validate_basic_auth(secret: Object) -> list[FieldError]:
    keys = {"username", "password"}
    return [] if keys & (secret.get("data") or {}).keys() else _required("username", "password")


def _validate_ssh_auth(secret: Object) -> list[FieldError]:
    return [] if (secret.get("data") or {}).get("ssh-privatekey") else _required("ssh-privatekey")


def _validate_tls(secret: Object) -> list[FieldError]:
    return _required(*(key for key in ("tls.crt", "tls.key") if key not in (secret.get("data") or {})))


def _validate_json(secret: Object, key: str) -> list[FieldError]:
    data = secret.get("data") or {}
    if key not in data:
        return _required(key)
    problem = _json_problem(base64.b64decode(data[key]))
    return [_DATA.key(key).invalid("<secret contents redacted>", problem)] if problem else []


#: What a secret's type asks for beside what all secrets must fulfil; other types ask for nothing.
_RULES_OF_TYPE: Mapping[str, Callable[[Object], list[FieldError]]] = {
    "kubernetes.io/service-account-token": _validate_token,
    "kubernetes.io/basic-auth": _validate_basic_auth,
    "kubernetes.io/ssh-auth": _validate_ssh_auth,
    "kubernetes.io/tls": _validate_tls,
    "kubernetes.io/dockercfg": partial(_validate_json, key=".dockercfg"),
    "kubernetes.io/dockerconfigjson": partial(_validate_json, key=".dockerconfigjson"),
}


def _json_problem(content: bytes) -> str:
    """What keeps the bytes from being a JSON object, as Go's decoder says it; empty when they are one."""
    text = content.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()):
            return "unexpected end of JSON input"
        return f"invalid character {_quoted(text[error.pos])} looking for beginning of value"
    if value is None or isinstance(value, dict):
        return ""
    return f"json: cannot unmarshal {_GO_NAMES[type(value)]} into Go value of type map[string]interface {{}}"


_GO_NAMES = {list: "array", str: "string", bool: "bool", int: "number", float: "number"}


def _quoted(character: str) -> str:
    return {"'": r"'\''", '"': "'\"'"}.get(character, f"'{character}'")


def _row(secret: Object, now: datetime) -> list[Any]:
    return [secret["metadata"]["name"], secret.get("type") or "", len(secret.get("data") or {}), age(secret, now)]


def _fields(secret: Object) -> dict[str, str]:
    return {"type": secret.get("type") or ""}


RESOURCE = Resource(
    kind="Secret",
    plural="secrets",
    singular="secret",
    strategy=SecretStrategy(),
    columns=(
        NAME_COLUMN,
        Column("Type", "What the secret holds, which programs that read it may rely on."),
        Column("Data", "How many keys the secret has."),
        AGE_COLUMN,
    ),
    row=_row,
    fields=_fields,
    field_names=("type",),
)

"""Bootstrap tokens as `kubeadm token` makes, lists and deletes them, and the command that a node joins with."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from fauxkube.access import bootstrap_tokens
from fauxkube.access.authority import key_hash
from fauxkube.access.bootstrap_tokens import NAME_PREFIX, NAMESPACE, Terms, Token, expiry_of, value_of
from fauxkube.client.protocol import Client
from fauxkube.kinds.gvrs import CONFIG_MAPS, SECRETS
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.machinery.times import to_time

_HEADER = ("TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS")
#: As kubeadm's table: columns are this wide at least, and so far apart.
_NARROWEST, _APART = 10, 3
#: As Go quotes them.
_ID_PATTERN, _PATTERN = '"[a-z0-9]{6}"', r'"\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z"'
_USAGE_PREFIX = "usage-bootstrap-"


class KubeadmError(Exception):
    """What kubeadm would end with; the message is in its words."""


def parse(text: str) -> Token:
    """The token; KubeadmError when it is none."""
    token = bootstrap_tokens.parse(text)
    if token is None:
        raise KubeadmError(f'the bootstrap token "{text}" was not of the form {_PATTERN}')
    return token


def check_terms(terms: Terms) -> None:
    """Refuse (KubeadmError) usages and groups that no token has."""
    known = ", ".join(bootstrap_tokens.USAGES)
    for usage in terms.usages:
        if usage not in bootstrap_tokens.USAGES:
            raise KubeadmError(f'invalid bootstrap token usage "{usage}", valid are: {known}')
    for group in terms.groups:
        if not bootstrap_tokens.is_extra_group(group):
            pattern = r"\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z"
            raise KubeadmError(f'bootstrap group "{group}" is invalid (must match {pattern})')


async def create(client: Client, token: Token, terms: Terms) -> None:
    """Make the token known; KubeadmError when there is one of that ID."""
    check_terms(terms)
    try:
        await client.create(SECRETS, bootstrap_tokens.secret_of(token, terms), namespace=NAMESPACE)
    except StatusError as error:
        if error.reason != "AlreadyExists":
            raise
        raise KubeadmError(f'a token with id "{token.id}" already exists') from None


async def delete(client: Client, text: str) -> str:
    """Forget a token by its ID or by the whole of it; answers the ID."""
    token = bootstrap_tokens.parse(text)
    if token is None and bootstrap_tokens.parse(f"{text}.{'0' * 16}") is None:
        raise KubeadmError(f'given token "{text}" didn\'t match pattern {_ID_PATTERN} or {_PATTERN}')
    name = token.id if token else text
    try:
        await client.delete(SECRETS, NAME_PREFIX + name, namespace=NAMESPACE)
    except StatusError as error:
        raise KubeadmError(f'failed to delete bootstrap token "{name}": {error}') from None
    return name


async def listed(client: Client, now: datetime) -> str:
    """The tokens that there are, as a table."""
    found = await client.list(SECRETS, NAMESPACE, field_selector=f"type={bootstrap_tokens.TYPE}")
    return _table([_HEADER, *(_row(secret, now) for secret in found.items)])


async def join_command(client: Client, token: Token) -> str:
    """What makes a node of the cluster; KubeadmError where it was not initialized."""
    kubeconfig = await read_cluster_info(client)
    cluster = kubeconfig["clusters"][0]["cluster"]
    endpoint = cluster["server"].removeprefix("http://").rstrip("/")
    hashed = key_hash(base64.b64decode(cluster["certificate-authority-data"]))
    return f"fauxkube join {endpoint} --token {token} --discovery-token-ca-cert-hash {hashed}"


async def read_cluster_info(client: Client) -> Any:
    """The kubeconfig that `cluster-info` holds."""
    import yaml

    try:
        info = await client.get(CONFIG_MAPS, "cluster-info", "kube-public")
        return yaml.safe_load(info["data"]["kubeconfig"])
    except (StatusError, KeyError, yaml.YAMLError) as error:
        raise KubeadmError(f"failed to get the cluster-info ConfigMap, which `fauxkube init` makes: {error}") from None


def _row(secret: Object, now: datetime) -> Sequence[str]:
    expiry = expiry_of(secret)
    left, ends = ("<forever>", "<never>") if expiry is None else (_short(expiry - now), to_time(expiry))
    data = secret.get("data") or {}
    usages = sorted(key.removeprefix(_USAGE_PREFIX) for key in data if key.startswith(_USAGE_PREFIX))
    token = f"{value_of(secret, 'token-id')}.{value_of(secret, 'token-secret')}"
    shown = (",".join(usages), value_of(secret, "description"), value_of(secret, "auth-extra-groups"))
    return (token, left, ends, *(each or "<none>" for each in shown))


def _short(left: timedelta) -> str:
    """As apimachinery's `ShortHumanDuration`: one unit."""
    seconds = int(left.total_seconds())
    if seconds < -1:
        return "<invalid>"
    for unit, letter in ((31_536_000, "y"), (86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= unit:
            return f"{seconds // unit}{letter}"
    return f"{max(seconds, 0)}s"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(_NARROWEST, *(len(row[at]) + _APART for row in rows)) for at in range(len(_HEADER) - 1)]
    return "\n".join("".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)) for row in rows)

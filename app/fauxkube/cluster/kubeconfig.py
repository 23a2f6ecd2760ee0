"""Kubeconfig files: what points kubectl at a running cluster, printed, written or merged into another file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

NAME = "fauxkube"


class KubeconfigError(ValueError):
    """A kubeconfig file that cannot be read or merged into."""


def kubeconfig(url: str, name: str = NAME, *, user: str = "", token: str = "") -> dict[str, Any]:
    """A kubeconfig with one cluster, user and context, all called `name`, and that context as the current one.

    `token` is the bearer token of `user`, if it is for one that the cluster knows by name.
    """
    cluster: dict[str, Any] = {"server": url}
    known = {"as": user, "token": token} if user else {}
    if url.startswith("http:"):
        # This says nothing new of plain HTTP, but the JavaScript client wants to be told. Clients in Go send no tokens
        # over it, but do say as whom they act.
        cluster["insecure-skip-tls-verify"] = True
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": known}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
        "preferences": {},
    }


def to_yaml(config: dict[str, Any]) -> str:
    """As the file's text."""
    import yaml

    return str(yaml.safe_dump(config, sort_keys=False))


def default_path() -> Path:
    """The file that kubectl would change: the first of `$KUBECONFIG`, else `~/.kube/config`."""
    for entry in os.environ.get("KUBECONFIG", "").split(os.pathsep):
        if entry:
            return Path(entry)
    return Path.home() / ".kube" / "config"


def merge_into(path: Path, config: dict[str, Any]) -> None:
    """Put `config`'s entries into the file, in the place of those of the same names, and make its context current.

    The file is replaced in one step, readable by its owner only, so that nothing in it is lost on the way.
    """
    merged = _merged(_load(path), config)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".fauxkube-partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(to_yaml(merged))
    partial.replace(path)


def _load(path: Path) -> dict[str, Any]:
    import yaml

    if not path.exists():
        return {"apiVersion": "v1", "kind": "Config", "preferences": {}}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise KubeconfigError(f"cannot read {path}: {error}") from None
    if content is None:
        return {"apiVersion": "v1", "kind": "Config", "preferences": {}}
    if not isinstance(content, dict):
        raise KubeconfigError(f"{path} is not a kubeconfig file")
    return content


def _merged(base: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for section in ("clusters", "users", "contexts"):
        fresh = config[section]
        names = {entry["name"] for entry in fresh}
        kept = [entry for entry in base.get(section) or [] if entry.get("name") not in names]
        merged[section] = kept + fresh
    merged["current-context"] = config["current-context"]
    return merged

"""What the plugin's clusters are like: what the marker, the command line and the ini file ask for, checked.

| Option                   | Meaning                                                                                |
| ------------------------ | -------------------------------------------------------------------------------------- |
| `nodes`                  | How many simulated nodes there are                                                     |
| `version`                | The Kubernetes version, such as `1.36`                                                 |
| `seed`                   | Makes the same random choices on every run                                             |
| `clock`                  | `"frozen"`, a time to be frozen at (a datetime or RFC 3339), or a pace                 |
| `strict`                 | How strictly requests are judged: `off`, `warn`, `fail`, or a mode for each rule       |
| `requests`               | How many requests are kept on record                                                   |
| `settings`               | Other settings by their names: `{"service_cidr": "10.96.0.0/16"}`                      |
| `load`                   | Manifests that are applied before the test: a path, from the test's folder or the root |
|                          | of the tests, an object, or a list of them                                             |
| `export_kubeconfig`      | Whether KUBECONFIG is set while the test runs                                          |
| `fork_of`                | `session` or `module`: begin as a fork of that shared cluster, as it is then           |
| `network`                | The network that pods begin with: `routed`, `bridge` or `none`                         |
| `crds`                   | Custom resource definitions, which are applied before what there is to `load`          |

The nearest marker counts for each option, then the command line, then the ini file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from typing import Any

import pytest

from fauxkube.kinds.core.node_network import NETWORKS, ROUTED

#: The options, each with the types that it may have and how they are told of.
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "nodes": ((int,), "a whole number"),
    "version": ((str,), 'text such as "1.36"'),
    "seed": ((int,), "a whole number"),
    "clock": ((str, int, float, datetime), 'a datetime, "frozen" or a number'),
    "strict": ((str, Mapping), "text or a mapping"),
    "requests": ((int,), "a whole number"),
    "settings": ((Mapping,), "a mapping"),
    "load": ((str, PathLike, Mapping, list, tuple), "a path, an object or a list of them"),
    "export_kubeconfig": ((bool,), "a boolean"),
    "fork_of": ((str,), '"session" or "module"'),
    "network": ((str,), '"routed", "bridge" or "none"'),
    "crds": ((str, PathLike, Mapping, list, tuple), "a path, an object or a list of them"),
}
#: What a fork has of its source.
_OF_THE_SOURCE = ("nodes", "version", "seed", "clock", "strict", "requests", "network", "settings")
_SHARED = ("session", "module")


def configured(config: pytest.Config) -> dict[str, Any]:
    """What the command line and the ini file ask for."""
    texts = {name: _text(config, name) for name in ("nodes", "version", "seed", "clock", "strict", "network")}
    asked: dict[str, Any] = {name: text for name, text in texts.items() if text}
    for name in ("nodes", "seed"):
        if name in asked:
            asked[name] = _whole(name, asked[name])
    if "clock" in asked:
        asked["clock"] = _pace(asked["clock"])
    asked["export_kubeconfig"] = config.getini("fauxkube_export_kubeconfig")
    return checked(asked)


def marked(node: pytest.Item | pytest.Collector) -> dict[str, Any]:
    """What the markers of a test or module ask for, the nearest first."""
    asked: dict[str, Any] = {}
    for marker in node.iter_markers("fauxkube"):
        if marker.args:
            raise pytest.UsageError(f"pytest.mark.fauxkube takes options by their names only, not {marker.args[0]!r}")
        asked = checked(marker.kwargs) | asked
    return asked


def checked(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are given; UsageError names one that does not exist, or cannot be."""
    given = {name: value for name, value in asked.items() if value is not None}
    for name, value in given.items():
        if name not in _TYPES:
            raise pytest.UsageError(f"fauxkube has no option {name!r}, but {', '.join(_TYPES)}")
        types, described = _TYPES[name]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise pytest.UsageError(f"fauxkube's option {name} must be {described}, not {value!r}")
    _refuse_what_is_not_served(given)
    return given


def _refuse_what_is_not_served(given: Mapping[str, Any]) -> None:
    if (network := given.get("network", ROUTED)) not in NETWORKS:
        raise pytest.UsageError(f"there is no network {network!r}, but {', '.join(NETWORKS)}")
    if given.get("fork_of", _SHARED[0]) not in _SHARED:
        raise pytest.UsageError(f'a cluster can be a fork_of "session" or "module", not of {given["fork_of"]!r}')


def of_a_fork(asked: Mapping[str, Any]) -> None:
    """UsageError for an option that a fork cannot have, as it has its source's."""
    if contrary := [name for name in _OF_THE_SOURCE if name in asked]:
        raise pytest.UsageError(
            f"a fork has the {contrary[0]} of its source: fork_of and {contrary[0]} exclude each other"
        )


def _text(config: pytest.Config, name: str) -> str:
    """The command line's option of that name, if it has one, else the ini file's."""
    return str(config.getoption(f"fauxkube_{name}", None) or config.getini(f"fauxkube_{name}") or "")


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise pytest.UsageError(f"fauxkube_{name} must be a whole number, not {text!r}") from None


def _pace(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text

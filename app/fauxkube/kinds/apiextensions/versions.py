"""The order of API versions (`apimachinery/pkg/version`): v2, v1, v2beta1, v1alpha3, others."""

from __future__ import annotations

import re

_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STABILITY = {"alpha": 1, "beta": 2, None: 3}


def priority(version: str) -> tuple[int, int, int, str]:
    """A key that sorts versions, the preferred one first."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return (0, 0, 0, version)
    major, stability, minor = match.groups()
    return (-_STABILITY[stability], -int(major), -int(minor or 0), version)


def stability(version: str) -> int:
    """How far a version has come: 3 when stable, 2 in beta, 1 in alpha, 0 for one of another form."""
    return -priority(version)[0]

"""Roles: what may be done in one namespace."""

from __future__ import annotations

from fauxkube.kinds.rbac.rules import COLUMNS, GROUP, RulesStrategy, row
from fauxkube.kinds.resource import Resource


class RoleStrategy(RulesStrategy):
    """The rules of a role's writes."""

    in_namespace = True


RESOURCE = Resource(
    group=GROUP, kind="Role", plural="roles", singular="role", strategy=RoleStrategy(), columns=COLUMNS, row=row
)

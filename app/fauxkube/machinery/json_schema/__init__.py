"""Custom resources by the schemas of their definitions: pruned, filled in and judged, as upstream does it.

A schema is the `openAPIV3Schema` of a definition's version as it stands, whose rules `kinds.apiextensions` has checked.
Everything here is pure; `prune` and `fill_in` change the value that they are handed, which is the caller's own.
"""

from fauxkube.machinery.json_schema.defaulting import fill_in
from fauxkube.machinery.json_schema.list_types import list_type_errors
from fauxkube.machinery.json_schema.pruning import prune
from fauxkube.machinery.json_schema.validation import MISSING, schema_errors

__all__ = ["MISSING", "fill_in", "list_type_errors", "prune", "schema_errors"]

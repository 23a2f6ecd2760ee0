"""References by group, kind and name to an object of whatever kind, as ingresses and their classes hold them."""

from __future__ import annotations

from fauxkube.kinds.core.field_checks import name_errors, required_name_errors
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object


def object_reference_errors(reference: Object, path: Path) -> list[FieldError]:
    """Upstream's rules for a `TypedLocalObjectReference`; whether the object is there is not asked."""
    group, errors = reference.get("apiGroup"), []
    if group is not None:
        errors += name_errors(group, names.dns_subdomain_problems, path.child("apiGroup"))
    for field in ("kind", "name"):
        errors += required_name_errors(reference.get(field), names.path_segment_problems, path.child(field))
    return errors

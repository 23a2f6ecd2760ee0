"""Pod templates, as every workload carries them in `spec.template`.

`default_pod_template` fills in what upstream fills in for a template; some of a pod's defaults (requests out of limits,
`enableServiceLinks`) are left to the pods that come out of it.
"""

from __future__ import annotations

from fauxkube.kinds.core.pod_defaults import default_pod_spec
from fauxkube.kinds.core.pod_validation import validate_pod_spec
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.metadata import validate_annotations, validate_labels
from fauxkube.machinery.objects import Object


def default_pod_template(template: Object) -> None:
    """Fill in a template in place."""
    template.setdefault("metadata", {})
    default_pod_spec(template.setdefault("spec", {}))


def validate_pod_template(template: Object, path: Path) -> list[FieldError]:
    """What is wrong with the template at `path`, such as `spec.template` (`ValidatePodTemplateSpec`).

    Upstream reports labels and annotations right below the template, without `metadata`.
    """
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    errors = validate_labels(metadata.get("labels") or {}, path.child("labels"))
    errors += validate_annotations(metadata.get("annotations") or {}, path.child("annotations"))
    errors += validate_pod_spec(spec, path.child("spec"))
    if spec.get("ephemeralContainers"):
        at = path.child("spec", "ephemeralContainers")
        errors.append(at.forbidden("ephemeral containers not allowed in pod template"))
    return errors

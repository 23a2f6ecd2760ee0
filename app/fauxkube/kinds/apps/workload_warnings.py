"""What the API server warns of in a workload that it accepts nevertheless."""

from __future__ import annotations

from fauxkube.kinds.core.pod_warnings import pod_template_warnings
from fauxkube.machinery import names
from fauxkube.machinery.fields import Path
from fauxkube.machinery.objects import Object

_NAME_WARNING = (
    "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; "
    "a DNS label is recommended: "
)


def name_warnings(obj: Object, old: Object | None) -> list[str]:
    """A warning of a new name that is no DNS label, since pods are named after it."""
    problems = names.dns_label_problems(obj["metadata"]["name"]) if old is None else []
    return [f"{_NAME_WARNING}[{' '.join(problems)}]"] if problems else []


def template_warnings(obj: Object, old: Object | None) -> list[str]:
    """Warnings of the template of a new object, or of one whose generation a change has raised."""
    if old is not None and obj["metadata"].get("generation") == old["metadata"].get("generation"):
        return []
    return pod_template_warnings(obj["spec"]["template"], Path("spec").child("template"))

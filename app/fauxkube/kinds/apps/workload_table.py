"""The columns that tables of workloads end with in `-o wide`."""

from __future__ import annotations

from fauxkube.kinds.resource import Column
from fauxkube.machinery.objects import Object
from fauxkube.machinery.selectors import label_selector_from
from fauxkube.machinery.table import NONE

TEMPLATE_COLUMNS = (
    Column("Containers", "Names of each container in the template.", priority=1),
    Column("Images", "Images referenced by each container in the template.", priority=1),
    Column("Selector", "The labels of the pods that belong to the object.", priority=1),
)


def template_cells(spec: Object) -> list[str]:
    """The cells of `TEMPLATE_COLUMNS`."""
    containers = spec["template"]["spec"].get("containers") or ()
    return [
        ",".join(each["name"] for each in containers),
        ",".join(each.get("image") or "" for each in containers),
        str(label_selector_from(spec.get("selector"))) or NONE,
    ]

"""Faults of control loops: `pause` holds them still, and what they missed they do when it ends.

They match by `name` (`deployment-controller`, `kube-scheduler`, `kubelet`) and, for kubelets, by `node`. A name that no
control loop of the cluster has is refused.
"""

from __future__ import annotations

from collections.abc import Collection

from fauxkube.simulation.faults.family import Family
from fauxkube.simulation.faults.fields import Field
from fauxkube.simulation.faults.matching import GLOB, known_glob

#: The name of every kubelet; which one is meant, `node` says.
KUBELET = "kubelet"


def family(components: Collection[str]) -> Family:
    """The family, for a cluster whose control loops are called `components`."""
    names = {*components, KUBELET}
    return Family(
        "controller",
        match={"name": Field(known_glob(names, "control loop"), required=True), "node": GLOB},
        effects={"pause": {}},
    )

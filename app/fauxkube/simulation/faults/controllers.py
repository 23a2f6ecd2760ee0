"""Faults of control loops: `pause` holds them still, and what they missed they do when it ends.

They match by `name` (`deployment-controller`, `kube-scheduler`, `kubelet`) and, for kubelets, by `node`. A name that no
control loop of the cluster has is refused.
"""

from __future__ import annotations

from collections.abc import Collection

from fauxkube.simulation.faults.family import Family
from fauxkube.simulation.faults.fields import Field
from fauxkube.simulation.faults.matching import GLOB, known_glob

KIND = "controller"
#: The name of every kubelet; which one is meant, `node` says.
KUBELET = "kubelet"


def family(components: Collection[str]) -> Family:
    """The family, for a cluster whose control loops are called `components`, which may become more."""
    name = Field(known_glob(components, "control loop"), required=True)
    return Family(KIND, match={"name": name, "node": GLOB}, effects={"pause": {}})

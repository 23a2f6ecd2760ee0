"""The controllers: one file each on one skeleton (`controller`); `all_controllers` is the list of them."""

from __future__ import annotations

from fauxkube.controllers.controller import Context, Controller

__all__ = ["Context", "Controller", "all_controllers"]


def all_controllers() -> list[type[Controller]]:
    """Every controller of the cluster, a line each."""
    from fauxkube.controllers.endpoints import EndpointsController
    from fauxkube.controllers.endpointslice import EndpointSliceController
    from fauxkube.controllers.serviceloadbalancer import ServiceLoadBalancerController

    return [
        EndpointsController,
        EndpointSliceController,
        ServiceLoadBalancerController,
    ]

"""The controllers: one file each on one skeleton (`controller`); `all_controllers` is the list of them."""

from __future__ import annotations

from functools import cache

from fauxkube.controllers.controller import Context, Controller

__all__ = ["Context", "Controller", "all_controllers"]


@cache
def all_controllers() -> tuple[type[Controller], ...]:
    """Every controller of the cluster, a line each."""
    from fauxkube.controllers.bootstrapsigner import BootstrapSigner
    from fauxkube.controllers.clusterroleaggregation import ClusterRoleAggregationController
    from fauxkube.controllers.csrapproving import CSRApprovingController
    from fauxkube.controllers.csrcleaner import CSRCleanerController
    from fauxkube.controllers.csrsigning import CSRSigningController
    from fauxkube.controllers.customresourcedefinition import CustomResourceDefinitionController
    from fauxkube.controllers.daemonset import DaemonSetController
    from fauxkube.controllers.deployment import DeploymentController
    from fauxkube.controllers.endpoints import EndpointsController
    from fauxkube.controllers.endpointslice import EndpointSliceController
    from fauxkube.controllers.endpointslicemirroring import EndpointSliceMirroringController
    from fauxkube.controllers.eventttl import EventTTLController
    from fauxkube.controllers.garbagecollector import GarbageCollector
    from fauxkube.controllers.ingress import IngressController
    from fauxkube.controllers.namespace import NamespaceController
    from fauxkube.controllers.nodelifecycle import NodeLifecycleController
    from fauxkube.controllers.poddisruptionbudget import DisruptionController
    from fauxkube.controllers.podgc import PodGCController
    from fauxkube.controllers.replicaset import ReplicaSetController
    from fauxkube.controllers.rootcapublisher import RootCACertPublisher
    from fauxkube.controllers.serviceaccount import ServiceAccountController
    from fauxkube.controllers.serviceloadbalancer import ServiceLoadBalancerController
    from fauxkube.controllers.tainteviction import TaintEvictionController
    from fauxkube.controllers.tokencleaner import TokenCleaner

    return (
        NamespaceController,
        ServiceAccountController,
        GarbageCollector,
        ReplicaSetController,
        DeploymentController,
        DaemonSetController,
        EndpointsController,
        EndpointSliceController,
        EndpointSliceMirroringController,
        ServiceLoadBalancerController,
        IngressController,
        NodeLifecycleController,
        TaintEvictionController,
        PodGCController,
        DisruptionController,
        ClusterRoleAggregationController,
        CustomResourceDefinitionController,
        EventTTLController,
        CSRApprovingController,
        CSRSigningController,
        CSRCleanerController,
        BootstrapSigner,
        TokenCleaner,
        RootCACertPublisher,
    )

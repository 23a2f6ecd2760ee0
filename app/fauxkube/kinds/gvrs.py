"""The names of the resources, for those who speak of them: controllers, clients, tests."""

from __future__ import annotations

from fauxkube.machinery.objects import GVR

BINDINGS = GVR("", "v1", "bindings")
CONFIG_MAPS = GVR("", "v1", "configmaps")
ENDPOINTS = GVR("", "v1", "endpoints")
EVENTS = GVR("", "v1", "events")
NAMESPACES = GVR("", "v1", "namespaces")
NODES = GVR("", "v1", "nodes")
PODS = GVR("", "v1", "pods")
SECRETS = GVR("", "v1", "secrets")
SERVICE_ACCOUNTS = GVR("", "v1", "serviceaccounts")
SERVICES = GVR("", "v1", "services")
EVENTS_V1 = GVR("events.k8s.io", "v1", "events")
ENDPOINT_SLICES = GVR("discovery.k8s.io", "v1", "endpointslices")
INGRESSES = GVR("networking.k8s.io", "v1", "ingresses")
INGRESS_CLASSES = GVR("networking.k8s.io", "v1", "ingressclasses")
NETWORK_POLICIES = GVR("networking.k8s.io", "v1", "networkpolicies")
CERTIFICATE_SIGNING_REQUESTS = GVR("certificates.k8s.io", "v1", "certificatesigningrequests")
LEASES = GVR("coordination.k8s.io", "v1", "leases")
CONTROLLER_REVISIONS = GVR("apps", "v1", "controllerrevisions")
DAEMON_SETS = GVR("apps", "v1", "daemonsets")
DEPLOYMENTS = GVR("apps", "v1", "deployments")
REPLICA_SETS = GVR("apps", "v1", "replicasets")
POD_DISRUPTION_BUDGETS = GVR("policy", "v1", "poddisruptionbudgets")
CLUSTER_ROLES = GVR("rbac.authorization.k8s.io", "v1", "clusterroles")
CLUSTER_ROLE_BINDINGS = GVR("rbac.authorization.k8s.io", "v1", "clusterrolebindings")
ROLES = GVR("rbac.authorization.k8s.io", "v1", "roles")
ROLE_BINDINGS = GVR("rbac.authorization.k8s.io", "v1", "rolebindings")
PRIORITY_CLASSES = GVR("scheduling.k8s.io", "v1", "priorityclasses")
CUSTOM_RESOURCE_DEFINITIONS = GVR("apiextensions.k8s.io", "v1", "customresourcedefinitions")

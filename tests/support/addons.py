"""Manifests of the shape that network add-ons have: definitions, roles, budgets, a config map and a daemon set."""

from __future__ import annotations

POOLS = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ippools.crd.projectcalico.org}
spec:
  group: crd.projectcalico.org
  names: {kind: IPPool, listKind: IPPoolList, plural: ippools, singular: ippool}
  scope: Cluster
  preserveUnknownFields: false
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            description: The addresses that pods get.
            required: [cidr]
            properties:
              cidr: {type: string, description: A range of addresses.}
              blockSize: {type: integer, description: The bits of a node's block.}
              ipipMode: {type: string}
              natOutgoing: {type: boolean}
              allowedUses: {type: array, items: {type: string}}
"""

ENDPOINTS = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: agents.net.example.com}
spec:
  group: net.example.com
  names: {kind: Agent, plural: agents, shortNames: [ag], categories: [net]}
  scope: Namespaced
  versions:
  - name: v2
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: State, type: string, jsonPath: .status.state}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        x-kubernetes-preserve-unknown-fields: true
  - name: v2alpha1
    served: true
    storage: false
    deprecated: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""

AGENT = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: net-agent, namespace: kube-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: net-agent}
rules:
- {apiGroups: [""], resources: [pods, nodes, namespaces], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [nodes/status], verbs: [patch, update]}
- {apiGroups: [crd.projectcalico.org], resources: [ippools], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: net-agent}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: net-agent}
subjects:
- {kind: ServiceAccount, name: net-agent, namespace: kube-system}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: net-controllers, namespace: kube-system, labels: {k8s-app: net-controllers}}
spec:
  maxUnavailable: 1
  selector: {matchLabels: {k8s-app: net-controllers}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: net-config, namespace: kube-system}
data:
  cni-conf.json: '{"name": "net", "cniVersion": "0.3.1", "plugins": []}'
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: net-agent, namespace: kube-system, labels: {k8s-app: net-agent}}
spec:
  selector: {matchLabels: {k8s-app: net-agent}}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1}}
  template:
    metadata: {labels: {k8s-app: net-agent}}
    spec:
      hostNetwork: true
      serviceAccountName: net-agent
      priorityClassName: system-node-critical
      tolerations: [{operator: Exists}]
      initContainers:
      - name: install-cni
        image: example.com/net-cni:v1
        volumeMounts: [{mountPath: /host/etc/cni/net.d, name: cni-net-dir}]
      containers:
      - name: agent
        image: example.com/net-agent:v1
        securityContext: {privileged: true}
        env: [{name: NODENAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        livenessProbe: {exec: {command: [/bin/agent, -live]}, periodSeconds: 10}
        volumeMounts: [{mountPath: /lib/modules, name: lib-modules, readOnly: true}]
      volumes:
      - {name: lib-modules, hostPath: {path: /lib/modules}}
      - {name: cni-net-dir, hostPath: {path: /etc/cni/net.d}}
"""

POOL = """\
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: default-ipv4-ippool}
spec: {cidr: 192.168.0.0/16, blockSize: 26, ipipMode: Always, natOutgoing: true, allowedUses: [Workload]}
"""

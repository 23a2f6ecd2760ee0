"""RBAC, disruption budgets and priority classes with real kubectl: made, listed, described, drained by."""

from __future__ import annotations

import re

from support.kubectl import Kubectl
from support.waiting import until

ROLES = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: net-agent}
rules:
- {apiGroups: [""], resources: [pods, nodes], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [nodes/status], verbs: [patch]}
- {nonResourceURLs: [/healthz], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: net-agent}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: net-agent}
subjects:
- {kind: ServiceAccount, name: net-agent, namespace: kube-system}
"""


def plain(cli: Kubectl, *args: str) -> list[str]:
    return [line.rstrip() for line in cli(*args).out.rstrip().splitlines()]


def test_an_agent_s_roles_are_applied_listed_and_described(cli: Kubectl) -> None:
    name = f"net-{cli.namespace}"
    manifest = ROLES.replace("net-agent", name)
    cli("apply", "-f", "-", stdin=manifest)
    assert cli("apply", "-f", "-", stdin=manifest).out.splitlines() == [
        f"clusterrole.rbac.authorization.k8s.io/{name} unchanged",
        f"clusterrolebinding.rbac.authorization.k8s.io/{name} unchanged",
    ]
    (row,) = cli("get", "clusterrolebinding", name, "-o", "wide").table
    row.pop("AGE")
    assert row == {
        "NAME": name,
        "ROLE": f"ClusterRole/{name}",
        "USERS": "",
        "GROUPS": "",
        "SERVICEACCOUNTS": f"kube-system/{name}",
    }
    (row,) = cli("get", "clusterrole", name).table
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["CREATED AT"])
    described = [re.sub(r" +", " ", line) for line in plain(cli, "describe", "clusterrole", name)]
    assert described[3:] == [
        "PolicyRule:",
        " Resources Non-Resource URLs Resource Names Verbs",
        " --------- ----------------- -------------- -----",
        " nodes [] [] [get list watch]",
        " pods [] [] [get list watch]",
        " [/healthz] [] [get]",
        " nodes/status [] [] [patch]",
    ]


def test_roles_and_bindings_are_made_from_the_command_line(cli: Kubectl) -> None:
    cli("create", "role", "reader", "--verb=get,list", "--resource=pods,deployments.apps")
    cli("create", "rolebinding", "read", "--role=reader", "--user=jane", "--serviceaccount=default:robot")
    (row,) = cli("get", "rolebindings").table
    assert (row["NAME"], row["ROLE"]) == ("read", "Role/reader")
    described = [re.sub(r" +", " ", line) for line in plain(cli, "describe", "rolebinding", "read")]
    assert described[3:] == [
        "Role:",
        " Kind: Role",
        " Name: reader",
        "Subjects:",
        " Kind Name Namespace",
        " ---- ---- ---------",
        " User jane",
        " ServiceAccount robot default",
    ]
    patch = '{"roleRef": {"name": "other"}}'
    assert "cannot change roleRef" in cli.refused("patch", "rolebinding", "read", "-p", patch)


def test_a_role_that_gathers_others_follows_them(cli: Kubectl) -> None:
    label = f"to-{cli.namespace}"
    cli("create", "clusterrole", f"all-{label}", f"--aggregation-rule={label}=true")
    cli("create", "clusterrole", f"one-{label}", "--verb=get", "--resource=pods")
    cli("label", "clusterrole", f"one-{label}", f"{label}=true")
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    until(lambda: cli.json("get", "clusterrole", f"all-{label}")["rules"] == rules)


def test_a_disruption_budget_is_made_listed_and_described(cli: Kubectl) -> None:
    cli("create", "deployment", "shop", "--image=nginx", "--replicas=2")
    cli("rollout", "status", "deployment/shop", "--timeout=10s")
    cli("create", "pdb", "shop", "--selector=app=shop", "--min-available=1")
    until(lambda: cli("get", "pdb").table[0]["ALLOWED DISRUPTIONS"] == "1")
    (row,) = cli("get", "pdb").table
    assert (row["MIN AVAILABLE"], row["MAX UNAVAILABLE"]) == ("1", "N/A")
    described = [re.sub(r" +", " ", line) for line in plain(cli, "describe", "pdb", "shop")]
    assert described[2:-1] == [
        "Min available: 1",
        "Selector: app=shop",
        "Status:",
        " Allowed disruptions: 1",
        " Current: 2",
        " Desired: 1",
        " Total: 2",
    ]


def test_a_drain_waits_for_the_budget(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "shop", "--image=nginx", "--replicas=3")
    kubectl("rollout", "status", "deployment/shop", "--timeout=10s")
    kubectl("create", "pdb", "shop", "--selector=app=shop", "--max-unavailable=0")
    until(lambda: kubectl.json("get", "pdb", "shop")["status"].get("observedGeneration") == 1)
    node = kubectl.json("get", "pods")["items"][0]["spec"]["nodeName"]
    failed = kubectl.refused("drain", node, "--timeout=1s")
    assert "Cannot evict pod as it would violate the pod's disruption budget." in failed
    kubectl("patch", "pdb", "shop", "--type=merge", "-p", '{"spec": {"maxUnavailable": 1}}')
    kubectl("drain", node, "--timeout=30s")
    assert all(pod["spec"].get("nodeName") != node for pod in kubectl.json("get", "pods")["items"])


def test_a_priority_class_is_made_listed_and_described(cli: Kubectl) -> None:
    name = f"high-{cli.namespace}"
    cli("create", "priorityclass", name, "--value=1000", "--description=for shops")
    (row,) = cli("get", "pc", name).table
    assert (row["VALUE"], row["GLOBAL-DEFAULT"]) == ("1000", "false")
    described = [re.sub(r" +", " ", line) for line in plain(cli, "describe", "priorityclass", name)]
    assert described[1:5] == [
        "Value: 1000",
        "GlobalDefault: false",
        "PreemptionPolicy: PreemptLowerPriority",
        "Description: for shops",
    ]

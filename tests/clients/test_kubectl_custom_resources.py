"""Custom resources with real kubectl: an add-on's manifests, explained, printed, edited, deleted."""

from __future__ import annotations

import pytest

from support.addons import AGENT, ENDPOINTS, POOL, POOLS
from support.kubectl import Kubectl
from support.waiting import until

POOLS_NAME = "ippools.crd.projectcalico.org"
AGENTS_NAME = "agents.net.example.com"


@pytest.fixture
def established(kubectl: Kubectl) -> Kubectl:
    """A kubectl on a cluster that has the add-on's definitions."""
    kubectl("apply", "-f", "-", stdin=f"{POOLS}---\n{ENDPOINTS}")
    kubectl("wait", "--for=condition=established", f"crd/{POOLS_NAME}", f"crd/{AGENTS_NAME}", "--timeout=10s")
    return kubectl


def test_an_add_on_s_manifests_apply_and_apply_again(kubectl: Kubectl) -> None:
    kubectl = kubectl.within("kube-system")
    manifests = f"{POOLS}---\n{ENDPOINTS}---\n{AGENT}"
    assert all(line.endswith(" created") for line in kubectl("apply", "-f", "-", stdin=manifests).out.splitlines())
    again = kubectl("apply", "-f", "-", stdin=manifests)
    # A budget's selector is replaced as a whole, so kubectl always finds something to patch (patchStrategy=replace).
    assert [line for line in again.out.splitlines() if not line.endswith(" unchanged")] == [
        "poddisruptionbudget.policy/net-controllers configured"
    ]
    kubectl("wait", "--for=condition=established", f"crd/{POOLS_NAME}", "--timeout=10s")
    assert kubectl("apply", "-f", "-", stdin=POOL).out == ("ippool.crd.projectcalico.org/default-ipv4-ippool created\n")
    kubectl("rollout", "status", "daemonset/net-agent", "--timeout=20s")
    pods = kubectl.json("get", "pods", "-l", "k8s-app=net-agent")["items"]
    assert {pod["spec"]["priority"] for pod in pods} == {2_000_001_000}
    kubectl("delete", "-f", "-", stdin=manifests)
    assert "NotFound" in kubectl.refused("get", "crd", POOLS_NAME)


def test_pools_are_listed_explained_and_edited(established: Kubectl) -> None:
    established("apply", "-f", "-", stdin=POOL)
    assert established("apply", "-f", "-", stdin=POOL).out.endswith(" unchanged\n")
    changed = POOL.replace("Always", "Never")
    assert established("apply", "-f", "-", stdin=changed).out.endswith(" configured\n")
    (row,) = established("get", "ippools").table
    assert (row["NAME"], set(row)) == ("default-ipv4-ippool", {"NAME", "AGE"})
    explained = established("explain", "ippool.spec.cidr").out
    assert "A range of addresses." in explained
    assert "-required-" in established("explain", "ippool.spec").out
    established.editing("shrink", 'sed -i "s/blockSize: 26/blockSize: 28/" "$1"')(
        "edit", "ippool", "default-ipv4-ippool"
    )
    assert established.json("get", "ippool", "default-ipv4-ippool")["spec"]["blockSize"] == 28
    established("label", "ippool", "default-ipv4-ippool", "zone=a")
    assert established("get", "ippool", "-l", "zone=a", "-o", "name").out == (
        "ippool.crd.projectcalico.org/default-ipv4-ippool\n"
    )
    assert established("describe", "ippool", "default-ipv4-ippool").out.startswith(
        "Name:         default-ipv4-ippool\n"
    )


def test_what_the_schema_forbids_is_told(established: Kubectl) -> None:
    wrong = POOL.replace("blockSize: 26", "blockSize: many").replace("cidr: 192.168.0.0/16, ", "")
    assert established.refused("create", "-f", "-", stdin=wrong).splitlines() == [
        'The IPPool "default-ipv4-ippool" is invalid: ',
        "* spec.cidr: Required value",
        '* spec.blockSize: Invalid value: "string": spec.blockSize in body must be of type integer: "string"',
    ]
    unknown = POOL.replace("blockSize", "blocksize")
    assert 'unknown field "spec.blocksize"' in established.refused("create", "-f", "-", stdin=unknown)


def test_resources_are_found_by_short_names_and_categories(established: Kubectl) -> None:
    agent = "apiVersion: net.example.com/v2\nkind: Agent\nmetadata: {name: one}\nspec: {anything: {goes: 1}}\n"
    established("apply", "-f", "-", stdin=agent)
    established("patch", "agent", "one", "--subresource=status", "--type=merge", "-p", '{"status": {"state": "ready"}}')
    (row,) = established("get", "ag").table
    assert (row["NAME"], row["STATE"]) == ("one", "ready")
    assert established("get", "net", "-o", "name").out == "agent.net.example.com/one\n"
    resources = established("api-resources", "--api-group=net.example.com").out
    assert "ag" in resources
    old = established("get", "agents.v2alpha1.net.example.com", "one")
    assert "net.example.com/v2alpha1 Agent is deprecated; use net.example.com/v2 Agent" in old.err


def test_a_definition_is_deleted_with_what_it_defines(established: Kubectl) -> None:
    established("apply", "-f", "-", stdin=POOL)
    deleted = established("delete", "crd", POOLS_NAME, "--timeout=10s")
    assert deleted.out == f'customresourcedefinition.apiextensions.k8s.io "{POOLS_NAME}" deleted\n'
    until(lambda: "ippools" not in established("api-resources").out)
    assert "NotFound" in established.refused("get", "crd", POOLS_NAME)


def test_a_strategic_patch_is_refused_as_upstream_refuses_it(established: Kubectl) -> None:
    established("apply", "-f", "-", stdin=POOL)
    patch = ("patch", "ippool", "default-ipv4-ippool", "--type=strategic", "-p", '{"spec": {"blockSize": 27}}')
    assert "the body of the request was in an unknown format" in established.refused(*patch)

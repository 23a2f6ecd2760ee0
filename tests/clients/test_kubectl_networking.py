"""The kinds of `networking.k8s.io` with real kubectl: applied, listed, described, edited, explained."""

from __future__ import annotations

import json
import re
from pathlib import Path

from support.kubectl import Kubectl
from support.waiting import until

GUARD = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: guard, labels: {part-of: shop}}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: web}}
    - namespaceSelector: {matchLabels: {team: a}}
      podSelector: {matchLabels: {app: job}}
    - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}
    ports:
    - {port: 5432, protocol: TCP}
    - {port: metrics, protocol: TCP}
    - {port: 8000, endPort: 8010, protocol: UDP}
  egress:
  - {}
"""

FAST = """\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: fast, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
spec:
  controller: example.com/fast
  parameters: {apiGroup: example.com, kind: Settings, name: fast, scope: Cluster}
"""

FRONT = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front}
spec:
  ingressClassName: slow
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: shop, port: {number: 80}}}
"""


def described(cli: Kubectl, target: str) -> list[str]:
    """The description's lines, without what differs from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", "TIME", cli("describe", target).out)
    text = re.sub(r"test-\d+", "NAMESPACE", text)
    return [line.rstrip() for line in text.rstrip().splitlines()]


def expected(name: str) -> list[str]:
    return (Path(__file__).parent / "described" / f"{name}.txt").read_text().rstrip().splitlines()


def test_a_network_policy_is_applied_listed_and_described(cli: Kubectl) -> None:
    assert cli("apply", "-f", "-", stdin=GUARD).out == "networkpolicy.networking.k8s.io/guard created\n"
    assert cli("apply", "-f", "-", stdin=GUARD).out == "networkpolicy.networking.k8s.io/guard unchanged\n"
    (row,) = cli("get", "netpol").table
    assert row.pop("AGE").endswith("s")
    assert row == {"NAME": "guard", "POD-SELECTOR": "app=db"}
    assert described(cli, "netpol/guard") == expected("networkpolicy")
    assert cli("delete", "networkpolicy", "guard").out.startswith('networkpolicy.networking.k8s.io "guard" deleted')


def test_an_edited_network_policy_is_of_another_generation(cli: Kubectl) -> None:
    cli("create", "-f", "-", stdin=GUARD)
    cli.editing("open-port", 'sed -i s/5432/5433/ "$1"')("edit", "netpol", "guard")
    cli("label", "netpol", "guard", "tier=back")
    policy = cli.json("get", "netpol", "guard")
    assert (policy["metadata"]["generation"], policy["spec"]["ingress"][0]["ports"][0]["port"]) == (2, 5433)


def test_what_is_wrong_with_a_network_policy_is_told(cli: Kubectl) -> None:
    wrong = GUARD.replace("10.0.0.0/8", "11.0.0.1/8").replace("endPort: 8010", "endPort: 7")
    assert [line.partition(": Invalid")[0] for line in cli.refused("apply", "-f", "-", stdin=wrong).splitlines()] == [
        'The NetworkPolicy "guard" is invalid: ',
        "* spec.ingress[0].ports[2].endPort",
        "* spec.ingress[0].from[2].ipBlock.cidr",
        "* spec.ingress[0].from[2].ipBlock.except[0]",
    ]


def test_an_ingress_class_is_applied_listed_and_described(shared_kubectl: Kubectl) -> None:
    cli = shared_kubectl
    assert cli("apply", "-f", "-", stdin=FAST).out == "ingressclass.networking.k8s.io/fast created\n"
    assert cli("apply", "-f", "-", stdin=FAST).out == "ingressclass.networking.k8s.io/fast unchanged\n"
    (row,) = cli("get", "ingressclass").table
    row.pop("AGE")
    assert row == {
        "NAME": "fast (default)",
        "CONTROLLER": "example.com/fast",
        "PARAMETERS": "Settings.example.com/fast",
    }
    assert described(cli, "ingressclass/fast") == expected("ingressclass")
    assert cli.refused("patch", "ingressclass", "fast", "-p", '{"spec": {"controller": "a.b/c"}}') == (
        'The IngressClass "fast" is invalid: spec.controller: Invalid value: "a.b/c": field is immutable'
    )
    assert cli("delete", "ingressclass", "fast").out == 'ingressclass.networking.k8s.io "fast" deleted\n'


def test_an_ingress_that_kubectl_creates_is_listed_and_described(cli: Kubectl) -> None:
    rules = ("--rule=shop.example.com/cart*=shop:80,tls=cert", "--rule=/=shop:http")
    made = cli("create", "ingress", "front", *rules, "--class=fast", "--default-backend=other:8080")
    assert made.out == "ingress.networking.k8s.io/front created\n"
    point = {"ip": "192.0.2.7", "ports": [{"port": 80, "protocol": "TCP"}]}
    status = json.dumps({"status": {"loadBalancer": {"ingress": [point]}}})
    cli("patch", "ingress", "front", "--subresource=status", "--type=merge", "-p", status)
    (row,) = cli("get", "ing").table
    assert row.pop("AGE").endswith("s")
    assert row == {
        "NAME": "front",
        "CLASS": "fast",
        "HOSTS": "shop.example.com",
        "ADDRESS": "192.0.2.7",
        "PORTS": "80, 443",
    }
    assert described(cli, "ingress/front") == expected("ingress")
    assert cli.json("get", "ingress", "front")["metadata"]["generation"] == 1


def test_an_ingress_is_told_which_of_its_backends_are_there(cli: Kubectl) -> None:
    cli("create", "deployment", "shop", "--image=nginx")
    cli("expose", "deployment", "shop", "--port=80")
    cli("create", "ingress", "front", "--rule=shop.example.com/=shop:80")
    until(lambda: re.search(r"shop:80 \(10\.\S+:80\)", cli("describe", "ingress", "front").out) is not None)


def test_an_ingress_is_applied_and_edited(cli: Kubectl) -> None:
    assert cli("apply", "-f", "-", stdin=FRONT).out == "ingress.networking.k8s.io/front created\n"
    assert cli("apply", "-f", "-", stdin=FRONT).out == "ingress.networking.k8s.io/front unchanged\n"
    cli.editing("move", 'sed -i s/shop.example.com/www.example.com/ "$1"')("edit", "ingress", "front")
    front = cli.json("get", "ingress", "front")
    assert (front["metadata"]["generation"], front["spec"]["rules"][0]["host"]) == (2, "www.example.com")
    wrong = FRONT.replace("path: /", "path: x").replace("number: 80", "number: 0")
    assert cli.refused("apply", "-f", "-", stdin=wrong).splitlines() == [
        'The Ingress "front" is invalid: ',
        '* spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
        "* spec.rules[0].http.paths[0].backend: Required value: port name or number is required",
    ]


def test_an_ingress_is_of_the_default_class_unless_it_names_one(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=FAST)
    backend = "--default-backend=shop:80"
    kubectl("create", "ingress", "plain", backend)
    kubectl("create", "ingress", "other", backend, "--class=slow")
    older = kubectl("create", "ingress", "older", backend, "--annotation=kubernetes.io/ingress.class=x")
    assert older.err.startswith('Warning: annotation "kubernetes.io/ingress.class" is deprecated')
    classes = {row["NAME"]: row["CLASS"] for row in kubectl("get", "ingress").table}
    assert classes == {"plain": "fast", "other": "slow", "older": "<none>"}


def test_policies_and_ingresses_go_with_their_namespace(shared_kubectl: Kubectl) -> None:
    shared_kubectl("create", "namespace", "leaving")
    leaving = shared_kubectl.within("leaving")
    leaving("create", "-f", "-", stdin=f"{GUARD}---\n{FRONT}")
    shared_kubectl("delete", "namespace", "leaving", "--timeout=20s")
    shared_kubectl("create", "namespace", "leaving")
    assert leaving("get", "netpol,ing").err == "No resources found in leaving namespace.\n"
    shared_kubectl("delete", "namespace", "leaving", "--timeout=20s")


def test_kubectl_explains_the_kinds(shared_kubectl: Kubectl) -> None:
    assert "endPort\t<integer>" in shared_kubectl("explain", "netpol.spec.ingress.ports").out
    assert "defaultBackend\t<IngressBackend>" in shared_kubectl("explain", "ing.spec").out
    assert "controller\t<string>" in shared_kubectl("explain", "ingressclass.spec").out

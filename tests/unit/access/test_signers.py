"""Kubernetes' own signers: what they refuse, how long they sign for, and what is approved by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509

from fauxkube.access.signers import CLIENT, KUBELET_CLIENT, KUBELET_SERVING, automatic_approval, refusal, validity
from fauxkube.kinds.certificates.validation import LEGACY_SIGNER
from support.certificates import KUBELET_USAGES, csr, request

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NODE = ("system:node:node-1", ["system:nodes"])
DNS, IP = x509.DNSName("node-1"), x509.IPAddress(ip_address("10.0.0.1"))
SERVING_USAGES = ("digital signature", "server auth")


@pytest.mark.parametrize(
    ("signer", "subject", "usages", "problem"),
    [
        (CLIENT, ("jane", ["dev"]), ("client auth",), ""),
        (CLIENT, ("jane", []), ("client auth", "digital signature", "key encipherment"), ""),
        (CLIENT, ("jane", []), ("client auth", "server auth"), "invalid usage for client certificate: server auth"),
        (CLIENT, ("jane", []), ("any",), "invalid usage for client certificate: any"),
        (CLIENT, ("jane", []), ("digital signature",), "missing required usage for client certificate: client auth"),
        (KUBELET_CLIENT, NODE, KUBELET_USAGES, ""),
        (KUBELET_CLIENT, NODE, (*KUBELET_USAGES, "key encipherment"), ""),
        (KUBELET_CLIENT, ("system:node:node-1", ["nodes"]), KUBELET_USAGES, "subject organization is not system:nodes"),
        (
            KUBELET_CLIENT,
            ("node-1", ["system:nodes"]),
            KUBELET_USAGES,
            "subject common name does not begin with system:node:",
        ),
        (
            KUBELET_CLIENT,
            NODE,
            ("client auth",),
            "usages did not match [client auth digital signature key encipherment]",
        ),
        (LEGACY_SIGNER, ("anyone", []), ("code signing",), ""),
        ("example.com/own", ("anyone", []), ("code signing",), None),
    ],
)
def test_a_signer_refuses_what_it_is_not_for(
    signer: str, subject: tuple[str, list[str]], usages: tuple[str, ...], problem: str | None
) -> None:
    assert refusal(csr(signer=signer, usages=usages), request(*subject)) == problem


@pytest.mark.parametrize(
    ("alternatives", "problem"),
    [
        ([DNS], ""),
        ([IP], ""),
        ([], "DNS or IP subjectAltName is required"),
        ([DNS, x509.RFC822Name("a@b.c")], "Email subjectAltNames are not allowed"),
        ([DNS, x509.UniformResourceIdentifier("spiffe://a")], "URI subjectAltNames are not allowed"),
    ],
)
def test_serving_certificates_of_kubelets_name_their_hosts(alternatives: list[x509.GeneralName], problem: str) -> None:
    asked = csr(signer=KUBELET_SERVING, usages=SERVING_USAGES)
    assert refusal(asked, request(*NODE, alternatives=alternatives)) == problem


@pytest.mark.parametrize(("name", "sort"), [(DNS, "DNS"), (IP, "IP")])
def test_client_certificates_of_kubelets_name_no_hosts(name: x509.GeneralName, sort: str) -> None:
    asked = csr(signer=KUBELET_CLIENT, usages=KUBELET_USAGES)
    assert refusal(asked, request(*NODE, alternatives=[name])) == f"{sort} subjectAltNames are not allowed"


@pytest.mark.parametrize(
    ("seconds", "life"),
    [
        (None, timedelta(hours=8760, minutes=-5)),
        (600, timedelta(minutes=10)),
        (3600, timedelta(hours=1)),
        (8 * 3600, timedelta(hours=8, minutes=-5)),
        (2**31 - 1, timedelta(hours=8760, minutes=-5)),
    ],
)
def test_certificates_last_as_long_as_asked_within_a_year(seconds: int | None, life: timedelta) -> None:
    since, until = validity(csr(seconds=seconds), NOW)
    assert (since, until) == (NOW - timedelta(minutes=5), NOW + life)


@pytest.mark.parametrize(
    ("username", "groups", "kind"),
    [
        ("system:bootstrap:abcdef", ["system:bootstrappers"], "kubelet client"),
        ("system:node:node-1", ["system:nodes"], "self kubelet client"),
        ("system:node:node-2", ["system:nodes"], ""),
        ("admin", ["system:masters"], "kubelet client"),
        ("system:anonymous", ["system:unauthenticated"], ""),
    ],
)
def test_kubelets_are_approved_that_have_a_token_or_are_the_node(username: str, groups: list[str], kind: str) -> None:
    asked = csr(signer=KUBELET_CLIENT, usages=KUBELET_USAGES)
    asked["spec"] |= {"username": username, "groups": groups}
    message = f"Auto approving {kind} certificate after SubjectAccessReview." if kind else ""
    assert automatic_approval(asked, request(*NODE)) == message
    assert automatic_approval(asked, request("node-1", ["system:nodes"])) == ""
    asked["spec"]["signerName"] = CLIENT
    assert automatic_approval(asked, request(*NODE)) == ""

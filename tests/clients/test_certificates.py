"""Certificates by real clients: kubectl approves and denies, the Python client asks, openssl verifies."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from fauxkube.access.signers import CLIENT
from support.certificates import csr
from support.kubectl import Kubectl
from support.waiting import until


def asked(kubectl: Kubectl, name: str, **parts: Any) -> None:
    kubectl("create", "-f", "-", stdin=json.dumps(csr(name, **parts)))


def state(kubectl: Kubectl, name: str) -> str:
    return kubectl("get", "csr", name).table[0]["CONDITION"]


def test_an_approved_request_brings_a_certificate_that_openssl_verifies(
    shared_kubectl: Kubectl, tmp_path: Path
) -> None:
    kubectl = shared_kubectl
    asked(kubectl, "jane", seconds=86_400)
    (row,) = kubectl("get", "csr", "jane").table
    assert row["SIGNERNAME"] == "kubernetes.io/kube-apiserver-client"
    assert (row["REQUESTOR"], row["REQUESTEDDURATION"], row["CONDITION"]) == ("system:anonymous", "24h", "Pending")
    approved = kubectl("certificate", "approve", "jane").out
    assert approved == "certificatesigningrequest.certificates.k8s.io/jane approved\n"
    until(lambda: state(kubectl, "jane") == "Approved,Issued")
    issued = kubectl.json("get", "csr", "jane")
    ca = kubectl.json("get", "secret", "fauxkube-ca", "-n", "kube-system")
    (tmp_path / "jane.crt").write_bytes(base64.b64decode(issued["status"]["certificate"]))
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(ca["data"]["tls.crt"]))
    command = ("openssl", "verify", "-purpose", "sslclient", "-CAfile", "ca.crt", "jane.crt")
    verified = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert verified.stdout == "jane.crt: OK\n"
    described = kubectl("describe", "csr", "jane").out
    assert "Approved,Issued" in described
    assert "Common Name:    jane" in described
    kubectl("delete", "csr", "jane")


def test_a_decision_cannot_be_turned_around(shared_kubectl: Kubectl) -> None:
    asked(shared_kubectl, "mallory")
    shared_kubectl("certificate", "deny", "mallory")
    assert state(shared_kubectl, "mallory") == "Denied"
    said = shared_kubectl.refused("certificate", "approve", "mallory")
    assert said == 'error: certificate signing request "mallory" is already Denied'
    shared_kubectl("delete", "csr", "mallory")


def test_the_user_who_acts_is_the_one_who_asks(shared_kubectl: Kubectl) -> None:
    acting = ("--as", "bob", "--as-group", "dev")
    shared_kubectl("create", "-f", "-", *acting, stdin=json.dumps(csr("bob")))
    spec = shared_kubectl.json("get", "csr", "bob")["spec"]
    assert (spec["username"], spec["groups"]) == ("bob", ["dev", "system:authenticated"])
    shared_kubectl("delete", "csr", "bob")


def test_the_python_client_asks_approves_and_reads(python_api: client.ApiClient) -> None:
    api = client.CertificatesV1Api(python_api)
    spec = client.V1CertificateSigningRequestSpec(
        request=csr()["spec"]["request"], signer_name=CLIENT, usages=["client auth"]
    )
    body = client.V1CertificateSigningRequest(metadata=client.V1ObjectMeta(name="python"), spec=spec)
    created = api.create_certificate_signing_request(body)
    approved = client.V1CertificateSigningRequestCondition(type="Approved", status="True", reason="Test")
    created.status = client.V1CertificateSigningRequestStatus(conditions=[approved])
    api.replace_certificate_signing_request_approval("python", created)
    until(lambda: api.read_certificate_signing_request_status("python").status.certificate)
    patch = {"status": {"conditions": [{"type": "Denied", "status": "True"}]}}
    with pytest.raises(client.ApiException) as raised:
        api.patch_certificate_signing_request_approval("python", patch)
    assert raised.value.status == 422
    assert "Approved" in json.loads(raised.value.body)["message"]
    api.delete_certificate_signing_request("python")


def test_nobody_becomes_one_of_the_masters_by_the_api_server_s_signer(python_api: client.ApiClient) -> None:
    from support.certificates import pem_of

    api = client.CertificatesV1Api(python_api)
    with pytest.raises(client.ApiException) as raised:
        api.create_certificate_signing_request(csr("root", pem=pem_of("root", ["system:masters"])))
    assert json.loads(raised.value.body)["message"] == (
        'certificatesigningrequests.certificates.k8s.io "root" is forbidden: use of '
        "kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"
    )

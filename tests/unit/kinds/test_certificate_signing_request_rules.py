"""Certificate signing requests: who asks, what is refused, who may change what, and columns."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from fauxkube.kinds.certificates.certificate_signing_request import RESOURCE
from fauxkube.kinds.certificates.validation import USAGES
from fauxkube.machinery.objects import Object, copy_of
from fauxkube.machinery.users import UserInfo
from support.certificates import csr, pem_of

STRATEGY, APPROVAL = RESOURCE.strategy, RESOURCE.subresource_strategies["approval"]
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
JANE = UserInfo("jane", "7", ("dev", "ops"), {"team": ("a",)})
TRUE = {"status": "True", "reason": "R", "message": "m"}
CERTIFICATE = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").decode()


def stored(*conditions: str, certificate: str = "") -> Object:
    """A request as it is stored, with conditions of these types."""
    obj = csr()
    obj["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    times = {"lastUpdateTime": "2026-01-01T00:00:30Z", "lastTransitionTime": "2026-01-01T00:00:30Z"}
    listed = [{"type": each, **TRUE, **times} for each in conditions]
    obj["status"] = ({"conditions": listed} if listed else {}) | ({"certificate": certificate} if certificate else {})
    return obj


def messages(given: Object) -> list[str]:
    return [f"{error.field}: {error.message}" for error in STRATEGY.validate_create(given)]


def changed(old: Object, new: Object, subresource: str) -> list[str]:
    """What is refused of a write of `new`, after it was prepared as the pipeline does."""
    strategy = APPROVAL if subresource == "approval" else STRATEGY
    if subresource == "status":
        strategy.prepare_for_status_update(new, old)
    else:
        strategy.prepare_for_update(new, old)
    strategy.mark(new, old, user=JANE, now=NOW)
    check = strategy.validate_status_update if subresource == "status" else strategy.validate_update
    return [f"{error.field}: {error.message}" for error in check(new, old)]


def test_the_server_says_who_asks() -> None:
    given = csr()
    given["spec"] |= {"username": "admin", "groups": ["system:masters"], "extra": {"a": ["b"]}}
    given["status"] = {"conditions": [{"type": "Approved", **TRUE}]}
    STRATEGY.prepare_for_create(given)
    STRATEGY.mark(given, None, user=JANE, now=NOW)
    asked = {name: given["spec"][name] for name in ("username", "uid", "groups", "extra")}
    assert asked == {"username": "jane", "uid": "7", "groups": ["dev", "ops"], "extra": {"team": ["a"]}}
    assert given["status"] == {}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (csr(usages=()), "spec.usages: Required value"),
        (csr(usages=("client auth", "client auth")), 'spec.usages[1]: Duplicate value: "client auth"'),
        (csr(signer=""), "spec.signerName: Required value"),
        (
            csr(signer="kubernetes.io/legacy-unknown"),
            (
                'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": '
                "the legacy signerName is not allowed via this API version"
            ),
        ),
        (
            csr(signer="signer"),
            (
                'spec.signerName: Invalid value: "signer": must be a fully qualified domain and path of the form '
                "'example.com/signer-name'"
            ),
        ),
        (
            csr(signer="example/signer"),
            (
                'spec.signerName: Invalid value: "example": '
                "should be a domain with at least two segments separated by dots"
            ),
        ),
        (
            csr(seconds=599),
            "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)",
        ),
    ],
)
def test_wrong_requests_are_refused(given: Object, problem: str) -> None:
    assert messages(given) == [problem]


@pytest.mark.parametrize("signer", ["example.com/a", "kubernetes.io/kubelet-serving", "a.b.c/ns.name-1.x"])
def test_right_signers_are_taken(signer: str) -> None:
    assert messages(csr(signer=signer, usages=USAGES, seconds=600)) == []


@pytest.mark.parametrize(
    ("pem", "problem"),
    [
        (b"", "PEM block type must be CERTIFICATE REQUEST"),
        (b"nonsense", "PEM block type must be CERTIFICATE REQUEST"),
        (pem_of().replace(b"CERTIFICATE REQUEST", b"CERTIFICATE"), "PEM block type must be CERTIFICATE REQUEST"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "x509: malformed"),
    ],
)
def test_what_is_asked_for_is_a_pkcs10_request(pem: bytes, problem: str) -> None:
    (message,) = messages(csr(pem=pem))
    assert message.startswith("spec.request: Invalid value: ")
    assert problem in message


def test_a_request_is_signed_by_its_own_key() -> None:
    lines = pem_of().splitlines()
    der = bytearray(base64.b64decode(b"".join(lines[1:-1])))
    der[-1] ^= 1
    forged = b"\n".join([lines[0], base64.b64encode(bytes(der)), lines[-1]])
    (message,) = messages(csr(pem=forged))
    assert message.endswith("x509: the signature is not by the request's own key")


def test_text_around_the_pem_block_is_skipped() -> None:
    assert messages(csr(pem=b"a request of mine:\n" + pem_of() + b"bye\n")) == []


def test_what_is_asked_for_never_changes() -> None:
    old, new = stored(), stored("Approved")
    new["spec"]["signerName"] = "example.com/other"
    new["metadata"]["labels"] = {"a": "b"}
    assert changed(old, new, "") == []
    assert new["spec"] == old["spec"]
    assert new["status"] == {}


def test_approval_changes_the_conditions_and_stamps_them() -> None:
    old, new = stored(), stored(certificate=CERTIFICATE)
    new["status"]["conditions"] = [{"type": "Approved", **TRUE}]
    assert changed(old, new, "approval") == []
    stamps = {"lastUpdateTime": "2026-01-01T00:01:00Z", "lastTransitionTime": "2026-01-01T00:01:00Z"}
    assert new["status"] == {"conditions": [{"type": "Approved", **TRUE, **stamps}]}


@pytest.mark.parametrize(
    ("before", "after", "problems"),
    [
        (
            (),
            ("Approved", "Denied"),
            ['Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'],
        ),
        (("Approved",), (), ['Forbidden: updates may not remove a condition of type "Approved"']),
        (("Denied",), ("Denied", "Failed"), []),
        (("Denied",), ("Approved",), ['Forbidden: updates may not remove a condition of type "Denied"']),
    ],
)
def test_a_decision_stands(before: Sequence[str], after: Sequence[str], problems: list[str]) -> None:
    found = changed(stored(*before), stored(*after), "approval")
    assert found == [f"status.conditions: {each}" for each in problems]


def test_conditions_are_true_of_known_decisions_and_there_once() -> None:
    new = stored()
    new["status"]["conditions"] = [{"type": "Approved", "status": "False"}, {"type": "Own"}, {"type": "", **TRUE}]
    assert changed(stored(), new, "approval") == [
        'status.conditions[0].status: Unsupported value: "False": supported values: "True"',
        "status.conditions[1].status: Required value",
        "status.conditions[2].type: Required value",
    ]
    twice = stored("Own", "Own")
    assert changed(stored(), twice, "approval") == ['status.conditions[1].type: Duplicate value: "Own"']


def test_status_neither_approves_nor_denies() -> None:
    assert changed(stored(), stored("Approved"), "status") == [
        'status.conditions: Forbidden: updates may not add a condition of type "Approved"'
    ]
    old, new = stored("Approved"), stored("Approved", "Failed")
    new["status"]["conditions"][0]["message"] = "by somebody else"
    assert changed(old, new, "status") == []
    assert new["status"]["conditions"][0] == old["status"]["conditions"][0]


def test_status_brings_the_certificate_once() -> None:
    old = stored("Approved")
    new = copy_of(old)
    new["status"]["certificate"] = base64.b64encode(pem_of()).decode()
    assert changed(old, new, "status") == [
        (
            'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, '
            'found "CERTIFICATE REQUEST"'
        )
    ]
    assert changed(stored("Approved", certificate="QUFBQQ=="), stored("Approved", certificate=""), "status") == [
        "status.certificate: Forbidden: updates may not modify existing certificate content"
    ]


@pytest.mark.parametrize(
    ("obj", "state"),
    [
        (stored(), "Pending"),
        (stored("Approved"), "Approved"),
        (stored("Approved", certificate="QQ=="), "Approved,Issued"),
        (stored("Approved", "Failed"), "Approved,Failed"),
        (stored("Denied"), "Denied"),
    ],
)
def test_columns(obj: Object, state: str) -> None:
    obj["spec"] |= {"username": "jane", "expirationSeconds": 86_400}
    assert RESOURCE.row is not None
    assert RESOURCE.row(obj, NOW) == ["jane", "60s", "kubernetes.io/kube-apiserver-client", "jane", "24h", state]
    assert RESOURCE.selectable_fields(obj)["spec.signerName"] == "kubernetes.io/kube-apiserver-client"

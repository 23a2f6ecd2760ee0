"""The authority: what it signs holds by openssl's judgement, and says what was asked for."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from fauxkube.access.authority import Authority, AuthorityExpiredError, key_hash, new_authority
from fauxkube.kit.chance import Chance
from support.certificates import request

NOW = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
AUTHORITY = new_authority("kubernetes", now=NOW, chance=Chance(1))
NAMES = [x509.DNSName("web"), x509.IPAddress(ip_address("10.0.0.1"))]


def signed(*usages: str, until: datetime = NOW + YEAR, alternatives: list[x509.GeneralName] | None = None) -> bytes:
    asked = request("jane", ["dev", "ops"], alternatives=alternatives or [])
    return AUTHORITY.sign(asked, usages, since=NOW, until=until, chance=Chance(2))


def openssl(*args: str) -> str:
    return subprocess.run(("openssl", *args), check=True, capture_output=True, text=True).stdout


def test_openssl_verifies_the_chain(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(AUTHORITY.certificate)
    (tmp_path / "jane.crt").write_bytes(signed("client auth", alternatives=NAMES))
    at = str(int((NOW + timedelta(days=1)).timestamp()))
    verified = openssl("verify", "-attime", at, "-CAfile", str(tmp_path / "ca.crt"), "-purpose", "sslclient",
                       "-x509_strict", str(tmp_path / "jane.crt"))  # fmt: skip
    assert verified == f"{tmp_path}/jane.crt: OK\n"


def test_a_certificate_says_what_was_asked_for_and_nothing_else() -> None:
    certificate = x509.load_pem_x509_certificate(signed("client auth", "digital signature", alternatives=NAMES))
    extensions = {type(each.value): each for each in certificate.extensions}
    assert certificate.subject.rfc4514_string() == "CN=jane,O=ops,O=dev"
    assert certificate.issuer.rfc4514_string() == "CN=kubernetes"
    assert (certificate.not_valid_before_utc, certificate.not_valid_after_utc) == (NOW, NOW + YEAR)
    assert list(extensions[x509.SubjectAlternativeName].value) == NAMES  # type: ignore[call-overload]
    assert list(extensions[x509.ExtendedKeyUsage].value) == [ExtendedKeyUsageOID.CLIENT_AUTH]  # type: ignore[call-overload]
    assert not extensions[x509.BasicConstraints].value.ca  # type: ignore[attr-defined]
    assert extensions[x509.KeyUsage].value.digital_signature  # type: ignore[attr-defined]
    assert not extensions[x509.KeyUsage].value.key_cert_sign  # type: ignore[attr-defined]


@pytest.mark.parametrize("usages", [("encipher only",), ("signing", "cert sign"), ("any", "s/mime", "netscape sgc")])
def test_every_usage_can_be_signed(usages: tuple[str, ...]) -> None:
    assert x509.load_pem_x509_certificate(signed(*usages))


def test_nothing_outlives_the_authority() -> None:
    certificate = x509.load_pem_x509_certificate(signed("any", until=NOW + 20 * YEAR))
    assert certificate.not_valid_after_utc == NOW + timedelta(days=3650)
    with pytest.raises(AuthorityExpiredError):
        AUTHORITY.sign(request(), ["any"], since=NOW + 11 * YEAR, until=NOW + 12 * YEAR, chance=Chance(1))


def test_a_seed_gives_the_same_key_and_certificates() -> None:
    again = new_authority("kubernetes", now=NOW, chance=Chance(1))
    assert again == AUTHORITY
    assert again.hash == AUTHORITY.hash
    assert signed("any") == signed("any")
    assert new_authority("kubernetes", now=NOW, chance=Chance(2)).hash != AUTHORITY.hash


def test_the_hash_is_openssl_s_of_the_public_key(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(AUTHORITY.certificate)
    script = "openssl x509 -pubkey -in ca.crt | openssl pkey -pubin -outform der | openssl dgst -sha256 -hex"
    printed = subprocess.run(script, shell=True, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert key_hash(AUTHORITY.certificate) == f"sha256:{printed.split()[-1]}"


def test_it_is_kept_as_a_secret() -> None:
    assert Authority.from_secret(AUTHORITY.to_secret()) == AUTHORITY

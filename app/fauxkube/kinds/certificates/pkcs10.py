"""PKCS#10 certificate requests out of PEM, and PEM certificates, read with `cryptography` once there is one to read."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from fauxkube.machinery.objects import Object

if TYPE_CHECKING:
    from cryptography import x509

_BLOCK = re.compile(rb"-----BEGIN ([^-\r\n]+)-----\r?\n(.*?)-----END \1-----", re.DOTALL)
REQUEST_BLOCK, CERTIFICATE_BLOCK = "CERTIFICATE REQUEST", "CERTIFICATE"


class PemError(ValueError):
    """Bytes that are not the request or the certificates that they should be."""


class _Block(NamedTuple):
    type: str
    has_headers: bool
    der: bytes


@dataclass(frozen=True)
class CertificateRequest:
    """A request whose signature is yet to be checked."""

    csr: x509.CertificateSigningRequest

    @cached_property
    def common_name(self) -> str:
        """The subject's last common name, as Go takes it."""
        return self._names("2.5.4.3")[-1] if self._names("2.5.4.3") else ""

    @cached_property
    def organizations(self) -> list[str]:
        """The subject's organizations: the groups that the certificate's user would be in."""
        return self._names("2.5.4.10")

    @cached_property
    def alternatives(self) -> dict[str, list[str]]:
        """The alternative names by their sort: `DNS`, `Email`, `IP`, `URI`."""
        from cryptography import x509

        try:
            names = self.csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return {"DNS": [], "Email": [], "IP": [], "URI": []}
        return {
            "DNS": list(names.get_values_for_type(x509.DNSName)),
            "Email": list(names.get_values_for_type(x509.RFC822Name)),
            "IP": [str(address) for address in names.get_values_for_type(x509.IPAddress)],
            "URI": list(names.get_values_for_type(x509.UniformResourceIdentifier)),
        }

    def _names(self, dotted: str) -> list[str]:
        return [str(each.value) for each in self.csr.subject if each.oid.dotted_string == dotted]


def request_of(csr: Object) -> CertificateRequest:
    """The request that a CertificateSigningRequest carries; PemError when it is none."""
    return parse_request(base64.b64decode(csr["spec"].get("request") or ""))


def parse_request(pem: bytes) -> CertificateRequest:
    """The request in the first PEM block; PemError when that is none."""
    from cryptography import x509

    block = next(_blocks(pem), None)
    if block is None or block.type != REQUEST_BLOCK:
        raise PemError(f"PEM block type must be {REQUEST_BLOCK}")
    try:
        request = CertificateRequest(x509.load_der_x509_csr(block.der))
        _ = request.common_name, request.organizations, request.alternatives
    except (ValueError, TypeError) as error:
        raise PemError(f"x509: malformed certificate request: {error}") from None
    return request


def signature_problem(request: CertificateRequest) -> str:
    """What is wrong with the request's signature by its own key; empty when nothing is."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return "" if request.csr.is_signature_valid else "x509: the signature is not by the request's own key"
    except (ValueError, UnsupportedAlgorithm):
        return "x509: cannot verify signature: algorithm unimplemented"


def certificates_problem(pem: bytes) -> str:
    """What keeps the bytes from being certificates; empty when they are some, or when there are none at all."""
    if not pem:
        return ""
    blocks = list(_blocks(pem))
    for block in blocks:
        if block.type != CERTIFICATE_BLOCK:
            return f'only CERTIFICATE PEM blocks are allowed, found "{block.type}"'
        if block.has_headers:
            return "no PEM block headers are permitted"
        if problem := _certificate_problem(block.der):
            return problem
    return "" if blocks else "must contain at least one CERTIFICATE PEM block"


def _certificate_problem(der: bytes) -> str:
    from cryptography import x509

    try:
        x509.load_der_x509_certificate(der)
    except ValueError as error:
        return f"x509: malformed certificate: {error}"
    return ""


def _blocks(pem: bytes) -> Iterator[_Block]:
    """The PEM blocks that can be read; text around them counts for nothing."""
    for found in _BLOCK.finditer(pem):
        headers, _, body = found[2].rpartition(b"\n\n") if b":" in found[2] else (b"", b"", found[2])
        try:
            yield _Block(
                found[1].decode("latin-1"), bool(headers), base64.b64decode(b"".join(body.split()), validate=True)
            )
        except binascii.Error:
            continue

"""CertificateSubjectRestriction: nobody asks the API server's client signer to become one of `system:masters`."""

from __future__ import annotations

from fauxkube.admission.chain import Operation, Review
from fauxkube.kinds.certificates.pkcs10 import PemError, request_of
from fauxkube.kinds.gvrs import CERTIFICATE_SIGNING_REQUESTS
from fauxkube.kinds.resource import Resource
from fauxkube.machinery import status
from fauxkube.machinery.users import MASTERS

_SIGNER = "kubernetes.io/kube-apiserver-client"


class CertificateSubjectRestriction:
    """Upstream's `plugin/pkg/admission/certificates/subjectrestriction`."""

    def handles(self, resource: Resource, subresource: str, operation: Operation) -> bool:
        return resource.gvr == CERTIFICATE_SIGNING_REQUESTS and not subresource and operation is Operation.CREATE

    async def admit(self, review: Review) -> None:
        csr = review.object
        if csr is None or csr["spec"].get("signerName") != _SIGNER:
            return
        try:
            organizations = request_of(csr).organizations
        except PemError as error:
            raise _forbidden(review, f"could not parse CSR: {error}") from None
        if MASTERS in organizations:
            raise _forbidden(review, f"use of {_SIGNER} signer with {MASTERS} group is not allowed")


def _forbidden(review: Review, problem: str) -> status.StatusError:
    return status.forbidden(review.resource.group_resource, review.name, problem)

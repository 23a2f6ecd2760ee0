"""Signs approved certificate requests to Kubernetes' own signers, as kube-controller-manager's `csrsigning` ones do.

The authority is the one that the cluster keeps as a secret; where there is none yet, the first certificate makes it.
"""

from __future__ import annotations

import base64

from fauxkube.access import authority, signers
from fauxkube.access.authority import Authority, new_authority
from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.certificates.conditions import FAILED, certificate_of, has, is_approved, with_condition
from fauxkube.kinds.certificates.pkcs10 import CertificateRequest, request_of
from fauxkube.kinds.gvrs import CERTIFICATE_SIGNING_REQUESTS, SECRETS
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.status import StatusError

#: The common name of the authority, as kubeadm has it.
AUTHORITY = "kubernetes"


class CSRSigningController(Controller):
    """Keys are requests' names."""

    name = "certificatesigningrequest-signing-controller"
    workers = 1

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._chance = context.chance
        self._requests = context.informers.of(CERTIFICATE_SIGNING_REQUESTS)
        self._requests.on_change(self.enqueue)

    async def reconcile(self, key: str) -> None:
        csr = self._requests.get(key)
        if csr is None or certificate_of(csr) or not is_approved(csr) or has(csr, FAILED):
            return
        request = request_of(csr)
        problem = signers.refusal(csr, request)
        if problem is None:
            return
        if problem:
            changed = with_condition(csr, FAILED, reason="SignerValidationFailure", message=problem)
        else:
            certificate = await self._sign(csr, request)
            changed = csr | {"status": csr["status"] | {"certificate": base64.b64encode(certificate).decode()}}
        await self.client.update(CERTIFICATE_SIGNING_REQUESTS, changed, subresource="status")

    async def _sign(self, csr: Object, request: CertificateRequest) -> bytes:
        since, until = signers.validity(csr, self.clock.now())
        chance = self._chance.of("certificates", name_of(csr))
        return (await self._authority()).sign(request, csr["spec"]["usages"], since=since, until=until, chance=chance)

    async def _authority(self) -> Authority:
        try:
            return Authority.from_secret(await self.client.get(SECRETS, authority.NAME, authority.NAMESPACE))
        except StatusError as error:
            if error.code != 404:
                raise
        made = new_authority(AUTHORITY, now=self.clock.now(), chance=self._chance.of("certificates", AUTHORITY))
        await self.client.create(SECRETS, made.to_secret())
        return made

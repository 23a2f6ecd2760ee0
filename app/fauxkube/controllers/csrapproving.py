"""Approves kubelets' requests for client certificates, as kube-controller-manager's `csrapproving` does."""

from __future__ import annotations

from fauxkube.access.signers import automatic_approval
from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.certificates.conditions import APPROVED, DENIED, certificate_of, has, with_condition
from fauxkube.kinds.certificates.pkcs10 import request_of
from fauxkube.kinds.gvrs import CERTIFICATE_SIGNING_REQUESTS


class CSRApprovingController(Controller):
    """Keys are requests' names."""

    name = "certificatesigningrequest-approving-controller"
    workers = 1

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._requests = context.informers.of(CERTIFICATE_SIGNING_REQUESTS)
        self._requests.on_change(self.enqueue)

    async def reconcile(self, key: str) -> None:
        csr = self._requests.get(key)
        if csr is None or certificate_of(csr) or has(csr, APPROVED) or has(csr, DENIED):
            return
        message = automatic_approval(csr, request_of(csr))
        if message:
            approved = with_condition(csr, APPROVED, reason="AutoApproved", message=message)
            await self.client.update(CERTIFICATE_SIGNING_REQUESTS, approved, subresource="approval")

"""Deletes certificate requests that nobody needs any more, as kube-controller-manager's `csrcleaner` does.

Those that were issued, denied or have failed go an hour later, those that nobody decided on after a day, and those
whose certificate has ended.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta

from fauxkube.access.authority import ends_at
from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.certificates.conditions import APPROVED, DENIED, FAILED, certificate_of, conditions_of
from fauxkube.kinds.gvrs import CERTIFICATE_SIGNING_REQUESTS
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.machinery.times import from_time

_DECIDED = timedelta(hours=1)
_PENDING = timedelta(hours=24)


class CSRCleanerController(Controller):
    """Keys are requests' names."""

    name = "certificatesigningrequest-cleaner-controller"
    workers = 1

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._requests = context.informers.of(CERTIFICATE_SIGNING_REQUESTS)
        self._requests.on_change(self.enqueue)

    async def reconcile(self, key: str) -> None:
        csr = self._requests.get(key)
        moments = [] if csr is None else list(clean_at(csr))
        if csr is None or not moments:
            return
        left = (min(moments) - self.clock.now()).total_seconds()
        if left > 0:
            self.queue.add_after(key, left)
            return
        try:
            await self.client.delete(CERTIFICATE_SIGNING_REQUESTS, key, uid=csr["metadata"]["uid"])
        except StatusError as error:
            if error.code not in (404, 409):
                raise


def clean_at(csr: Object) -> Iterator[datetime]:
    """The moments from each of which on the request is not needed; there may be none."""
    certificate, conditions = certificate_of(csr), conditions_of(csr)
    if not conditions:
        yield from_time(csr["metadata"]["creationTimestamp"]) + _PENDING
    for condition in conditions:
        approved = condition.get("type") == APPROVED
        decided = condition.get("type") in (DENIED, FAILED) or (approved and certificate)
        if decided and condition.get("lastUpdateTime"):
            yield from_time(condition["lastUpdateTime"]) + _DECIDED
        if approved and certificate:
            yield ends_at(base64.b64decode(certificate))

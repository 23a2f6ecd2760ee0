"""What goes wrong with an operation on a cluster, as the `StatusError` that its caller gets: the one place for that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fauxkube.cluster.time import ClockError, NotRunningError, NotSettledError
from fauxkube.machinery import status
from fauxkube.machinery.fields import Path
from fauxkube.machinery.status import StatusError
from fauxkube.network.errors import TraceError
from fauxkube.simulation.faults.engine import FaultError
from fauxkube.simulation.requests import CriteriaError


@contextmanager
def refusing(field: str = "", value: object = None) -> Iterator[None]:
    """In this block failures of a cluster's parts become refusals; `field` is what was given, and its `value`."""
    from fauxkube.cluster.beginnings.loading import LoadError
    from fauxkube.simulation.manifests import ManifestError
    from fauxkube.simulation.snapshot import SnapshotError

    try:
        yield
    except ClockError as error:
        raise status.unfit([Path(field).invalid(value, str(error)).to_cause()]) from None
    except FaultError as error:
        raise _unfit_fault(error) from None
    except (CriteriaError, ManifestError, SnapshotError, TraceError) as error:
        raise status.bad_request(str(error)) from None
    except LoadError as error:
        raise status.unfit({"field": "", "message": problem} for problem in error.problems) from None
    except NotSettledError as error:
        raise status.timed_out(str(error), error.busy) from None
    except NotRunningError:
        raise status.unavailable("the cluster was deleted, or has begun anew") from None


def _unfit_fault(error: FaultError) -> StatusError:
    message = str(error).removeprefix(f"{error.field}: ")
    return status.unfit([{"reason": "FieldValueInvalid", "message": message, "field": error.field}])

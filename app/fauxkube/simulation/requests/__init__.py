"""The requests that clients made: recorded, queried, asserted on, exported.

mark = cluster.requests.mark()
...
cluster.requests.assert_called(verb="patch", resource="deploy", body={"spec": {"replicas": 3}}, since=mark)
cluster.requests.assert_not_called(verb="delete", namespace="kube-system")
"""

from fauxkube.simulation.requests.criteria import CriteriaError
from fauxkube.simulation.requests.log import DEFAULT_LIMIT, RequestLog

__all__ = ["DEFAULT_LIMIT", "CriteriaError", "RequestLog"]

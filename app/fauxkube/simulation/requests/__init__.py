"""The requests that clients made: recorded, queried, asserted on, exported.

mark = cluster.requests.mark()
...
cluster.requests.assert_called(verb="patch", resource="deploy", name="web", body={"spec": {"replicas": 3}})
cluster.requests.assert_not_called(verb="delete", namespace="kube-system", since=mark)
"""

from fauxkube.simulation.requests.criteria import Asked, CriteriaError
from fauxkube.simulation.requests.log import DEFAULT_LIMIT, RequestLog

__all__ = ["DEFAULT_LIMIT", "Asked", "CriteriaError", "RequestLog"]

"""Who holds what, asked for by a test's own program."""

from __future__ import annotations

import pytest

import fauxkube
from fauxkube.machinery.status import StatusError


@pytest.mark.parametrize("process", [False, True], ids=["thread", "process"])
def test_a_cluster_tells_of_its_addresses(process: bool) -> None:
    with fauxkube.Cluster(process=process) as cluster:
        cluster.apply(
            {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
        )
        address = cluster.get("service/web")["spec"]["clusterIP"]
        (pool,) = [each for each in cluster.ipam() if each.name == "services/clusterips"]
        (held,) = [each for each in pool.allocations if each.value == address]
        assert held.owner == "services/default/web"
        assert held.since is not None
        assert cluster.whose(address).owner == "services/default/web"
        assert cluster.whose(address).since == held.since
        with pytest.raises(StatusError, match="must be an IP address"):
            cluster.whose("web")

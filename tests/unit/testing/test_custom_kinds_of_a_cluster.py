"""A handle speaks of custom kinds as of any other, wherever its cluster lives and whoever defined them."""

from __future__ import annotations

import httpx
import pytest

from fauxkube import Cluster
from fauxkube.testing import StatusError
from support.custom_resources import DEFINITIONS, shop, shops
from support.waiting import until


def test_a_definition_and_what_it_defines_are_applied_together(cluster: Cluster) -> None:
    applied = cluster.apply([shop(), shops()])
    assert [each["kind"] for each in applied] == ["Shop", "CustomResourceDefinition"]
    assert cluster.get("shop/corner")["spec"] == {"owner": "jane", "size": 3}
    cluster.apply(shop(owner="joe"))
    cluster.expect("sh/corner").to_have({"spec": {"owner": "joe"}})
    cluster.delete("shops/corner")
    assert cluster.list("shops") == []


def test_kinds_that_somebody_else_defined_are_known(cluster: Cluster) -> None:
    with httpx.Client(base_url=cluster.url) as http:
        http.post(DEFINITIONS, json=shops()).raise_for_status()
        until(lambda: http.get("/apis/shop.example.com/v1").status_code == 200)
    cluster.apply(shop())
    assert [each["metadata"]["name"] for each in cluster.list("shops.shop.example.com")] == ["corner"]


def test_unknown_fields_and_wrong_values_are_refused(local: Cluster) -> None:
    local.apply(shops())
    with pytest.raises(StatusError, match=r'unknown field "spec\.colour"'):
        local.apply(shop(colour="red"))
    with pytest.raises(StatusError, match=r"spec\.size in body should be greater than or equal to 1"):
        local.apply(shop(size=0))

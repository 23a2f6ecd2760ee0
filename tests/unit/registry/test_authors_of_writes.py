"""Every write that the registry makes carries its author and the cluster's time."""

from __future__ import annotations

import asyncio

from fauxkube.kinds.gvrs import PODS
from fauxkube.registry.options import WriteOptions
from support.registry_rig import Rig


def test_every_write_of_an_object_says_who_made_it_and_when() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        started = rig.clock.now()
        await rig.create({"metadata": {"name": "c", "finalizers": ["x/y"]}}, author="maker")
        rig.clock.advance(5)
        await rig.delete("c", author="deleter")
        rig.clock.advance(5)
        await rig.update({"metadata": {"name": "c"}}, author="finalizer")
        assert [(each.type, each.author, each.at) for each in rig.store.changes("configmaps/")] == [
            ("ADDED", "maker", started),
            ("MODIFIED", "deleter", started.replace(second=5)),
            ("DELETED", "finalizer", started.replace(second=10)),
        ]

    asyncio.run(scenario())


def test_an_evicted_pod_was_deleted_by_who_evicted_it() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        spec = {"containers": [{"name": "c", "image": "i"}]}
        await rig.create({"metadata": {"name": "p"}, "spec": spec}, PODS)
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
        options = WriteOptions(author="drainer")
        await rig.registry.create(rig.resource(PODS), "default", eviction, options, name="p", subresource="eviction")
        assert rig.store.changes("pods/")[-1].author == "drainer"

    asyncio.run(scenario())

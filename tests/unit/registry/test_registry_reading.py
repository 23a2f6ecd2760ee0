"""Lists and their continue tokens."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxkube.kinds.gvrs import CONFIG_MAPS
from fauxkube.machinery.status import StatusError
from fauxkube.registry import tokens
from fauxkube.registry.codec import decode
from fauxkube.registry.options import ListQuery
from fauxkube.registry.reading import parse_revision
from fauxkube.registry.tokens import Continue
from support.api import config_map
from support.registry_rig import Rig

SEGMENT = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)


@given(revision=st.integers(1, 2**62), start=st.builds("{}/{}".format, SEGMENT, SEGMENT))
def test_a_token_comes_back_as_it_was(revision: int, start: str) -> None:
    assert tokens.decode(tokens.encode(Continue(revision, start))) == Continue(revision, start)


def test_a_token_without_a_revision_goes_on_at_the_newest() -> None:
    assert tokens.decode(tokens.encode(Continue(0, "default/a"))) == Continue(0, "default/a")


@given(text=st.text(max_size=40) | st.binary(max_size=40).map(lambda data: data.decode("latin-1")))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(StatusError) as caught:
        tokens.decode(text)
    assert caught.value.code == 400
    assert caught.value.message.startswith("invalid continue token: continue key is not valid")


@pytest.mark.parametrize(("text", "revision"), [("", None), ("0", 0), ("007", 7), (str(2**64 - 1), 2**64 - 1)])
def test_revisions_are_unsigned_64_bit_numbers(text: str, revision: int | None) -> None:
    assert parse_revision(text) == revision


@given(text=st.text(min_size=1, max_size=30).filter(lambda text: not text.isascii() or not text.isdigit()))
def test_nothing_else_is_a_revision(text: str) -> None:
    with pytest.raises(StatusError) as caught:
        parse_revision(text)
    assert (caught.value.code, caught.value.reason) == (422, "Invalid")


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(SEGMENT, unique=True, max_size=15),
    limit=st.integers(1, 5),
    selector=st.sampled_from(["", "even", "!even"]),
    changes=st.lists(st.sampled_from(["create", "delete", "update"]), max_size=6),
)
def test_pages_put_together_are_the_list_at_their_revision(
    names: list[str], limit: int, selector: str, changes: list[str]
) -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        await rig.create(config_map("zz"))
        for index, name in enumerate(names):
            if name != "zz":
                await rig.create(config_map(name, labels={"even": ""} if index % 2 else {}))
        resource = rig.resource(CONFIG_MAPS)
        whole = await rig.registry.list(resource, "default", ListQuery(label_selector=selector))
        collected: list[bytes] = []
        token, steps = "", list(changes)
        while True:
            query = ListQuery(label_selector=selector, limit=limit, continue_=token)
            page = await rig.registry.list(resource, "default", query)
            assert (page.revision, len(page.values) <= limit) == (whole.revision, True)
            collected += page.values
            if not selector and page.remaining is not None:
                assert len(collected) + page.remaining == len(whole.values)
            if not (token := page.continue_):
                break
            if steps:
                await disturb(rig, steps.pop())
        assert collected == whole.values

    async def disturb(rig: Rig, change: str) -> None:
        there = await rig.names()
        if change == "create":
            await rig.create({"metadata": {"generateName": "new-"}})
        elif there and change == "delete":
            await rig.delete(there[len(there) // 2])
        elif there:
            await rig.patch(there[-1], {"metadata": {"labels": {"even": "", "n": str(rig.store.revision)}}})

    asyncio.run(scenario())


def test_a_page_of_what_has_been_compacted_offers_to_go_on_inconsistently() -> None:
    async def scenario() -> None:
        rig = await Rig(history=4).open()
        for n in range(6):
            await rig.create(config_map(f"c{n}"))
        resource = rig.resource(CONFIG_MAPS)
        first = await rig.registry.list(resource, "default", ListQuery(limit=2))
        for n in range(6):
            await rig.create(config_map(f"d{n}"))
        with pytest.raises(StatusError) as caught:
            await rig.registry.list(resource, "default", ListQuery(limit=2, continue_=first.continue_))
        assert (caught.value.code, caught.value.reason) == (410, "Expired")
        token = caught.value.continue_token
        rest = await rig.registry.list(resource, "default", ListQuery(continue_=token))
        assert [decode(value)["metadata"]["name"] for value in rest.values][:2] == ["c2", "c3"]
        assert rest.revision == rig.store.revision

    asyncio.run(scenario())

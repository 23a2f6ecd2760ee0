"""Loopback addresses: nodes keep the numbers of their names, nothing is given twice, clusters do not meet."""

from __future__ import annotations

from fauxkube.dataplane.addresses import Loopbacks
from fauxkube.dataplane.claims import claim


def test_a_node_has_the_number_that_its_name_ends_in() -> None:
    given = Loopbacks(0)
    assert given.of_node("node-2") == "127.0.10.2"
    assert given.of_node("node-1") == "127.0.10.1"
    assert given.of_node("node-2") == "127.0.10.2", "it keeps it"


def test_without_a_number_or_when_it_is_taken_the_lowest_of_others_that_is_free_is_given() -> None:
    given = Loopbacks(0)
    assert given.of_node("control-plane") == "127.0.11.1"
    assert given.of_node("node-1") == "127.0.10.1"
    assert given.of_node("worker-1") == "127.0.11.2"
    assert given.of_node("node-300") == "127.0.11.3"


def test_what_is_given_back_is_given_again() -> None:
    given = Loopbacks(0)
    assert [given.of(each) for each in ("a", "b", "c")] == ["127.0.100.1", "127.0.100.2", "127.0.100.3"]
    given.release("b")
    assert given.of("d") == "127.0.100.2"


def test_many_addresses_are_all_different_and_end_some_time() -> None:
    given = Loopbacks(3)
    nodes = [given.of_node(f"n{number}x") for number in range(2000)]
    assert len(set(nodes)) == 2000
    assert all(each.startswith("127.3.") and 10 <= int(each.split(".")[2]) < 100 for each in nodes)
    full = Loopbacks(0)
    assert [full.of_node(f"{number}x") for number in range(89 * 254)][-1] == "127.0.99.254"
    assert full.of_node("a") == ""


def test_clusters_of_a_machine_have_the_lowest_numbers_that_are_free(loopback: None) -> None:
    first, second, third = claim(), claim(), claim()
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.number < second.number < third.number
    second.close()
    again = claim()
    assert again is not None
    assert again.number == second.number
    for each in (first, second, third, again):
        each.close()

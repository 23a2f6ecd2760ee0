"""No value is handed out twice, and freed ones come back after all others."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fauxkube.ipam.allocator import Allocator
from fauxkube.ipam.ranges import AddressRange, PortRange

FIRST, SIZE, DYNAMIC = 1001, 6, 2
PORTS = [str(FIRST + n) for n in range(SIZE)]
port = st.sampled_from(PORTS)


@dataclass(frozen=True)
class Kept:
    value: str
    owner: str | None
    revision: int


def small() -> Allocator:
    return Allocator(PortRange(FIRST, FIRST + SIZE - 1), dynamic_from=DYNAMIC)


def test_values_come_in_order_the_dynamic_band_first() -> None:
    allocator = small()
    assert [allocator.reserve() for _ in range(SIZE)] == PORTS[DYNAMIC:] + PORTS[:DYNAMIC]
    assert (allocator.reserve(), allocator.free, allocator.used) == (None, 0, SIZE)


def test_freed_values_come_back_after_all_others_the_longest_free_first() -> None:
    allocator = small()
    first, second = allocator.reserve(), allocator.reserve()
    assert first is not None
    assert second is not None
    allocator.release(second)
    allocator.release(first)
    rest = [allocator.reserve() for _ in range(SIZE - 2)]
    assert {first, second}.isdisjoint(rest)
    assert [allocator.reserve(), allocator.reserve(), allocator.reserve()] == [second, first, None]


def test_a_cancelled_reservation_is_the_next_to_be_handed_out() -> None:
    allocator = small()
    value = allocator.reserve()
    assert value is not None
    allocator.cancel(value)
    assert allocator.reserve() == value


def test_a_fork_has_no_reservations_and_goes_its_own_way() -> None:
    allocator = Allocator(PortRange(FIRST, FIRST + 3))
    for owner in ("a", "b"):
        allocator.claim(str(allocator.reserve()), owner)
    allocator.release("1001")
    reserved = [allocator.reserve(), allocator.reserve(), allocator.reserve()]
    assert reserved == ["1003", "1004", "1001"]
    fork = allocator.fork()
    assert (fork.used, fork.free, fork.owner_of("1002")) == (1, 3, "b")
    assert [fork.reserve() for _ in range(4)] == ["1003", "1004", "1001", None]
    fork.release("1002")
    assert allocator.owner_of("1002") == "b"
    allocator.cancel("1003")
    assert allocator.reserve() == "1003"


def test_cancelling_does_not_free_what_is_claimed() -> None:
    allocator = small()
    allocator.claim(PORTS[0], "web")
    allocator.cancel(PORTS[0])
    assert allocator.owner_of(PORTS[0]) == "web"


def test_a_reserved_value_is_no_one_elses_until_it_is_cancelled() -> None:
    allocator = small()
    assert allocator.reserve_exact(PORTS[3])
    assert not allocator.reserve_exact(PORTS[3])
    assert PORTS[3] not in [allocator.reserve() for _ in range(SIZE)]
    allocator.cancel(PORTS[3])
    assert allocator.reserve_exact(PORTS[3])


def test_a_value_out_of_the_range_is_not_to_be_had() -> None:
    allocator = small()
    assert not allocator.contains("7")
    assert not allocator.reserve_exact("7")
    with pytest.raises(ValueError, match="not in the range"):
        allocator.claim("7", "web")
    allocator.release("7")
    allocator.cancel("7")
    assert allocator.free == SIZE


def test_a_claimed_value_is_its_owners() -> None:
    allocator = small()
    allocator.claim(PORTS[0], "web")
    allocator.claim(PORTS[0], "web")
    with pytest.raises(ValueError, match="held by web"):
        allocator.claim(PORTS[0], "db")


def test_another_spelling_of_an_address_is_the_same_address() -> None:
    allocator = Allocator(AddressRange("fd00::/124"))
    assert allocator.reserve_exact("fd00::0001")
    assert allocator.reserve() == "fd00::2"


def test_a_dynamic_band_that_does_not_fit_leaves_the_whole_range() -> None:
    allocator = Allocator(PortRange(1, 3), dynamic_from=3)
    assert allocator.reserve() == "1"


def test_an_empty_range_is_exhausted() -> None:
    assert Allocator(AddressRange("10.0.0.0/31")).reserve() is None


def test_a_large_range_costs_no_more_than_what_is_used_of_it() -> None:
    allocator = Allocator(AddressRange("fd00::/64"), dynamic_from=256)
    assert [allocator.reserve(), allocator.free] == ["fd00::101", 2**62 - 1]


def test_loading_restores_owners_and_the_order_of_cooling() -> None:
    allocator = small()
    allocator.load(
        [
            Kept(PORTS[2], None, 9),
            Kept(PORTS[3], "web", 3),
            Kept(PORTS[4], None, 4),
            Kept("7", "out of the range since it was changed", 1),
        ]
    )
    assert (allocator.owner_of(PORTS[3]), allocator.used) == ("web", 1)
    order = [PORTS[5], PORTS[0], PORTS[1], PORTS[4], PORTS[2], None]
    assert [allocator.reserve() for _ in range(SIZE)] == order


class AllocatorMachine(RuleBasedStateMachine):
    """Any sequence of calls, against a model that spells the rules out."""

    def __init__(self) -> None:
        super().__init__()
        self.allocator = small()
        self.reserved: set[str] = set()
        self.owners: dict[str, str] = {}
        #: In the order in which they were given back.
        self.cooling: list[str] = []
        self.from_cooling: set[str] = set()

    @property
    def held(self) -> set[str]:
        return self.reserved | set(self.owners)

    def take(self, value: str) -> None:
        assert value not in self.held, f"{value} was handed out twice"
        self.reserved.add(value)
        if value in self.cooling:
            self.from_cooling.add(value)
            self.cooling.remove(value)

    @rule()
    def reserve(self) -> None:
        order = PORTS[DYNAMIC:] + PORTS[:DYNAMIC]
        unused = {value for value in order if value not in self.held and value not in self.cooling}
        value = self.allocator.reserve()
        if value is None:
            assert len(self.held) == SIZE
            return
        if unused:
            assert value in unused, f"{value} came back before all others had been used"
        else:
            assert value == self.cooling[0]
        self.take(value)

    @rule(value=port)
    def reserve_exact(self, value: str) -> None:
        free = value not in self.held
        assert self.allocator.reserve_exact(value) is free
        if free:
            self.take(value)

    @precondition(lambda self: self.reserved)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.give_up(data.draw(st.sampled_from(sorted(self.reserved))))

    @rule(value=port, owner=st.sampled_from(["web", "db"]))
    def claim(self, value: str, owner: str) -> None:
        if self.owners.get(value, owner) != owner:
            with pytest.raises(ValueError, match="held by"):
                self.allocator.claim(value, owner)
            return
        self.allocator.claim(value, owner)
        self.owners[value] = owner
        self.reserved.discard(value)
        self.from_cooling.discard(value)
        if value in self.cooling:
            self.cooling.remove(value)

    @rule(value=port)
    def release(self, value: str) -> None:
        self.allocator.release(value)
        if value in self.held:
            self.reserved.discard(value)
            self.from_cooling.discard(value)
            self.owners.pop(value, None)
            self.cooling.append(value)

    @rule()
    def restart(self) -> None:
        """What is only reserved is forgotten; the store knows the rest, and when each was given back."""
        for value in sorted(self.reserved):
            self.give_up(value)
        kept = [Kept(value, owner, 0) for value, owner in self.owners.items()]
        kept += [Kept(value, None, revision) for revision, value in enumerate(self.cooling, 1)]
        self.allocator = small()
        self.allocator.load(reversed(kept))

    def give_up(self, value: str) -> None:
        self.allocator.cancel(value)
        self.reserved.remove(value)
        if value in self.from_cooling:
            self.from_cooling.remove(value)
            self.cooling.insert(0, value)

    @invariant()
    def the_books_agree(self) -> None:
        assert (self.allocator.used, self.allocator.free) == (len(self.held), SIZE - len(self.held))
        assert {value: self.allocator.owner_of(value) for value in PORTS} == {
            value: self.owners.get(value) for value in PORTS
        }


test_any_sequence_of_calls_keeps_the_rules = AllocatorMachine.TestCase

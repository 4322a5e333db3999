"""Parts add up: nothing is lost, nothing invented, nobody gets more than he lacks."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actors.money.allocation import allocate, fill_parts, split_minor

wants = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 1000)), min_size=1, max_size=8, unique_by=lambda w: w[0]
)


@st.composite
def fills(draw):
    wanting = draw(wants)
    filled = draw(st.integers(0, sum(lots for _, lots in wanting)))
    sign = draw(st.sampled_from([1, -1]))
    return sign * filled, [(strategy, sign * lots) for strategy, lots in wanting]


@given(fills())
def test_parts_add_up_and_none_exceeds_what_its_owner_lacks_nor_strays_a_lot_from_its_share(fill):
    lots, wanting = fill
    total = sum(wanted for _, wanted in wanting)

    parts = dict(allocate(lots, wanting))

    assert sum(parts.values()) == lots
    assert 0 not in parts.values()
    for strategy, wanted in wanting:
        part = parts.get(strategy, 0)
        assert part * wanted >= 0
        assert abs(part) <= abs(wanted)
        assert total == 0 or abs(part - Fraction(lots * wanted, total)) < 1


@given(fills(), st.randoms())
def test_the_order_in_which_owners_are_named_does_not_matter(fill, random):
    lots, wanting = fill
    shuffled = random.sample(wanting, len(wanting))

    assert sorted(allocate(lots, shuffled)) == sorted(allocate(lots, wanting))


@given(fills())
def test_who_gets_a_lot_more_had_the_larger_remainder_or_the_earlier_name(fill):
    lots, wanting = fill
    total = sum(wanted for _, wanted in wanting)
    assume(total)
    parts = dict(allocate(lots, wanting))
    shares = {strategy: Fraction(abs(lots * wanted), abs(total)) for strategy, wanted in wanting}
    raised = [(-(share % 1), name) for name, share in shares.items() if abs(parts.get(name, 0)) > share // 1]
    kept = [(-(share % 1), name) for name, share in shares.items() if abs(parts.get(name, 0)) == share // 1]

    assert not raised or not kept or max(raised) < min(kept)


@pytest.mark.parametrize(
    ("lots", "wanting", "expected"),
    [
        (1, [("b", 1), ("a", 1)], [("a", 1)]),
        (-1, [("b", -1), ("a", -1)], [("a", -1)]),
        (5, [("a", 3), ("b", 3), ("c", 3)], [("a", 2), ("b", 2), ("c", 1)]),
        (10, [("a", 1), ("b", 99)], [("b", 10)]),
        (7, [("a", 7)], [("a", 7)]),
        (3, [("a", 0), ("b", 3)], [("b", 3)]),
        (0, [("a", 4)], []),
    ],
)
def test_allocations_worked_out_by_hand(lots, wanting, expected):
    assert allocate(lots, wanting) == expected


def test_a_fill_beyond_what_owners_lack_is_an_error():
    with pytest.raises(ValueError, match="more than its owners lack"):
        allocate(5, [("a", 4)])


def test_a_fill_for_an_owner_on_the_other_side_is_an_error():
    with pytest.raises(ValueError, match="on the other side"):
        allocate(2, [("a", 4), ("b", -1)])


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 1000), min_size=1, max_size=8))
def test_split_money_adds_up_and_each_part_is_within_one_unit_of_its_exact_share(total, weights):
    assume(sum(weights))

    parts = split_minor(total, weights)

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) <= 1


@given(st.integers(0, 10**9), st.lists(st.integers(0, 1000), min_size=1, max_size=8))
def test_what_is_paid_and_what_is_received_split_alike(total, weights):
    assume(sum(weights))

    assert split_minor(-total, weights) == [-part for part in split_minor(total, weights)]


def test_splits_worked_out_by_hand():
    assert split_minor(10, [1, 1, 1]) == [3, 4, 3]
    assert split_minor(1, [1, 1]) == [1, 0]
    assert split_minor(5, [0, 2, 0]) == [0, 5, 0]


@pytest.mark.parametrize("weights", [[], [0, 0], [3, -1]])
def test_weights_that_divide_nothing_are_an_error(weights):
    with pytest.raises(ValueError, match="weights must be"):
        split_minor(5, weights)


@given(fills(), st.integers(-(10**9), 10**9), st.integers(-(10**6), 10**6))
def test_the_parts_of_a_fill_carry_its_lots_value_and_fee_to_the_last_unit(fill, value, fee):
    lots, wanting = fill
    assume(lots)

    parts = fill_parts(lots, value, fee, wanting)

    assert sum(part.lots for part in parts) == lots
    assert sum(part.value_minor for part in parts) == value
    assert sum(part.fee_minor for part in parts) == fee
    assert [(part.strategy, part.lots) for part in parts] == allocate(lots, wanting)


def test_a_fill_of_nothing_has_no_parts():
    assert fill_parts(0, 0, 0, [("a", 1)]) == ()

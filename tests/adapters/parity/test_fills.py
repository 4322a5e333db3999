"""What became of each decision, on both sides: everything that was filled stands with the decision that it is of."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry
from adapters.parity.comparing import pairs_of
from adapters.parity.fills import compare_fills
from adapters.parity.story import story_of
from messages import Liquidity, OrderRefused, SubmitOrder, TradingState, TradingStateChanged
from tests.builders import MINUTE, MONDAY, SECOND, a_fill, a_signal, an_order

ENTRY = StrategyEntry(id="trend", strategy=Strategy, symbols=("XBTUSD",), period=MINUTE)
MS = SECOND // 1000


def traded(number, lots, price, *, after=5 * MS, parts=1, fee_minor=0, liquidity=Liquidity.TAKER, at=0):
    """A signal of a minute, its order, and the fills."""
    ts = MONDAY + number * MINUTE
    order = an_order(lots * parts, client_id=f"run000-trend-{number}", ts=ts + at)
    fills = [
        attrs.evolve(
            a_fill(lots, order=order, price=price, ts=ts + after, execution_id=f"{number}-{part}", fee_minor=fee_minor),
            liquidity=liquidity,
        )
        for part in range(parts)
    ]
    return [a_signal(float(lots), ts=ts, number=number + 1), SubmitOrder(order), *fills]


def told(*groups):
    said = [each for group in groups for each in group]
    return story_of([(getattr(each, "ts", MONDAY), each) for each in said], [ENTRY])


def compared(live, again):
    pairs = pairs_of(live, again)
    return compare_fills(live, again, pairs)


def test_the_same_fills_have_no_reason():
    live, again = told(traded(0, 2, 100.0, after=9 * MS)), told(traded(0, 2, 100.0, after=0))

    fills = compared(live, again)

    assert fills.differing == ()
    assert fills.mean_price_difference == 0
    assert fills.executions == (1, 1)


@pytest.mark.parametrize(
    ("live", "again", "reason"),
    [
        (traded(0, 2, 100.5, after=9 * MS), traded(0, 2, 100.0),
         "fill model: live filled at 100.5 9 ms after it, the backtest at 100 after 5 ms"),
        (traded(0, 1, 100.0, parts=2, fee_minor=3), traded(0, 2, 100.0, fee_minor=5), "the decision differs"),
        (traded(0, 2, 100.0, fee_minor=3), traded(0, 2, 100.0, fee_minor=5), "rounded in 1 parts live and 1"),
        (traded(0, 2, 100.0, liquidity=Liquidity.MAKER, fee_minor=-1), traded(0, 2, 100.0), "maker live, taker in"),
        (traded(0, 2, 99.0, liquidity=Liquidity.MAKER), traded(0, 2, 100.0), "after 5 ms; maker live, taker in the"),
        (traded(0, 2, 100.0), traded(0, 2, 100.0, liquidity=Liquidity.INTERNAL, fee_minor=-1), "netting window"),
        (traded(0, 2, 100.0)[:2], traded(0, 2, 100.0), "not filled live"),
        (traded(0, 2, 100.0), traded(0, 2, 100.0)[:2], "not filled in the backtest; live filled +2 at 100"),
        (traded(0, 2, 100.0), [*traded(0, 2, 100.0)[:2], *traded(0, 1, 100.0)[2:]], "live filled +2 before the next"),
    ],
)  # fmt: skip
def test_what_differs_has_the_reason(live, again, reason):
    (pair,) = compared(told(live), told(again)).differing

    assert reason in pair.reason


def test_an_order_that_was_refused_live_is_the_reason_and_what_follows_from_it_says_so():
    first, second = traded(0, 2, 100.0), traded(1, 3, 100.0)
    order = first[1].order
    refused = OrderRefused(order=order, reason="not-ready", ts=MONDAY)

    pairs = compared(told([first[0], first[1], refused], second), told(first, second)).differing

    assert [pair.reason.partition(" at ")[0] for pair in pairs] == ["live order refused: not-ready"]
    later = compared(told([first[0], first[1], refused], second), told(first, traded(1, 3, 101.0))).differing
    assert later[1].reason == "held +0 live and +2 in the backtest before it: an earlier difference"


def test_a_halt_is_the_reason_of_what_was_not_filled():
    halted = TradingStateChanged(account="main", state=TradingState.HALTED, reason="stopped by --for", ts=MONDAY)

    (pair,) = compared(told([halted], traded(0, 2, 100.0)[:2]), told(traded(0, 2, 100.0))).differing

    assert pair.reason.startswith("live, trading halted: stopped by --for")


def test_a_fill_belongs_to_the_decision_whose_order_it_is_of_however_late_it_comes():
    slow = traded(0, 2, 100.0, after=3 * MINUTE)
    live, again = told(slow[:2], traded(1, 3, 100.0), slow[2:]), told(traded(0, 2, 100.0), traded(1, 3, 100.0))

    assert compared(live, again).differing == ()


def test_worse_means_dearer_when_bought_and_cheaper_when_sold():
    live = told(traded(0, 2, 100.0), traded(1, -2, 100.0))

    dear = compared(live, told(traded(0, 2, 101.0), traded(1, -2, 99.0)))
    cheap = compared(live, told(traded(0, 2, 98.0), traded(1, -2, 102.0)))

    assert (dear.mean_price_difference, cheap.mean_price_difference) == (1.0, -2.0)


TRADES = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from([-3, -1, 1, 2]), st.integers(90, 110), st.integers(1, 3),
              st.integers(0, 200), st.integers(-5, 5)),
    max_size=15, unique_by=lambda trade: trade[0],
)  # fmt: skip


def _story(trades):
    return told(*[
        traded(number, lots, float(price), parts=parts, after=seconds * SECOND, fee_minor=fee)
        for number, lots, price, parts, seconds, fee in sorted(trades)
    ])  # fmt: skip


@given(TRADES, TRADES)
def test_every_lot_and_every_fee_stands_in_exactly_one_pair(then, now):
    live, again = _story(then), _story(now)

    fills = compared(live, again)

    for side, story in (("live", live), ("again", again)):
        mine = [getattr(pair, side) for pair in fills.pairs]
        assert sum(each.traded for each in mine) == sum(abs(piece.lots) for piece in story.pieces)
        assert sum(each.lots for each in mine) == sum(piece.lots for piece in story.pieces)
        assert sum(each.fee_minor for each in mine) == sum(piece.fee_minor for piece in story.pieces)
        assert sum(each.pieces for each in mine) == len(story.pieces)
    assert compared(live, live).differing == ()
    assert all(pair.reason for pair in fills.differing)

"""What is heard of a live run is folded into what is shown: positions, profit, orders, troubles; each thing once."""

import random
import threading

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import TradingSystem
from actors.component import handler_name
from actors.money.values import Arithmetic
from actors.strategies import RandomPositions
from actors.strategy_entry import StrategyEntry
from adapters.generated import generated_bars
from adapters.live.news import Kind, NewsPaper
from adapters.live.state import HEARD, Watcher, watcher_spec
from messages import (
    ALL_MESSAGES,
    ActorAdded,
    ActorHung,
    ActorQuarantined,
    ActorStarted,
    ApprovedOrder,
    Fill,
    FundingPaid,
    FundingPart,
    Liquidity,
    MarketFresh,
    MarketStale,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    OrderUnknown,
    Outcome,
    PositionAdjusted,
    SubmitOrder,
    TradingState,
    TradingStateChanged,
    VenueLost,
    VenueReady,
)
from tests.adapters.live.live_builders import (
    INSTRUMENT,
    STRATEGIES,
    a_live_fill,
    a_live_order,
    a_state,
    said,
)
from tests.builders import MONDAY, SECOND, a_bar, a_quote, a_tick
from tests.waiting import until


def _book(state, strategy="random"):
    return next(book for book in state.snapshot().books if book.strategy == strategy)


def _rejected(order, *, standing):
    return OrderRejected(order=order, reason="overload", standing=standing, ts=MONDAY)


# Money.


@given(st.lists(st.tuples(st.sampled_from(["random", "ema-cross"]), st.integers(-9, 9).filter(bool),
                          st.integers(400, 600)), max_size=20), st.integers(400, 600))  # fmt: skip
def test_positions_and_profit_are_the_sum_of_what_was_paid_and_what_is_held(trades, last):
    arithmetic = Arithmetic(INSTRUMENT)
    state = a_state()
    for number, (strategy, lots, price) in enumerate(trades):
        value = arithmetic.value_minor(lots, 100.0 * price)
        said(state, a_live_fill(lots, number, strategy=strategy, price=100.0 * price, value=value, fee=7))
    said(state, a_bar(100.0 * last))

    snapshot = state.snapshot()

    for book in snapshot.books:
        its = [(lots, price) for strategy, lots, price in trades if strategy == book.strategy]
        held = sum(lots for lots, _ in its)
        paid = sum(arithmetic.value_minor(lots, 100.0 * price) for lots, price in its)
        assert (book.lots, book.fills, book.costs_minor) == (held, len(its), 7 * len(its))
        assert book.profit_minor == arithmetic.value_minor(held, 100.0 * last) - paid - 7 * len(its)
    assert snapshot.markets[0].lots == sum(lots for _, lots, _ in trades)
    assert snapshot.is_flat == (snapshot.markets[0].lots == 0)


def test_what_the_venue_repeats_counts_once():
    fill = a_live_fill(5)
    paid = FundingPaid(
        account="main", currency="XBT", symbol="XBTUSD", ts=MONDAY, rate=0.0001, price=50_000.0, lots=5,
        amount_minor=-30, parts=(FundingPart("random", 5, -30),),
    )  # fmt: skip
    adjusted = PositionAdjusted(
        account="main", symbol="XBTUSD", strategy="random", adjustment_id="a", lots=2, value_minor=-4, ts=MONDAY
    )

    state = said(a_state(), fill, paid, adjusted, fill, paid, adjusted)

    assert (_book(state).lots, _book(state).fills, _book(state).costs_minor) == (7, 1, 30)
    assert (state.snapshot().counts.fills, state.snapshot().markets[0].lots) == (1, 7)


def test_a_position_without_a_price_has_no_open_profit():
    state = said(a_state(), a_live_fill(5))

    assert _book(state).unrealised_minor is None
    assert _book(said(state, a_quote(49_999.0, 50_001.0))).unrealised_minor == 0


def test_crossings_between_strategies_are_no_fills_of_the_venue():
    fill = a_live_fill(5)

    state = said(a_state(), attrs.evolve(fill, liquidity=Liquidity.INTERNAL))

    assert (state.snapshot().counts.fills, _book(state).lots) == (0, 5)


def test_another_account_s_position_is_not_the_net_s():
    state = said(a_state(), a_live_fill(5, account="paper:x"))

    assert state.snapshot().is_flat
    assert {book.account for book in state.snapshot().books} == {"main", "paper:x"}


def test_an_earlier_life_counts_and_is_no_news():
    state = a_state()

    state.recall([a_live_fill(5, 1), a_live_fill(2, 2)])
    said(state, a_live_fill(2, 2), a_live_fill(-3, 3))

    assert _book(state).lots == 4
    assert [news.text for news in state.snapshot().news] == ["sold 3 XBTUSD at 50,000.0 for random (taker)"]


# Orders.


def test_an_order_is_open_from_its_wish_to_its_end():
    order, state, states = a_live_order(5, price=49_000.0), a_state(), []
    for message in (
        SubmitOrder(order), ApprovedOrder(order), OrderAccepted(order, MONDAY), a_live_fill(2),
        OrderAmended(attrs.evolve(order, limit_price=49_500.0), MONDAY + 1),
    ):  # fmt: skip
        said(state, message)
        (view,) = state.snapshot().orders
        states.append((view.state, view.filled, view.price))

    assert states == [
        ("asked", 0, 49_000.0), ("sent", 0, 49_000.0), ("working", 0, 49_000.0), ("working", 2, 49_000.0),
        ("working", 2, 49_500.0),
    ]  # fmt: skip
    assert said(state, OrderEnded(order, Outcome.CANCELLED, 2, MONDAY)).snapshot().open_orders == 0


@pytest.mark.parametrize("seed", range(10))
def test_an_order_that_is_over_stays_over_in_whatever_order_actors_are_heard(seed):
    order = a_live_order(5)
    messages = [
        SubmitOrder(order), ApprovedOrder(order), OrderAccepted(order, MONDAY), a_live_fill(5),
        OrderEnded(order, Outcome.FILLED, 5, MONDAY),
    ]  # fmt: skip
    random.Random(seed).shuffle(messages)

    snapshot = said(a_state(), *messages).snapshot()

    assert (snapshot.orders, snapshot.counts.orders, snapshot.counts.fills) == ((), 1, 1)


def test_an_order_that_was_rejected_for_now_may_come_again():
    order = a_live_order(5)
    state = said(a_state(), SubmitOrder(order), _rejected(order, standing=False))
    assert state.snapshot().orders == ()

    said(state, ApprovedOrder(order), OrderAccepted(order, MONDAY))

    assert [view.state for view in state.snapshot().orders] == ["working"]
    assert said(state, _rejected(order, standing=True), ApprovedOrder(order)).snapshot().orders == ()


def test_an_order_that_was_refused_for_now_is_open_when_it_passes_later():
    order = a_live_order(5)
    refused = said(a_state(), SubmitOrder(order), OrderRefused(order=order, reason="venue-not-ready", ts=MONDAY))
    assert refused.snapshot().orders == ()

    said(refused, SubmitOrder(order), ApprovedOrder(order), OrderAccepted(order, MONDAY))

    assert [view.state for view in refused.snapshot().orders] == ["working"]
    assert refused.snapshot().counts.orders == 1


def test_an_order_without_an_answer_is_shown_as_unknown_until_it_is_found():
    order, state = a_live_order(5), a_state()

    lost = said(state, SubmitOrder(order), ApprovedOrder(order), OrderUnknown(order, MONDAY)).snapshot()
    found = said(state, OrderAccepted(order, MONDAY + 1)).snapshot()

    assert [view.state for view in (*lost.orders, *found.orders)] == ["unknown", "working"]
    assert any("got no answer" in news.text for news in lost.news)


# Market, venue, actors.


def test_a_market_is_heard_stale_and_fresh():
    state = said(
        a_state(), a_quote(50_000.0, 50_001.0, ts=MONDAY, received=MONDAY + 7), a_tick(50_000.5, ts=MONDAY + 9),
        MarketStale(symbol="XBTUSD", reason="line closed", ts=MONDAY + 10),
    )  # fmt: skip
    (market,) = state.snapshot().markets
    assert (market.bid, market.ask, market.last, market.stale) == (50_000.0, 50_001.0, 50_000.5, "line closed")
    assert market.delay_ns == 0

    (market,) = said(state, MarketFresh(symbol="XBTUSD", ts=MONDAY + 11)).snapshot().markets

    assert market.stale == ""
    assert [(news.kind, news.text) for news in state.snapshot().news] == [
        (Kind.TROUBLE, "XBTUSD is stale: line closed"), (Kind.GOOD, "XBTUSD is fresh again"),
    ]  # fmt: skip


def test_states_and_venues_are_each_account_s():
    state = said(
        a_state(strategies=(*STRATEGIES, ("paper:x", "x", "XBTUSD"))),
        VenueReady(account="main", ts=MONDAY), VenueLost(account="main", reason="line closed", ts=MONDAY),
        TradingStateChanged(account="paper:x", state=TradingState.HALTED, reason="lost", ts=MONDAY),
    )  # fmt: skip

    main, paper = state.snapshot().accounts

    assert (main.account, main.venue, main.state) == ("main", "lost: line closed", None)
    assert (paper.state, paper.reason) == (TradingState.HALTED, "lost")
    assert "paper:x: trading halted: lost" in [news.text for news in state.snapshot().news]


def test_a_strategy_is_down_from_its_failure_to_its_return():
    state = said(a_state(), ActorHung(actor="strategy:random", epoch=1, during="Bar", seconds=31.0, at=MONDAY))
    assert _book(state).down == "down"

    said(state, ActorStarted("strategy:random", 2), ActorStarted("strategy:ema-cross", 1))
    assert (_book(state).down, state.snapshot().counts.restarts) == ("", 1)

    said(state, ActorQuarantined("strategy:random", "too often", MONDAY))
    assert _book(state).down == "given up"


def test_the_first_starts_are_no_news():
    assert said(a_state(), ActorStarted("feed", 1)).snapshot().news == ()


# News.


def test_the_same_trouble_again_is_counted_and_not_repeated():
    paper = NewsPaper()
    for number in range(5):
        paper.add(Kind.TROUBLE, "refused", MONDAY + number * SECOND)
    paper.add(Kind.TROUBLE, "refused", MONDAY + 60 * SECOND)
    for _ in range(2):
        paper.add(Kind.FILL, "bought", MONDAY)

    assert [(news.text, news.times) for news in paper.since(0)] == [
        ("refused", 5), ("refused", 1), ("bought", 1), ("bought", 1),
    ]  # fmt: skip
    assert [news.number for news in paper.since(2)] == [3, 4]


def test_a_venue_s_text_cannot_do_things_to_a_terminal():
    paper = NewsPaper()
    paper.add(Kind.TROUBLE, "a\x1b[2Jb\nc\r" + "d" * 1_000, MONDAY)

    (news,) = paper.since(0)

    assert news.text.isprintable()
    assert len(news.text) == 240


# In a system.


def test_everything_that_is_subscribed_to_is_folded_and_everything_folded_is_subscribed_to():
    folded = {each for each in ALL_MESSAGES if a_state()._hears[each]}

    assert folded - set(HEARD) == {each for each in ALL_MESSAGES if handler_name(each) == "on_tick"}
    assert set(HEARD) <= folded


def test_a_snapshot_may_be_taken_while_it_is_heard():
    state, failed = a_state(), []

    def hear():
        try:
            for number in range(2_000):
                said(state, a_live_fill(1, number), SubmitOrder(a_live_order(1, number)))
        except BaseException as error:
            failed.append(error)
            raise

    thread = threading.Thread(target=hear)
    thread.start()
    while thread.is_alive():
        snapshot = state.snapshot()
        assert snapshot.markets[0].lots == snapshot.counts.fills
    thread.join()

    assert not failed
    assert state.snapshot().counts.orders == 2_000


def test_it_is_an_actor_s():
    wishes = Watcher(a_state()).on_start()

    assert [wish.message for wish in wishes] == list(HEARD)


def test_a_running_system_is_folded_as_it_really_is():
    bars = generated_bars("XBTUSD", seed=1, bars=2_000, price=50_000.0, tick_size=0.1, start=MONDAY)
    system = TradingSystem(
        feed=bars, instruments=[INSTRUMENT], cash={"XBT": 10**10},
        strategies=[StrategyEntry(id="random", strategy=RandomPositions, symbols=("XBTUSD",), period=bars.period)],
    )  # fmt: skip
    state, heard = a_state(strategies=STRATEGIES[:1]), []
    fold = state.hear
    state.hear = lambda message: (heard.append(message), fold(message))
    system.start(speed=20.0 * bars.period / SECOND)
    try:
        system._running().add(watcher_spec(state))
        system._running().send(ActorAdded("listener:live"))
        until(lambda: state.snapshot().counts.fills >= 5)
    finally:
        system.stop()

    snapshot = state.snapshot()
    fills = [each for each in heard if isinstance(each, Fill)]
    assert len(fills) == snapshot.counts.fills
    assert snapshot.markets[0].lots == sum(fill.lots for fill in fills) == snapshot.books[0].lots
    assert snapshot.books[0].costs_minor == sum(fill.fee_minor for fill in fills)
    assert snapshot.markets[0].last in bars.close
    # It came a moment later than everybody else, perhaps between an order and its fill.
    assert snapshot.counts.orders >= len(fills) - 1


def test_an_account_whose_guard_was_given_up_is_shown_as_halted_for_the_guard_cannot_say_so():
    state = a_state()
    state.hear(TradingStateChanged(account="main", state=TradingState.ACTIVE, reason="ready", ts=MONDAY))

    state.hear(ActorQuarantined("risk-guard@main", "4 failures", MONDAY))

    assert state.snapshot().accounts[0].state is TradingState.HALTED
    assert state.snapshot().accounts[0].reason == "risk-guard@main was given up"

"""A feed that asks says every trade once and each new quote, names what it may miss, and knows when it is blind."""

import json
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ccxt_data.feed import CcxtFeed
from messages import MarketFresh, MarketStale, Quarantined, Quote, Tick
from tests.adapters.ccxt_data.polled import LIMITED, REFUSED, UNAVAILABLE, Rig, Tape
from tests.builders import MONDAY, SECOND

SYMBOL, MARKET = "BTC/USDT.BINANCE", "BTC/USDT"


def a_feed(heritage=None, **options):
    return CcxtFeed(
        address="feed:binance", worker="rest:binance", markets={SYMBOL: MARKET}, heritage=heritage, **options
    )


def test_it_asks_for_the_market_first_and_then_for_trades_and_prices_in_turn():
    tape = Tape()
    Rig(a_feed(), tape).run(5)

    assert [path for path, _ in tape.asked] == ["market", "best", "trades", "best", "trades", "best", "trades"]
    assert all(arguments["symbol"] == MARKET for _, arguments in tape.asked)


def test_a_trade_and_a_quote_become_messages_with_both_times():
    tape = Tape()
    tape.trade(MONDAY - SECOND, 90.0)
    rig = Rig(a_feed(), tape).run(1)
    tape.trade(MONDAY + 2 * SECOND, 100.5, 0.25, "sell")
    tape.best = [(MONDAY + 3 * SECOND) // 1_000_000, 99.0, 5.0, 100.0, 6.0]

    rig.run(4)

    (tick,) = rig.of(Tick)
    assert (tick.symbol, tick.ts, tick.price, tick.size, tick.aggressor) == (
        SYMBOL,
        MONDAY + 2 * SECOND,
        100.5,
        0.25,
        -1,
    )
    assert tick.ts < tick.received <= MONDAY + 5 * SECOND
    first, second = rig.of(Quote)
    assert first.ts == first.received
    assert (second.ts, second.bid, second.bid_size, second.ask, second.ask_size) == (
        MONDAY + 3 * SECOND,
        99.0,
        5.0,
        100.0,
        6.0,
    )


def test_a_market_is_fresh_when_both_were_had_and_stale_when_the_exchange_is_gone():
    gone = []
    tape = Tape(trouble=lambda _path, _at: (UNAVAILABLE, "RequestTimeout: binance") if gone else None)
    rig = Rig(a_feed(quiet_max=600 * SECOND), tape).run(2)
    assert rig.of(MarketFresh, MarketStale) == [MarketFresh(symbol=SYMBOL, ts=rig.of(MarketFresh)[0].ts)]

    gone.append(True)
    rig.run(60)
    assert [type(each) for each in rig.of(MarketFresh, MarketStale)] == [MarketFresh, MarketStale]
    assert "RequestTimeout: binance" in rig.of(MarketStale)[0].reason
    assert rig.of(MarketStale)[0].ts <= MONDAY + 24 * SECOND

    gone.clear()
    rig.run(130)
    assert [type(each) for each in rig.of(MarketFresh, MarketStale)] == [MarketFresh, MarketStale, MarketFresh]


def test_an_exchange_that_repeats_itself_for_ever_is_silent():
    rig = Rig(a_feed(quiet_max=30 * SECOND), Tape()).run(40)

    (stale,) = rig.of(MarketStale)
    assert stale.reason.startswith("silent: nothing new for 30 s")


def test_a_market_that_does_not_exist_is_never_fresh_and_asked_for_seldom():
    tape = Tape(trouble=lambda _path, _at: (REFUSED, "binance has no market 'BTC/USDT'"))

    rig = Rig(a_feed(), tape).run(600)

    assert rig.of(MarketFresh, Tick, Quote) == []
    assert {path for path, _ in tape.asked} == {"market"}
    assert len(tape.asked) < 40


def test_a_rate_limit_is_kept_for_as_long_as_the_exchange_says():
    tape = Tape(
        trouble=lambda _path, at: (LIMITED, "slow down", ("retry-after", "30")) if at < MONDAY + SECOND else None
    )

    rig = Rig(a_feed(), tape).run(29)
    assert len(tape.asked) == 1

    rig.run(10)
    assert rig.of(MarketFresh)


def test_a_worker_that_forgot_is_asked_again():
    tape = Tape(trouble=lambda _path, at: (None, "") if at < MONDAY + SECOND else None)

    rig = Rig(a_feed(), tape).run(80)

    assert rig.of(MarketFresh)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["now", 1.0, 1.0, "buy"], "time must be ms since 1970"),
        ([1, "1.0", 1.0, "buy"], "price must be a number"),
        ([1, 0, 1.0, "buy"], "price must be above zero"),
        ([1, 1.0, -1.0, "buy"], "size must be zero or above"),
        ([1, 1.0, 1.0, "both"], "side must be buy or sell"),
        ([1, 1.0], "a trade is"),
        (None, "a trade is None"),
    ],
)
def test_a_trade_that_cannot_be_meant_is_set_aside_and_the_others_are_said(row, said):
    tape = Tape()
    tape.trade(MONDAY - SECOND)
    rig = Rig(a_feed(), tape).run(1)
    tape.trade(MONDAY + 2 * SECOND)

    def odd(request, at):
        status, headers, body = tape(request, at)
        return status, headers, json.dumps([*json.loads(body), row]) if request.path == "trades" else body

    rig.exchange = odd
    rig.run(2.5)

    assert len(rig.of(Tick)) == 1
    aside = rig.of(Quarantined)
    assert {each.reason for each in aside} == {"malformed"}
    assert said in aside[0].text


@pytest.mark.parametrize(
    "body", ["", "nonsense", "{}", "null", "[1, 2]", "[null, null, 1, 2, 3]", "[null, 1, 1, NaN, 1]"]
)
def test_prices_that_cannot_be_meant_are_set_aside_and_make_nothing_fresh(body):
    tape = Tape()

    def odd(request, at):
        return (200, (), body) if request.path == "best" else tape(request, at)

    rig = Rig(a_feed(), odd).run(10)

    assert rig.of(Quote, MarketFresh) == []
    assert {each.reason for each in rig.of(Quarantined)} == {"malformed"}


def test_what_may_be_missing_between_two_answers_is_named():
    tape = Tape(page=3, is_since_heard=False)
    tape.trade(MONDAY - SECOND)
    rig = Rig(a_feed(), tape).run(1)
    for number in range(6):
        tape.trade(MONDAY + SECOND + number * 1_000_000)

    rig.run(3)

    (gap,) = rig.of(Quarantined)
    assert (gap.reason, gap.symbol) == ("gap", SYMBOL)
    assert len(rig.of(Tick)) == 3


def test_the_next_incarnation_goes_on_where_the_last_one_was():
    tape = Tape()
    tape.trade(MONDAY - SECOND)
    first = Rig(a_feed(), tape).run(1)
    tape.trade(MONDAY + 2 * SECOND)
    first.run(3)
    tape.trade(MONDAY + 5 * SECOND)

    second = Rig(a_feed(first.feed.heritage()), tape, at=MONDAY + 6 * SECOND).run(2)

    assert [tick.ts for tick in first.of(Tick) + second.of(Tick)] == [MONDAY + 2 * SECOND, MONDAY + 5 * SECOND]
    assert [type(each) for each in second.of(MarketFresh, MarketStale)] == [MarketStale, MarketFresh]
    numbers = first.feed.heritage().request, second.feed.heritage().request
    assert 0 < numbers[0] < numbers[1]


def test_after_a_long_quiet_the_latest_trades_are_asked_for_as_they_are():
    tape = Tape()
    tape.trade(MONDAY - SECOND)
    Rig(a_feed(), tape).run(1_300)

    since = [arguments["since"] for path, arguments in tape.asked if path == "trades"]
    assert since[0] is None
    assert since[1] is not None
    assert None in since[-2:]


@given(
    seed=st.integers(0, 10**6),
    page=st.integers(30, 200),
    is_since_heard=st.booleans(),
    fails=st.integers(0, 60),
)
@settings(max_examples=40)
def test_every_trade_is_said_once_whatever_fails_unless_a_gap_is_named(seed, page, is_since_heard, fails):
    random = Random(seed)

    def trouble(_path, _at):
        return (random.choice([UNAVAILABLE, LIMITED, None]), "no") if random.randrange(100) < fails else None

    tape = Tape(page=page, is_since_heard=is_since_heard, trouble=trouble)
    rig, made = Rig(a_feed(), tape), []
    while not rig.of(MarketFresh):
        rig.run(5)
        if rig.now > MONDAY + 3_600 * SECOND:
            return
    begins = rig.now
    for number in range(150):
        at = begins + number * SECOND // 5
        for _ in range(random.choice([0, 1, 1, 3])):
            price = 100.0 + random.randrange(3)
            tape.trade(at, price)
            made.append((at - at % 1_000_000, price))

    tape.trouble = lambda _path, at: trouble(_path, at) if at < begins + 40 * SECOND else None
    rig.run(40)
    rig.run(180)

    said = Counter((tick.ts, tick.price) for tick in rig.of(Tick))
    assert all(tick.received >= tick.ts for tick in rig.of(Tick))
    assert not said - Counter(made)
    assert said == Counter(made) or any(each.reason == "gap" for each in rig.of(Quarantined))

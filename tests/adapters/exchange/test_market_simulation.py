"""A generated market looks like one and is the same for the same seed; a replayed one goes where its file goes."""

import math
from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from adapters.errors import InputError
from adapters.exchange.contracts import CONTRACTS, XBTUSD
from adapters.exchange.crowd import Walk
from adapters.exchange.replayed import read_market
from adapters.exchange.simulation import generated_market, market_of
from adapters.exchange.wire import dumps
from tests.adapters.exchange.house import order
from tests.builders import HOUR, MINUTE, MONDAY, SECOND

NOW = MONDAY + 10 * HOUR + 7 * MINUTE + 13 * SECOND


def a_market(seed=1, **more):
    return generated_market(seed=seed, now=NOW, history_minutes=120, warm_up_s=60, **more)


def let_pass(simulation, seconds, look=None):
    """Ten steps a second."""
    for _ in range(10 * seconds):
        to = simulation.exchange.now + SECOND // 10
        while not simulation.step(to, 50):
            pass
        if look:
            look()


def test_the_books_are_deep_and_tight_and_everybody_trades():
    simulation = a_market()
    spreads, depths = Counter(), []

    def look():
        for market in simulation.exchange.markets.values():
            tick = float(market.contract.instrument.tick_size)
            spreads[round((market.best(-1) - market.best(1)) / tick)] += 1
            depths.append(min(len(list(market.book.levels(sign))) for sign in (1, -1)))

    let_pass(simulation, 60, look)

    assert min(spreads) >= 1
    assert sum(count for ticks, count in spreads.items() if ticks <= 10) > 0.9 * sum(spreads.values())
    assert sum(depth >= 25 for depth in depths) > 0.9 * len(depths)
    for market in simulation.exchange.markets.values():
        assert len(market.tape.trades) > 100
        assert {trade["side"] for trade in market.tape.trades} == {"Buy", "Sell"}


def test_trades_and_marks_stay_with_the_price():
    simulation = a_market()
    let_pass(simulation, 60)

    for crowd in simulation.crowds:
        assert crowd.market.tape.last == pytest.approx(crowd.price, rel=2e-3)
        assert crowd.market.mark == pytest.approx(crowd.price, rel=3e-3)


def test_calm_and_wild_times_come_in_clusters():
    walk = Walk(100.0, Random(5))
    prices = [walk.next(0, 60.0)[0] for _ in range(20_000)]
    moves = [abs(math.log(later / before)) for before, later in pairwise(prices)]
    mean = sum(moves) / len(moves)

    def correlation(lag):
        pairs = [((a - mean) * (b - mean)) for a, b in zip(moves, moves[lag:], strict=False)]
        return sum(pairs) / sum((move - mean) ** 2 for move in moves)

    # Of independent moves it would be within 0.02 of nothing.
    assert correlation(1) > 0.1
    assert correlation(20) > 0.05


def test_equal_seeds_and_times_give_equal_bytes():
    def told(seed):
        simulation = a_market(seed)
        texts = []

        def look():
            texts.extend(dumps([change.table, change.action, change.rows]) for change in simulation.exchange.pulse())

        let_pass(simulation, 5, look)
        return texts

    assert told(1) == told(1)
    assert told(1) != told(2)


def test_there_is_a_past_to_look_back_on():
    market = a_market().exchange.markets["XBTUSD"]
    minutes, hours = list(market.tape.bars["1m"]), list(market.tape.bars["1h"])

    assert len(minutes) == 121
    assert minutes[-1]["timestamp"] == "2024-01-01T10:07:00.000Z"
    assert all(bar["low"] <= bar["close"] <= bar["high"] for bar in minutes)
    assert all(later["open"] == before["close"] for before, later in pairwise(minutes))
    (hour,) = [bar for bar in hours if bar["timestamp"] == "2024-01-01T10:00:00.000Z"]
    within = [bar for bar in minutes if "2024-01-01T09:00:00.000Z" < bar["timestamp"] <= hour["timestamp"]]
    assert hour["volume"] == sum(bar["volume"] for bar in within)
    assert (hour["high"], hour["low"]) == (max(bar["high"] for bar in within), min(bar["low"] for bar in within))
    assert [row["timestamp"] for row in market.fundings] == []


def test_a_fast_market_does_no_more_than_a_slow_one_on_the_wall():
    slow, fast = a_market(), a_market(speed=100.0)

    assert fast.crowds[0].pause == 100 * slow.crowds[0].pause
    assert len(list(fast.exchange.markets["XBTUSD"].book.levels(1))) >= 25


def test_a_client_stands_in_the_same_book_and_is_filled_by_the_crowd():
    simulation = a_market()
    exchange = simulation.exchange
    account, market = exchange.open_account(), exchange.markets["XBTUSD"]

    for _ in range(20):
        order(exchange, account, 100, market.best(1))
        let_pass(simulation, 2)
    filled = [row for row in account.executions if row["execType"] == "Trade"]

    assert filled
    assert {row["lastLiquidityInd"] for row in filled} == {"AddedLiquidity"}
    assert sum(row["lastQty"] for row in filled) == 100 * account.lots("XBTUSD")


def test_no_money_is_made_by_the_crowd_as_a_whole():
    exchange = a_market().exchange

    for symbol in CONTRACTS:
        assert sum(account.lots(symbol) for account in exchange.floor.accounts.values()) == 0


# Replays.

BARS = "timestamp,open,high,low,close,volume\n" + "".join(
    f"2018-01-01T00:{minute:02d}:00Z,{open_},{high},{low},{close},40000\n"
    for minute, (open_, high, low, close) in enumerate(
        [(13_000, 13_050, 12_990, 13_040), (13_040, 13_045, 12_900, 12_910), (12_910, 13_200, 12_905, 13_190)]
    )
)


@pytest.fixture
def bars(tmp_path):
    path = tmp_path / "bitmex_XBTUSD_1m.csv"
    path.write_text(BARS)
    return path


def test_a_files_bars_are_traded_again_at_their_times(bars):
    contract, replay = read_market(bars, MONDAY + 20 * SECOND)
    simulation = market_of(contract, replay, replay.first_price, seed=1, now=MONDAY + 20 * SECOND, speed=1.0)
    market = simulation.exchange.markets["XBTUSD"]
    let_pass(simulation, 170)

    # The minute in which it began is traded from its second quarter on.
    _, second, third = list(market.tape.bars["1m"])[:3]
    assert second["high"] == pytest.approx(13_045, abs=5)
    assert second["low"] == pytest.approx(12_900, abs=5)
    assert second["close"] == pytest.approx(12_910, abs=5)
    assert (third["high"], third["close"]) == (pytest.approx(13_200, abs=5), pytest.approx(13_190, abs=5))
    assert second["volume"] >= 40_000


def test_at_a_hundred_times_the_speed_the_same_prices_come(bars):
    contract, replay = read_market(bars, MONDAY)
    simulation = market_of(contract, replay, replay.first_price, seed=1, now=MONDAY, speed=100.0)
    let_pass(simulation, 240)

    assert simulation.exchange.markets["XBTUSD"].tape.last == pytest.approx(13_190, abs=10)


def test_a_files_trades_are_traded_again(tmp_path):
    path = tmp_path / "ticks.csv"
    path.write_text("timestamp,price,size\n2020-01-01T00:00:01Z,100.0,500\n2020-01-01T00:00:02Z,105.5,300\n")
    contract, replay = read_market(path, MONDAY)

    assert contract is XBTUSD
    assert replay.due() == MONDAY + SECOND
    assert replay.next(MONDAY + SECOND, 0.0) == (100.0, 5)
    assert replay.next(MONDAY + 2 * SECOND, 0.0) == (105.5, 3)
    assert (replay.due(), replay.next(MONDAY + HOUR, 0.0)) == (None, (105.5, 0))


def test_an_empty_file_is_no_market(tmp_path):
    path = tmp_path / "XBTUSD.csv"
    path.write_text("timestamp,open,high,low,close,volume\n")

    with pytest.raises(InputError):
        read_market(path, MONDAY)

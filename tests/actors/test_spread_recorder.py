"""A spread sample is what had been received of both markets before an instant of the grid, and nothing else."""

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry, TradingSystem
from actors.columns import QuoteColumns, TickColumns
from actors.spread_recorder import MISSED_MAX, SpreadPair, SpreadRecorder
from messages import FeedEnded, Quote, SpreadSample, Subscribe, Tick, VenueSnapshot, WakeAt, Woke
from tests.builders import HOUR, MINUTE, MONDAY, SECOND, a_quote, a_tick
from tests.system.runs import on_threads

A, B = "XBTUSD.ONE", "BTC.TWO"
HALF = SECOND // 2
PAIR = SpreadPair(name="pair", a=A, b=B)


def a_recorder(at=MONDAY, **how):
    """One that knows the time."""
    recorder = SpreadRecorder(PAIR, **how)
    recorder.on_woke(Woke(at, "pair"))
    return recorder


def samples(said):
    return [each for each in said if isinstance(each, SpreadSample)]


def at_next(recorder, at):
    (sample,) = samples(recorder.on_woke(Woke(at, "pair")))
    return sample


def test_asks_for_trades_and_quotes_of_both_and_for_the_time():
    *asked, wake = SpreadRecorder(PAIR).on_start()

    assert set(asked) == {Subscribe(kind, symbol) for kind in (Tick, Quote) for symbol in (A, B)}
    assert isinstance(wake, WakeAt)


def test_the_grid_is_that_of_utc_whenever_it_begins():
    recorder = SpreadRecorder(PAIR)

    (wake,) = recorder.on_woke(Woke(MONDAY + 123_456_789, "pair"))

    assert wake.at == MONDAY + HALF


def test_before_anything_is_known_of_a_side_all_of_it_is_none():
    recorder = a_recorder()
    recorder.on_tick(a_tick(50.0, symbol=A, ts=MONDAY + 1))

    sample = at_next(recorder, MONDAY + HALF)

    assert sample.a == VenueSnapshot(symbol=A, ts=MONDAY + 1, last=50.0)
    assert sample.b == VenueSnapshot(symbol=B, ts=None)
    assert (sample.last_spread, sample.sell_a_buy_b, sample.buy_a_sell_b) == (None, None, None)


def test_a_sample_has_last_best_prices_sizes_and_both_venues_own_times():
    recorder = a_recorder()
    recorder.on_tick(a_tick(50.0, symbol=A, ts=MONDAY + 1, received=MONDAY + 9))
    recorder.on_quote(a_quote(49.0, 51.0, symbol=A, ts=MONDAY + 2, received=MONDAY + 9, bid_size=3, ask_size=4))
    recorder.on_tick(a_tick(40.0, symbol=B, ts=MONDAY + 5, received=MONDAY + 9))
    recorder.on_quote(a_quote(39.0, 41.0, symbol=B, ts=MONDAY + 3, received=MONDAY + 9))

    sample = at_next(recorder, MONDAY + HALF)

    assert (sample.name, sample.received) == ("pair", MONDAY + HALF)
    assert (sample.a.ts, sample.b.ts) == (MONDAY + 2, MONDAY + 5)
    assert attrs.astuple(sample.a)[2:] == (50.0, 49.0, 3, 51.0, 4)
    assert (sample.last_spread, sample.sell_a_buy_b, sample.buy_a_sell_b) == (10.0, 8.0, 12.0)


def test_what_is_received_at_the_instant_itself_is_in_the_next_sample():
    recorder = a_recorder()

    (early,) = samples(recorder.on_tick(a_tick(50.0, symbol=A, ts=MONDAY, received=MONDAY + HALF)))

    assert early.a.last is None
    assert samples(recorder.on_woke(Woke(MONDAY + HALF, "pair"))) == []
    assert at_next(recorder, MONDAY + SECOND).a.last == 50.0


def test_what_does_not_change_stays_with_its_own_time():
    recorder = a_recorder()
    recorder.on_tick(a_tick(50.0, symbol=A, ts=MONDAY + 1))

    *_, latest = [at_next(recorder, MONDAY + n * HALF) for n in range(1, 6)]

    assert (latest.received, latest.a.ts, latest.a.last) == (MONDAY + 5 * HALF, MONDAY + 1, 50.0)


def test_instants_that_passed_unheard_of_are_sampled_and_after_a_long_sleep_only_the_last():
    recorder = a_recorder()

    few = samples(recorder.on_woke(Woke(MONDAY + 10 * HALF, "pair")))
    many = samples(recorder.on_woke(Woke(MONDAY + HOUR, "pair")))

    assert [each.received for each in few] == [MONDAY + n * HALF for n in range(1, 11)]
    assert len(many) == MISSED_MAX
    assert many[-1].received == MONDAY + HOUR


def test_a_successor_knows_what_was_known_and_goes_on_with_the_grid():
    recorder = a_recorder()
    recorder.on_tick(a_tick(50.0, symbol=A, ts=MONDAY + 1))
    successor = SpreadRecorder(PAIR, heritage=recorder.heritage())

    *_, wake = successor.on_start()

    assert wake.at == MONDAY + HALF
    assert at_next(successor, MONDAY + HALF).a.last == 50.0


def test_no_timer_is_asked_for_when_the_feed_has_ended():
    recorder = a_recorder()
    recorder.on_feed_ended(FeedEnded(MONDAY))

    assert recorder.on_woke(Woke(MONDAY + HALF, "pair")) == ()


@pytest.mark.parametrize("wrong", [{"b": A}, {"every": 1}, {"name": ""}, {"every": 8 * 24 * HOUR}])
def test_a_pair_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="SpreadPair"):
        SpreadPair(**{"name": "pair", "a": A, "b": B, **wrong})


# Of any two markets, in both runtimes.


def _market(symbol, seed, count=80, seconds=12):
    dice = np.random.default_rng(seed)

    def times():
        received = np.sort(dice.integers(0, seconds * 1000, count)) * 1_000_000 + MONDAY
        return received - dice.integers(0, 50, count) * 1_000_000, received

    def price():
        return 100.0 + np.cumsum(dice.integers(-1, 2, count)) * 0.5

    (ts, received), (quoted, heard), bid = times(), times(), price()
    # The filter takes quotes of one venue in the order of the venue's times.
    quoted = np.maximum.accumulate(quoted)
    ticks = TickColumns(symbol=symbol, ts=ts, received=received, price=price(), size=np.ones(count))
    quotes = QuoteColumns(
        symbol=symbol, ts=quoted, received=heard, bid=bid, bid_size=dice.integers(1, 9, count), ask=bid + 0.5,
        ask_size=dice.integers(1, 9, count),
    )  # fmt: skip
    return ticks, quotes


def _asof(column, received, grid):
    """The last value that was received before each instant; NaN before the first."""
    place = np.searchsorted(received, grid, side="left") - 1
    return np.where(place < 0, np.nan, np.asarray(column, float)[np.maximum(place, 0)])


def _oracle(ticks, quotes, grid):
    newest = [
        _asof(np.maximum.accumulate(each.ts - MONDAY), each.received, grid) for each in (ticks, quotes)
    ]  # fmt: skip
    return np.column_stack(
        [
            np.fmax(*newest), _asof(ticks.price, ticks.received, grid), _asof(quotes.bid, quotes.received, grid),
            _asof(quotes.bid_size, quotes.received, grid), _asof(quotes.ask, quotes.received, grid),
            _asof(quotes.ask_size, quotes.received, grid),
        ]
    )  # fmt: skip


def _row(side):
    ts = None if side.ts is None else side.ts - MONDAY
    values = (ts, side.last, side.bid, side.bid_size, side.ask, side.ask_size)
    return [np.nan if each is None else float(each) for each in values]


class Idle(Strategy):
    warmup = 0


def _run(columns, run=lambda system: system.backtest(), every=HALF):
    pair = SpreadPair(name="pair", a=A, b=B, every=every)
    entry = StrategyEntry(id="idle", strategy=Idle, symbols=(A, B), period=MINUTE)
    system = TradingSystem(feed=columns, strategies=[entry], spreads=[pair])
    said = []
    system.subscribe(SpreadSample, said.append)
    result = run(system)
    assert result.failures == ()
    return said


@given(st.integers(0, 2**32), st.sampled_from([HALF, SECOND, SECOND // 4]))
def test_a_replay_gives_what_a_look_up_in_the_columns_gives(seed, every):
    a, b = _market(A, seed), _market(B, seed + 1)

    said = _run([*a, *b], every=every)

    grid = np.array([each.received for each in said])
    assert len(grid) > 10
    assert (grid % every == 0).all()
    assert (np.diff(grid) == every).all()
    np.testing.assert_array_equal([_row(each.a) for each in said], _oracle(*a, grid))
    np.testing.assert_array_equal([_row(each.b) for each in said], _oracle(*b, grid))


def test_on_threads_nothing_is_sampled_that_was_received_later():
    a, b = _market(A, 3), _market(B, 4)

    said = _run([*a, *b], on_threads)

    grid = [each.received for each in said]
    assert grid == sorted(set(grid))
    assert all(at % HALF == 0 for at in grid)
    assert len(said) > 10
    for each in said:
        for side, (ticks, quotes) in ((each.a, a), (each.b, b)):
            known = [s.ts[s.received < each.received].max(initial=-1) for s in (ticks, quotes)]
            assert side.ts is None or side.ts <= max(known)


@given(st.integers(0, 2**32), st.integers(0, 12_000))
def test_no_sample_up_to_an_instant_depends_on_anything_after_it(seed, milliseconds):
    cut = MONDAY + milliseconds * 1_000_000
    a, b = _market(A, seed), _market(B, seed + 1)

    def poisoned(ticks, quotes):
        later, unheard = ticks.received >= cut, quotes.received >= cut
        return (
            attrs.evolve(ticks, price=np.where(later, ticks.price + 0.5, ticks.price)),
            attrs.evolve(quotes, bid=np.where(unheard, quotes.bid - 0.5, quotes.bid)),
        )

    def until(columns):
        return [each for each in _run(columns) if each.received <= cut]

    assert until([*a, *b]) == until([*poisoned(*a), *poisoned(*b)])

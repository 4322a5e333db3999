"""A market in chunks is the market: whatever is heard, decided and filled is the same wherever the chunks are cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry, TradingSystem
from actors.columns import ChunkedColumns, FundingColumns, MarkColumns, TickColumns, in_chunks
from adapters.generated import generated_quotes, generated_ticks
from messages import BookChange, IndexPrice, Liquidation, OrderBook, Quote
from tests.builders import MINUTE, MONDAY, SECOND, an_instrument
from tests.market_house import an_index, cut, rows_of, some_books, some_liquidations

TICKS = generated_ticks("XBTUSD", seed=5, ticks=900, mean_gap_ns=2 * SECOND, tick_size=0.5, volatility_per_year=3.0)
QUOTES = generated_quotes("XBTUSD", seed=5, ticks=900, mean_gap_ns=2 * SECOND, tick_size=0.5, volatility_per_year=3.0)
FUNDING = FundingColumns(
    symbol="XBTUSD", ts=MONDAY + np.array([300, 900, 1500]) * SECOND,
    received=MONDAY + np.array([300, 900, 1500]) * SECOND, rate=[0.001, -0.002, 0.003],
)  # fmt: skip
MARKS = MarkColumns(
    symbol="XBTUSD", ts=TICKS.received[5::40] + 7, received=TICKS.received[5::40] + 7, price=TICKS.price[5::40]
)
SERIES = (
    TICKS,
    QUOTES,
    some_books(),
    some_books(seed=8, changes=True),
    an_index(),
    some_liquidations(),
    FUNDING,
    MARKS,
)


class Listener(Strategy):
    """Hears everything, and trades on what it hears."""

    def on_start(self):
        self.heard = []

    def on_bar(self, bar):
        self._note(bar, bar.close)

    def on_tick(self, tick):
        self._note(tick, tick.price)

    def on_quote(self, quote):
        self._note(quote, quote.bid)

    def on_book(self, book):
        self._note(book, book.bids[0][0])

    def on_index(self, index):
        self._note(index, index.price)

    def on_liquidation(self, liquidation):
        self._note(liquidation, liquidation.size)

    def _note(self, item, number):
        self.heard.append(item)
        if len(self.heard) % 11 == 0:
            self.target(number // 0.5 % 5 - 2)


class Now(Listener):
    """Hears single ticks for a while now and then: while an order of its own waits."""

    on_tick, on_quote, on_book = Strategy.on_tick, Strategy.on_quote, Strategy.on_book
    on_index, on_liquidation = Strategy.on_index, Strategy.on_liquidation

    def on_bar(self, bar):
        super().on_bar(bar)
        self.target(bar.close // 0.5 % 3 - 1)


def run(series, strategy=Listener, threads=False):
    """(everything that one run came to, what its strategy heard)."""
    entry = StrategyEntry(id="all", strategy=strategy, symbols=("XBTUSD",), period=MINUTE)
    instrument = an_instrument(funding_interval=300 * SECOND)
    system = TradingSystem(feed=series, strategies=[entry], instruments=[instrument], run_id="chunks")
    heard = []
    strategy.on_stop = lambda self: heard.extend(self.heard)
    try:
        if threads:
            system.start()
            assert system.wait_until_idle(30.0)
            system.stop()
            return None, heard
        result = system.backtest()
    finally:
        del strategy.on_stop
    assert result.failures == ()
    return (result.signals, result.fills, result.funding, result.ledger, result.bad_item_counts), heard


@pytest.mark.parametrize("strategy", [Listener, Now])
@given(sizes=st.lists(st.integers(1, 400), min_size=1, max_size=6))
@settings(max_examples=12, deadline=None)
def test_a_run_over_chunks_is_the_run_over_the_whole(strategy, sizes):
    whole = run(SERIES, strategy)
    assert len(whole[0][1]) > 5

    assert run([cut(series, *sizes) for series in SERIES], strategy) == whole


def test_every_class_of_market_data_is_heard():
    _, heard = run([cut(series, 50) for series in SERIES])

    counts = {
        kind: sum(isinstance(item, kind) for item in heard) for kind in (Quote, OrderBook, IndexPrice, Liquidation)
    }
    assert counts[Quote] == len(QUOTES)
    assert counts[IndexPrice] == 300
    assert counts[Liquidation] == 20
    assert counts[OrderBook] > 300, "books, and those that were made of changes"
    assert not any(isinstance(item, BookChange) for item in heard)


def test_threads_play_chunks_too():
    series = [cut(each, 70) for each in SERIES if each is not FUNDING]
    _, replayed = run(series)

    _, heard = run(series, threads=True)

    def texts(items):
        return sorted(repr(item) for item in items if not isinstance(item, OrderBook | Quote))

    assert texts(heard) == texts(replayed)


def test_of_a_series_no_more_than_a_chunk_is_held():
    alive = []

    def chunks():
        for start in range(0, len(TICKS), 100):
            chunk = rows_of(TICKS, slice(start, start + 100))
            alive.append(chunk)
            yield chunk
            # Whoever asks for the next one has let this one go, but for what the generator itself holds.
            alive.clear()

    series = ChunkedColumns(
        symbol="XBTUSD", of=TickColumns, read=chunks, rows=len(TICKS), first_ts=int(TICKS.received[0]),
        last_ts=int(TICKS.received[-1]), digest="ticks",
    )  # fmt: skip
    outcome, _ = run([series], Now)

    assert in_chunks(series)
    assert outcome[0] == run([TICKS], Now)[0][0]


def test_what_nobody_hears_is_not_even_read():
    def never():
        raise AssertionError("nobody hears quotes")

    quotes = ChunkedColumns(
        symbol="XBTUSD", of=type(QUOTES), read=lambda: (never() for _ in range(1)), rows=1,
        first_ts=int(TICKS.received[0]), last_ts=int(TICKS.received[-1]), digest="quotes",
    )  # fmt: skip

    class Quiet(Strategy):
        def on_bar(self, bar):
            """Hears bars alone."""

    entry = StrategyEntry(id="quiet", strategy=Quiet, symbols=("XBTUSD",), period=MINUTE)
    result = TradingSystem(feed=[TICKS, quotes, MARKS], strategies=[entry], instruments=[an_instrument()]).backtest()

    assert result.ticks == len(TICKS)


def test_what_is_held_at_the_end_is_worth_the_last_trade():
    class Holder(Strategy):
        def on_bar(self, bar):
            self.target(1)

    def equity(feed):
        entry = StrategyEntry(id="holder", strategy=Holder, symbols=("XBTUSD",), period=5 * MINUTE)
        result = TradingSystem(feed=feed, strategies=[entry], instruments=[an_instrument()], run_id="end").backtest()
        return result.summaries[0].equity_end_minor, result.curves[0].ts[-1], result.curves[0].equity_minor[-1]

    assert equity(cut(TICKS, 100)) == equity(TICKS)

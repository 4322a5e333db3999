"""What is received at one instant has one order: by symbol, then by class, then as the data have it."""

import itertools

import numpy as np
import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.columns import BookColumns, IndexColumns, QuoteColumns, TickColumns
from tests.builders import MINUTE, MONDAY, SECOND, an_instrument
from tests.market_house import cut

AT = np.repeat(MONDAY + np.arange(1, 4) * SECOND, 2)
"""Three instants, two items at each."""


def market(symbol):
    times, ones = {"symbol": symbol, "ts": AT, "received": AT}, np.ones(6)
    rows = np.repeat(np.arange(6), 2)
    return [
        IndexColumns(**times, price=100 * ones),
        BookColumns(
            symbol=symbol, ts=AT[rows], received=AT[rows], part=rows, side=np.tile([1, -1], 6),
            price=np.tile([99.5, 100.5], 6), size=np.ones(12),
        ),
        QuoteColumns(**times, bid=99.5 * ones, bid_size=ones, ask=100.5 * ones, ask_size=ones),
        TickColumns(**times, price=100 * ones, size=np.arange(6) + 1.0),
    ]  # fmt: skip


class Noting(Strategy):
    """Notes what it hears, in the order in which it hears it."""

    def on_start(self):
        self.heard = []

    def on_tick(self, tick):
        self.heard.append((tick.received, tick.symbol, "tick", tick.size))

    def on_quote(self, quote):
        self.heard.append((quote.received, quote.symbol, "quote", 0.0))

    def on_book(self, book):
        self.heard.append((book.received, book.symbol, "book", 0.0))

    def on_index(self, index):
        self.heard.append((index.received, index.symbol, "index", 0.0))


def heard(feed, *, threads=False):
    notes = []
    entry = StrategyEntry(id="noting", strategy=Noting, symbols=("AA", "AA.B", "B"), period=MINUTE)
    Noting.on_stop = lambda self: notes.extend(self.heard)
    try:
        instruments = [an_instrument(symbol) for symbol in entry.symbols]
        system = TradingSystem(feed=feed, strategies=[entry], instruments=instruments, run_id="ties")
        if threads:
            system.start()
            assert system.wait_until_idle(30.0)
            system.stop()
        else:
            system.backtest()
    finally:
        del Noting.on_stop
    return notes


SERIES = [series for symbol in ("B", "AA.B", "AA") for series in market(symbol)]
EXPECTED = [
    (at, symbol, kind, float(2 * number + turn + 1) if kind == "tick" else 0.0)
    for number, at in enumerate(AT[::2].tolist())
    for symbol in ("AA", "AA.B", "B")
    for kind in ("tick", "quote", "book", "index")
    for turn in range(2)
]


@pytest.mark.parametrize("order", [1, -1], ids=["as given", "the other way round"])
@pytest.mark.parametrize("chunk", [None, 1, 4])
def test_the_order_of_an_instant_does_not_depend_on_how_the_data_are_given(order, chunk):
    feed = [series if chunk is None else cut(series, chunk) for series in SERIES[::order]]

    assert heard(feed) == EXPECTED


def test_threads_hear_trades_in_the_same_order():
    """Of quotes and books only the latest is promised there."""

    def ticks(notes):
        return [note for note in notes if note[2] == "tick"]

    assert ticks(heard(SERIES, threads=True)) == ticks(EXPECTED)


def test_symbols_are_in_the_order_of_their_names_wherever_a_venue_is_named():
    symbols = [note[1] for note in heard(SERIES)]

    assert [symbol for symbol, _ in itertools.groupby(symbols)] == ["AA", "AA.B", "B"] * 3

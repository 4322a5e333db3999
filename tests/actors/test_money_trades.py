"""A trade is what one strategy did in one symbol from flat to flat, and no minor unit of a book is outside of them."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.money.ledger import Book
from actors.money.rows import FillRow, LedgerEntry, LedgerKind
from actors.money.trades import round_trips
from messages import Kind, Liquidity
from tests.builders import MINUTE, MONDAY, an_instrument

LINEAR = {"XBTUSD": an_instrument()}
NO_BARS = {"XBTUSD": (np.zeros(0, np.int64), np.zeros(0), np.zeros(0))}


class Story:
    """Fills and funding of one book, as they are booked. A lot is worth its price in cents."""

    def __init__(self, strategy="trend"):
        self.strategy, self.book, self.booked = strategy, Book("main", "USD", strategy, "XBTUSD"), []

    def fill(self, minute, lots, price, fee=0):
        value = round(lots * price * 100)
        realised = self.book.apply(lots, value, fee)
        self.booked.append(
            FillRow(
                ts=MONDAY + minute * MINUTE, account="main", currency="USD", strategy=self.strategy, symbol="XBTUSD",
                client_id="c", execution_id="e", lots=lots, price=price, liquidity=Liquidity.TAKER, value_minor=value,
                fee_minor=fee, realised_minor=realised, position_lots=self.book.lots,
            )
        )  # fmt: skip
        return self

    def funding(self, minute, amount):
        self.book.add_funding(amount)
        self.booked.append(
            LedgerEntry(
                ts=MONDAY + minute * MINUTE, account="main", currency="USD", strategy=self.strategy, symbol="XBTUSD",
                kind=LedgerKind.FUNDING, amount_minor=amount, ref="f",
            )
        )  # fmt: skip
        return self


def _bars(*highs_and_lows):
    """Minute bars from Monday on: (high, low) each."""
    ends = MONDAY + MINUTE * np.arange(1, len(highs_and_lows) + 1)
    return {"XBTUSD": (ends, *(np.array(column, dtype=float) for column in zip(*highs_and_lows, strict=True)))}


def _trips(story, ranges=NO_BARS):
    return round_trips(story.booked, instruments=LINEAR, ranges=ranges)


def test_a_trade_runs_from_flat_to_flat():
    story = Story().fill(0, 2, 100, fee=3).fill(1, 2, 110, fee=3).funding(2, -7).fill(3, -3, 120, fee=4).fill(4, -1, 90)

    (trade,) = _trips(story)

    assert (trade.side, trade.lots, trade.entry_price, trade.exit_price) == ("long", 4, 105.0, 112.5)
    assert (trade.entry_ts, trade.exit_ts) == (MONDAY, MONDAY + 4 * MINUTE)
    assert (trade.realised_minor, trade.fees_minor, trade.funding_minor, trade.net_minor) == (3000, 10, -7, 2983)


def test_a_fill_through_zero_ends_one_trade_and_begins_the_next():
    long, short = _trips(Story().fill(0, 1, 100, fee=1).fill(1, -3, 110, fee=9).funding(2, 5).fill(3, 2, 100, fee=2))

    assert (long.side, long.lots, long.exit_price, long.realised_minor, long.fees_minor) == ("long", 1, 110.0, 1000, 4)
    assert (short.side, short.lots, short.entry_price, short.realised_minor) == ("short", -2, 110.0, 2000)
    assert (short.fees_minor, short.funding_minor, short.entry_ts) == (8, 5, long.exit_ts)


def test_what_is_open_at_the_end_has_no_exit():
    (trade,) = _trips(Story().fill(0, 2, 100).fill(1, -1, 110))

    assert (trade.exit_ts, trade.exit_price, trade.realised_minor) == (None, None, 1000)


def test_an_inverse_average_is_the_price_of_the_same_value():
    story = Story().fill(0, 1, 50.0).fill(1, 1, 100.0)

    (trade,) = round_trips(story.booked, instruments={"XBTUSD": an_instrument(kind=Kind.INVERSE)}, ranges=NO_BARS)

    assert trade.entry_price == pytest.approx(2 / (1 / 50 + 1 / 100))


def test_excursions_look_at_bars_after_the_entry_and_until_the_exit():
    bars = _bars((900, 1), (105, 98), (130, 100), (104, 90), (999, 2))

    (trade,) = _trips(Story().fill(1, 2, 100).fill(4, -2, 101), bars)

    assert (trade.mae_minor, trade.mfe_minor) == (-2000, 6000)


def test_a_position_that_grows_is_marked_at_its_own_size_and_cost():
    """One lot from 100: bar 105..95 is -500..500. Two from an average of 102: bar 110..99 is -600..1600."""
    (trade,) = _trips(Story().fill(0, 1, 100).fill(1, 1, 104), _bars((105, 95), (110, 99)))

    assert (trade.mae_minor, trade.mfe_minor) == (-600, 1600)


def test_a_short_suffers_at_the_high():
    (trade,) = _trips(Story().fill(0, -1, 100).fill(1, 1, 100), _bars((103, 96)))

    assert (trade.mae_minor, trade.mfe_minor) == (-300, 400)


def test_a_trade_inside_one_bar_has_no_excursions():
    (trade,) = _trips(Story().fill(1, 1, 100).fill(1, -1, 90), _bars((200, 50), (200, 50)))

    assert (trade.mae_minor, trade.mfe_minor) == (0, 0)


def test_a_trade_that_never_lost_was_never_below_zero():
    (trade,) = _trips(Story().fill(0, 1, 100).fill(1, -1, 110), _bars((112, 101)))

    assert (trade.mae_minor, trade.mfe_minor) == (0, 1200)


def test_trades_of_strategies_and_accounts_are_their_own():
    a, b = Story("a").fill(0, 1, 100).fill(2, -1, 101), Story("b").fill(1, -1, 100).fill(3, 1, 101)

    first, second = round_trips([*a.booked, *b.booked], instruments=LINEAR, ranges=NO_BARS)

    assert [(t.strategy, t.realised_minor) for t in (first, second)] == [("a", 100), ("b", -100)]


steps = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-4, 4), st.integers(90, 110), st.integers(-5, 9)), min_size=1, max_size=30
)


@given(steps, st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=40))
def test_trades_hold_all_the_money_of_a_book_and_their_excursions_are_those_of_a_plain_walk(moves, spreads):
    story, minute = Story(), 0
    for wait, lots, price, money in moves:
        minute += wait
        if lots:
            story.fill(minute, lots, float(price), fee=money)
        elif story.book.lots:
            story.funding(minute, money)
    bars = [(100 + up, 100 - down) for up, down in spreads]

    found = _trips(story, _bars(*bars))

    book = story.book
    assert sum(trade.realised_minor for trade in found) == book.realised_minor
    assert sum(trade.fees_minor for trade in found) == book.fees_minor
    assert sum(trade.funding_minor for trade in found) == book.funding_minor
    assert sum(trade.exit_ts is None for trade in found) == (book.lots != 0)
    walked = _walk([row for row in story.booked if isinstance(row, FillRow)], bars)
    assert [(t.entry_ts, t.exit_ts, t.lots) for t in found] == [(t.entry, t.exit, t.lots) for t in walked]
    for trade, plain in zip(found, walked, strict=True):
        # A book's cost is rounded each time that it is reduced; the walk's is not.
        assert trade.mae_minor == pytest.approx(float(plain.worst), abs=len(moves))
        assert trade.mfe_minor == pytest.approx(float(plain.best), abs=len(moves))


def _walk(fills, bars):
    """The same, lot by lot: each lot of a fill closes or opens, at an exact average price."""
    trades, held, average, now = [], 0, Fraction(0), None
    for number, row in enumerate(fills):
        for _ in range(abs(row.lots)):
            sign = 1 if row.lots > 0 else -1
            if held * sign < 0:
                held += sign
                if held == 0:
                    now.exit, now = row.ts, None
                continue
            if now is None:
                average = Fraction(0)
                now = SimpleNamespace(entry=row.ts, exit=None, lots=0, worst=0, best=0)
                trades.append(now)
            average = (average * abs(held) + Fraction(row.price)) / (abs(held) + 1)
            held += sign
            now.lots = max(now.lots, held, key=abs)
        until = fills[number + 1].ts if number + 1 < len(fills) else None
        for minute, prices in enumerate(bars, start=1):
            ends = MONDAY + minute * MINUTE
            if held and row.ts < ends and (until is None or ends <= until):
                profits = [(Fraction(price) - average) * held * 100 for price in prices]
                now.worst, now.best = min(now.worst, *profits), max(now.best, *profits)
    return trades

"""Books are folded as the money moved, and strategies' results add up to their account's to the minor unit."""

from fractions import Fraction
from itertools import groupby

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.accounting import Books, curves, strategy_rows, summaries
from actors.money.allocation import fill_parts, split_minor
from actors.money.trades import round_trips
from messages import Fill, FillPart, FundingPaid, FundingPart, Kind, Liquidity, PositionAdjusted
from tests.builders import MINUTE, MONDAY, a_fill, an_instrument

XBTUSD = an_instrument(kind=Kind.INVERSE, currency="XBT")
ETHXBT = an_instrument("ETHXBT", currency="XBT")
COIN = an_instrument("COIN", kind=Kind.SPOT)
INSTRUMENTS = {each.symbol: each for each in (XBTUSD, ETHXBT, COIN)}
MINUTES = 12
CLOSES = {
    symbol: (MONDAY + MINUTE * np.arange(1, MINUTES + 1), np.array([level + 0.5 * k for k in range(MINUTES)]))
    for symbol, level in (("XBTUSD", 100.0), ("ETHXBT", 3.0), ("COIN", 50.0))
}
CASH = {"XBT": 10**9, "USD": 10**6}
SAMPLES = dict.fromkeys(CASH, CLOSES["XBTUSD"][0])


def _value(symbol, lots, price):
    """Minor units by the contract's formula, unrounded."""
    price, lots = Fraction(price), Fraction(lots)
    return -(lots * 10**8) / price if symbol == "XBTUSD" else lots * price * (10**8 if symbol == "ETHXBT" else 100)


def _whole(exact):
    return int(abs(exact) + Fraction(1, 2)) * (-1 if exact < 0 else 1)


def _results(said, accounts=("main",)):
    books = Books(said, INSTRUMENTS)
    found = curves(
        books, accounts=dict.fromkeys(accounts, CASH), instruments=INSTRUMENTS, closes=CLOSES, samples=SAMPLES
    )
    ranges = {symbol: (ts, prices, prices) for symbol, (ts, prices) in CLOSES.items()}
    trades = round_trips(books.booked, instruments=INSTRUMENTS, ranges=ranges)
    totals = summaries(books, found, trades, instruments=INSTRUMENTS, closes=CLOSES)
    return books, found, trades, totals, strategy_rows(books, instruments=INSTRUMENTS, closes=CLOSES)


def _funding(symbol, ts, parts, account="main"):
    return FundingPaid(
        account=account, currency="XBT", symbol=symbol, ts=ts, rate=0.0001, price=100.0,
        lots=sum(lots for _, lots, _ in parts), amount_minor=sum(amount for *_, amount in parts),
        parts=tuple(FundingPart(*part) for part in parts),
    )  # fmt: skip


wanting = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 7)), min_size=1, max_size=3, unique_by=lambda w: w[0]
)
moves = st.lists(
    st.tuples(
        st.sampled_from(("shared", "crossed", "funding")),
        st.sampled_from(("main", "paper:x")),
        st.sampled_from(("XBTUSD", "ETHXBT")),
        st.integers(0, 1),
        st.sampled_from((-1, 1)),
        wanting,
        st.integers(1, 20),
        st.integers(-9, 99),
    ),
    max_size=25,
)


class Market:
    """Says fills and funding as executor and venue do: shared orders, crossings, payments on what is held."""

    def __init__(self):
        self.said, self.held, self.now, self.number = [], {}, MONDAY, 0

    def move(self, kind, account, symbol, wait, sign, wants, half_ticks, money):
        self.now, self.number = min(self.now + wait * MINUTE, MONDAY + MINUTES * MINUTE), self.number + 1
        price = (99 if symbol == "XBTUSD" else 2) + half_ticks * 0.5
        if kind == "shared":
            wants = [(strategy, sign * lots) for strategy, lots in wants]
            lots = sum(each for _, each in wants)
            value = _whole(_value(symbol, lots, price))
            self._fill(account, symbol, price, money, fill_parts(lots, value, money, wants))
        elif kind == "crossed":
            lots = wants[0][1]
            value = _whole(_value(symbol, lots, price))
            self._fill(account, symbol, price, 0, (FillPart("a", lots, value, 0),), Liquidity.INTERNAL)
            self._fill(account, symbol, price, 0, (FillPart("b", -lots, -value, 0),), Liquidity.INTERNAL)
        else:
            held = [
                (who, lots)
                for (where, its, who), lots in sorted(self.held.items())
                if (where, its) == (account, symbol) and lots
            ]
            if held:
                amounts = split_minor(money, [abs(lots) for _, lots in held])
                parts = [(who, lots, amount) for (who, lots), amount in zip(held, amounts, strict=True)]
                self.said.append(_funding(symbol, self.now, parts, account))

    def _fill(self, account, symbol, price, fee, parts, liquidity=Liquidity.TAKER):
        for part in parts:
            key = account, symbol, part.strategy
            self.held[key] = self.held.get(key, 0) + part.lots
        self.number += 1
        self.said.append(
            Fill(
                account=account, currency="XBT", symbol=symbol, client_id="c", execution_id=f"e{self.number}",
                ts=self.now, lots=sum(part.lots for part in parts), price=price, liquidity=liquidity,
                value_minor=sum(part.value_minor for part in parts), fee_minor=fee, parts=tuple(parts),
            )
        )  # fmt: skip


@given(moves)
def test_strategies_results_add_up_to_the_account_s_to_the_minor_unit(told):
    market = Market()
    for move in told:
        market.move(*move)

    books, found, trades, totals, rows = _results(market.said, ("main", "paper:x"))

    for total in totals:
        purse = total.account, total.currency
        mine = [row for row in rows if (row.account, row.currency) == purse]
        assert total.pnl_minor == sum(row.pnl_minor for row in mine)
        for name in ("fees_minor", "funding_minor", "realised_minor"):
            assert getattr(total, name) == sum(getattr(row, name) for row in mine)
        # Beside all books: what was paid and received, and what is left at the last close.
        cash = [each for each in market.said if (each.account, each.currency) == purse]
        fills = [each for each in cash if isinstance(each, Fill)]
        paid = sum(fill.value_minor + fill.fee_minor for fill in fills)
        received = sum(each.amount_minor for each in cash if isinstance(each, FundingPaid))
        left = sum(
            _whole(_value(symbol, lots, CLOSES[symbol][1][-1]))
            for (account, symbol, _), lots in market.held.items()
            if (account, "XBT") == purse
        )
        assert total.pnl_minor == received - paid + left
        assert total.trades == sum(
            (trade.account, trade.currency) == purse and trade.exit_ts is not None for trade in trades
        )
        assert sum(t.net_minor for t in trades if (t.account, t.currency) == purse) == (
            total.realised_minor - total.fees_minor + total.funding_minor
        )
    for curve in found:
        assert (curve.equity_minor == curve.cash_minor + curve.position_value_minor).all()
    assert {row.account for row in books.rows} <= {"main", "paper:x"}


def test_funding_counts_from_its_own_time_on():
    fill = attrs.evolve(a_fill(1, price=3.0, symbol="ETHXBT"), currency="XBT")
    said = [fill, _funding("ETHXBT", MONDAY + 3 * MINUTE, [("trend", 1, -40)])]

    books, (curve, _), trades, (total, _), (row,) = _results(said)

    assert curve.cash_minor.tolist()[:4] == [10**9, 10**9, 10**9 - 40, 10**9 - 40]
    assert [(entry.kind.value, entry.amount_minor) for entry in books.entries] == [("funding", -40)]
    assert (total.funding_minor, row.funding_minor, trades[0].funding_minor) == (-40, -40, -40)


def test_funding_said_after_the_flip_belongs_to_the_trade_that_the_flip_began():
    fills = [
        attrs.evolve(a_fill(lots, price=3.0, symbol="ETHXBT", execution_id=f"e{lots}"), currency="XBT")
        for lots in (1, -2)
    ]
    said = [fills[0], fills[1], _funding("ETHXBT", MONDAY, [("trend", -1, 25)])]

    _, _, trades, _, _ = _results(said)

    assert [trade.funding_minor for trade in trades] == [0, 25]


def test_spot_is_paid_for_in_cash_and_worth_its_market_value():
    buy, sell = (
        a_fill(lots, price=price, symbol="COIN", execution_id=f"e{lots}", ts=MONDAY + minute * MINUTE)
        for lots, price, minute in ((3, 50.0, 0), (-1, 52.0, 5))
    )

    books, (_, curve), _, (_, total), (row,) = _results([buy, sell])

    assert [(entry.kind.value, entry.amount_minor) for entry in books.entries] == [
        ("transfer", -15_000), ("transfer", 5_000), ("realised", 200),
    ]  # fmt: skip
    assert curve.cash_minor.tolist()[-1] == total.cash_end_minor == 10**6 - 9_800
    assert curve.position_value_minor.tolist()[-1] == 2 * 5_550
    assert (row.realised_minor, row.unrealised_minor, total.pnl_minor) == (200, 1_100, 1_300)


def test_what_a_settlement_brings_is_realised_and_stands_in_the_ledger_under_its_name():
    fill = attrs.evolve(a_fill(2, price=3.0, symbol="ETHXBT"), currency="XBT")
    last = attrs.evolve(
        a_fill(-2, price=4.0, symbol="ETHXBT", execution_id="s1"), currency="XBT", client_id="settlement-1",
        liquidity=Liquidity.SETTLEMENT,
    )  # fmt: skip

    books, _, _, (total, _), (row,) = _results([fill, last])

    assert [entry.kind.value for entry in books.entries] == ["settlement"]
    assert total.realised_minor == row.realised_minor == total.cash_end_minor - total.cash_start_minor == 200


def test_figures_of_trades_are_of_closed_round_trips_net_of_fees_and_funding():
    """+200 - 5 and -100 + 30 closed, one open: one hit of two, 195 won against 70 lost."""
    fills = [
        attrs.evolve(a_fill(lots, price=price, symbol="ETHXBT", execution_id=f"e{k}", fee_minor=fee), currency="XBT")
        for k, (lots, price, fee) in enumerate([(1, 3.0, 5), (-1, 5.0, 0), (1, 3.0, 0), (-1, 2.0, 0), (1, 3.0, 9)])
    ]
    said = [*fills[:3], _funding("ETHXBT", MONDAY, [("trend", 1, 30)]), *fills[3:]]

    *_, (total, _), _ = _results(said)

    assert (total.trades, total.hit_rate, total.average_trade_minor) == (2, 0.5, 62.5)
    assert total.profit_factor == pytest.approx(195 / 70)


def test_rows_stand_in_the_order_they_were_said():
    fills = [a_fill(1, symbol="COIN", execution_id=f"e{k}") for k in (2, 1, 3)]

    books = Books(fills, INSTRUMENTS)

    assert [key for key, _ in groupby(row.execution_id for row in books.rows)] == ["e2", "e1", "e3"]


# Differences to the venue.


def an_adjustment(lots, price, *, number=1, symbol="XBTUSD", strategy="trend", ts=MONDAY, value_minor=None):
    return PositionAdjusted(
        account="main", symbol=symbol, strategy=strategy, adjustment_id=f"a{number}", lots=lots, ts=ts,
        value_minor=_whole(_value(symbol, lots, price)) if value_minor is None else value_minor,
    )  # fmt: skip


def test_an_adjustment_that_closes_realises_under_its_own_name():
    fill = a_fill(2, symbol="ETHXBT", price=3.0, parts=(("trend", 2),))
    said = [attrs.evolve(fill, currency="XBT"), an_adjustment(-2, 4.0, symbol="ETHXBT", ts=MONDAY + MINUTE)]

    books, _, trades, totals, (row,) = _results(said)

    gain = 8 * 10**8 - 2 * 300
    (entry,) = books.entries
    assert (entry.kind, entry.amount_minor, entry.ref, entry.currency) == ("adjustment", gain, "a1", "XBT")
    assert (row.position_lots, row.fills, row.realised_minor, row.pnl_minor) == (0, 1, gain, gain)
    assert [trade.exit_price for trade in trades] == [4.0]
    assert next(total for total in totals if total.currency == "XBT").pnl_minor == gain
    assert len(books.rows) == 1


def test_an_adjustment_that_only_opens_is_in_the_ledger_with_nothing():
    books, *_ = _results([an_adjustment(3, 100.0)])

    assert [(entry.kind, entry.amount_minor) for entry in books.entries] == [("adjustment", 0)]


def test_a_value_without_lots_is_a_profit_or_a_loss():
    books, _, trades, totals, _ = _results([an_adjustment(0, 1.0, value_minor=70)])

    assert [(entry.kind, entry.amount_minor) for entry in books.entries] == [("adjustment", -70)]
    assert (trades, totals[0].cash_end_minor - totals[0].cash_start_minor) == ((), -70)


def test_spot_that_was_found_is_paid_for():
    books, *_ = _results([an_adjustment(2, 50.0, symbol="COIN")])

    assert [(entry.kind, entry.amount_minor) for entry in books.entries] == [("adjustment", 0), ("transfer", -10_000)]


adjustments = st.lists(
    st.tuples(
        st.sampled_from(("XBTUSD", "ETHXBT", "COIN")),
        st.sampled_from("ab"),
        st.integers(-5, 5),
        st.integers(1, 400),
        st.booleans(),
        st.integers(-9, 9),
    ),
    max_size=12,
)


@given(adjustments)
def test_with_adjustments_the_ledger_still_adds_up_and_so_do_the_strategies(steps):
    said = []
    for number, (symbol, strategy, lots, price, adjusts, error) in enumerate(steps):
        ts = MONDAY + number * MINUTE
        value = _whole(_value(symbol, lots, price))
        if adjusts or not lots:
            said.append(
                an_adjustment(lots, price, number=number, symbol=symbol, strategy=strategy, ts=ts,
                              value_minor=value + error)
            )  # fmt: skip
        elif symbol != "COIN":
            fill = a_fill(lots, symbol=symbol, price=float(price), execution_id=f"e{number}", ts=ts)
            parts = (FillPart(strategy, lots, value, error),)
            said.append(attrs.evolve(fill, currency="XBT", value_minor=value, fee_minor=error, parts=parts))

    books, found, _, totals, rows = _results(said)

    for total, curve in zip(totals, found, strict=True):
        its = [row for row in rows if row.currency == total.currency]
        cash = sum(entry.amount_minor for entry in books.entries if entry.currency == total.currency)
        assert total.cash_end_minor == total.cash_start_minor + cash == int(curve.cash_minor[-1])
        assert total.pnl_minor == sum(row.pnl_minor for row in its)
    held = {}
    for each in said:
        strategy = each.strategy if isinstance(each, PositionAdjusted) else each.parts[0].strategy
        held[strategy, each.symbol] = held.get((strategy, each.symbol), 0) + each.lots
    assert {(row.strategy, row.symbol): row.position_lots for row in rows} == held

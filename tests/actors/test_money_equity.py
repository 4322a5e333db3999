"""The equity computed at once equals the books folded fill by fill and valued at every sample."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.money.equity import drawdowns, equity_curve
from actors.money.ledger import book_fill
from actors.money.rows import LedgerEntry, LedgerKind
from actors.money.values import Arithmetic
from messages import Fill, FillPart, Instrument, Kind, Liquidity, ValueRounding

XBTUSD = Instrument(
    symbol="XBTUSD",
    kind=Kind.INVERSE,
    tick_size=Decimal("0.5"),
    currency="XBT",
    value_rounding=ValueRounding.PER_LOT,
)
ETHUSD = Instrument(
    symbol="ETHUSD", kind=Kind.QUANTO, tick_size=Decimal("0.05"), currency="XBT", multiplier=Decimal("0.0000013")
)
IF = Instrument(symbol="IF", kind=Kind.LINEAR, tick_size=Decimal("0.2"), currency="CNY", multiplier=Decimal("0.007"))
STOCK = Instrument(
    symbol="STOCK", kind=Kind.SPOT, tick_size=Decimal("0.01"), currency="CNY", value_rounding=ValueRounding.EXACT
)
INSTRUMENTS = {instrument.symbol: instrument for instrument in (XBTUSD, ETHUSD, IF, STOCK)}

times = st.integers(0, 40)
a_trade = st.tuples(
    times,
    st.sampled_from(sorted(INSTRUMENTS)),
    st.integers(1000, 20000),
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 30), st.integers(-2, 3)),
        min_size=1,
        max_size=3,
        unique_by=lambda part: part[0],
    ),
    st.sampled_from([1, -1]),
)
markets = st.dictionaries(times, st.integers(1000, 20000), min_size=1, max_size=15)


def a_fill(number, trade):
    ts, symbol, ticks, owners, sign = trade
    arithmetic = Arithmetic(INSTRUMENTS[symbol])
    price = arithmetic.grid.to_price(ticks)
    parts = tuple(FillPart(owner, sign * n, arithmetic.value_minor(sign * n, price), fee) for owner, n, fee in owners)
    return Fill(
        account="main",
        currency=INSTRUMENTS[symbol].currency,
        symbol=symbol,
        client_id="run-net-1",
        execution_id=f"e{number}",
        ts=ts,
        lots=sum(part.lots for part in parts),
        price=price,
        liquidity=Liquidity.TAKER,
        value_minor=sum(part.value_minor for part in parts),
        fee_minor=sum(part.fee_minor for part in parts),
        parts=parts,
    )


def columns(market, symbol):
    grid = Arithmetic(INSTRUMENTS[symbol]).grid
    return np.array(sorted(market)), np.array([grid.to_price(market[ts]) for ts in sorted(market)])


def folded(fills):
    books, rows, ledger = {}, [], []
    for fill in fills:
        more_rows, more_entries = book_fill(books, fill, {"STOCK"})
        rows += more_rows
        ledger += more_entries
    return books, rows, ledger


def the_slow_way(at, fills, closes, funding, cash):
    """Fold the books anew for each sample and value each book by itself."""
    books, _, _ = folded([fill for fill in fills if fill.ts <= at])
    equity = dict(cash)
    for entry in funding:
        if entry.ts <= at:
            equity[entry.currency] += entry.amount_minor
    for book in books.values():
        equity[book.currency] += book.cash_minor
        seen = [close for ts, close in zip(*closes[book.symbol], strict=True) if ts <= at]
        mark = Arithmetic(INSTRUMENTS[book.symbol]).value_minor(book.lots, float(seen[-1])) if seen else book.cost_minor
        equity[book.currency] += mark if book.symbol == "STOCK" else book.unrealised_minor(mark)
    return equity


def some_funding(ts, amount):
    return LedgerEntry(
        ts=ts,
        account="main",
        currency="XBT",
        strategy="a",
        symbol="XBTUSD",
        kind=LedgerKind.FUNDING,
        amount_minor=amount,
        ref="f",
    )


@given(
    st.lists(a_trade, max_size=12),
    st.fixed_dictionaries(dict.fromkeys(INSTRUMENTS, markets)),
    st.lists(times, min_size=1, max_size=20),
    st.lists(st.builds(some_funding, times, st.integers(-1000, 1000)), max_size=4),
)
def test_equity_at_once_is_equity_step_by_step(trades, markets, samples, funding):
    fills = [a_fill(number, trade) for number, trade in enumerate(sorted(trades, key=lambda trade: trade[0]))]
    closes = {symbol: columns(market, symbol) for symbol, market in markets.items()}
    cash = {"XBT": 100_000_000, "CNY": 5_000_000}
    _, rows, ledger = folded(fills)

    curves = equity_curve(
        ts=np.array(samples), closes=closes, fills=rows, ledger=ledger + funding, instruments=INSTRUMENTS, cash=cash
    )

    slow = [the_slow_way(at, fills, closes, funding, cash) for at in samples]
    for currency, curve in curves.items():
        assert curve.equity_minor.tolist() == [equity[currency] for equity in slow]
        assert (curve.cash_minor + curve.position_value_minor).tolist() == curve.equity_minor.tolist()


def a_run(*trades, ts, closes, **changes):
    _, rows, ledger = folded([a_fill(number, trade) for number, trade in enumerate(trades)])
    return equity_curve(
        **{
            "ts": np.array(ts),
            "closes": {"IF": closes, "STOCK": closes},
            "fills": rows,
            "ledger": ledger,
            "instruments": INSTRUMENTS,
            "cash": {"CNY": 1000},
        }
        | changes
    )


def test_a_fill_counts_from_its_own_time_and_is_marked_at_the_last_close_until_then():
    # 10 lots x 0.007 x 5000.0 = 350.00; a point is worth 7 fen.
    (curve,) = a_run(
        (20, "IF", 25000, [("a", 10, 2)], 1),
        ts=[19, 20, 29, 30, 99],
        closes=(np.array([10, 20, 30]), np.array([4000.0, 5001.0, 4999.0])),
    ).values()

    assert curve.position_value_minor.tolist() == [0, 7, 7, -7, -7]
    assert curve.cash_minor.tolist() == [1000, 998, 998, 998, 998]
    assert curve.drawdown.tolist() == pytest.approx([0, 0, 0, 14 / 1005, 14 / 1005])


def test_a_position_without_a_close_so_far_is_worth_its_cost():
    (curve,) = a_run((1, "IF", 25000, [("a", 10, 0)], 1), ts=[2], closes=(np.array([5]), np.array([4000.0]))).values()

    assert curve.equity_minor.tolist() == [1000]


def test_spot_is_paid_for_and_worth_its_market_value():
    # 10 shares at 50.00, of which 4 are sold at 60.00.
    (curve,) = a_run(
        (20, "STOCK", 5000, [("a", 10, 3)], 1),
        (40, "STOCK", 6000, [("a", 4, 2)], -1),
        ts=[19, 20, 30, 40],
        closes=(np.array([25, 35]), np.array([55.0, 60.0])),
        cash={"CNY": 100_000},
    ).values()

    assert curve.cash_minor.tolist() == [100_000, 49_997, 49_997, 73_995]
    assert curve.position_value_minor.tolist() == [0, 50_000, 55_000, 36_000]


def test_a_run_without_fills_keeps_its_cash_and_a_currency_without_cash_starts_at_nothing():
    curves = a_run(ts=[1, 2], closes=(np.array([1]), np.array([4000.0])))
    in_xbt = a_run(
        (1, "IF", 25000, [("a", 1, 4)], 1), ts=[1], closes=(np.array([1]), np.array([5000.0])), cash={"XBT": 7}
    )

    assert curves["CNY"].equity_minor.tolist() == [1000, 1000]
    assert {currency: curve.equity_minor.tolist() for currency, curve in in_xbt.items()} == {"CNY": [-4], "XBT": [7]}


def test_rows_of_two_accounts_are_refused():
    entries = [some_funding(1, 1), LedgerEntry(ts=1, account="paper:a", currency="XBT", strategy="", symbol="",
                                               kind=LedgerKind.TRANSFER, amount_minor=1, ref="t")]  # fmt: skip
    with pytest.raises(ValueError, match=r"of one account, and these rows are of \['main', 'paper:a'\]"):
        a_run(ts=[1], closes=(np.array([1]), np.array([5000.0])), ledger=entries)


def test_sums_beyond_64_bits_are_an_error():
    with pytest.raises(OverflowError, match="equity could exceed 64 bits"):
        a_run(
            (1, "IF", 25000, [("a", 10, 0)], 1),
            ts=[1],
            closes=(np.array([1]), np.array([5001.0])),
            cash={"CNY": 2**63 - 1},
        )


def test_a_drawdown_is_measured_from_the_highest_equity_the_start_included():
    assert drawdowns(np.array([90, 120, 60, 150, 150]), 100).tolist() == pytest.approx([0.1, 0, 0.5, 0, 0])
    assert drawdowns(np.array([-5, 0, 10, -10]), 0).tolist() == [0, 0, 0, 2]
    assert drawdowns(np.array([], dtype=np.int64), 100).tolist() == []

"""Every CSV file of a run, as chunks of text. Plain formatting rules, so that no library's version changes a byte.

Integers as they are, floats as the shortest text that reads back the same, prices with the instrument's decimals
(or all that they have, where a price stands between two ticks), None as nothing. One row is one line: line breaks
inside a text are written as \\n.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from actors.money.shortfall import AlgorithmRow
from actors.result import AccountCurve, BacktestResult, OrderRow
from adapters.files import BadRow
from adapters.results.times import iso_column
from messages import Annotated, Instrument, Quarantined, ShareSized, Symbol, iso_utc

_CHUNK = 50_000
OPTIONAL_FILES = ("funding.csv", "weights.csv", "bad_rows.csv", "bad_items.csv")
"""Not written where there would be no rows in them."""
_NEEDS_QUOTES = frozenset(',"\n\r')


def result_files(result: BacktestResult, bad_rows: Sequence[BadRow] = ()) -> dict[str, Iterator[str]]:
    """File name -> its text in chunks, header first."""
    prices = _Prices(result.instruments)
    files = {
        "signals.csv": _file("ts,ts_ns,strategy,symbol,target,unit", _signals(result)),
        "orders.csv": _file(
            "ts,ts_ns,account,strategy,symbol,client_id,side,type,lots,price,status,reason,owners,lots_filled,"
            "stop_price,time_in_force,algorithm,amended,decision_price",
            (_order(time, row, prices) for time, row in _timed(result.orders)),
        ),
        "fills.csv": _file(
            "ts,ts_ns,account,currency,strategy,symbol,client_id,execution_id,side,lots,price,liquidity,"
            "fee_minor,realised_minor,position_lots",
            _fills(result, prices),
        ),
        "ledger.csv": _file("ts,ts_ns,account,currency,strategy,symbol,kind,amount_minor,ref", _ledger(result)),
        "equity.csv": _equity(result.curves),
        "strategies.csv": _file(
            "account,currency,strategy,symbol,fills,fees_minor,funding_minor,realised_minor,unrealised_minor,"
            "pnl_minor,position_lots",
            _strategies(result),
        ),
        "trades.csv": _file(
            "account,currency,strategy,symbol,entry_ts,entry_ts_ns,exit_ts,exit_ts_ns,side,lots,entry_price,exit_price,"
            "realised_minor,fees_minor,funding_minor,mae_minor,mfe_minor",
            _trades(result, prices),
        ),
        "execution.csv": _file(
            "account,currency,algorithm,orders,lots_wanted,lots_filled,shortfall_minor,shortfall_bp,fees_minor,"
            "gave_up_lots",
            (_algorithm(row) for row in result.execution),
        ),
        "marks.csv": _file(
            "ts,ts_ns,strategy,symbol,kind,name,price,text", (_mark(time, mark) for time, mark in _timed(result.marks))
        ),
    }
    if result.funding:
        files["funding.csv"] = _file(
            "ts,ts_ns,account,currency,strategy,symbol,lots,mark_price,rate,amount_minor", _funding(result, prices)
        )
    if result.weights:
        files["weights.csv"] = _file(
            "ts,ts_ns,account,strategy,symbol,weight,volatility,lots",
            (_weight(time, row) for time, row in _timed(result.weights)),
        )
    if bad_rows:
        files["bad_rows.csv"] = _file("file,line,column,reason,text", (_bad_row(row) for row in bad_rows))
    if result.bad_items:
        files["bad_items.csv"] = _file("ts,ts_ns,symbol,reason,text", (_bad_item(item) for item in result.bad_items))
    return files


def _file(header: str, lines: Iterable[str]) -> Iterator[str]:
    yield header + "\n"
    iterator = iter(lines)
    while chunk := list(islice(iterator, _CHUNK)):
        chunk.append("")
        yield "\n".join(chunk)


class _Prices:
    """Writes prices; the same price of the same symbol is written once."""

    def __init__(self, instruments: Mapping[Symbol, Instrument]) -> None:
        self._decimals = {symbol: each.price_decimals for symbol, each in instruments.items()}
        self._known: dict[tuple[Symbol, float], str] = {}

    def text(self, symbol: Symbol, price: float | None) -> str:
        if price is None:
            return ""
        known = self._known.get((symbol, price))
        if known is None:
            known = f"{price:.{self._decimals[symbol]}f}" if symbol in self._decimals else repr(price)
            if float(known) != price:
                known = repr(price)
            self._known[symbol, price] = known
        return known


def _field(text: str) -> str:
    """Quoted where CSV needs it."""
    if _NEEDS_QUOTES.isdisjoint(text):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n").replace('"', '""')
    return f'"{text}"'


def _side(lots: int) -> str:
    return "buy" if lots > 0 else "sell"


def _timed(rows: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """`iso,ns` of each row's time, and the row."""
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        ts = [row.ts for row in part]
        for iso, ns, row in zip(iso_column(np.array(ts, dtype=np.int64)), ts, part, strict=True):
            yield f"{iso},{ns}", row


def _signals(result: BacktestResult) -> Iterator[str]:
    for time, row in _timed(result.signals):
        target = str(int(row.target)) if row.in_lots else repr(row.target)
        unit = "lots" if row.in_lots else "units"
        yield f"{time},{row.strategy},{row.symbol},{target},{unit}"


def _order(time: str, row: OrderRow, prices: _Prices) -> str:
    owners = " ".join([f"{strategy}:{abs(lots)}" for strategy, lots in row.owners])
    return (
        f"{time},{_field(row.account)},{row.strategy},{row.symbol},{row.client_id},"
        f"{_side(row.lots)},{row.type.value},{abs(row.lots)},{prices.text(row.symbol, row.price)},{row.status},"
        f"{_field(row.reason)},{owners},{abs(row.lots_filled)},{prices.text(row.symbol, row.stop_price)},"
        f"{row.time_in_force.value},{_field(row.algorithm)},{row.amends},"
        f"{prices.text(row.symbol, row.decision_price)}"
    )


def _fills(result: BacktestResult, prices: _Prices) -> Iterator[str]:
    for time, row in _timed(result.fills):
        lots = row.lots
        yield (
            f"{time},{_field(row.account)},{row.currency},{row.strategy},{row.symbol},"
            f"{row.client_id},{row.execution_id},{'buy' if lots > 0 else 'sell'},{abs(lots)},"
            f"{prices.text(row.symbol, row.price)},{row.liquidity.value},{row.fee_minor},{row.realised_minor},"
            f"{row.position_lots}"
        )


def _ledger(result: BacktestResult) -> Iterator[str]:
    for time, row in _timed(result.ledger):
        yield (
            f"{time},{_field(row.account)},{row.currency},{row.strategy},{row.symbol},"
            f"{row.kind.value},{row.amount_minor},{_field(row.ref)}"
        )


def _strategies(result: BacktestResult) -> Iterator[str]:
    for row in result.strategies:
        yield (
            f"{_field(row.account)},{row.currency},{row.strategy},{row.symbol},{row.fills},{row.fees_minor},"
            f"{row.funding_minor},{row.realised_minor},{row.unrealised_minor},{row.pnl_minor},{row.position_lots}"
        )


def _trades(result: BacktestResult, prices: _Prices) -> Iterator[str]:
    for start in range(0, len(result.trades), _CHUNK):
        part = result.trades[start : start + _CHUNK]
        entries = iso_column(np.array([trade.entry_ts for trade in part], dtype=np.int64))
        exits = iso_column(np.array([trade.exit_ts or 0 for trade in part], dtype=np.int64))
        for trade, entered, left in zip(part, entries, exits, strict=True):
            over = "," if trade.exit_ts is None else f"{left},{trade.exit_ts}"
            yield (
                f"{_field(trade.account)},{trade.currency},{trade.strategy},{trade.symbol},{entered},{trade.entry_ts},"
                f"{over},{trade.side},{abs(trade.lots)},{prices.text(trade.symbol, trade.entry_price)},"
                f"{prices.text(trade.symbol, trade.exit_price)},{trade.realised_minor},{trade.fees_minor},"
                f"{trade.funding_minor},{trade.mae_minor},{trade.mfe_minor}"
            )


def _algorithm(row: AlgorithmRow) -> str:
    return (
        f"{_field(row.account)},{row.currency},{_field(row.algorithm)},{row.orders},{row.lots_wanted},"
        f"{row.lots_filled},{_number(row.shortfall_minor)},{_number(row.shortfall_bp)},{row.fees_minor},"
        f"{row.gave_up_lots}"
    )


def _funding(result: BacktestResult, prices: _Prices) -> Iterator[str]:
    for time, paid in _timed(result.funding):
        for part in paid.parts:
            yield (
                f"{time},{_field(paid.account)},{paid.currency},{part.strategy},{paid.symbol},{part.lots},"
                f"{prices.text(paid.symbol, paid.price)},{paid.rate!r},{part.amount_minor}"
            )


def _weight(time: str, row: ShareSized) -> str:
    return (
        f"{time},{_field(row.account)},{row.strategy},{row.symbol},{row.weight!r},{_number(row.volatility)},{row.lots}"
    )


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _mark(time: str, mark: Annotated) -> str:
    name, text = _field(mark.name), _field(mark.text)
    return f"{time},{mark.strategy},{mark.symbol},{mark.kind},{name},{_number(mark.price)},{text}"


def _bad_row(row: BadRow) -> str:
    name = row.file.replace("\\", "/").rsplit("/", 1)[-1]
    return f"{_field(name)},{row.line},{_field(row.column)},{_field(row.reason)},{_field(row.text)}"


def _bad_item(item: Quarantined) -> str:
    text = item.text or ("" if item.item is None else repr(item.item))
    return f"{iso_utc(item.received)},{item.received},{item.symbol},{_field(item.reason)},{_field(text)}"


def _equity(curves: Sequence[AccountCurve]) -> Iterator[str]:
    yield "ts,ts_ns,account,currency,equity_minor,cash_minor,position_value_minor,drawdown\n"
    for curve in curves:
        who = f"{_field(curve.account)},{curve.currency}"
        for start in range(0, len(curve.ts), _CHUNK):
            part = slice(start, start + _CHUNK)
            columns = (curve.ts, curve.equity_minor, curve.cash_minor, curve.position_value_minor, curve.drawdown)
            ts, equity, cash, value, drawdown = (np.asarray(column[part]).tolist() for column in columns)
            rows = zip(iso_column(curve.ts[part]), ts, equity, cash, value, drawdown, strict=True)
            yield "".join([f"{a},{b},{who},{c},{d},{e},{f!r}\n" for a, b, c, d, e, f in rows])

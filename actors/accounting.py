"""From a run's record to its result: books folded fill by fill, equity at every bar, and the statistics of both.

All of it happens after the run, from fills and columns; nothing here is heard by an actor.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from actors.columns import BarColumns, Columns, Floats, Ints, QuoteColumns, TickColumns
from actors.money.equity import equity_curve
from actors.money.ledger import Book, book_fill
from actors.money.rows import FillRow, LedgerEntry, LedgerKind
from actors.money.statistics import statistics, trade_statistics
from actors.money.values import Arithmetic
from actors.recorder import Record
from actors.result import AccountCurve, CurrencySummary, OrderRow, StrategyRow
from messages import (
    NS_PER_SECOND,
    Account,
    Fill,
    Instrument,
    Minor,
    Order,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    Outcome,
    StrategyId,
    Symbol,
    UtcNs,
)

MINUTE = 60 * NS_PER_SECOND
Closes = Mapping[Symbol, tuple[Ints, Floats]]


class Books:
    """Every account's books at the end, and the rows that the fills left."""

    def __init__(self, fills: Iterable[Fill]) -> None:
        self.rows: list[FillRow] = []
        self.entries: list[LedgerEntry] = []
        self.by_account: dict[Account, dict[tuple[StrategyId, Symbol], Book]] = {}
        for fill in fills:
            rows, entries = book_fill(self.by_account.setdefault(fill.account, {}), fill)
            self.rows += rows
            self.entries += entries


def closes_of(
    columns: Sequence[Columns], record: Record, until: UtcNs | None = None
) -> dict[Symbol, tuple[Ints, Floats]]:
    """(times, closes) by symbol, from the finest there is: the feed's shortest bars, its ticks, or bars built.

    Where there is none of these (quotes alone, or a host that has sent less than a bar) the fills' own prices serve.
    `until` cuts off what a run that was stopped never played.
    """
    known = {series.symbol for series in columns if not isinstance(series, QuoteColumns)}.union(record.closes)
    # Nearly always none: going through all fills for nothing would cost as much as booking them.
    found: dict[Symbol, tuple[Ints, Floats]] = _prices_paid([each for each in record.fills if each.symbol not in known])
    found |= {
        symbol: (np.array(times, dtype=np.int64), np.array(closes, dtype=np.float64))
        for symbol, (times, closes) in record.closes.items()
    }
    for ticks in columns:
        if isinstance(ticks, TickColumns):
            found[ticks.symbol] = (ticks.received, ticks.price)
    for bars in sorted((c for c in columns if isinstance(c, BarColumns)), key=lambda bars: -bars.period):
        found[bars.symbol] = (bars.close_ts, bars.close)
    if until is None:
        return found
    return {
        symbol: (times[: (rows := int(np.searchsorted(times, until, side="right")))], prices[:rows])
        for symbol, (times, prices) in found.items()
    }


def _prices_paid(fills: Iterable[Fill]) -> dict[Symbol, tuple[Ints, Floats]]:
    """(times, prices) of the fills by symbol; of several at one time the last counts."""
    paid: dict[Symbol, list[tuple[UtcNs, float]]] = {}
    for fill in fills:
        paid.setdefault(fill.symbol, []).append((fill.ts, fill.price))
    found = {}
    for symbol, pairs in paid.items():
        pairs.sort(key=lambda pair: pair[0])
        times, prices = zip(*pairs, strict=True)
        found[symbol] = (np.array(times, dtype=np.int64), np.array(prices, dtype=np.float64))
    return found


def sample_times(
    columns: Sequence[Columns],
    record: Record,
    symbols: Iterable[Symbol],
    until: UtcNs | None = None,
    closes: Closes | None = None,
) -> Ints:
    """When equity in these symbols is sampled: at each close of their shortest bars, or each minute of their ticks.

    Once more at the end, when a fill or one of the `closes` comes after the last of these: the last sample is of all
    that happened.
    """
    wanted = set(symbols)
    bars = [series for series in columns if isinstance(series, BarColumns) and series.symbol in wanted]
    built = [times for symbol, (times, _) in record.closes.items() if symbol in wanted]
    ticks = [series for series in columns if isinstance(series, TickColumns) and series.symbol in wanted]
    if bars:
        shortest = min(series.period for series in bars)
        times = [series.close_ts for series in bars if series.period == shortest]
    elif built:
        times = [np.array(each, dtype=np.int64) for each in built]
    else:
        times = [(series.received // MINUTE + 1) * MINUTE for series in ticks]
    # np.unique sorts and copies; one series of closed bars is in order already.
    sampled = times[0] if bars and len(times) == 1 else np.unique(np.concatenate([np.zeros(0, np.int64), *times]))
    if until is not None:
        sampled = sampled[sampled <= until]
    ends = [fill.ts for fill in record.fills if fill.symbol in wanted]
    ends += [int(its[-1]) for symbol, (its, _) in (closes or {}).items() if symbol in wanted and len(its)]
    end = max(ends, default=None)
    return sampled if end is None or (len(sampled) and sampled[-1] >= end) else np.append(sampled, end)


def curves(
    books: Books,
    *,
    accounts: Mapping[Account, Mapping[str, Minor]],
    instruments: Mapping[Symbol, Instrument],
    closes: Closes,
    samples: Mapping[str, Ints],
) -> tuple[AccountCurve, ...]:
    """The equity of each account, `accounts` telling its starting cash and `samples` the times, by currency."""
    digits = {instrument.currency: instrument.minor_digits for instrument in instruments.values()}
    found = []
    for account, cash in accounts.items():
        for currency, ts in samples.items():
            curve = equity_curve(
                ts=ts,
                closes=closes,
                fills=[row for row in books.rows if row.account == account and row.currency == currency],
                ledger=[entry for entry in books.entries if entry.account == account and entry.currency == currency],
                instruments=instruments,
                cash={currency: cash.get(currency, 0)},
            )[currency]
            found.append(
                AccountCurve(
                    account=account,
                    currency=currency,
                    minor_digits=digits.get(currency, 2),
                    cash_start_minor=curve.cash_start_minor,
                    ts=curve.ts,
                    equity_minor=curve.equity_minor,
                    cash_minor=curve.cash_minor,
                    position_value_minor=curve.position_value_minor,
                    drawdown=curve.drawdown,
                )
            )
    return tuple(found)


def summaries(books: Books, found: Sequence[AccountCurve]) -> tuple[CurrencySummary, ...]:
    """Each curve in numbers."""
    return tuple(_summary(books, curve) for curve in found)


def _summary(books: Books, curve: AccountCurve) -> CurrencySummary:
    amounts: Counter[LedgerKind] = Counter()
    for entry in books.entries:
        if entry.account == curve.account and entry.currency == curve.currency:
            amounts[entry.kind] += entry.amount_minor
    closed = [
        row.realised_minor
        for row in books.rows
        if row.account == curve.account and row.currency == curve.currency and row.realised_minor
    ]
    start = curve.cash_start_minor
    cash_end = start + sum(amounts.values())
    equity_end = int(curve.equity_minor[-1]) if len(curve.ts) else cash_end
    numbers = statistics(curve.ts, curve.equity_minor, start)
    trades = trade_statistics(closed)
    return CurrencySummary(
        account=curve.account,
        currency=curve.currency,
        cash_start_minor=start,
        cash_end_minor=cash_end,
        equity_end_minor=equity_end,
        pnl_minor=equity_end - start,
        fees_minor=-amounts[LedgerKind.FEE],
        funding_minor=amounts[LedgerKind.FUNDING],
        realised_minor=amounts[LedgerKind.REALISED],
        max_drawdown=numbers.max_drawdown,
        max_drawdown_days=numbers.max_drawdown_days,
        total_return=numbers.total_return,
        annual_return=numbers.annual_return,
        volatility=numbers.volatility,
        sharpe=numbers.sharpe,
        sortino=numbers.sortino,
        calmar=numbers.calmar,
        hit_rate=trades.hit_rate,
        profit_factor=trades.profit_factor,
        average_trade_minor=trades.average,
    )


def strategy_rows(books: Books, *, instruments: Mapping[Symbol, Instrument], closes: Closes) -> tuple[StrategyRow, ...]:
    """Every book at the end, marked at its symbol's last close."""
    found = []
    for account, by_key in sorted(books.by_account.items()):
        for (strategy, symbol), book in sorted(by_key.items()):
            times, prices = closes[symbol]
            unrealised = 0
            if book.lots and len(times):
                unrealised = Arithmetic(instruments[symbol]).value_minor(book.lots, float(prices[-1])) - book.cost_minor
            pnl = book.realised_minor + unrealised - book.fees_minor + book.funding_minor
            found.append(
                StrategyRow(
                    account=account,
                    currency=book.currency,
                    strategy=strategy,
                    symbol=symbol,
                    fills=book.fills,
                    fees_minor=book.fees_minor,
                    funding_minor=book.funding_minor,
                    realised_minor=book.realised_minor,
                    unrealised_minor=unrealised,
                    pnl_minor=pnl,
                    position_lots=book.lots,
                )
            )
    return tuple(found)


def order_rows(record: Record) -> tuple[OrderRow, ...]:
    """Every order that was asked for, with the last that was heard of it."""
    ends: dict[tuple[Account, str], OrderEnded | OrderRefused | OrderRejected] = {}
    for end in record.ended:
        ends[end.order.account, end.order.client_id] = end
    filled: Counter[tuple[Account, str]] = Counter()
    for fill in record.fills:
        filled[fill.account, fill.client_id] += fill.lots
    asked: dict[tuple[Account, str], Order] = {}
    for submitted in record.submitted:
        asked.setdefault((submitted.order.account, submitted.order.client_id), submitted.order)
    return tuple(_order_row(order, ends.get(key), filled[key]) for key, order in asked.items())


def _order_row(order: Order, end: OrderEnded | OrderRefused | OrderRejected | None, filled: int) -> OrderRow:
    status, reason = "working", ""
    if isinstance(end, OrderEnded):
        status = end.outcome.value
    elif end is not None:
        status = (Outcome.REFUSED if isinstance(end, OrderRefused) else Outcome.REJECTED).value
        reason = end.reason
    return OrderRow(
        ts=order.ts,
        account=order.account,
        strategy=order.owners[0].strategy if len(order.owners) == 1 else "net",
        owners=tuple([(owner.strategy, owner.lots) for owner in order.owners]),
        symbol=order.symbol,
        client_id=order.client_id,
        type=order.type,
        lots=order.lots,
        price=order.limit_price if order.limit_price is not None else order.stop_price,
        status=status,
        reason=reason,
        lots_filled=filled,
    )


def refusals(record: Record) -> dict[str, int]:
    """How often what was wished for did not become an order at the venue, by reason."""
    counted: Counter[str] = Counter()
    for end in record.ended:
        if isinstance(end, OrderRefused | OrderRejected):
            counted[end.reason] += 1
    rounded = sum(record.rounded.values())
    if rounded:
        counted["share-rounds-to-zero"] = rounded
    return dict(sorted(counted.items()))

"""From a run's record to its result: books folded as the money moved, equity at every bar, and the figures of both.

All of it happens after the run, from fills, funding and columns; nothing here is heard by an actor.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from actors.columns import Ints
from actors.money.equity import equity_curve
from actors.money.exposure import Exposure, exposure_of
from actors.money.ledger import Book, book_fill, book_funding
from actors.money.rows import FillRow, LedgerEntry
from actors.money.statistics import monthly_returns, statistics, trade_statistics
from actors.money.trades import Trade
from actors.money.values import Arithmetic
from actors.result import AccountCurve, CurrencySummary, StrategyRow
from actors.samples import Closes
from messages import Account, Fill, FundingPaid, Instrument, Minor, StrategyId, Symbol

_Purse = tuple[Account, str]
"""(account, currency)"""


class Books:
    """Every account's books at the end, and the rows that fills and funding left, in the order they were said."""

    def __init__(self, said: Iterable[Fill | FundingPaid], spot: Collection[Symbol] = ()) -> None:
        self.rows: list[FillRow] = []
        self.entries: list[LedgerEntry] = []
        self.booked: list[FillRow | LedgerEntry] = []
        """Fill rows and funding entries: what trades are read from."""
        self.by_account: dict[Account, dict[tuple[StrategyId, Symbol], Book]] = {}
        for each in said:
            books = self.by_account.setdefault(each.account, {})
            if isinstance(each, Fill):
                rows, entries = book_fill(books, each, spot)
                self.rows += rows
                self.booked += rows
            else:
                entries = book_funding(books, each)
                self.booked += entries
            self.entries += entries

    def of(self, purse: _Purse) -> list[Book]:
        """The books of an (account, currency)."""
        account, currency = purse
        return [book for book in self.by_account.get(account, {}).values() if book.currency == currency]


def _by_purse(rows: Iterable[FillRow]) -> dict[_Purse, list[FillRow]]:
    found: dict[_Purse, list[FillRow]] = {}
    for row in rows:
        found.setdefault((row.account, row.currency), []).append(row)
    return found


def curves(
    books: Books,
    *,
    accounts: Mapping[Account, Mapping[str, Minor]],
    instruments: Mapping[Symbol, Instrument],
    closes: Closes,
    samples: Mapping[str, Ints],
) -> tuple[AccountCurve, ...]:
    """The equity of each account: `accounts` tells its starting cash, `samples` the times, both by currency."""
    digits = {instrument.currency: instrument.minor_digits for instrument in instruments.values()}
    rows = _by_purse(books.rows)
    entries: dict[_Purse, list[LedgerEntry]] = {}
    for entry in books.entries:
        entries.setdefault((entry.account, entry.currency), []).append(entry)
    found = []
    for account, cash in accounts.items():
        for currency, start in cash.items():
            curve = equity_curve(
                ts=samples[currency],
                closes=closes,
                fills=rows.get((account, currency), []),
                ledger=entries.get((account, currency), []),
                instruments=instruments,
                cash={currency: start},
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


def summaries(
    books: Books,
    found: Sequence[AccountCurve],
    trades: Sequence[Trade],
    *,
    instruments: Mapping[Symbol, Instrument],
    closes: Closes,
) -> tuple[CurrencySummary, ...]:
    """Each curve in numbers."""
    rows = _by_purse(books.rows)
    cash: dict[_Purse, Minor] = {}
    for entry in books.entries:
        purse = entry.account, entry.currency
        cash[purse] = cash.get(purse, 0) + entry.amount_minor
    over: dict[_Purse, list[Trade]] = {}
    for trade in trades:
        if trade.exit_ts is not None:
            over.setdefault((trade.account, trade.currency), []).append(trade)
    return tuple(
        [
            _summary(
                books.of(purse := (curve.account, curve.currency)),
                curve,
                curve.cash_start_minor + cash.get(purse, 0),
                over.get(purse, []),
                exposure_of(curve.ts, curve.equity_minor, rows.get(purse, []), closes, instruments),
            )
            for curve in found
        ]
    )


def _summary(
    books: Sequence[Book], curve: AccountCurve, cash_end: Minor, trades: Sequence[Trade], exposure: Exposure
) -> CurrencySummary:
    start = curve.cash_start_minor
    equity_end = int(curve.equity_minor[-1]) if len(curve.ts) else cash_end
    numbers = statistics(curve.ts, curve.equity_minor, start)
    traded = trade_statistics([trade.net_minor for trade in trades])
    return CurrencySummary(
        account=curve.account,
        currency=curve.currency,
        cash_start_minor=start,
        cash_end_minor=cash_end,
        equity_end_minor=equity_end,
        pnl_minor=equity_end - start,
        fees_minor=sum([book.fees_minor for book in books]),
        funding_minor=sum([book.funding_minor for book in books]),
        realised_minor=sum([book.realised_minor for book in books]),
        max_drawdown=numbers.max_drawdown,
        max_drawdown_days=numbers.max_drawdown_days,
        total_return=numbers.total_return,
        annual_return=numbers.annual_return,
        volatility=numbers.volatility,
        sharpe=numbers.sharpe,
        sortino=numbers.sortino,
        calmar=numbers.calmar,
        hit_rate=traded.hit_rate,
        profit_factor=traded.profit_factor,
        average_trade_minor=traded.average,
        trades=traded.trades,
        average_mae_minor=_mean([trade.mae_minor for trade in trades]),
        average_mfe_minor=_mean([trade.mfe_minor for trade in trades]),
        exposure=exposure.exposure,
        average_leverage=exposure.average_leverage,
        turnover=exposure.turnover,
        turnover_year=exposure.turnover_year,
        months=monthly_returns(curve.ts, curve.equity_minor, start),
    )


def _mean(amounts: Sequence[Minor]) -> float | None:
    return sum(amounts) / len(amounts) if amounts else None


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

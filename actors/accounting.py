"""From a run's record to its result: books folded as the money moved, equity at every bar, and the figures of both.

All of it happens after the run, from fills, funding and columns; nothing here is heard by an actor.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from actors.columns import Ints
from actors.money.equity import equity_curve
from actors.money.exposure import Exposure, exposure_of
from actors.money.ledger import Book, book_adjustment, book_fill, book_funding
from actors.money.rows import FillRow, LedgerEntry
from actors.money.statistics import monthly_returns, statistics, trade_statistics
from actors.money.trades import Trade
from actors.money.values import Arithmetic
from actors.result import AccountCurve, CurrencySummary, StrategyRow
from actors.samples import Closes
from messages import Account, Fill, FundingPaid, Instrument, Kind, Lots, Minor, PositionAdjusted, StrategyId, Symbol

_Purse = tuple[Account, str]
"""(account, currency)"""


class Books:
    """Every account's books at the end, and the rows that what was said left, in the order it was said.

    `instruments` are of every symbol; what is said must have been said once.
    """

    def __init__(
        self, said: Iterable[Fill | FundingPaid | PositionAdjusted], instruments: Mapping[Symbol, Instrument]
    ) -> None:
        spot = [symbol for symbol, each in instruments.items() if each.kind is Kind.SPOT]
        self.rows: list[FillRow] = []
        """Of fills."""
        self.moves: list[FillRow] = self.rows
        """Of fills and of adjustments: how positions came about. The same list where there are no adjustments."""
        self.entries: list[LedgerEntry] = []
        self.booked: list[FillRow | LedgerEntry] = []
        """Moves and funding entries: what trades are read from."""
        self.by_account: dict[Account, dict[tuple[StrategyId, Symbol], Book]] = {}
        for each in said:
            books = self.by_account.setdefault(each.account, {})
            if isinstance(each, Fill):
                rows, entries = book_fill(books, each, spot)
                self.rows += rows
                if self.moves is not self.rows:
                    self.moves += rows
                self.booked += rows
            elif isinstance(each, FundingPaid):
                entries = book_funding(books, each)
                self.booked += entries
            else:
                entries = self._adjust(books, each, instruments[each.symbol], spot)
            self.entries += entries

    def _adjust(
        self,
        books: dict[tuple[StrategyId, Symbol], Book],
        adjusted: PositionAdjusted,
        instrument: Instrument,
        spot: Sequence[Symbol],
    ) -> list[LedgerEntry]:
        row, entries = book_adjustment(
            books, adjusted, currency=instrument.currency, price=self._price_of(adjusted, instrument), spot=spot
        )
        if self.moves is self.rows:
            self.moves = list(self.rows)
        self.moves.append(row)
        self.booked.append(row)
        return entries

    def _price_of(self, adjusted: PositionAdjusted, instrument: Instrument) -> float:
        """The price at which its lots have its value; where it has none, the last one paid, or else the least."""
        price = implied_price(instrument, adjusted.lots, adjusted.value_minor)
        if price is not None:
            return price
        paid = (row.price for row in reversed(self.moves) if row.symbol == adjusted.symbol)
        return next(paid, float(instrument.tick_size))

    def of(self, purse: _Purse) -> list[Book]:
        """The books of an (account, currency)."""
        account, currency = purse
        return [book for book in self.by_account.get(account, {}).values() if book.currency == currency]


def implied_price(instrument: Instrument, lots: Lots, value_minor: Minor) -> float | None:
    """The price at which signed lots have a signed value; None where no price gives it to them."""
    if not lots or not value_minor:
        return None
    value = Fraction(value_minor, 10**instrument.minor_digits)
    size = lots * Fraction(instrument.lot_size) * Fraction(instrument.multiplier)
    price = float(-size / value if instrument.kind is Kind.INVERSE else value / size)
    return price if price > 0 else None


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
    rows = _by_purse(books.moves)
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
    rows = _by_purse(books.moves)
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

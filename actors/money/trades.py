"""Round trips: from flat to flat of one strategy in one symbol, and how far each ran against its owner or for it.

A fill through zero ends one trade and begins the next, and is divided between them as the books divide it. Prices are
looked at only between the fills of a trade: the highest and lowest of each stretch are found for all stretches at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from actors.columns import Floats, Ints
from actors.money.allocation import split_minor
from actors.money.rows import FillRow, LedgerEntry
from actors.money.values import Arithmetic
from messages import Account, Instrument, Kind, Lots, Minor, StrategyId, Symbol, UtcNs

Ranges = tuple[Ints, Floats, Floats]
"""(end times, highs, lows) of a symbol's finest bars, or (times, prices, prices) of its ticks; times never go back."""
_Key = tuple[Account, StrategyId, Symbol]


class Trade(NamedTuple):
    """One round trip. Money in minor units of the currency; what is open at the end has no exit."""

    account: Account
    currency: str
    strategy: StrategyId
    symbol: Symbol
    entry_ts: UtcNs
    exit_ts: UtcNs | None
    lots: Lots
    """The most that was held, signed: above zero a long trade."""
    entry_price: float
    """The one price at which all that was opened would have had the same value."""
    exit_price: float | None
    """The same of what was closed; None while open."""
    realised_minor: Minor
    """Before fees and funding."""
    fees_minor: Minor
    funding_minor: Minor
    mae_minor: Minor
    """Maximum adverse excursion: the lowest unrealised profit while it was open, 0 when there was never a loss."""
    mfe_minor: Minor
    """Maximum favourable excursion: the highest unrealised profit while it was open, 0 when there was none."""

    @property
    def side(self) -> str:
        """`long` or `short`."""
        return "long" if self.lots > 0 else "short"

    @property
    def net_minor(self) -> Minor:
        """What it brought: realised less fees, with funding."""
        return self.realised_minor - self.fees_minor + self.funding_minor


def round_trips(
    booked: Iterable[FillRow | LedgerEntry],
    *,
    instruments: Mapping[Symbol, Instrument],
    ranges: Mapping[Symbol, Ranges],
) -> tuple[Trade, ...]:
    """Every trade of `booked`: fill rows and funding entries as they were booked. Sorted by entry time.

    A bar is looked at when it ends after the fill that opened the stretch, and not after the next one. Funding counts
    to the trade that was open when it was said, or else to the next. KeyError for a symbol without instrument or
    ranges, OverflowError when an amount does not fit 64 bits.
    """
    by_key: dict[_Key, list[FillRow | LedgerEntry]] = {}
    for row in booked:
        by_key.setdefault((row.account, row.strategy, row.symbol), []).append(row)
    arithmetics: dict[Symbol, Arithmetic] = {}
    padded: dict[Symbol, Ranges] = {}
    found: list[Trade] = []
    for (_, _, symbol), rows in by_key.items():
        if symbol not in arithmetics:
            arithmetics[symbol] = Arithmetic(instruments[symbol])
            padded[symbol] = _padded(ranges[symbol])
        trips, numbers = _trips(rows, inverse=instruments[symbol].kind is Kind.INVERSE)
        if trips:
            fills = [row for row in rows if isinstance(row, FillRow)]
            worst, best = _excursions(fills, numbers, len(trips), padded[symbol], arithmetics[symbol])
            found += [trip.trade(low, high) for trip, low, high in zip(trips, worst, best, strict=True)]
    found.sort(key=lambda trade: trade.entry_ts)
    return tuple(found)


class _Trip:
    """A trade while its rows are read."""

    __slots__ = ("closed", "closed_weight", "exit_ts", "fees", "first", "funding", "inverse", "lots", "opened",
                 "opened_weight", "realised")  # fmt: skip

    def __init__(self, first: FillRow, *, inverse: bool) -> None:
        self.first, self.inverse = first, inverse
        self.exit_ts: UtcNs | None = None
        self.lots = self.opened = self.closed = self.realised = self.fees = self.funding = 0
        self.opened_weight = self.closed_weight = 0.0

    def open(self, lots: Lots, price: float, held: Lots) -> None:
        self.opened += lots
        self.opened_weight += lots / price if self.inverse else lots * price
        if abs(held) > abs(self.lots):
            self.lots = held

    def close(self, lots: Lots, price: float) -> None:
        self.closed += lots
        self.closed_weight += lots / price if self.inverse else lots * price

    def _average(self, lots: Lots, weight: float) -> float:
        return lots / weight if self.inverse else weight / lots

    def trade(self, mae_minor: Minor, mfe_minor: Minor) -> Trade:
        first = self.first
        return Trade(
            first.account,
            first.currency,
            first.strategy,
            first.symbol,
            first.ts,
            self.exit_ts,
            self.lots,
            self._average(self.opened, self.opened_weight),
            None if self.exit_ts is None else self._average(self.closed, self.closed_weight),
            self.realised,
            self.fees,
            self.funding,
            mae_minor,
            mfe_minor,
        )


def _trips(rows: Sequence[FillRow | LedgerEntry], *, inverse: bool) -> tuple[list[_Trip], list[int]]:
    """One book's trades, and for each of its fills the number of the trade that is open afterwards."""
    trips: list[_Trip] = []
    numbers: list[int] = []
    trip: _Trip | None = None
    early = 0
    for row in rows:
        if isinstance(row, LedgerEntry):
            if trip is None:
                early += row.amount_minor
            else:
                trip.funding += row.amount_minor
            continue
        lots, after, price = row.lots, row.position_lots, row.price
        before = after - lots
        opening_fee = row.fee_minor
        if trip is not None and before * lots < 0:
            closing_fee = row.fee_minor
            if before * after < 0:
                closing_fee, opening_fee = split_minor(row.fee_minor, (abs(before), abs(after)))
            trip.close(min(abs(lots), abs(before)), price)
            trip.realised += row.realised_minor
            trip.fees += closing_fee
            if before * after <= 0:
                trip.exit_ts, trip = row.ts, None
        if after * lots > 0:
            if trip is None:
                trip = _Trip(row, inverse=inverse)
                trip.funding, early = early, 0
                trips.append(trip)
            trip.open(min(abs(lots), abs(after)), price, after)
            trip.fees += opening_fee
        numbers.append(len(trips) - 1)
    return trips, numbers


def _padded(ranges: Ranges) -> Ranges:
    """With one more row, so that a stretch may end after the last bar."""
    ts, high, low = ranges
    return ts, np.append(high, 0.0), np.append(low, 0.0)


def _excursions(
    fills: Sequence[FillRow], numbers: Sequence[int], trades: int, ranges: Ranges, arithmetic: Arithmetic
) -> tuple[list[int], list[int]]:
    """The lowest and the highest unrealised profit of each of one book's trades."""
    ts, high, low = ranges
    since = np.array([row.ts for row in fills], dtype=np.int64)
    lots = np.array([row.position_lots for row in fills], dtype=np.int64)
    # A book's cost is its realised profit and the sum of its values (actors/money/equity.py).
    cost = np.array(list(accumulate(row.realised_minor + row.value_minor for row in fills)), dtype=np.int64)
    begins = np.searchsorted(ts, since, side="right")
    ends = np.append(begins[1:], len(ts))
    looked_at = np.flatnonzero((lots != 0) & (ends > begins))
    worst, best = np.zeros(trades, np.int64), np.zeros(trades, np.int64)
    if len(looked_at):
        pairs = np.column_stack((begins[looked_at], ends[looked_at])).ravel()
        held, paid, trade = lots[looked_at], cost[looked_at], np.array(numbers)[looked_at]
        profits = [
            arithmetic.values_minor(held, extreme) - paid
            for extreme in (np.maximum.reduceat(high, pairs)[::2], np.minimum.reduceat(low, pairs)[::2])
        ]
        np.minimum.at(worst, trade, np.minimum(*profits))
        np.maximum.at(best, trade, np.maximum(*profits))
    return worst.tolist(), best.tolist()

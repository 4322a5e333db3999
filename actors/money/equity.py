"""The equity of a whole run, computed at once from what it left behind: fill rows, ledger entries and closes.

Cash is the starting cash and every ledger entry up to the sample; the position is worth what the open lots of each book
would realise at the last close, or for spot, whose cost has left the cash, its market value. All of it is integers, and
equal to folding the books fill by fill and valuing them at every sample, which would take a Python call per bar.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import attrs
import numpy as np

from actors.columns import Floats, Ints
from actors.money.rounding import INT64_LIMIT, magnitude_max
from actors.money.rows import FillRow, LedgerEntry
from actors.money.values import Arithmetic
from messages import Instrument, Kind, Minor, StrategyId, Symbol, UtcNs

SAMPLES_AT_A_TIME = 65_536
"""Samples valued together: what lies between closes and values would otherwise be a dozen columns of a whole run."""


@attrs.frozen(kw_only=True, eq=False)
class EquityCurve:
    """Equity of one (account, currency) at sample times; columns of one length."""

    currency: str
    cash_start_minor: Minor
    ts: Ints
    """UTC ns."""
    equity_minor: Ints
    """Cash and position value."""
    cash_minor: Ints
    position_value_minor: Ints
    """Unrealised profit of everything open; for spot its market value."""
    drawdown: Floats
    """Fraction of the highest equity so far, starting cash included; 0.0 while that is not above zero."""


def equity_curve(
    *,
    ts: Ints,
    closes: Mapping[Symbol, tuple[Ints, Floats]],
    fills: Sequence[FillRow],
    ledger: Sequence[LedgerEntry],
    instruments: Mapping[Symbol, Instrument],
    cash: Mapping[str, Minor],
) -> dict[str, EquityCurve]:
    """One account's equity per currency at the sample times `ts` (UTC ns, any order).

    `closes` holds (close times, closes) by symbol, times never going back; a position is marked at the last close at
    or before the sample, and at its cost (no profit, no loss) until there is one. The ledger of spot holds the
    transfers of its cost. Fills and entries count from their
    own time on, samples at that time included. A currency without starting cash starts at 0.
    ValueError for rows of several accounts, KeyError for a symbol without instrument or closes, OverflowError when
    an amount could exceed 64 bits.
    """
    accounts = {row.account for row in fills} | {entry.account for entry in ledger}
    if len(accounts) > 1:
        raise ValueError(f"equity is of one account, and these rows are of {sorted(accounts)}")
    amounts: dict[str, list[LedgerEntry]] = {currency: [] for currency in cash}
    for entry in ledger:
        amounts.setdefault(entry.currency, []).append(entry)
    rows: dict[Symbol, dict[StrategyId, list[FillRow]]] = {}
    for row in fills:
        amounts.setdefault(row.currency, [])
        rows.setdefault(row.symbol, {}).setdefault(row.strategy, []).append(row)
    values: dict[str, list[Ints]] = {currency: [] for currency in amounts}
    for symbol, by_strategy in rows.items():
        instrument = instruments[symbol]
        values[instrument.currency].append(
            _position_values(ts, by_strategy.values(), closes[symbol], Arithmetic(instrument))
        )
    return {
        currency: _curve(currency, cash.get(currency, 0), ts, amounts[currency], values[currency])
        for currency in sorted(amounts)
    }


def drawdowns(equity: Ints | Floats, start: float) -> Floats:
    """How far each sample lies below the highest equity so far (`start` included), as a fraction of that height.

    0.0 while the height is not above zero, for then there is no fraction of it; above 1.0 when equity is negative.
    """
    if len(equity) == 0:
        return np.zeros(0)
    peak = np.maximum(np.maximum.accumulate(equity), start)
    return np.divide(peak - equity, peak, out=np.zeros(len(equity)), where=peak > 0)


def _curve(
    currency: str, start: Minor, ts: Ints, entries: Sequence[LedgerEntry], values: Sequence[Ints]
) -> EquityCurve:
    cash = Steps([(entry.ts, entry.amount_minor) for entry in entries], start).at(ts)
    position = _total(values, len(ts))
    equity = _total([cash, position], len(ts))
    return EquityCurve(
        currency=currency,
        cash_start_minor=start,
        ts=ts,
        equity_minor=equity,
        cash_minor=cash,
        position_value_minor=position,
        drawdown=drawdowns(equity, start),
    )


def _position_values(
    ts: Ints, books: Iterable[Sequence[FillRow]], closes: tuple[Ints, Floats], arithmetic: Arithmetic
) -> Ints:
    # A book's cost is its realised profit and the sum of its values: both add up, so the cost does too.
    steps = [
        (
            Steps([(row.ts, row.lots) for row in rows]),
            Steps([(row.ts, row.realised_minor + row.value_minor) for row in rows]),
        )
        for rows in books
    ]
    values = np.zeros(len(ts), np.int64)
    for start in range(0, len(ts), SAMPLES_AT_A_TIME):
        part = slice(start, start + SAMPLES_AT_A_TIME)
        values[part] = _position_values_part(ts[part], steps, closes, arithmetic)
    return values


def _position_values_part(
    ts: Ints, steps: Sequence[tuple["Steps", "Steps"]], closes: tuple[Ints, Floats], arithmetic: Arithmetic
) -> Ints:
    close_ts, close = closes
    last = np.searchsorted(close_ts, ts, side="right") - 1
    known = last >= 0
    # Ticks of the closes once, however many books look at them.
    ticks = arithmetic.grid.to_ticks_array(close[last]) if len(close) else np.zeros(len(ts), np.int64)
    spot = arithmetic.instrument.kind is Kind.SPOT
    totals: list[Ints] = []
    for lots_held, cost_of in steps:
        lots, cost = lots_held.at(ts), cost_of.at(ts)
        marked = known & (lots != 0)
        marks = arithmetic.values_at_ticks(lots[marked], ticks[marked])
        values = cost if spot else np.zeros(len(ts), np.int64)
        values[marked] = marks if spot else _total([marks, -cost[marked]])
        totals.append(values)
    return _total(totals, len(ts))


class Steps:
    """A sum that changes at times. Changes may come late: only their time counts."""

    def __init__(self, changes: list[tuple[UtcNs, int]], start: int = 0) -> None:
        changes = sorted(changes, key=lambda change: change[0])
        self._times = np.array([when for when, _ in changes], dtype=np.int64)
        self._sums = np.array(list(accumulate((amount for _, amount in changes), initial=start)), dtype=np.int64)

    def at(self, ts: Ints) -> Ints:
        """The sum of the start and of all changes up to each sample."""
        sums: Ints = self._sums[np.searchsorted(self._times, ts, side="right")]
        return sums


def _total(columns: Sequence[Ints], length: int = 0) -> Ints:
    """The columns added up; zeros of `length` when there are none. OverflowError where int64 might wrap around."""
    if sum(magnitude_max(column) for column in columns) > INT64_LIMIT:
        raise OverflowError("equity could exceed 64 bits of minor units")
    total = np.zeros(len(columns[0]) if columns else length, np.int64)
    for column in columns:
        total += column
    return total

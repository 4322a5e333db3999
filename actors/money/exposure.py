"""How long and with how much an account stood in the market: from its fills and the closes, at equity's samples."""

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from actors.columns import Floats, Ints
from actors.money.equity import SAMPLES_AT_A_TIME, Steps
from actors.money.rows import FillRow
from actors.money.statistics import DAYS_PER_YEAR
from actors.money.values import Arithmetic
from messages import NS_PER_DAY, Instrument, Liquidity, Symbol

_NO_TRADE = (Liquidity.INTERNAL, Liquidity.SETTLEMENT)
"""Fills that brought nothing to the market."""


@attrs.frozen(kw_only=True)
class Exposure:
    """None where there is nothing to relate to: no samples, no equity above zero, no time."""

    exposure: float | None
    """Share of the samples at which a position of the account was open in any symbol."""
    average_leverage: float | None
    """Mean of gross position value over equity, at samples with equity above zero."""
    turnover: float | None
    """Value traded at the market over mean equity, in the whole run."""
    turnover_year: float | None
    """The same a year of 365 days."""


def exposure_of(
    ts: Ints,
    equity: Ints,
    fills: Sequence[FillRow],
    closes: Mapping[Symbol, tuple[Ints, Floats]],
    instruments: Mapping[Symbol, Instrument],
) -> Exposure:
    """Figures of one (account, currency): its samples, the equity at them, its fills.

    Positions are the account's nets by symbol, valued at the last close; gross value is the sum of their magnitudes.
    """
    if not len(ts):
        return Exposure(exposure=None, average_leverage=None, turnover=None, turnover_year=None)
    rows: dict[Symbol, list[FillRow]] = {}
    for row in fills:
        rows.setdefault(row.symbol, []).append(row)
    positions = [
        (Steps([(row.ts, row.lots) for row in its]), *closes[symbol], Arithmetic(instruments[symbol]))
        for symbol, its in rows.items()
    ]
    held, solvent = 0, int(np.count_nonzero(equity > 0))
    leverage = 0.0
    for start in range(0, len(ts) if positions else 0, SAMPLES_AT_A_TIME):
        part = slice(start, start + SAMPLES_AT_A_TIME)
        is_open, gross = _gross(ts[part], positions)
        above = equity[part] > 0
        held += int(np.count_nonzero(is_open))
        leverage += float((gross[above] / equity[part][above]).sum())
    mean = float(equity.mean())
    traded = sum([abs(row.value_minor) for row in fills if row.liquidity not in _NO_TRADE])
    turnover = traded / mean if mean > 0 else None
    years = int(ts[-1] - ts[0]) / NS_PER_DAY / DAYS_PER_YEAR
    return Exposure(
        exposure=held / len(ts),
        average_leverage=leverage / solvent if solvent else None,
        turnover=turnover,
        turnover_year=turnover / years if turnover is not None and years > 0 else None,
    )


def _gross(
    ts: Ints, positions: Sequence[tuple[Steps, Ints, Floats, Arithmetic]]
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Whether anything is open, and the sum of the positions' magnitudes, at each of the times."""
    is_open = np.zeros(len(ts), np.bool_)
    gross = np.zeros(len(ts))
    for net, close_ts, close, arithmetic in positions:
        lots = net.at(ts)
        last = np.searchsorted(close_ts, ts, side="right") - 1
        is_open |= lots != 0
        valued = np.flatnonzero((lots != 0) & (last >= 0))
        gross[valued] += np.abs(arithmetic.values_minor(lots[valued], close[last[valued]]))
    return is_open, gross

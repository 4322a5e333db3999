"""How well a run did, from its equity and the profits it realised.

Returns are daily: the last equity of each UTC day, a day without samples repeating the one before it, so that a year
has 365 days on every market, whether it closes at weekends or not. The risk-free rate is zero. What cannot be computed
(too few days, no variation, no equity left) is None and never NaN or infinity.
"""

import math
from collections.abc import Sequence

import attrs
import numpy as np

from actors.columns import Floats, Ints
from actors.money.equity import drawdowns
from messages import NS_PER_DAY

DAYS_PER_YEAR = 365
_NO_VARIATION = 1e-12
"""A spread below this part of the largest return is float noise of equal returns."""


@attrs.frozen(kw_only=True)
class Statistics:
    """A run's figures. Fractions, not per cent; None where a figure is undefined."""

    total_return: float | None
    annual_return: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float
    max_drawdown_days: float


@attrs.frozen(kw_only=True)
class TradeStatistics:
    """Figures of trades' profits. None where there is nothing to divide by."""

    trades: int
    hit_rate: float | None
    """Share of the profits that are above zero."""
    profit_factor: float | None
    """Sum of profits divided by sum of losses; None without a loss."""
    average: float | None
    """Mean profit, in the unit of what was given."""


def statistics(ts: Ints, equity: Ints | Floats, start: float) -> Statistics:
    """All figures of one curve: sample times (UTC ns, in order), equity, and the equity it started from."""
    returns = daily_returns(ts, equity, start)
    deepest = max_drawdown(equity, start)
    yearly = None if returns is None else annual_return(returns)
    return Statistics(
        total_return=total_return(equity, start),
        annual_return=yearly,
        volatility=None if returns is None else volatility(returns),
        sharpe=None if returns is None else sharpe(returns),
        sortino=None if returns is None else sortino(returns),
        calmar=None if yearly is None else calmar(yearly, deepest),
        max_drawdown=deepest,
        max_drawdown_days=max_drawdown_days(ts, equity, start),
    )


def total_return(equity: Ints | Floats, start: float) -> float | None:
    """Last equity over starting equity, less one; None without samples or without a start above zero."""
    return float(equity[-1]) / start - 1 if len(equity) and start > 0 else None


def daily_equity(ts: Ints, equity: Ints | Floats) -> Floats:
    """The last equity of each UTC day from the first sample's to the last's; a day without samples repeats its
    predecessor. A sample at midnight is the close of the day that ends there.
    """  # fmt: skip
    if len(ts) == 0:
        return np.zeros(0)
    day = (np.asarray(ts) - 1) // NS_PER_DAY
    ends = np.arange(day[0], day[-1] + 1)
    last = np.searchsorted(day, ends, side="right") - 1
    daily: Floats = np.asarray(equity, dtype=np.float64)[last]
    return daily


def daily_returns(ts: Ints, equity: Ints | Floats, start: float) -> Floats | None:
    """Each day's equity over the day's before it, less one, the first over `start`.

    None when a day began with no equity above zero: there is nothing to relate its result to.
    """
    levels = np.concatenate(([float(start)], daily_equity(ts, equity)))
    if bool((levels[:-1] <= 0).any()):
        return None
    returns: Floats = levels[1:] / levels[:-1] - 1
    return returns


def annual_return(returns: Floats) -> float | None:
    """Compound growth per year of 365 days; None without days, or when so few days grew so much that it overflows."""
    if len(returns) == 0:
        return None
    growth = float(np.prod(1 + returns))
    if growth <= 0:
        return -1.0
    exponent = math.log(growth) * DAYS_PER_YEAR / len(returns)
    return math.expm1(exponent) if exponent < 700 else None


def volatility(returns: Floats) -> float | None:
    """Sample standard deviation of daily returns, per year; None for fewer than two days."""
    return float(np.std(returns, ddof=1)) * math.sqrt(DAYS_PER_YEAR) if len(returns) > 1 else None


def sharpe(returns: Floats) -> float | None:
    """Mean over sample standard deviation of daily returns, per year (Sharpe 1994, risk-free rate zero).

    None for fewer than two days or when the returns do not vary.
    """
    if len(returns) < 2:
        return None
    spread = float(np.std(returns, ddof=1))
    if spread <= _NO_VARIATION * float(np.abs(returns).max()):
        return None
    return float(np.mean(returns)) / spread * math.sqrt(DAYS_PER_YEAR)


def sortino(returns: Floats) -> float | None:
    """Mean over downside deviation of daily returns, per year; None for fewer than two days or without a loss.

    The downside deviation is the root of the mean square of losses over all days (Sortino and Price 1994, target zero).
    """
    if len(returns) < 2:
        return None
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0) ** 2)))
    return float(np.mean(returns)) / downside * math.sqrt(DAYS_PER_YEAR) if downside > 0 else None


def calmar(yearly: float, deepest: float) -> float | None:
    """Annual return over maximum drawdown (Young 1991, over the whole run); None without a drawdown."""
    return yearly / deepest if deepest > 0 else None


def max_drawdown(equity: Ints | Floats, start: float) -> float:
    """The deepest fall below the highest equity so far, as a fraction of it, over all samples; 0.0 if none."""
    falls = drawdowns(equity, start)
    return float(falls.max()) if len(falls) else 0.0


def max_drawdown_days(ts: Ints, equity: Ints | Floats, start: float) -> float:
    """The longest time in days from a highest equity until it was reached again, or until the last sample.

    The starting equity counts as held at the first sample.
    """
    if len(ts) == 0:
        return 0.0
    times = np.concatenate((ts[:1], ts))
    levels = np.concatenate(([start], equity))
    at_peak = np.flatnonzero(levels >= np.maximum.accumulate(levels))
    # Between two neighbouring samples at a peak equity never fell.
    fell = np.flatnonzero(np.diff(at_peak) > 1)
    spans = times[at_peak[fell + 1]] - times[at_peak[fell]]
    longest = max(int(spans.max()) if len(spans) else 0, int(times[-1] - times[at_peak[-1]]))
    return longest / NS_PER_DAY


def monthly_returns(ts: Ints, equity: Ints | Floats, start: float) -> dict[str, float | None]:
    """`2018-01` -> the last equity of that month (UTC) over the last of the month before, less one.

    The first month is measured from `start`. A month without samples repeats its predecessor; a sample at midnight
    belongs to the month that ends there. None for a month that began with no equity above zero.
    """
    if len(ts) == 0:
        return {}
    # To days first: whole columns of calendar dates would cost more than the samples themselves.
    days = ((np.asarray(ts) - 1) // NS_PER_DAY).astype("datetime64[D]")
    months = np.arange(days[0].astype("datetime64[M]"), days[-1].astype("datetime64[M]") + 1)
    ends = (months + 1).astype("datetime64[D]")
    last = np.asarray(equity, dtype=np.float64)[np.searchsorted(days, ends, side="left") - 1].tolist()
    before = [float(start), *last[:-1]]
    return {
        str(month): level / base - 1 if base > 0 else None
        for month, level, base in zip(months, last, before, strict=True)
    }


def trade_statistics(realised: Sequence[int]) -> TradeStatistics:
    """Hit rate, profit factor and average of profits, one per round trip, in minor units."""
    count = len(realised)
    gained = sum(amount for amount in realised if amount > 0)
    lost = -sum(amount for amount in realised if amount < 0)
    return TradeStatistics(
        trades=count,
        hit_rate=sum(amount > 0 for amount in realised) / count if count else None,
        profit_factor=gained / lost if lost else None,
        average=sum(realised) / count if count else None,
    )

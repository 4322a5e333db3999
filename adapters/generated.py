"""A generated market: prices, spreads and volumes that behave like a market's, from nothing but a seed.

Log returns follow GARCH(1,1) (Bollerslev 1986): the variance of the next step is `w + a x^2 + b v`, with x the last
return and v its variance, so calm and wild times come in clusters. Each symbol draws from its own PCG64, seeded by the
seed and the symbol's name: adding a symbol changes no other. numpy keeps PCG64 as it is for ever and the distributions
drawn from it within a version; exponentials may differ in the last bit between builds, which the tick grid hides.
"""

import hashlib
import math
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Final

import attrs
import numpy as np

from actors.columns import BarColumns, Floats, Ints, QuoteColumns, TickColumns
from messages import NS_PER_DAY, NS_PER_SECOND, Period, Symbol, UtcNs

DEFAULT_START: Final[UtcNs] = 1_704_067_200 * NS_PER_SECOND
"""2024-01-01T00:00:00Z."""
_MINUTE: Final[Period] = 60 * NS_PER_SECOND
_YEAR_NS: Final = 365.25 * NS_PER_DAY

_SHOCK: Final = 0.08
"""a: how much of the last squared return enters the next variance."""
_MEMORY: Final = 0.91
"""b: how much of the last variance stays. a + b < 1 brings variance back to its mean, half way in 69 steps."""
_VARIANCE_MAX: Final = 25.0
"""In units of the mean: no step is more than five times as wild as the average one."""
_FARTHEST: Final = math.log(10.0)
"""The walk turns round at a tenth and at ten times its first price, so that a long one stays on a meaningful grid."""
_BAR_VOLUME: Final = 100.0
"""Mean volume of a bar whose close moved by nothing much, in contracts."""
_TICK_SIZE_MEAN: Final = 4.0
"""Mean size of a trade, in contracts."""
_BOOK_SIZE_MEAN: Final = 25.0
"""Mean size at the best bid or ask, in contracts."""


def generated_bars(
    symbol: Symbol,
    *,
    seed: int = 1,
    bars: int = 100_000,
    period: Period = _MINUTE,
    start: UtcNs = DEFAULT_START,
    price: float = 50_000.0,
    tick_size: float = 0.5,
    volatility_per_year: float = 0.8,
) -> BarColumns:
    """`bars` bars without a gap from `start`, the first opening at about `price`; volume in contracts.

    `volatility_per_year` is the standard deviation of a year's log return. ValueError for arguments out of range.
    """
    _check(bars=bars, period=period, price=price, tick_size=tick_size, volatility_per_year=volatility_per_year)
    random = _random(symbol, seed, "bars")
    volatility = volatility_per_year * math.sqrt(period / _YEAR_NS)
    level, returns = _walk(random, bars, volatility)
    closes = price * np.exp(level)
    # A bar's first trade comes a little after the last one of the bar before it.
    opens = np.concatenate([[price], closes[:-1]]) * np.exp(random.standard_normal(bars) * (0.1 * volatility))
    # How far a bar reaches beyond its open and close: a walk's range is 1.6 deviations on average, its move 0.8.
    reach = random.standard_exponential((2, bars)) * (0.4 * volatility)
    grid = _Grid.of(tick_size)
    opened, closed = grid.count(opens), grid.count(closes)
    high = np.maximum(opened, closed)
    low = np.minimum(opened, closed)
    high += np.rint(high * reach[0])
    low -= np.minimum(np.rint(low * reach[1]), low - 1)
    # Who moves the price trades: volume grows with the size of the move.
    wildness = 0.5 + 0.6 * np.abs(returns) / volatility
    volume = np.floor(random.standard_exponential(bars) * wildness * _BAR_VOLUME) + 1.0
    highs, lows, ends = grid.price(high), grid.price(low), grid.price(closed)
    open_ts = start + period * np.arange(bars, dtype=np.int64)
    return BarColumns(
        symbol=symbol,
        period=period,
        open_ts=open_ts,
        close_ts=open_ts + period,
        open=grid.price(opened),
        high=highs,
        low=lows,
        close=ends,
        volume=volume,
        turnover=volume * (highs + lows + ends) / 3.0,
    )


def generated_ticks(
    symbol: Symbol,
    *,
    seed: int = 1,
    ticks: int = 100_000,
    mean_gap_ns: int = NS_PER_SECOND // 4,
    start: UtcNs = DEFAULT_START,
    price: float = 50_000.0,
    tick_size: float = 0.5,
    volatility_per_year: float = 0.8,
) -> TickColumns:
    """`ticks` trades after `start`, exponentially spaced: a buyer pays the ask, a seller gets the bid.

    Called with the same arguments, `generated_quotes` shows the bid and ask that each of them met.
    """
    market = _market(symbol, seed, ticks, mean_gap_ns, start, price, tick_size, volatility_per_year)
    return TickColumns(
        symbol=symbol,
        ts=market.ts,
        received=market.ts,
        price=np.where(market.side > 0, market.ask, market.bid),
        size=market.size,
        aggressor=market.side,
    )


def generated_quotes(
    symbol: Symbol,
    *,
    seed: int = 1,
    ticks: int = 100_000,
    mean_gap_ns: int = NS_PER_SECOND // 4,
    start: UtcNs = DEFAULT_START,
    price: float = 50_000.0,
    tick_size: float = 0.5,
    volatility_per_year: float = 0.8,
) -> QuoteColumns:
    """The best bid and ask just before each tick of `generated_ticks`: row for row, 1 ns earlier."""
    market = _market(symbol, seed, ticks, mean_gap_ns, start, price, tick_size, volatility_per_year)
    before = market.ts - 1
    return QuoteColumns(
        symbol=symbol,
        ts=before,
        received=before,
        bid=market.bid,
        bid_size=market.bid_size,
        ask=market.ask,
        ask_size=market.ask_size,
    )


@attrs.frozen(eq=False)
class _Market:
    """What ticks and quotes have in common, a row for each tick."""

    ts: Ints
    side: Ints
    size: Floats
    bid: Floats
    bid_size: Floats
    ask: Floats
    ask_size: Floats


def _market(  # noqa: PLR0917 handed on as they are by two functions that take them by keyword
    symbol: Symbol,
    seed: int,
    ticks: int,
    mean_gap_ns: int,
    start: UtcNs,
    price: float,
    tick_size: float,
    volatility_per_year: float,
) -> _Market:
    _check(ticks=ticks, price=price, tick_size=tick_size, volatility_per_year=volatility_per_year)
    if mean_gap_ns < 2:
        raise ValueError(f"mean_gap_ns must be at least 2, not {mean_gap_ns!r}")
    random = _random(symbol, seed, "ticks")
    # At least 2 ns apart, so that a quote fits between any two trades.
    gaps = np.floor(random.standard_exponential(ticks) * (mean_gap_ns - 2)).astype(np.int64) + 2
    volatility = volatility_per_year * math.sqrt(mean_gap_ns / _YEAR_NS)
    level, returns = _walk(random, ticks, volatility)
    grid = _Grid.of(tick_size)
    # Mostly one tick wide, wider after a large move.
    spread = 1.0 + np.floor(random.standard_exponential(ticks) * (0.2 + 0.2 * np.abs(returns) / volatility))
    bid = np.maximum(grid.count(price * np.exp(level)) - np.floor(spread / 2.0), 1.0)
    return _Market(
        ts=start + np.cumsum(gaps),
        side=random.integers(0, 2, ticks) * 2 - 1,
        size=_sizes(random, ticks, _TICK_SIZE_MEAN),
        bid=grid.price(bid),
        bid_size=_sizes(random, ticks, _BOOK_SIZE_MEAN),
        ask=grid.price(bid + spread),
        ask_size=_sizes(random, ticks, _BOOK_SIZE_MEAN),
    )


def _check(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be above zero and finite, not {value!r}")


def _random(symbol: Symbol, seed: int, what: str) -> np.random.Generator:
    """The name is hashed because Python's own hash of a text differs from run to run."""
    digest = hashlib.sha256(f"{seed}/{what}/{symbol}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))


def _walk(random: np.random.Generator, steps: int, volatility: float) -> tuple[Floats, Floats]:
    """Log price relative to its start after each step, and the steps' own log returns."""
    shocks = random.standard_normal(steps)
    # x^2 = z^2 v makes the recursion a product, v' = w + (a z^2 + b) v: one multiplication and one addition a step.
    rest = 1.0 - _SHOCK - _MEMORY
    factors = (_SHOCK * shocks[:-1] * shocks[:-1] + _MEMORY).tolist()
    variance = np.array(list(accumulate(factors, lambda last, factor: rest + factor * last, initial=1.0)))
    returns = shocks * np.sqrt(np.minimum(variance, _VARIANCE_MAX)) * volatility
    level = np.cumsum(returns)
    if np.abs(level).max() > _FARTHEST:
        # A triangle wave: going on from where it touched, backwards.
        level = np.abs((level + _FARTHEST) % (4 * _FARTHEST) - 2 * _FARTHEST)
        level = _FARTHEST - level
    return level, returns


def _sizes(random: np.random.Generator, count: int, mean: float) -> Floats:
    return np.floor(random.standard_exponential(count) * mean) + 1.0


@attrs.frozen
class _Grid:
    """Prices as whole numbers of ticks. numerator / denominator is the tick size, exactly as it is written."""

    numerator: int
    denominator: int

    @classmethod
    def of(cls, tick_size: float) -> "_Grid":
        written = Fraction(Decimal(repr(float(tick_size))))
        return cls(written.numerator, written.denominator)

    def count(self, prices: Floats) -> Floats:
        """The nearest number of ticks, at least 1."""
        return np.maximum(np.rint(prices * self.denominator / self.numerator), 1.0)

    def price(self, ticks: Floats) -> Floats:
        """The float nearest to the price as one would write it: dividing whole numbers rounds once (3 / 10 is 0.3)."""
        return ticks * self.numerator / self.denominator

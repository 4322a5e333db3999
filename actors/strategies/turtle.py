"""The Turtles' shorter system, decided at closes: breakouts in, half-ATR pyramids, two-ATR stops, breakouts out.

Rules and sizes after "The Original Turtle Trading Rules" (OriginalTurtles.org, 2003). What differs here: decisions fall
at closes instead of inside the day, no breakout is skipped after a winner, and the unit is sized by the starting cash.
"""

import math

from actors.money.values import Arithmetic
from actors.strategies.rolling import AverageTrueRange, RollingHigh
from actors.strategy import Strategy
from messages import Bar, Symbol


class _Trade:
    """What the strategy follows of one symbol. Lows are kept as highs of the negative price."""

    __slots__ = ("atr", "bars", "entry", "highs", "lows", "n", "side", "told", "unit", "units")

    def __init__(self, turtle: "Turtle") -> None:
        longest = max(turtle.entry_bars, turtle.exit_bars)
        self.highs, self.lows = RollingHigh(longest), RollingHigh(longest)
        self.atr = AverageTrueRange(turtle.atr_bars)
        self.bars = 0
        self.side = 0
        """+1 long, -1 short, 0 flat."""
        self.units = 0
        self.unit = 0
        """Lots of one unit of this trade."""
        self.entry = 0.0
        self.n = 0.0
        """The average true range at entry: steps and stop of the whole trade are measured in it."""
        self.told = False


class Turtle(Strategy):
    """Donchian breakout with pyramiding; wants whole lots.

    In: the close is above the highest high of the `entry_bars` bars before it (long), or below their lowest low
    (short). More: one unit each half ATR of profit from the entry price, up to `units_max`. Out: the close is at or
    beyond the stop, 2 ATR from the entry and half an ATR closer with each unit added, or beyond the opposite extreme
    of the `exit_bars` bars before it; the same close may open the other side.
    """

    entry_bars: int = 20
    exit_bars: int = 10
    atr_bars: int = 20
    units_max: int = 4
    lots: int | None = None
    """Lots of one unit; None sizes it: floor(0.01 x starting cash / (ATR x value of one point of one lot))."""

    def check(self) -> None:
        """Lengths and sizes are counted from 1."""
        for name in ("entry_bars", "exit_bars", "atr_bars", "units_max", "lots"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        self.warmup = max(200, 4 * max(self.entry_bars, self.exit_bars, self.atr_bars))
        self._trades: dict[Symbol, _Trade] = {}

    def on_bar(self, bar: Bar) -> None:
        """Judge the close by the bars before it, then let the bar become one of them."""
        trade = self._trades.get(bar.symbol)
        if trade is None:
            if bar.symbol not in self.symbols:
                # Only heard: it has no position in it.
                return
            trade = self._trades[bar.symbol] = _Trade(self)
        high, low, close = bar.high, bar.low, bar.close
        trade.atr.add(high, low, close)
        if trade.bars >= self.entry_bars:
            if trade.side:
                self._hold(trade, bar)
            if not trade.side and trade.atr.value > 0:
                if close > trade.highs.of_last(self.entry_bars):
                    self._enter(trade, bar, 1)
                elif -close > trade.lows.of_last(self.entry_bars):
                    self._enter(trade, bar, -1)
            self.target_lots(trade.side * trade.units * trade.unit, bar.symbol)
        trade.bars += 1
        trade.highs.add(high)
        trade.lows.add(-low)

    def _hold(self, trade: _Trade, bar: Bar) -> None:
        """Leave at the stop or at the exit channel, else add what the profit allows."""
        side, close = trade.side, bar.close
        against = trade.lows if side > 0 else trade.highs
        left = -side * close > against.of_last(self.exit_bars)
        if left or (close - _stop(trade)) * side <= 0:
            trade.side = trade.units = 0
            self.line("stop", None, bar.symbol)
            return
        before = trade.units
        while trade.units < self.units_max and (close - trade.entry) * side >= trade.units * trade.n / 2:
            trade.units += 1
        if trade.units > before:
            self.line("stop", _stop(trade), bar.symbol)

    def _enter(self, trade: _Trade, bar: Bar, side: int) -> None:
        unit = self.lots if self.lots is not None else self._unit(trade, bar)
        if unit == 0:
            if not trade.told:
                trade.told = True
                self.mark("no entry: one unit is less than one lot", bar.close, bar.symbol)
            return
        trade.side, trade.units, trade.unit = side, 1, unit
        trade.entry, trade.n = bar.close, trade.atr.value
        self.line("stop", _stop(trade), bar.symbol)

    def _unit(self, trade: _Trade, bar: Bar) -> int:
        """Lots that one ATR moves by 1 % of the starting cash."""
        point = Arithmetic(self.instrument(bar.symbol)).point_value_minor(bar.close)
        return math.floor(0.01 * self.starting_cash_minor(bar.symbol) / (trade.atr.value * point))


def _stop(trade: _Trade) -> float:
    return trade.entry + trade.side * ((trade.units - 1) / 2 - 2) * trade.n

"""The main road: say what position you want. Run it from the project's folder with

python run.py backtest --strategy examples/breakout.py:Breakout --param length=30
"""

from actors import Strategy
from messages import Bar


class Breakout(Strategy):
    """Long after a close above the highest high of the last bars, flat after one below the lowest low."""

    length: int = 20

    def check(self) -> None:
        """Keep as many bars as are looked back on."""
        if self.length < 1:
            raise ValueError(f"length must be at least 1, not {self.length}")
        self.warmup = self.length + 1

    def on_bar(self, bar: Bar) -> None:
        """The history ends with the current bar: leave it out, or nothing ever breaks out."""
        before = self.history(self.length + 1, bar.symbol)[:-1]
        if len(before) < self.length:
            return
        high = max(past.high for past in before)
        low = min(past.low for past in before)
        self.line("high", high, bar.symbol)
        if bar.close > high:
            self.target(1, bar.symbol)
        elif bar.close < low:
            self.target(0, bar.symbol)

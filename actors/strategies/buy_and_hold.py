"""Buys one unit at the first close and keeps it: what every other strategy is measured against."""

from actors.strategy import Strategy
from messages import Bar


class BuyAndHold(Strategy):
    """Long one unit of each symbol that it trades, from its first bar on."""

    warmup = 1

    def on_bar(self, bar: Bar) -> None:
        """Said at every close, sent once."""
        if bar.symbol in self.symbols:
            self.target(1.0, bar.symbol)

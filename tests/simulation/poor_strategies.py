"""Strategies that harm themselves: whoever trades beside them must not notice."""

from actors import Strategy
from adapters.simulation.traders import Dice


class Raises(Strategy):
    """Fails at every bar."""

    warmup = 0

    def on_bar(self, _bar):
        raise RuntimeError("it cannot do better")


class Sometimes(Dice):
    """Trades, and fails at every fifth bar."""

    def on_bar(self, bar):
        if bar.close_ts // bar.period % 5 == 0:
            raise SystemExit
        super().on_bar(bar)

"""Decides by dice: for trying the whole chain, and as the null hypothesis of every other strategy."""

from actors.strategy import Strategy
from messages import Bar


class RandomPositions(Strategy):
    """At each close wants -1, 0 or +1 unit, each in a third of the cases, from the instance's own generator."""

    warmup = 1

    def on_start(self) -> None:
        """Bind once what is asked at every bar."""
        self._draw, self._traded = self.random.random, frozenset(self.symbols)

    def on_bar(self, bar: Bar) -> None:
        """Throw the dice, for what is traded."""
        if bar.symbol in self._traded:
            self.target(float(int(self._draw() * 3) - 1), bar.symbol)

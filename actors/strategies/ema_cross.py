"""Follows the trend by two exponential moving averages of the close."""

from actors.strategy import Strategy
from messages import Bar, Symbol


class EmaCross(Strategy):
    """Long one unit while the fast average is above the slow one, short while below; equal keeps what is.

    ema += 2 / (n + 1) x (close - ema), each seeded with the first close (TA-Lib seeds with a simple average instead).
    The first `slow` bars of a symbol give no signal.
    """

    fast: int = 10
    slow: int = 50

    def check(self) -> None:
        """The fast average must be the shorter one. After a restart four lengths leave 0.03 % of the seed's weight."""
        if not 1 <= self.fast < self.slow:
            raise ValueError(f"fast must be at least 1 and below slow, not fast={self.fast} slow={self.slow}")
        self.warmup = max(200, 4 * self.slow)
        self._fast_alpha = 2 / (self.fast + 1)
        self._slow_alpha = 2 / (self.slow + 1)
        self._averages: dict[Symbol, list[float]] = {}
        """Fast average, slow average, bars still without a signal."""

    def on_bar(self, bar: Bar) -> None:
        """Move both averages, compare them."""
        symbol = bar.symbol
        close = bar.close
        averages = self._averages.get(symbol)
        if averages is None:
            if symbol not in self.symbols:
                # Only heard: it has no position in it.
                return
            self._averages[symbol] = [close, close, self.slow - 1]
            return
        fast, slow, silent = averages
        averages[0] = fast = fast + self._fast_alpha * (close - fast)
        averages[1] = slow = slow + self._slow_alpha * (close - slow)
        if silent:
            averages[2] = silent - 1
        elif fast > slow:
            self.target(1.0, symbol)
        elif fast < slow:
            self.target(-1.0, symbol)

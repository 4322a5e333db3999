"""Own orders: buy at a limit, then protect the position with a stop and take the profit with a limit. Run it with

python run.py backtest --strategy examples/bracket.py:Bracket --param discount=0.002
"""

from actors import Strategy
from actors.strategy import StrategyFill
from messages import Bar


class Bracket(Strategy):
    """Bids below the close of a falling bar; once filled, sells at a profit or at a loss of the same size."""

    discount: float = 0.001
    """How far below the close it bids, as a fraction."""
    width: float = 0.005
    """How far from the fill stop and profit stand, as a fraction."""
    lots: int = 1

    def __init__(self) -> None:
        self.bids: dict[str, int] = {}

    def on_bar(self, bar: Bar) -> None:
        """One bid at a time: the last bar's is taken back first."""
        if self.position(bar.symbol) != 0:
            return
        if bar.symbol in self.bids:
            self.cancel(self.bids.pop(bar.symbol))
        if bar.close < bar.open:
            self.bids[bar.symbol] = self.buy(
                self.lots, bar.symbol, limit=self.grid(bar.close * (1 - self.discount), bar.symbol)
            )

    def on_fill(self, fill: StrategyFill) -> None:
        """A bought lot gets its bracket; when one leg has sold it, the other is taken back."""
        if fill.lots > 0:
            self.sell(fill.lots, fill.symbol, limit=self.grid(fill.price * (1 + self.width), fill.symbol))
            self.sell(fill.lots, fill.symbol, stop=self.grid(fill.price * (1 - self.width), fill.symbol))
        elif fill.position == 0:
            self.cancel(symbol=fill.symbol)

    def grid(self, price: float, symbol: str) -> float:
        """The nearest price that the instrument can have."""
        tick = float(self.instrument(symbol).tick_size)
        return round(price / tick) * tick

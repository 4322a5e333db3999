"""How far a strategy looks back: the closed bars that its host has kept of a symbol, and what is said of too few.

A history holds what was heard as `Bar`, and a Bar exists when its interval is over: the open one is never in it.
"""

from collections import deque
from itertools import islice

from actors.component import NotWarmYet
from messages import Bar, StrategyId, Symbol


class NotEnoughBarsError(NotWarmYet, ValueError):
    """More closed bars were asked for than there are. `wanted` and `there` say how many of which."""

    def __init__(self, wanted: int, there: int, text: str) -> None:
        super().__init__(text)
        self.wanted = wanted
        self.there = there


def up_to(n: int, history: deque[Bar]) -> tuple[Bar, ...]:
    """The last `n` bars, oldest first; fewer while fewer exist."""
    return tuple(islice(history, max(0, len(history) - n), None))


def exactly(n: int, history: deque[Bar], *, warmup: int, strategy: StrategyId, symbol: Symbol) -> tuple[Bar, ...]:
    """The last `n`, oldest first. NotEnoughBarsError where fewer exist, or `warmup` keeps fewer; ValueError below 1."""
    there = len(history)
    if n < 1:
        raise ValueError(f"bars({n}): ask for one bar at least")
    if n > warmup:
        raise NotEnoughBarsError(
            n,
            min(there, warmup),
            f"bars({n}): {strategy} keeps the last {warmup} bars of a symbol; set warmup = {n} or more on the class "
            "(in check() where it depends on parameters)",
        )
    if there < n:
        raise NotEnoughBarsError(
            n,
            there,
            f"bars({n}): {there} of {symbol} {'has' if there == 1 else 'have'} closed so far. Wait until "
            f"history({n}) has as many, or begin warm: a backtest with [backtest] warm_up = true and --from, a live "
            f"run with [live] warm_up = true, each as many bars as the class says with warmup ({warmup})",
        )
    return up_to(n, history)

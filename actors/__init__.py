"""Everything that decides. `routes.py` is the data flow as one table; `component.py` is what every actor keeps to.

For embedding: `from actors import Strategy, TradingSystem`. Names are resolved when first used, so that importing this
package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from messages.siblings import check_siblings

if TYPE_CHECKING:
    from actors.look_back import NotEnoughBarsError
    from actors.result import BacktestResult
    from actors.strategy import Strategy
    from actors.strategy_entry import StrategyEntry
    from actors.system import TradingSystem

check_siblings()

_WHERE = {
    "BacktestResult": "actors.result",
    "NotEnoughBarsError": "actors.look_back",
    "Strategy": "actors.strategy",
    "StrategyEntry": "actors.strategy_entry",
    "TradingSystem": "actors.system",
}

__all__ = ["BacktestResult", "NotEnoughBarsError", "Strategy", "StrategyEntry", "TradingSystem"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'actors' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)

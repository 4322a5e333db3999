"""What a strategy has for a desk until a StrategyHost gives it one."""

from typing import Any

from actors.strategy_desk import Desk


class NotHosted(Desk):
    """Stands in before a strategy is hosted: whatever is asked of it says so."""

    def __init__(self) -> None:
        pass

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return super().__getattribute__(name)
        raise RuntimeError(
            "a strategy has no market, no time and no position before it is hosted: act from on_start on"
        )

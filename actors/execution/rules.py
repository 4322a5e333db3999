"""How one strategy's wish becomes its share of an account's position."""

import math

import attrs

from actors.execution.algorithms import MARKET, Execution, execution_of
from messages import Lots, StrategyId, Symbol


@attrs.frozen(kw_only=True)
class ShareRule:
    """One strategy in one account. Share = signal x lots x weight x symbol multiplier, in whole lots."""

    strategy: StrategyId
    symbols: tuple[Symbol, ...]
    lots: Lots = 1
    """Lots per unit of signal."""
    weight: float = 1.0
    execution: Execution = attrs.field(default=MARKET, converter=execution_of)
    """How its part of an order is worked; may be given as a name, or as a table with the algorithm's parameters."""
    on_quarantine: str = attrs.field(default="hold", validator=attrs.validators.in_(("hold", "flatten")))
    share_lots_max: Lots | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(0)))
    """The share is clipped to this, on both sides. None: no limit of its own."""
    symbol_lots_max: tuple[tuple[Symbol, Lots], ...] = ()
    """(symbol, lots): the same in single symbols; where both are said, the smaller counts."""

    def lots_max(self, symbol: Symbol) -> Lots | None:
        """The most that its share of the symbol may be, on either side; None: not limited."""
        most = self.share_lots_max
        for where, lots in self.symbol_lots_max:
            if where == symbol and (most is None or lots < most):
                most = lots
        return most

    @property
    def algorithm(self) -> str:
        """The execution as a text: what shares and orders carry."""
        return self.execution.text


def whole_lots(wanted: float) -> Lots:
    """The nearest whole number of lots, halves away from zero."""
    # Not floor(x + 0.5): that sum rounds up for the float just below one half.
    whole = math.floor(abs(wanted))
    if abs(wanted) - whole >= 0.5:
        whole += 1
    return whole if wanted > 0 else -whole

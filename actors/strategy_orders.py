"""Own orders: the terms that `buy` and `sell` are given, checked with the call's name in the error, and the numbers."""

from collections.abc import Iterable
from operator import index
from typing import Final, NamedTuple

from actors.strategy_values import above_zero, whole_lots
from messages import OrderType, PlaceOrder, StrategyId, Symbol, TimeInForce, UtcNs

_NUMBERS_KEPT: Final = 10_000
"""So many own orders can be cancelled without naming their symbol."""


class Terms(NamedTuple):
    """What an order may have beside its lots."""

    limit: float | None
    stop: float | None
    trail: float | None
    time_in_force: str
    post_only: bool
    reduce_only: bool

    def order(
        self,
        call: str,
        lots: int,
        *,
        strategy: StrategyId,
        symbol: Symbol,
        number: int,
        ts: UtcNs,
        price: float | None,
    ) -> PlaceOrder:
        """The order, given the last price seen; ValueError or TypeError names the call and what is wrong."""
        lots = whole_lots(call, lots)
        if lots <= 0:
            raise ValueError(f"{call}({lots}): lots must be above zero; buy and sell say the side")
        kind = self._type(call)
        if self.post_only and kind is not OrderType.LIMIT:
            raise ValueError(f"{call}: only a limit order can be post_only")
        try:
            time_in_force = TimeInForce(self.time_in_force)
        except ValueError:
            known = ", ".join(TimeInForce)
            raise ValueError(f"{call}: time_in_force is one of {known}, not {self.time_in_force!r}") from None
        return PlaceOrder(
            strategy=strategy,
            symbol=symbol,
            number=number,
            ts=ts,
            lots=lots if call == "buy" else -lots,
            type=kind,
            limit_price=above_zero(f"{call}: limit", self.limit),
            stop_price=above_zero(f"{call}: stop", self.stop),
            trail=above_zero(f"{call}: trail", self.trail),
            time_in_force=time_in_force,
            post_only=bool(self.post_only),
            reduce_only=bool(self.reduce_only),
            price=price,
        )

    def _type(self, call: str) -> OrderType:
        if self.trail is not None:
            if self.limit is not None or self.stop is not None:
                raise ValueError(f"{call}: a trailing stop has neither a limit nor a stop price")
            return OrderType.TRAILING_STOP
        if self.stop is not None:
            return OrderType.STOP if self.limit is None else OrderType.STOP_LIMIT
        return OrderType.MARKET if self.limit is None else OrderType.LIMIT


class OwnOrders:
    """The last own orders of a strategy by their numbers, which count from 1: where each is, and on which side."""

    def __init__(self, strategy: StrategyId) -> None:
        self.count = 0
        """How many there have been, those of earlier incarnations among them."""
        self._strategy = strategy
        self._places: dict[int, tuple[Symbol, bool]] = {}

    def add(self, order: PlaceOrder) -> None:
        """The next one."""
        self.count += 1
        self._places[self.count] = order.symbol, order.lots > 0
        if len(self._places) > _NUMBERS_KEPT:
            del self._places[next(iter(self._places))]

    def go_on_after(self, numbers: Iterable[int]) -> None:
        """Give none of these numbers again."""
        self.count = max([self.count, *numbers])

    def of(self, call: str, number: int) -> tuple[Symbol, bool]:
        """(symbol, whether it buys) of the order of that number; ValueError when it is not known."""
        number = index(number)
        if not 1 <= number <= self.count:
            raise ValueError(f"{call}({number}): {self._strategy} has placed no order of that number")
        known = self._places.get(number)
        if known is None:
            raise ValueError(f"{call}({number}): that was too long ago, {_NUMBERS_KEPT} orders; name the symbol")
        return known

"""Rows of scoped limits at work: which orders they are about, and what each of them has to be judged by."""

from collections.abc import Iterable, Sequence

from actors.risk.approved import part_of
from actors.risk.exposure import Exposure
from actors.risk.judgement import Room
from actors.risk.limits import ScopedLimits, SizeLimits
from actors.risk.rate import Rate
from messages import Account, Lots, Order, StrategyId, Symbol, UtcNs


class Scope:
    """One row, and how many of its orders passed lately."""

    __slots__ = ("limits", "rate", "strategy", "symbol")

    def __init__(self, row: ScopedLimits, passed: Iterable[UtcNs] = ()) -> None:
        self.limits = row
        self.strategy, self.symbol = row.strategy, row.symbol
        self.rate = Rate(row.orders_per_second, row.orders_per_minute, passed) if row.is_rated else None

    def lots_of(self, order: Order) -> Lots:
        """The lots of the order that the row is about, 0 when it is about none of it."""
        if self.symbol is not None and self.symbol != order.symbol:
            return 0
        return order.lots if self.strategy is None else part_of(order, self.strategy)

    def room(self, order: Order, lots: Lots, exposure: Exposure, now: UtcNs) -> Room:
        """What the row says and is about, for `lots` of the order."""
        return room_of(
            self.limits,
            order,
            lots,
            exposure,
            symbol=self.symbol,
            strategy=self.strategy,
            too_many=self.rate is not None and self.rate.is_full(now),
        )

    def note(self, now: UtcNs) -> None:
        """An order, an amend or a cancel that the row is about passes."""
        if self.rate is not None:
            self.rate.note(now)


def scopes_of(rows: Iterable[ScopedLimits], account: Account, passed: Sequence[Sequence[UtcNs]]) -> tuple[Scope, ...]:
    """The rows that can be about an account's orders, with what passed in a former life, row by row."""
    own = [row for row in rows if row.account in (None, account)]
    return tuple([Scope(row, passed[place] if place < len(passed) else ()) for place, row in enumerate(own)])


def room_of(
    limits: SizeLimits,
    order: Order,
    lots: Lots,
    exposure: Exposure,
    *,
    symbol: Symbol | None = None,
    strategy: StrategyId | None = None,
    too_many: bool = False,
) -> Room:
    """What an order is judged by under one row of limits; orders that are open are counted only where they matter."""
    counted = limits.open_orders_max is not None
    open_orders = exposure.open_orders(symbol, strategy, besides=order.client_id) if counted else 0
    if strategy is None:
        buying, selling = exposure.others(order)
        position = exposure.position.get(order.symbol, 0)
    else:
        buying, selling = exposure.others_of(strategy, order)
        position = exposure.positions_of.get((strategy, order.symbol), 0)
    return Room(
        limits=limits,
        lots=lots,
        left=exposure.left_of(order, strategy),
        position=position,
        buying=buying,
        selling=selling,
        # The venue keeps a reduce-only order from adding to the account's position, not to a strategy's.
        only_reduces=order.reduce_only and strategy is None,
        reducing=exposure.reducing(order) if order.reduce_only and strategy is None else 0,
        open_orders=open_orders,
        too_many=too_many,
    )

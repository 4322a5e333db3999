"""Algorithms that follow the best prices: market, opponent, join, iceberg."""

from typing import ClassVar

import attrs

from actors.execution.algorithms.base import Algorithm, Step, Work, parameter, repriced


@attrs.frozen(kw_only=True)
class MarketOrders(Algorithm):
    """Market orders at once."""

    name: ClassVar[str] = "market"

    @property
    def hears_market(self) -> bool:
        """It takes what it gets."""
        return False

    def step(self, work: Work) -> Step:
        """Everything, at whatever price there is."""
        return Step(send=work.free)


@attrs.frozen(kw_only=True)
class Opponent(Algorithm):
    """Takes the other side's best price with a limit order, which follows when that price moves away unfilled."""

    name: ClassVar[str] = "opponent"

    def step(self, work: Work) -> Step:
        """A limit where the other side stands."""
        price = work.other_best
        if price is None:
            return Step()
        return Step(send=work.free, price=price, reprice=repriced(work, price))


@attrs.frozen(kw_only=True)
class Join(Algorithm):
    """Queues with a post-only limit order at its own side's best price, and follows when that moves away."""

    name: ClassVar[str] = "join"

    def step(self, work: Work) -> Step:
        """A post-only limit at the own best, one tick off the other side where both stand at one price."""
        own, other = work.own_best, work.other_best
        if own is None or other is None:
            return Step()
        ticks = work.grid.to_ticks
        inside = ticks(other) - work.side
        price = work.grid.to_price(max(1, min(ticks(own), inside) if work.side > 0 else max(ticks(own), inside)))
        return Step(send=work.free, price=price, post_only=True, reprice=repriced(work, price))


@attrs.frozen(kw_only=True)
class Iceberg(Algorithm):
    """Shows no more than `show_lots` at its own side's best price, and shows the next ones when these are filled."""

    name: ClassVar[str] = "iceberg"

    show_lots: int = parameter("lots that may be seen at a time", least=1)

    def step(self, work: Work) -> Step:
        """As much as may still be seen."""
        price = work.own_best
        if price is None:
            return Step()
        hidden = max(0, self.show_lots - sum([child.lots for child in work.children]))
        return Step(send=min(work.free, hidden), price=price, reprice=repriced(work, price))

"""What every execution algorithm is given, and what it answers. Times are ns UTC; prices stand on the grid.

Lots here are sizes, zero or above: `side` is +1 for a buyer and -1 for a seller.
"""

import abc
from typing import Any, ClassVar, Protocol, TypeAlias

import attrs

from actors.money.grid import PriceGrid
from messages import Lots, StrategyId, UtcNs

Schedule: TypeAlias = tuple[tuple[UtcNs, Lots], ...]
"""(from when on, how many lots in all), in the order of time."""


@attrs.frozen(kw_only=True)
class Market:
    """A symbol as the executor last saw it. On bars the best prices are the close less and plus half the spread."""

    bid: float
    ask: float
    last: float
    at: UtcNs


@attrs.frozen(kw_only=True)
class Child:
    """A working order of the algorithm's own."""

    client_id: str
    lots: Lots
    """What may still be filled of it."""
    limit_price: float | None
    """As it will be once everything that was asked for has happened."""
    since: UtcNs
    """When it was sent, or was last given another price."""


@attrs.frozen(kw_only=True)
class Task:
    """What one strategy lacks in one symbol, from the moment the change was decided until it is there."""

    strategy: StrategyId
    lots: Lots
    """Signed: what was lacking when it began."""
    began: UtcNs
    decision_price: float | None
    schedule: Schedule = ()
    """When how much of it may have been sent; empty for everything at once. It stands for as long as the task does."""
    gave_up: bool = False

    def due(self, now: UtcNs) -> tuple[Lots, UtcNs | None]:
        """How much may have been sent by now, and when that will be more; None for never."""
        due = 0 if self.schedule else abs(self.lots)
        for at, lots in self.schedule:
            if at > now:
                return due, at
            due = lots
        return due, None


@attrs.frozen(kw_only=True)
class Work:
    """The tasks of one side that are worked together."""

    now: UtcNs
    side: int
    free: Lots
    """May be sent now: due, lacking, and in no order yet."""
    children: tuple[Child, ...]
    """In the order in which they were sent."""
    market: Market | None
    """None while no price is known."""
    grid: PriceGrid
    began: UtcNs
    """When the first of its tasks began."""
    decision_price: float | None

    @property
    def own_best(self) -> float | None:
        """The best price of its own side: a buyer's bid, on the grid and never above it."""
        if self.market is None:
            return None
        return self.grid.round_away(self.market.bid if self.side > 0 else self.market.ask, -self.side)

    @property
    def other_best(self) -> float | None:
        """The best price of the other side: what a buyer is offered at, on the grid and never below it."""
        if self.market is None:
            return None
        return self.grid.round_away(self.market.ask if self.side > 0 else self.market.bid, self.side)

    def away(self, price: float, child: Child) -> bool:
        """Whether the price lies beyond a child's limit, where the child does not reach it."""
        return child.limit_price is not None and (price - child.limit_price) * self.side > 0

    def within(self, price: float, tolerance: float) -> float:
        """The grid's last price that is no worse than `price` by more than the tolerance, and at least one tick."""
        return max(self.grid.round_away(price + self.side * tolerance, -self.side), self.grid.to_price(1))


@attrs.frozen(kw_only=True)
class Step:
    """What to do now. What is not named is left as it is."""

    send: Lots = 0
    """Of the free lots; in one order, or in as few as the largest order allows."""
    price: float | None = None
    """Their limit; None sends at market."""
    post_only: bool = False
    reprice: tuple[tuple[str, float], ...] = ()
    """(client id, new limit)."""
    cancel: tuple[str, ...] = ()
    look_at: UtcNs | None = None
    """Ask again then, should the market not move before."""
    gave_up: bool = False
    """Nothing more is done for its tasks until their targets change."""


class Volumes(Protocol):
    """What is known of a symbol's volume by time of day."""

    def between(self, begins: UtcNs, ends: UtcNs) -> float | None:
        """The volume to be expected between two times; None where it is not known."""


@attrs.frozen(kw_only=True)
class Algorithm(abc.ABC):
    """Base of all: works everything that is lacking at once. Subclasses are frozen; their fields are the parameters."""

    name: ClassVar[str]
    apart: ClassVar[bool] = False
    """Whether each strategy's lots are worked by themselves, because their prices differ."""
    profiled: ClassVar[bool] = False
    """Whether it wants the volume by time of day to be learned."""

    @property
    def hears_market(self) -> bool:
        """Whether it needs prices, or has to be asked again when they move."""
        return True

    def check(self) -> None:  # noqa: B027 - most have nothing to check
        """ValueError when the parameters do not fit together."""

    def schedule(self, lots: Lots, began: UtcNs, volumes: Volumes | None) -> Schedule:  # noqa: ARG002
        """When how much of a task of so many lots may have been sent, by what is known when it begins."""
        return ()

    @abc.abstractmethod
    def step(self, work: Work) -> Step:
        """What to do now."""


def parameter(doc: str, *, default: Any = attrs.NOTHING, above: float | None = None, least: float | None = None) -> Any:
    """One parameter of an algorithm: `doc` says what it is in one line; `above` and `least` bound it."""
    validators = []
    if above is not None:
        validators.append(attrs.validators.gt(above))
    if least is not None:
        validators.append(attrs.validators.ge(least))
    bounds = attrs.validators.optional(validators) if validators else None
    return attrs.field(default=default, validator=bounds, metadata={"doc": doc})


def repriced(work: Work, price: float | None) -> tuple[tuple[str, float], ...]:
    """The children that the price has moved away from, at that price."""
    if price is None:
        return ()
    return tuple([(child.client_id, price) for child in work.children if work.away(price, child)])

"""Algorithms that bound the price: signal-limit, last-limit, chase."""

from typing import ClassVar

import attrs

from actors.execution.algorithms.base import Algorithm, Step, Work, parameter, repriced
from messages import NS_PER_SECOND


@attrs.frozen(kw_only=True)
class _Tolerant(Algorithm):
    """Has a tolerance, in ticks or as a fraction of the price."""

    tolerance_ticks: int = parameter("how much worse the price may be, in ticks", default=5, least=0)
    tolerance: float | None = parameter(
        "the same as a fraction of the price; if given, in place of tolerance_ticks", default=None, least=0
    )

    def check(self) -> None:
        """A fraction, not a percentage."""
        if self.tolerance is not None and self.tolerance >= 1:
            raise ValueError(f"tolerance is a fraction of the price, below 1, not {self.tolerance!r}")

    def limit(self, work: Work, price: float) -> float:
        """The price with its tolerance."""
        if self.tolerance is not None:
            return work.within(price, price * self.tolerance)
        return work.within(price, work.grid.to_price(self.tolerance_ticks))


@attrs.frozen(kw_only=True)
class SignalLimit(_Tolerant):
    """One limit at the signal's price plus a tolerance; what is not filled in time is given up, and reported."""

    name: ClassVar[str] = "signal-limit"
    apart: ClassVar[bool] = True

    seconds: float = parameter("until what is left is given up", default=60.0, above=0)

    def step(self, work: Work) -> Step:
        """The limit until the time is over; then nothing, once the orders' ends are known."""
        ends = work.began + round(self.seconds * NS_PER_SECOND)
        if work.now >= ends:
            return Step(cancel=tuple([child.client_id for child in work.children]), gave_up=not work.children)
        price = work.decision_price
        if price is None and work.market is not None:
            price = work.market.last
        if price is None:
            return Step(look_at=ends)
        return Step(send=work.free, price=self.limit(work, price), look_at=ends)


@attrs.frozen(kw_only=True)
class LastLimit(_Tolerant):
    """A limit at the last price plus a tolerance, set anew when the price has run away further than that."""

    name: ClassVar[str] = "last-limit"

    def step(self, work: Work) -> Step:
        """A child whose limit the last price has passed gets a new one."""
        if work.market is None:
            return Step()
        last = work.market.last
        price = self.limit(work, last)
        ran_away = [child for child in work.children if work.away(last, child)]
        return Step(send=work.free, price=price, reprice=tuple([(child.client_id, price) for child in ran_away]))


@attrs.frozen(kw_only=True)
class Chase(Algorithm):
    """A limit at its own best; moved to the other side's each time it is unfilled for long and the market went away."""

    name: ClassVar[str] = "chase"

    seconds: float = parameter("that an order waits before it is moved", default=60.0, above=0)

    def step(self, work: Work) -> Step:
        """Moves the children that have waited long enough for a market that went away from them."""
        own = work.own_best
        if own is None:
            return Step()
        patience = round(self.seconds * NS_PER_SECOND)
        tired = attrs.evolve(
            work, children=tuple([child for child in work.children if work.now >= child.since + patience])
        )
        left_behind = attrs.evolve(tired, children=tuple([each for each in tired.children if work.away(own, each)]))
        # One that waits for the market to move is looked at when it moves.
        waiting = [child.since + patience for child in work.children if work.now < child.since + patience]
        if work.free or left_behind.children:
            waiting.append(work.now + patience)
        return Step(
            send=work.free,
            price=own,
            reprice=repriced(left_behind, work.other_best),
            look_at=min(waiting, default=None),
        )
